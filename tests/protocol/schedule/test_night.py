"""The rules of control by their numbers, as far as other tests do not carry them."""

import itertools

import pytest
from schedule_tables import BRUSSELS, LAT_E5, LON_E5, instant, only, step, table_of, told

from protocol.schedule import OFF, ON, Decision, Evaluator, Inputs
from protocol.schedule.planning import (
    AbsolutePeriod,
    AstroSensorPeriod,
    Dynamic,
    Program,
    Rule,
    SensorPeriod,
    Step,
    SunControl,
)


def inputs_of(lux_dx: int = -1, **states: int) -> Inputs:
    """Inputs i0, i1 … in these states, and this light."""
    inputs = Inputs()
    inputs.lux_dx = lux_dx
    for name, state in states.items():
        inputs.tell(int(name[1:]), state, 1)
    return inputs


def test_c3_the_calendar_day_runs_from_noon_to_noon_over_a_month() -> None:
    table = table_of(
        Rule("b", spans=(("---30", "---30"),)),
        default="a",
        a=Program("a", (step("00:00", 10),)),
        b=Program("b", (step("00:00", 90),)),
    )
    for at, level in (
        ("2026-11-30T11:59", 10),
        ("2026-11-30T12:00", 90),
        ("2026-12-01T11:59", 90),
        ("2026-12-01T12:00", 10),
    ):
        assert told(table, f"{at}+01:00")[0] == level, at


def test_c1_without_a_program_the_default_holds_and_dynamics_do_not() -> None:
    table = table_of(
        Rule("a", days=("mon",)), a=Program("a", (), (), (Dynamic("presence", "set", 5, 60),))
    )
    assert told(table, "2026-11-17T20:00+01:00", 0) == (100, "default")


@pytest.mark.parametrize("state", [OFF, ON])
def test_c4_a_period_of_an_input_holds_as_it_is_told(state: int) -> None:
    table = only(step("00:00", 40), active_periods=(SensorPeriod(source=3),))
    for at in ("2026-06-15T13:00+02:00", "2026-06-16T01:00+02:00"):
        assert told(table, at, -1, inputs_of(i3=state))[0] == 40 * state


def test_c4_an_unknown_sensor_lights_the_night_and_not_the_day() -> None:
    for period in (SensorPeriod(source=3), SensorPeriod(350, 700)):
        table = only(step("00:00", 40), active_periods=(period,))
        assert told(table, "2026-06-15T13:00+02:00", -1, inputs_of())[0] == 0
        assert told(table, "2026-06-16T01:00+02:00", -1, inputs_of()) == (40, "astro")


@pytest.mark.parametrize(
    ("at", "dark", "bright", "unknown"),
    [
        # Sunset at 16:48, sunrise at 8:09:32 (Brussels, 21 November 2026).
        ("2026-11-21T16:10", 0, 0, 0),
        ("2026-11-21T16:20", 50, 0, 50),  # From 30 minutes before sunset the photocell counts.
        ("2026-11-21T17:07", 50, 0, 50),
        ("2026-11-21T17:09", 50, 50, 50),  # 20 minutes after sunset it is lit in any case.
        ("2026-11-22T03:00", 50, 50, 50),
        ("2026-11-22T07:29", 50, 50, 50),
        ("2026-11-22T07:31", 50, 0, 50),  # From 40 minutes before sunrise it counts again.
        ("2026-11-22T08:19", 50, 0, 50),
        ("2026-11-22T08:20", 0, 0, 0),  # 10 minutes after sunrise it is over in any case.
    ],
)
def test_c4_a_photocell_moves_both_ends_within_its_windows(
    at: str, dark: int, bright: int, unknown: int
) -> None:
    cell = AstroSensorPeriod(20, 10, 30, 40, SensorPeriod(350, 700))
    table = only(step("00:00", 50), active_periods=(cell,))
    found = [told(table, f"{at}+01:00", -1, inputs_of(lux))[0] for lux in (100, 900, -1)]
    assert found == [dark, bright, unknown]


def test_c4_several_periods_light_when_any_of_them_holds() -> None:
    periods = (AbsolutePeriod(64800, 68400), SensorPeriod(source=0))
    table = only(step("00:00", 40), active_periods=periods)
    for hour, state, level in ((18, OFF, 40), (19, OFF, 0), (19, ON, 40), (12, ON, 40)):
        at = f"2026-11-21T{hour:02d}:30+01:00"
        assert told(table, at, -1, inputs_of(i0=state))[0] == level


def test_c5_each_fixed_time_holds_until_the_next_and_over_the_day() -> None:
    table = only(step("01:00", 10), step("13:00", 30), step("23:00", 60))
    for hour, level in ((0, 60), (1, 10), (11, 10), (12, 10), (13, 30), (22, 30), (23, 60)):
        assert told(table, f"2026-11-21T{hour:02d}:00+01:00")[0] == level, hour


