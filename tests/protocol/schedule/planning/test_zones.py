"""Every zone of the database by its name, against the database itself, 2025 to 2040."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest

from protocol.schedule import ScheduleError
from protocol.schedule.planning import zone_from_name

EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
FIRST = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
LAST = datetime.datetime(2041, 1, 1, tzinfo=datetime.UTC)
# Rules that two changes a year cannot say: Ramadan moves the clocks of these.
BY_THE_MOON = {"Africa/Casablanca", "Africa/El_Aaiun", "Asia/Gaza", "Asia/Hebron"}
NAMES = sorted(
    name
    for name in zoneinfo.available_timezones()
    if name.startswith(
        ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/",
         "Indian/", "Pacific/")
    )
)  # fmt: skip


def offsets_differ(name: str) -> list[datetime.datetime]:
    """Instants, a day apart and at each change of the database, at which we differ from it."""
    zone, there = zone_from_name(name), zoneinfo.ZoneInfo(name)
    differ = []
    at, step = FIRST, datetime.timedelta(days=1)
    before = at.astimezone(there).utcoffset()
    while at < LAST:
        offset = at.astimezone(there).utcoffset()
        probes = [at]
        if offset != before:
            low, high = at - step, at
            while high - low > datetime.timedelta(seconds=1):
                middle = low + (high - low) // 2
                if middle.astimezone(there).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            change = high.replace(microsecond=0)
            probes += [change, change - datetime.timedelta(seconds=1)]
        for probe in probes:
            since = probe - EPOCH
            wanted = probe.astimezone(there).utcoffset()
            assert wanted is not None
            if zone.offset_min(since.days, since.seconds) * 60 != wanted.total_seconds():
                differ.append(probe)
        before = offset
        at += step
    return differ


@pytest.mark.parametrize("part", range(16))
def test_every_zone_agrees_with_the_database_until_2040(part: int) -> None:
    for name in NAMES[part::16]:
        differ = offsets_differ(name)
        if name in BY_THE_MOON:
            assert differ, f"{name} can be said by two rules now"
        else:
            assert not differ, (name, differ[:3])


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        zone_from_name(name)
    assert caught.value.reason == "zone"


def test_a_zone_takes_fifteen_bytes_and_one_without_summer_three() -> None:
    assert len(zone_from_name("Europe/Brussels").to_bytes()) == 15
    assert len(zone_from_name("Asia/Kolkata").to_bytes()) == 3
