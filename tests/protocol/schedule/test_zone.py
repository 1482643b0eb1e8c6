"""Two rules against the time zone database, and bytes that are no zone."""

import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.schedule import ScheduleError, Zone
from protocol.schedule.planning import zone_from_name

NAMES = (
    "UTC", "Europe/Brussels", "Europe/London", "Europe/Dublin", "America/New_York",
    "America/Santiago", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Kiritimati", "America/Nuuk", "Asia/Kathmandu", "Asia/Jerusalem",
)  # fmt: skip
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
# Rules as they stand today hold from here on.
INSTANTS_S = st.integers(
    int((datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) - EPOCH).total_seconds()),
    int((datetime.datetime(2060, 1, 1, tzinfo=datetime.UTC) - EPOCH).total_seconds()),
)


@given(st.sampled_from(NAMES), INSTANTS_S)
def test_local_time_is_that_of_the_database(name: str, since_s: int) -> None:
    zone = zone_from_name(name)
    there = (EPOCH + datetime.timedelta(seconds=since_s)).astimezone(zoneinfo.ZoneInfo(name))
    naive = there.replace(tzinfo=None) - EPOCH.replace(tzinfo=None)
    offset = there.utcoffset()
    assert offset is not None
    assert zone.offset_min(since_s // 86400, since_s % 86400) * 60 == offset.total_seconds()
    assert zone.local(since_s // 86400, since_s % 86400) == (naive.days, naive.seconds)


@pytest.mark.parametrize("name", NAMES)
def test_every_quarter_hour_of_two_years_agrees_with_the_database(name: str) -> None:
    zone, there = zone_from_name(name), zoneinfo.ZoneInfo(name)
    for quarter in range(10227 * 96, (10227 + 730) * 96):
        at = EPOCH + datetime.timedelta(minutes=15 * quarter)
        offset = at.astimezone(there).utcoffset()
        assert offset is not None
        told = zone.offset_min(quarter // 96, quarter % 96 * 900)
        assert told * 60 == offset.total_seconds(), at


@given(st.sampled_from(NAMES), INSTANTS_S)
def test_utc_second_is_the_first_instant_with_that_reading_or_later(name: str, at_s: int) -> None:
    zone = zone_from_name(name)
    day, local_second = at_s // 86400, at_s % 86400
    found = zone.utc_second(day, local_second)

    def reading(second: int) -> int:
        there, second_of_day = zone.local(day, second)
        return (there - day) * 86400 + second_of_day

    assert reading(found) >= local_second
    assert reading(found - 1) < local_second or reading(found - 1) > reading(found)
    assert all(reading(found - back) < local_second for back in (1, 60, 1800, 3600, 7000))


@pytest.mark.parametrize("local_hour", [(2, 1), (2.5, 1), (3, 1), (1.99, 0.99)])
def test_a_skipped_time_is_the_change_itself(local_hour: tuple[float, float]) -> None:
    zone = zone_from_name("Europe/Brussels")
    day = (datetime.date(2026, 3, 29) - datetime.date(2000, 1, 1)).days
    asked, expected = local_hour
    assert zone.utc_second(day, round(asked * 3600)) == round(expected * 3600)


def test_a_time_that_comes_twice_is_its_first() -> None:
    zone = zone_from_name("Europe/Brussels")
    day = (datetime.date(2026, 10, 25) - datetime.date(2000, 1, 1)).days
    assert zone.utc_second(day, 9000) == 1800
    assert zone.utc_second(day, 3 * 3600) == 2 * 3600


@pytest.mark.parametrize("name", NAMES)
def test_bytes_are_few_and_give_the_same_zone(name: str) -> None:
    zone = zone_from_name(name)
    assert len(zone.to_bytes()) <= 16
    again = Zone.from_bytes(zone.to_bytes())
    assert again.to_bytes() == zone.to_bytes()
    assert again.local(9861, 4000) == zone.local(9861, 4000)


def test_no_bytes_mean_universal_time() -> None:
    assert Zone.from_bytes(b"").local(9000, 12345) == (9000, 12345)


@given(st.binary(max_size=20) | st.binary(min_size=14, max_size=14).map(lambda b: b"\1" + b))
def test_any_bytes_are_a_zone_or_refused(data: bytes) -> None:
    try:
        zone = Zone.from_bytes(data)
    except ScheduleError:
        return
    day, second = zone.local(9800, 0)
    assert 0 <= second < 86400
    assert abs(day - 9800) <= 2
