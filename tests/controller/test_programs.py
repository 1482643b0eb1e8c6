"""Programs and calendars of TALQ as those of nodes; each rule by its number."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talq_examples import examples

from controller import programs
from controller.sources import EXCEEDED, MISSING, NotForNodesError, Numbering, Source
from protocol import talq
from protocol.schedule import planning

PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
CALENDAR = next(talq.read_json(body) for kind, body in examples() if kind == "Calendar")
LEVEL = {"state": {"name": "LevelState", "value": 40}}


def changed(body: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The body with another value at a dotted path."""
    made = copy.deepcopy(body)
    place: Any = made
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in way:
        place = place[part]
    place[last] = value
    return made


def with_parts(**parts: Any) -> dict[str, Any]:
    """A program of these parts."""
    return {"id": "p", "activePeriods": [], "fixedTimeControls": [], **parts}


def effect(kind: str = "FixedControlEffect", *sensors: str, **more: Any) -> dict[str, Any]:
    """A dynamic control's effect."""
    said = {"type": kind, "operation": "Max",
            "source": {"sensor": {"sensorAddresses": list(sensors)}}}  # fmt: skip
    if kind == "FixedControlEffect":
        said["command"] = LEVEL
    return {**said, **more}


def dynamics(inputs: Numbering, *rows: dict[str, Any]) -> tuple[planning.Dynamic, ...]:
    return programs.program_of(with_parts(dynamicControls=list(rows)), inputs).dynamic


def test_the_program_of_the_page_becomes_the_program_of_nodes() -> None:
    assert programs.program_of(PROGRAM) == planning.Program(
        "residential",
        (planning.Step(21600, 100, 0), planning.Step(81000, 60, 60)),
        (planning.AstroPeriod(-5, 10),),
        (planning.Dynamic("presence", "max", 80, 45),),
    )


def test_the_calendar_of_the_page_becomes_the_calendar_of_nodes() -> None:
    made = programs.calendar_of(CALENDAR)
    assert made.default_program_id == "residential"
    assert [rule.program_id for rule in made.rules] == ["festive", "weekend"]
    assert (made.rules[0].from_date, made.rules[0].to_date) == ("--12-24", "--01-02")
    assert made.rules[1].days == ("sat", "sun")


def test_c4_every_kind_of_period_becomes_one_of_nodes() -> None:
    inputs = Numbering("here")
    sensor = {"sensorAddresses": ["there/light"]}
    levels = {"onLevel": 20, "offLevel": 40.5}
    window = {"sunsetOffset": 10, "sunriseOffset": -5, "pcActiveBeforeSunset": 30,
              "pcActiveBeforeSunrise": 40}  # fmt: skip
    periods = [
        {"name": "AbsoluteActivePeriod", "startTime": "16:00:00", "endTime": "08:00:30"},
        {"name": "AstroClockActivePeriod", "sunsetOffset": -5, "sunriseOffset": 10},
        {"name": "SensorActivePeriod", "sensor": {}, **levels},
        {"name": "SensorActivePeriod", "sensor": sensor, **levels},
        {"name": "AstroAndSensorActivePeriod", "sensor": sensor, **window},
        {"name": "ValueActivePeriod", "operator": "GT", "state": LEVEL["state"],
         "reference": {"resource": "devices", "address": "there/lamp/actualLightState"}},
    ]  # fmt: skip
    made = programs.program_of(with_parts(activePeriods=periods), inputs)
    assert made.active_periods == (
        planning.AbsolutePeriod(57600, 28830),
        planning.AstroPeriod(-5, 10),
        planning.SensorPeriod(200, 405),
        planning.SensorPeriod(source=0),
        planning.AstroSensorPeriod(10, -5, 30, 40, planning.SensorPeriod(source=1)),
        planning.SensorPeriod(source=2),
    )
    assert inputs.sources == (
        Source("there", "light", "lightLevel", levels=(20, 40.5)),
        Source("there", "light", "lightLevel", levels=programs.CELL_LUX),
        Source("there", "lamp", "actualLightState", operator="GT", wanted=40.0),
    )


