from __future__ import annotations

import datetime
import itertools

import pytest

from cms.site import Site
from protocol import plan

SITE = Site(plan.quarter(24, 16, day_off=True))
ALWAYS, SWITCHED = "F-4", "F-1"
NIGHTS = [
    datetime.date(2026, 3, 28), datetime.date(2026, 3, 29), datetime.date(2026, 10, 24),
    datetime.date(2026, 10, 25), datetime.date(2026, 12, 21), datetime.date(2026, 6, 21),
]  # fmt: skip


def local_s(date: datetime.date, hour: int) -> float:
    return datetime.datetime.combine(date, datetime.time(hour), SITE.zone).timestamp()


@pytest.mark.parametrize("night", NIGHTS)
def test_a_feeder_is_on_from_before_sunset_until_after_sunrise(night: datetime.date) -> None:
    sunset, sunrise = SITE.sun(night)
    assert sunset is not None
    assert sunrise is not None
    begin, end = sunset - 30 * 60, sunrise + 30 * 60
    for at_s, on in ((begin - 1, False), (begin, True), (end - 1, True), (end, False)):
        assert SITE.expected_on(SWITCHED, at_s) is on
    assert begin < local_s(night + datetime.timedelta(days=1), 0) < end


@pytest.mark.parametrize("night", NIGHTS)
def test_in_each_minute_of_a_day_the_switching_changes_twice(night: datetime.date) -> None:
    begin = local_s(night, 12)
    end = local_s(night + datetime.timedelta(days=1), 12)
    states = [SITE.expected_on(SWITCHED, begin + s) for s in range(0, int(end - begin), 60)]
    assert sum(a != b for a, b in itertools.pairwise(states)) == 2
    assert states[0] is states[-1] is False


def test_a_permanent_feeder_is_always_on() -> None:
    assert SITE.feeder_on(ALWAYS) is None
    assert all(SITE.expected_on(ALWAYS, local_s(NIGHTS[5], hour)) for hour in range(24))


def test_where_the_sun_does_not_set_the_feeder_is_on() -> None:
    north = plan.quarter(1, 0, day_off=True)
    north = plan.Plan(
        plan.Site("north", 70.0, 25.0, "Europe/Oslo"), north.cabinets, north.feeders,
        north.lamp_types, north.streets, north.assets,
    )  # fmt: skip
    at_s = datetime.datetime(2026, 6, 21, 12, tzinfo=datetime.UTC).timestamp()
    assert Site(north).expected_on(SWITCHED, at_s)


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    for night in NIGHTS:
        assert SITE.night_date(local_s(night, 13)) == night
        assert SITE.night_date(local_s(night + datetime.timedelta(days=1), 11)) == night


def test_times_are_told_with_the_offset_of_the_place() -> None:
    assert SITE.rfc3339(None) is None
    assert SITE.rfc3339(local_s(datetime.date(2026, 7, 1), 0)) == "2026-07-01T00:00:00.000+02:00"
    assert SITE.rfc3339(local_s(datetime.date(2026, 12, 1), 0)) == "2026-12-01T00:00:00.000+01:00"


def test_the_memory_of_switchings_is_bounded() -> None:
    site = Site(plan.quarter(1, 0, day_off=True))
    for day in range(1100):
        site.expected_on(SWITCHED, day * 86400.0)
    assert len(site._switched) <= 1001
