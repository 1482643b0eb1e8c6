"""The preview: a lamp's night from noon to noon, with feeders and changes of the clocks."""

from __future__ import annotations

import datetime
import itertools
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_tables import BRUSSELS, CALENDARS, LAT_E5, LON_E5, PROGRAMS, only, step

from protocol.schedule import Decision, Evaluator, planning
from protocol.schedule.planning import AstroPeriod, Calendar, Point, Program, Site, preview
from protocol.schedule.planning.previewing import EPOCH_S, night_of
from protocol.schedule.reasons import REASON_NAMES

SITE = Site(50.8465, 4.3517, BRUSSELS)
ZONE = zoneinfo.ZoneInfo("Europe/Brussels")
NIGHT = only(step("18:00", 100), step("22:30", 60), step("02:30", 30), step("06:00", 100))


def said(points: list[Point]) -> list[tuple[str, int, str]]:
    """Points with local times of day."""
    return [
        (f"{datetime.datetime.fromtimestamp(p.at_s, ZONE):%H:%M}", p.level_percent, p.reason)
        for p in points
    ]


def test_a_night_runs_from_noon_to_noon() -> None:
    date = datetime.date(2026, 11, 21)
    points = preview(NIGHT, SITE, date)
    assert said(points) == [
        ("12:00", 100, "program"),
        ("22:30", 60, "program"),
        ("02:30", 30, "program"),
        ("06:00", 100, "program"),
    ]
    noon = datetime.datetime(2026, 11, 21, 12, tzinfo=ZONE)
    assert points[0].at_s == noon.timestamp()


@pytest.mark.parametrize(
    ("date", "hours", "step_at"),
    [
        (datetime.date(2026, 3, 28), 23, "03:00"),
        (datetime.date(2026, 10, 24), 25, "02:30"),
        (datetime.date(2026, 11, 21), 24, "02:30"),
    ],
)
def test_a_night_with_a_change_of_the_clocks_keeps_its_steps(
    date: datetime.date, hours: int, step_at: str
) -> None:
    points = preview(NIGHT, SITE, date)
    assert [level for _, level, _ in said(points)] == [100, 60, 30, 100]
    assert said(points)[2][0] == step_at
    begin, end = night_of(SITE, date)
    assert end - begin == hours * 3600
    assert points[0].at_s == begin


def test_without_a_table_a_lamp_is_lit_by_default() -> None:
    assert said(preview(None, SITE, datetime.date(2026, 11, 21))) == [("12:00", 100, "default")]


def test_the_floor_lifts_dim_levels_and_leaves_dark_ones() -> None:
    table = only(step("18:00", 3), step("23:00", 0), step("05:00", 60))
    points = preview(table, SITE, datetime.date(2026, 11, 21), floor_percent=10)
    assert said(points) == [
        ("12:00", 60, "program"),
        ("18:00", 10, "floor"),
        ("23:00", 0, "program"),
        ("05:00", 60, "program"),
    ]


def test_a_dead_feeder_is_dark_whatever_the_program() -> None:
    date = datetime.date(2026, 11, 21)
    on_s = datetime.datetime(2026, 11, 21, 17, 15, tzinfo=ZONE).timestamp()
    off_s = datetime.datetime(2026, 11, 22, 7, 45, tzinfo=ZONE).timestamp()
    points = preview(NIGHT, SITE, date, feeder_on=lambda at_s: on_s <= at_s < off_s)
    assert said(points) == [
        ("12:00", 0, "feeder_off"),
        ("17:15", 100, "program"),
        ("22:30", 60, "program"),
        ("02:30", 30, "program"),
        ("06:00", 100, "program"),
        ("07:45", 0, "feeder_off"),
    ]


def test_the_sun_of_a_date_is_where_an_astronomical_period_begins() -> None:
    date = datetime.date(2026, 6, 21)
    table = only(active_periods=(AstroPeriod(0, 0),))
    rise, fall = planning.sun_of(date, SITE.lat, SITE.lon)
    assert rise is not None
    assert fall is not None
    assert preview(table, SITE, date)[1].at_s == fall
    before = preview(table, SITE, date - datetime.timedelta(1))
    assert before[-1].at_s == rise
    assert planning.sun_of(date, 70.0, 20.0) == (None, None)


@settings(max_examples=60, deadline=None)
@given(
    CALENDARS, PROGRAMS, PROGRAMS,
    st.dates(datetime.date(2025, 1, 2), datetime.date(2028, 12, 30))
    | st.sampled_from((datetime.date(2026, 3, 28), datetime.date(2026, 10, 24))),
)  # fmt: skip
def test_the_preview_shows_at_every_minute_what_the_node_does(
    calendar: Calendar, a: Program, b: Program, date: datetime.date
) -> None:
    table = planning.compile_table(calendar, {"a": a, "b": b})
    site = Site(LAT_E5 / 1e5, LON_E5 / 1e5, BRUSSELS)
    points = preview(table, site, date)
    begin, end = night_of(site, date)
    evaluator, decision = Evaluator(table, LAT_E5, LON_E5, BRUSSELS), Decision()
    assert points[0].at_s == begin
    for at_s in range(int(begin), int(end), 607):
        now = [p for p in points if p.at_s <= at_s][-1]
        since = at_s - EPOCH_S
        evaluator.at(since // 86400, since % 86400, -1, decision)
        shown = (decision.level_percent, REASON_NAMES[decision.reason])
        assert shown == (now.level_percent, now.reason)
    for one, other in itertools.pairwise(points):
        assert one.at_s < other.at_s < end
        assert (one.level_percent, one.reason) != (other.level_percent, other.reason)