@pytest.mark.parametrize("levels", [{}, {"onLevel": 1, "offLevel": 0}])
def test_c4_a_photocell_of_two_states_goes_by_its_own_levels(levels: dict[str, float]) -> None:
    period = {"name": "SensorActivePeriod", "sensor": {"sensorAddresses": ["here/photocell"]}}
    made = programs.program_of(with_parts(activePeriods=[{**period, **levels}]), Numbering("here"))
    assert made.active_periods == (planning.SensorPeriod(350, 700),)


def test_c4_two_sensors_are_two_periods_of_which_either_lights() -> None:
    sensor = {"sensorAddresses": ["here/light", "there/photocell"]}
    period = {"name": "SensorActivePeriod", "sensor": sensor, "onLevel": 5, "offLevel": 6}
    made = programs.program_of(with_parts(activePeriods=[period]), Numbering("here"))
    assert made.active_periods == (planning.SensorPeriod(50, 60), planning.SensorPeriod(source=0))


@pytest.mark.parametrize("times", [("06:00", "06:00"), ("22:30", "06:00"), ("23:00", "00:00")])
def test_c5_fixed_times_increase_strictly_from_midnight(times: tuple[str, str]) -> None:
    rows = [{"startTime": time, "command": LEVEL} for time in times]
    with pytest.raises(NotForNodesError) as refusal:
        programs.program_of(with_parts(fixedTimeControls=rows))
    assert refusal.value.field == "fixedTimeControls[1].startTime"


@pytest.mark.parametrize("operation", programs.OPERATIONS)
def test_c6_every_operation_works_with_sun_and_sensor(operation: str) -> None:
    sun = {"offset": -20, "solarEventType": "sunrise", "operation": operation, "command": LEVEL}
    said = with_parts(
        astroClockTimeControls=[sun], dynamicControls=[{"effect": effect(operation=operation)}]
    )
    made = programs.program_of(said)
    assert made.suns == (planning.SunControl("sunrise", operation.lower(), 40, -20),)
    assert made.dynamic[0].operation == operation.lower()


def test_c6_sensors_are_the_own_one_those_of_others_and_external_ones() -> None:
    inputs = Numbering("here", {"here": 1, "there": 1})
    made = dynamics(
        inputs,
        {"effect": effect("FixedControlEffect", holdTime=30.4)},
        {"effect": effect("FixedControlEffect", "here/presence", "there")},
        {"effect": effect("ExternalControlEffect", "street/counter")},
        {"effect": effect("FixedControlEffect", "street/counter")},
    )
    own = planning.OWN
    assert [(d.source, d.external, d.hold_s) for d in made] == [
        (own, False, 30), (own, False, 0), (0, False, 0), (1, True, 0), (1, False, 0),
    ]  # fmt: skip
    assert inputs.sources == (
        Source("there", "presence", "presenceStatus"), Source(external="street/counter"),
    )  # fmt: skip


def test_c6_a_dynamic_control_may_have_a_period_of_the_day() -> None:
    period = {"startTime": "23:00:00", "endTime": "04:30:00"}
    (made,) = dynamics(Numbering(), {"effect": effect(), "period": period})
    assert (made.from_s, made.to_s) == (82800, 16200)


