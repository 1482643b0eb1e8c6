"""What a lamp does by its table, at instants and over whole nights."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_tables import (
    BRUSSELS,
    CALENDARS,
    LAT_E5,
    LON_E5,
    PROGRAMS,
    instant,
    only,
    step,
    table_of,
    told,
)

from protocol.schedule import Decision, Evaluator, Zone, planning
from protocol.schedule.planning import (
    AbsolutePeriod,
    AstroPeriod,
    Calendar,
    Dynamic,
    Program,
    Rule,
)

RESIDENTIAL = only(
    step("06:00", 100),
    step("22:30", 60, 60),
    active_periods=(AstroPeriod(-5, 10),),
    dynamic=(Dynamic("presence", "max", 80, 45),),
)


@pytest.mark.parametrize(
    ("at", "level", "reason"),
    [
        ("2026-06-15T12:00+02:00", 0, "astro"),
        ("2026-06-15T22:15+02:00", 100, "astro"),
        ("2026-06-15T22:29:59+02:00", 100, "astro"),
        ("2026-06-15T22:30+02:00", 60, "program"),
        ("2026-06-16T03:00+02:00", 60, "program"),
        ("2026-06-16T05:45+02:00", 0, "astro"),
        ("2026-12-15T17:00+01:00", 100, "astro"),
        ("2026-12-16T05:59:59+01:00", 60, "program"),
        ("2026-12-16T06:00+01:00", 100, "program"),
        ("2026-12-16T09:30+01:00", 0, "astro"),
    ],
)
def test_a_residential_street_follows_sun_and_steps(at: str, level: int, reason: str) -> None:
    assert told(RESIDENTIAL, at) == (level, reason)


@pytest.mark.parametrize(
    ("presence_age_s", "expected"),
    [(-1, (60, "program")), (0, (80, "dynamic")), (45, (80, "dynamic")), (46, (60, "program"))],
)
def test_presence_raises_the_level_while_it_holds(
    presence_age_s: int, expected: tuple[int, str]
) -> None:
    assert told(RESIDENTIAL, "2026-06-16T01:00+02:00", presence_age_s) == expected


def test_presence_changes_nothing_outside_active_periods() -> None:
    assert told(RESIDENTIAL, "2026-06-16T12:30+02:00", 0) == (0, "astro")


def test_presence_below_the_level_is_no_reason() -> None:
    assert told(RESIDENTIAL, "2026-06-15T22:29+02:00", 0) == (100, "astro")


@pytest.mark.parametrize(
    ("operation", "level"), [("set", 30), ("max", 50), ("min", 30), ("add", 80), ("sub", 20)]
)
def test_each_operation_does_as_its_name_says(operation: str, level: int) -> None:
    table = only(step("00:00", 50), dynamic=(Dynamic("presence", operation, 30, 10),))
    assert told(table, "2026-03-03T03:03", 5)[0] == level


def test_the_first_dynamic_that_holds_comes_before_the_others() -> None:
    dynamic = (Dynamic("presence", "set", 90, 30), Dynamic("presence", "set", 70, 300))
    table = only(step("00:00", 20), dynamic=dynamic)
    levels = [told(table, "2026-03-03T03:03", age_s)[0] for age_s in (30, 31, 300, 301)]
    assert levels == [90, 70, 70, 20]


def test_levels_stay_between_nothing_and_full() -> None:
    for operation, level in (("add", 100), ("sub", 0)):
        table = only(step("00:00", 60), dynamic=(Dynamic("presence", operation, 80, 30),))
        assert told(table, "2026-03-03T03:03", 1)[0] == level


def test_a_day_without_a_program_is_lit_by_default() -> None:
    table = table_of(Rule("a", days=("mon",)), a=Program("a", (step("00:00", 10),)))
    assert told(table, "2026-11-17T20:00+01:00") == (100, "default")
    assert told(table, "2026-11-16T20:00+01:00") == (10, "calendar")


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    table = table_of(
        Rule("b", days=("fri",)),
        default="a",
        a=Program("a", (step("00:00", 10),)),
        b=Program("b", (step("00:00", 90),)),
    )
    # 20 November 2026 is a Friday.
    for at, expected in (
        ("2026-11-20T11:59:59+01:00", (10, "program")),
        ("2026-11-20T12:00+01:00", (90, "calendar")),
        ("2026-11-21T11:59:59+01:00", (90, "calendar")),
        ("2026-11-21T12:00+01:00", (10, "program")),
    ):
        assert told(table, at) == expected


def test_before_the_first_step_the_last_of_the_day_before_holds() -> None:
    table = table_of(
        Rule("b", days=("fri",)),
        default="a",
        a=Program("a", (step("18:00", 70), step("23:00", 30))),
        b=Program("b", (step("20:00", 90), step("22:00", 80))),
    )
    for at, level in (
        ("2026-11-20T11:00+01:00", 30),
        ("2026-11-20T19:59+01:00", 30),
        ("2026-11-20T20:00+01:00", 90),
        ("2026-11-21T03:00+01:00", 80),
        ("2026-11-21T17:59+01:00", 80),
        ("2026-11-21T18:00+01:00", 70),
    ):
        assert told(table, at)[0] == level, at


def test_steps_of_the_morning_hold_in_the_afternoon_of_their_day() -> None:
    table = table_of(
        Rule("b", days=("fri",)),
        default="a",
        a=Program("a", (step("06:00", 100), step("22:00", 30))),
        b=Program("b", (step("06:00", 50), step("22:00", 20))),
    )
    # Friday noon to Saturday noon is governed by b, whose last step before noon is that of 06:00.
    assert told(table, "2026-11-20T11:00+01:00")[0] == 100
    assert told(table, "2026-11-20T15:00+01:00")[0] == 50
    assert told(table, "2026-11-21T07:00+01:00")[0] == 50


def test_absolute_periods_may_cross_midnight_or_noon() -> None:
    night = only(step("00:00", 40), active_periods=(AbsolutePeriod(64800, 25200),))
    day = only(step("00:00", 40), active_periods=(AbsolutePeriod(28800, 57600),))
    for at, lit in (
        ("17:59", day),
        ("18:00", night),
        ("23:59", night),
        ("06:59", night),
        ("08:00", day),
        ("12:00", day),
        ("15:59", day),
    ):
        for table in (night, day):
            level = told(table, f"2026-01-14T{at}+01:00")[0]
            # At 17:59 the day's period is over and the night's has not begun.
            assert level == (40 if table is lit and at != "17:59" else 0), at


def test_a_program_without_steps_lights_while_it_is_active() -> None:
    table = only(active_periods=(AbsolutePeriod(64800, 25200),))
    assert told(table, "2026-01-14T20:00+01:00") == (100, "program")
    assert told(table, "2026-01-14T16:00+01:00") == (0, "program")


@pytest.mark.parametrize(("month", "level"), [("06", 0), ("12", 100)])
def test_polar_day_is_dark_and_polar_night_is_lit(month: str, level: int) -> None:
    table = only(active_periods=(AstroPeriod(0, 0),))
    evaluator = Evaluator(table, 7000000, 2500000, Zone.from_bytes(b""))
    for hour in range(24):
        decision = evaluator.at(*instant(f"2026-{month}-21T{hour:02d}:30"), -1, Decision())
        assert decision.level_percent == level


def test_the_sun_of_the_right_day_serves_beyond_the_date_line() -> None:
    # Kiritimati keeps UTC+14 at 157 degrees west: its date is a day ahead of the sun's.
    table = only(active_periods=(AstroPeriod(0, 0),))
    zone = planning.zone_from_name("Pacific/Kiritimati")
    evaluator = Evaluator(table, 187000, -15740000, zone)
    for hour, level in ((0, 100), (5, 100), (8, 0), (12, 0), (17, 0), (20, 100), (23, 100)):
        at = instant(f"2026-03-20T{hour:02d}:00+14:00")
        assert evaluator.at(*at, -1, Decision()).level_percent == level


def levels_of(table: bytes, start: str, minutes: int) -> list[int]:
    evaluator, decision = Evaluator(table, LAT_E5, LON_E5, BRUSSELS), Decision()
    day, second = instant(start)
    return [
        evaluator.at(day, second + 60 * minute, -1, decision).level_percent
        for minute in range(minutes)
    ]


def test_a_step_in_the_skipped_hour_comes_at_the_change() -> None:
    table = only(step("01:00", 30), step("02:30", 60), step("04:00", 90))
    # At 01:00 UTC on 29 March 2026 the clock goes from 02:00 to 03:00.
    levels = levels_of(table, "2026-03-29T00:00", 180)
    assert levels == [30] * 60 + [60] * 60 + [90] * 60


def test_a_step_in_the_repeated_hour_comes_once() -> None:
    table = only(step("01:00", 30), step("02:30", 60), step("04:00", 90))
    # At 01:00 UTC on 25 October 2026 the clock goes from 03:00 back to 02:00.
    levels = levels_of(table, "2026-10-25T00:00", 240)
    assert levels == [30] * 30 + [60] * 150 + [90] * 60


@pytest.mark.parametrize("date", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("edge_s", [5400, 7200, 9000, 10800, 12600])
def test_no_street_is_dark_between_two_periods_that_meet(date: str, edge_s: int) -> None:
    periods = (AbsolutePeriod(64800, edge_s), AbsolutePeriod(edge_s, 25200))
    levels = levels_of(only(active_periods=periods), f"{date}T00:00", 300)
    assert set(levels) == {100}


def test_a_period_within_the_skipped_hour_lights_nothing() -> None:
    table = only(active_periods=(AbsolutePeriod(8100, 9900),))
    assert set(levels_of(table, "2026-03-28T12:00", 22 * 60)) == {0}
    assert sum(levels_of(table, "2026-03-29T12:00", 24 * 60)) == 30 * 100


@settings(max_examples=60)
@given(
    CALENDARS,
    PROGRAMS,
    PROGRAMS,
    st.dates(datetime.date(2025, 1, 2), datetime.date(2028, 12, 31))
    | st.sampled_from((datetime.date(2026, 3, 28), datetime.date(2026, 10, 24))),
    st.sampled_from((-1, 0, 100)),
)
def test_a_remembered_window_tells_what_a_fresh_evaluator_tells(
    calendar: Calendar, a: Program, b: Program, date: datetime.date, presence_age_s: int
) -> None:
    table = planning.compile_table(calendar, {"a": a, "b": b})
    kept, decision = Evaluator(table, LAT_E5, LON_E5, BRUSSELS), Decision()
    day = (date - datetime.date(2000, 1, 1)).days
    for second in range(0, 2 * 86400, 4567):
        kept.at(day, second, presence_age_s, decision)
        fresh = Evaluator(table, LAT_E5, LON_E5, BRUSSELS).at(
            day + second // 86400, second % 86400, presence_age_s, Decision()
        )
        assert vars(decision) == vars(fresh)
        assert (
            (fresh.since_day, fresh.since_second)
            <= (day + second // 86400, second % 86400)
            < (fresh.until_day, fresh.until_second)
        )


@settings(max_examples=60)
@given(PROGRAMS, st.integers(9500, 10500), st.integers(0, 86399))
def test_nothing_changes_before_until_and_something_may_at_it(
    program: Program, day: int, second: int
) -> None:
    table = table_of(default="a", a=program)
    evaluator = Evaluator(table, LAT_E5, LON_E5, BRUSSELS)
    now = evaluator.at(day, second, -1, Decision())
    for probe_day, probe in (
        (now.since_day, now.since_second),
        (now.until_day, now.until_second - 1),
    ):
        fresh = Evaluator(table, LAT_E5, LON_E5, BRUSSELS).at(
            probe_day + probe // 86400, probe % 86400, -1, Decision()
        )
        assert vars(fresh) == vars(now)


def test_the_ramp_is_that_of_the_step_but_presence_waits_for_none() -> None:
    evaluator, decision = Evaluator(RESIDENTIAL, LAT_E5, LON_E5, BRUSSELS), Decision()
    at = instant("2026-06-16T01:00+02:00")
    assert evaluator.at(*at, -1, decision).ramp_s == 60
    assert evaluator.at(*at, 0, decision).ramp_s == 0
    assert evaluator.at(*at, 99, decision).ramp_s == 60
    assert evaluator.at(*instant("2026-06-16T12:00+02:00"), -1, decision).ramp_s == 0


def test_since_is_the_instant_of_the_step_in_force() -> None:
    evaluator = Evaluator(RESIDENTIAL, LAT_E5, LON_E5, BRUSSELS)
    now = evaluator.at(*instant("2026-12-16T02:00+01:00"), -1, Decision())
    assert (now.since_day, now.since_second) == instant("2026-12-15T22:30+01:00")
    assert (now.until_day, now.until_second) == instant("2026-12-16T06:00+01:00")