@pytest.mark.parametrize(
    ("operation", "level"),
    [("set", 30), ("max", 60), ("min", 30), ("add", 90), ("sub", 30), ("mul", 18)],
)
def test_c6_a_control_by_the_sun_changes_the_fixed_level(operation: str, level: int) -> None:
    table = only(
        step("12:00", 60), suns=(SunControl("sunset", operation, 30, 10),
                                 SunControl("sunrise", "set", 60, -30)),
    )  # fmt: skip
    for at, wanted in (
        ("2026-11-21T16:57", 60),
        ("2026-11-21T16:59", level),
        ("2026-11-22T07:39", level),
        ("2026-11-22T07:40", 60),
    ):
        assert told(table, f"{at}+01:00")[0] == wanted, at


def test_c6_the_first_dynamic_of_the_list_comes_first_whatever_its_source() -> None:
    rows = (Dynamic("presence", "set", 90, 0, 0), Dynamic("presence", "set", 70, 60))
    table = only(step("00:00", 20), dynamic=rows)
    found = [
        told(table, "2026-03-03T03:03", age_s, inputs_of(i0=state))[0]
        for state, age_s in ((ON, 0), (OFF, 0), (OFF, -1))
    ]
    assert found == [90, 70, 20]


def test_c6_a_dynamic_holds_within_its_period_only() -> None:
    row = Dynamic("presence", "max", 80, 60, from_s=82800, to_s=16200)
    table = only(step("00:00", 20), dynamic=(row,))
    for at, level in (("22:59", 20), ("23:00", 80), ("04:29", 80), ("04:30", 20), ("12:30", 20)):
        assert told(table, f"2026-11-21T{at}+01:00", 0)[0] == level, at


@pytest.mark.parametrize(("operation", "level"), [("max", 80), ("sub", 50), ("set", 80)])
def test_c6_an_unknown_dynamic_gives_more_light_or_nothing(operation: str, level: int) -> None:
    table = only(step("00:00", 50), dynamic=(Dynamic("presence", operation, 80, 9, 0),))
    assert told(table, "2026-03-03T03:03", -1, inputs_of())[0] == level


def test_c6_an_external_command_that_runs_out_leaves_no_street_darker() -> None:
    row = Dynamic("presence", "set", 0, 0, 0, external=True)
    table = only(step("00:00", 50), dynamic=(row,))
    for level, after in ((20, 50), (90, 90)):
        inputs = Inputs()
        inputs.tell(0, ON, 100, (level, 0, 0))
        assert told(table, "2026-03-03T03:03", -1, inputs)[0] == level
        inputs.now_s = 100
        assert told(table, "2026-03-03T03:03", -1, inputs)[0] == after


@pytest.mark.parametrize(("dusk", "hours"), [("2026-03-28T17:00", 12), ("2026-10-24T16:00", 14)])
def test_c7_a_night_of_a_clock_change_loses_and_repeats_nothing(dusk: str, hours: int) -> None:
    row = Dynamic("presence", "max", 90, 60, from_s=5400, to_s=12600)
    table = only(
        step("00:00", 30), step("02:30", 50), active_periods=(AbsolutePeriod(64800, 25200),),
        dynamic=(row,),
    )  # fmt: skip
    evaluator, decision = Evaluator(table, LAT_E5, LON_E5, BRUSSELS), Decision()
    day, second = instant(dusk)
    levels = [
        evaluator.at(day, second + 60 * minute, 0, decision).level_percent
        for minute in range(hours * 60)
    ]
    assert 0 not in levels, "no street is dark in that night"
    rises = sum(a != 90 and b == 90 for a, b in itertools.pairwise(levels))
    assert rises == 1, "what is asked once comes once"


def test_c8_the_ramps_of_a_decision_lead_to_it_and_from_it() -> None:
    table = only(
        Step(64800, 60, 20, 40), active_periods=(AbsolutePeriod(64800, 25200),),
        suns=(SunControl("sunset", "sub", 20, 300, 7, 9), SunControl("sunrise", "add", 0)),
        dynamic=(Dynamic("presence", "max", 80, 45, ramp_s=3, ramp_from_s=5),),
    )  # fmt: skip
    evaluator, decision = Evaluator(table, LAT_E5, LON_E5, BRUSSELS), Decision()

    def said(at: str, age_s: int = -1) -> tuple[int, int, int]:
        evaluator.at(*instant(f"2026-11-{at}+01:00"), age_s, decision)
        return decision.level_percent, decision.ramp_s, decision.dynamic

    assert said("21T18:30") == (60, 20, -1)
    assert said("21T18:30", 0) == (80, 3, 0)
    assert decision.ramp_from_s == 5
    assert said("21T23:00") == (40, 7, -1)
    assert said("22T07:30") == (0, 9, -1), "the ramp from what was in force last"