def test_c8_both_ramps_of_each_command_are_kept() -> None:
    command = {**LEVEL, "rampToLevelTime": 4.6, "rampFromLevelTime": 9}
    sun = {"offset": 0, "solarEventType": "sunset", "operation": "Set", "command": command}
    made = programs.program_of(
        with_parts(
            fixedTimeControls=[{"startTime": "20:00", "command": command}],
            astroClockTimeControls=[sun],
            dynamicControls=[{"effect": effect(command=command)}],
        )
    )
    rows: tuple[Any, ...] = (*made.steps, *made.suns, *made.dynamic)
    assert [(row.ramp_s, row.ramp_from_s) for row in rows] == [(5, 9)] * 3


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("astroClockTimeControls", [{"x": 1}], "astroClockTimeControls[0].solarEventType"),
        ("activePeriods.0.name", "MoonActivePeriod", "activePeriods[0]"),
        ("activePeriods.0.sunsetOffset", 1000, "activePeriods[0].sunsetOffset"),
        ("activePeriods.0", {"name": "AbsoluteActivePeriod"}, "activePeriods[0].startTime"),
        ("activePeriods.0", {"name": "ValueActivePeriod", "reference": {
            "resource": "devices", "address": "x/lamp"}}, "activePeriods[0].reference"),
        ("activePeriods.0", {"name": "ValueActivePeriod", "operator": "GT", "reference": {
            "resource": "devices", "address": "x/lamp/y"}}, "activePeriods[0].state"),
        ("activePeriods.0", {"name": "SensorActivePeriod", "sensor": {
            "sensorAddresses": ["x/link"]}}, "activePeriods[0].sensor"),
        ("fixedTimeControls.0.startTime", "six", "fixedTimeControls[0].startTime"),
        ("fixedTimeControls.1.command", {"state": {"name": "RGBState"}},
         "fixedTimeControls[1].command.state"),
        ("fixedTimeControls.0.command.state.value", 101, "fixedTimeControls[0].command.state"),
        ("fixedTimeControls.0.command.rampToLevelTime", 90000,
         "fixedTimeControls[0].command.rampToLevelTime"),
        ("dynamicControls.0.effect.operation", "Div", "dynamicControls[0].effect.operation"),
        ("dynamicControls.0.effect.type", "OtherEffect", "dynamicControls[0]"),
        ("dynamicControls.0.effect.holdTime", 90000, "dynamicControls[0].effect.holdTime"),
        ("dynamicControls.0.effect.command", {}, "dynamicControls[0].effect.command.state"),
        ("dynamicControls.0.effect.type", "ExternalControlEffect",
         "dynamicControls[0].effect.source.sensor.sensorAddresses"),
        ("dynamicControls.0.period", {"startTime": "25:00"},
         "dynamicControls[0].period.startTime"),
    ],
)  # fmt: skip
def test_what_nodes_cannot_do_is_refused_at_its_field(
    path: str, value: object, field: str
) -> None:
    with pytest.raises(NotForNodesError) as refusal:
        programs.program_of(changed(PROGRAM, path, value))
    assert (refusal.value.field, refusal.value.key) == (field, EXCEEDED)
    assert str(refusal.value)


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("fixedTimeControls", programs.STEPS_MAX), ("activePeriods", programs.PERIODS_MAX),
        ("dynamicControls", programs.DYNAMICS_MAX), ("astroClockTimeControls", programs.STEPS_MAX),
    ],
)  # fmt: skip
def test_c13_more_than_a_node_takes_is_refused_and_not_dropped(name: str, most: int) -> None:
    rows: dict[str, Any] = {
        "fixedTimeControls": [
            {"startTime": f"{n // 60:02d}:{n % 60:02d}", "command": LEVEL} for n in range(most + 1)
        ],
        "activePeriods": [{"name": "AstroClockActivePeriod"}] * (most + 1),
        "dynamicControls": [{"effect": effect()}] * (most + 1),
        "astroClockTimeControls": [
            {"offset": 0, "solarEventType": "sunset", "operation": "Set", "command": LEVEL}
        ] * (most + 1),
    }  # fmt: skip
    with pytest.raises(NotForNodesError) as refusal:
        programs.program_of(with_parts(**{name: rows[name]}))
    assert refusal.value.field == name
    programs.program_of(with_parts(**{name: rows[name][:-1]}))


def test_c13_more_sensors_than_inputs_are_refused() -> None:
    inputs = Numbering()
    for number in range(8):
        dynamics(inputs, {"effect": effect("FixedControlEffect", f"a{number}", f"b{number}")})
    with pytest.raises(NotForNodesError, match="16"):
        dynamics(inputs, {"effect": effect("FixedControlEffect", "one-more")})


