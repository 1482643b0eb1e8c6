"""Times are RFC 3339 in and UTC with milliseconds out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import talq


def test_a_timestamp_has_milliseconds_and_z() -> None:
    assert talq.timestamp_ms(1_795_278_000_123) == "2026-11-21T16:20:00.123Z"
    assert talq.timestamp(1_795_278_000.1234) == "2026-11-21T16:20:00.123Z"


@given(st.integers(0, 4_102_444_800_000))
def test_timestamps_go_round_to_the_millisecond(posix_ms: int) -> None:
    assert talq.read_timestamp_ms(talq.timestamp_ms(posix_ms)) == posix_ms


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.timezones())
def test_any_offset_is_the_same_moment(moment: datetime, zone: object) -> None:
    local = moment.replace(tzinfo=UTC).astimezone(zone)  # type: ignore[arg-type] # drawn
    offset = local.utcoffset()
    if offset is None or offset.seconds % 60:
        return
    told = talq.read_timestamp_ms(local.isoformat())
    assert told == int(moment.replace(tzinfo=UTC).timestamp()) * 1000 + moment.microsecond // 1000


def test_a_leap_second_is_the_second_after() -> None:
    assert talq.read_timestamp_ms("2016-12-31T23:59:60Z") == talq.read_timestamp_ms(
        "2017-01-01T00:00:00Z"
    )


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-21T16:20:00", "2026-11-21T16:20:00+24:00", "2026-13-01T00:00:00Z",
     "٢026-11-21T16:20:00Z", "2026-11-21T16:20:61Z", "2026-11-21T16:20:00.Z"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        talq.read_timestamp_ms(text)


def test_a_local_time_may_lack_its_seconds_and_has_no_zone() -> None:
    assert talq.read_time_s("22:30") == 81_000
    assert talq.read_time_s("00:00:01") == 1
    for text in ("24:00", "22:60", "22:30Z", "2:30", "22:30:00.5"):
        with pytest.raises(ValueError, match="hh:mm"):
            talq.read_time_s(text)


def test_a_date_is_a_real_day() -> None:
    assert talq.read_date("2028-02-29").day == 29
    for text in ("2027-02-29", "2027-2-01", "--02-01"):
        with pytest.raises(ValueError, match=r".+"):
            talq.read_date(text)