def test_a_period_of_an_unknown_device_is_refused_as_missing() -> None:
    period = {"name": "SensorActivePeriod", "sensor": {"sensorAddresses": ["nowhere/light"]}}
    with pytest.raises(NotForNodesError) as refusal:
        programs.program_of(with_parts(activePeriods=[period]), Numbering("", {"here": 1}))
    assert refusal.value.key == MISSING


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ({"type": "ccDate", "dates": [{"start": "---01"}, {"start": "---30", "end": "---02"}]},
         planning.Rule("weekend", spans=(("---01", "---01"), ("---30", "---02")))),
        ({"type": "ccDate", "dates": [{"start": "--12-24", "end": "--12-26"},
                                      {"start": "2026-05-01", "end": "2026-05-03"}]},
         planning.Rule("weekend", spans=(("--12-24", "--12-26"), ("2026-05-01", "2026-05-03")))),
        ({"type": "ccDay", "days": [{"start": 1}], "occurrences": ["2", "L"]},
         planning.Rule("weekend", days=("mon",), occurrences=("2", "L"))),
    ],
)  # fmt: skip
def test_c2_every_condition_becomes_one_of_nodes(
    condition: dict[str, Any], rule: planning.Rule
) -> None:
    made = programs.calendar_of(changed(CALENDAR, "rules.1.condition", condition))
    assert made.rules[1] == rule


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-02-01", None), (None, "--03-01"), ("--11-01", "--02-01"), ("2026-11-01", "--12-31"),
     ("2026-01-01", "2026-01-01"), (None, None)],
)  # fmt: skip
def test_c2_each_end_of_a_rule_may_be_full_yearly_or_open(
    first: str | None, last: str | None
) -> None:
    row = {"program": "p", "startDate": first, "endDate": last}
    (rule,) = programs.calendar_of({"id": "x", "rules": [row]}).rules
    assert (rule.from_date, rule.to_date) == (first, last)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"startDate": "---01"}, "rules[0].startDate"),
        ({"endDate": "--02-30"}, "rules[0].endDate"),
        ({"startDate": "2026-02-02", "endDate": "2026-02-01"}, "rules[0].endDate"),
        ({"condition": {"type": "ccMoon"}}, "rules[0].condition"),
        ({"condition": {"type": "ccDate", "dates": []}}, "rules[0].condition.dates"),
        ({"condition": {"type": "ccDate", "dates": [{"start": "---32"}]}},
         "rules[0].condition.dates[0]"),
        ({"condition": {"type": "ccDate", "dates": [{"start": "---01", "end": "--01-02"}]}},
         "rules[0].condition.dates[0].end"),
        ({"condition": {"type": "ccDay", "days": []}}, "rules[0].condition.days"),
        ({"condition": {"type": "ccDay", "days": [{"start": 8}]}}, "rules[0].condition.days[0]"),
        ({"condition": {"type": "ccDay", "days": [{"start": 1}], "occurrences": ["6"]}},
         "rules[0].condition.occurrences"),
    ],
)  # fmt: skip
def test_c2_a_rule_that_is_none_is_refused_at_its_field(row: dict[str, Any], field: str) -> None:
    with pytest.raises(NotForNodesError) as refusal:
        programs.calendar_of({"id": "x", "rules": [{"program": "p", **row}]})
    assert refusal.value.field == field


@given(st.integers(1, 7), st.integers(1, 7))
def test_c2_days_run_from_start_to_end_and_over_the_weekend(start: int, end: int) -> None:
    condition = {"type": "ccDay", "days": [{"start": start, "end": end}]}
    made = programs.calendar_of(changed(CALENDAR, "rules.1.condition", condition))
    words = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    wanted, day = [words[start - 1]], start
    while day != end:
        day = day % 7 + 1
        wanted.append(words[day - 1])
    assert sorted(made.rules[1].days) == sorted(wanted)


@pytest.mark.parametrize(
    ("command", "level"),
    [
        (LEVEL, 40),
        ({"state": {"name": "LevelState", "value": 39.6}}, 40),
        ({"state": {"name": "LevelState", "value": 0}}, 0),
        ({"state": {"name": "SwitchState", "value": True}}, 100),
        ({"state": {"name": "SwitchState", "value": False}}, 0),
    ],
)
def test_a_command_asks_for_a_level(command: dict[str, Any], level: int) -> None:
    assert programs.level_of("x", command) == level


@pytest.mark.parametrize(
    "state",
    [None, {}, {"name": "LevelState"}, {"name": "LevelState", "value": -1},
     {"name": "LevelState", "value": float("nan")}, {"name": "LevelState", "value": "40"},
     {"name": "RGBState", "value": [1, 2, 3]}],
)  # fmt: skip
def test_a_command_without_a_level_is_refused(state: object) -> None:
    with pytest.raises(NotForNodesError) as refusal:
        programs.level_of("targetCommand", {"state": state})
    assert refusal.value.field == "targetCommand.state"
