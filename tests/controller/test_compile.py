from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talq_examples import examples

from controller import compile as compiler
from protocol import plan, talq, wire
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


def test_the_program_of_the_page_becomes_the_program_of_nodes() -> None:
    assert compiler.program_of(PROGRAM) == planning.Program(
        "residential",
        (planning.Step(21600, 100, 0), planning.Step(81000, 60, 60)),
        (planning.AstroPeriod(-5, 10),),
        (planning.Dynamic("presence", "max", 80, 45),),
    )


def test_the_calendar_of_the_page_becomes_the_calendar_of_nodes() -> None:
    made = compiler.calendar_of(CALENDAR)
    assert made.default_program_id == "residential"
    assert [rule.program_id for rule in made.rules] == ["festive", "weekend"]
    assert (made.rules[0].from_date, made.rules[0].to_date) == ("--12-24", "--01-02")
    assert made.rules[1].days == ("sat", "sun")


def test_a_period_by_the_clock_keeps_its_times() -> None:
    period = {"name": "AbsoluteActivePeriod", "startTime": "16:00:00", "endTime": "08:00:30"}
    made = compiler.program_of(changed(PROGRAM, "activePeriods", [period]))
    assert made.active_periods == (planning.AbsolutePeriod(57600, 28830),)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("astroClockTimeControls", [{"x": 1}], "astroClockTimeControls"),
        ("activePeriods.0.name", "PhotocellActivePeriod", "activePeriods[0]"),
        ("fixedTimeControls.1.command", {"state": {"name": "RGBState"}},
         "fixedTimeControls[1].command.state"),
        ("fixedTimeControls.0.command.state.value", 101, "fixedTimeControls[0].command.state"),
        ("dynamicControls.0.effect.operation", "Mul", "dynamicControls[0].effect.operation"),
        ("dynamicControls.0.effect.type", "OtherEffect", "dynamicControls[0]"),
        ("dynamicControls.0.effect.source.sensor.sensorAddresses", ["x"], "dynamicControls[0]"),
        ("dynamicControls.0.effect.command", {}, "dynamicControls[0].effect.command.state"),
    ],
)  # fmt: skip
def test_what_nodes_cannot_do_is_refused_at_its_field(
    path: str, value: object, field: str
) -> None:
    with pytest.raises(compiler.NotForNodesError) as refusal:
        compiler.program_of(changed(PROGRAM, path, value))
    assert refusal.value.field == field
    assert str(refusal.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fixedTimeControls.1.startTime", "06:00:00"),
        ("fixedTimeControls.0.startTime", "six"),
        ("fixedTimeControls.0.command.rampToLevelTime", 90000),
        ("dynamicControls.0.effect.holdTime", 90000),
        ("activePeriods.0.sunsetOffset", 1000),
    ],
)
def test_values_beyond_a_node_are_refused_with_every_fault(path: str, value: object) -> None:
    with pytest.raises(planning.PlanningError) as refusal:
        compiler.program_of(changed(PROGRAM, path, value))
    assert all(fault.field and fault.rule for fault in refusal.value.faults)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"type": "ccDate", "dates": []}, "ccDate"),
        ({"type": "ccDay", "days": [{"start": 1, "occurrences": [1]}]}, "occurrences"),
    ],
)
def test_a_condition_nodes_do_not_know_is_refused(condition: dict[str, Any], said: str) -> None:
    with pytest.raises(compiler.NotForNodesError, match=said) as refusal:
        compiler.calendar_of(changed(CALENDAR, "rules.1.condition", condition))
    assert refusal.value.field == "rules[1].condition"


@given(st.integers(1, 7), st.integers(1, 7))
def test_days_run_from_start_to_end_and_over_the_weekend(start: int, end: int) -> None:
    condition = {"type": "ccDay", "days": [{"start": start, "end": end}]}
    made = compiler.calendar_of(changed(CALENDAR, "rules.1.condition", condition))
    words = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    wanted, day = [words[start - 1]], start
    while day != end:
        day = day % 7 + 1
        wanted.append(words[day - 1])
    assert sorted(made.rules[1].days) == sorted(wanted)


def test_a_day_without_an_end_is_one_day() -> None:
    condition = {"type": "ccDay", "days": [{"start": 3}, {"start": 3, "end": 3}]}
    made = compiler.calendar_of(changed(CALENDAR, "rules.1.condition", condition))
    assert made.rules[1].days == ("wed",)


def test_a_calendar_that_names_a_missing_program_is_refused() -> None:
    with pytest.raises(planning.PlanningError, match="exist"):
        compiler.table_of(CALENDAR, {"residential": PROGRAM})


def test_without_a_calendar_the_lamp_is_lit() -> None:
    assert compiler.table_of(None, {}) == compiler.NO_CALENDAR
    bare = {"id": "x", "rules": [], "defaultProgram": "residential"}
    assert compiler.table_of(bare, {"residential": PROGRAM}) != compiler.NO_CALENDAR


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
    assert compiler.level_of("x", command) == level


@pytest.mark.parametrize(
    "state",
    [None, {}, {"name": "LevelState"}, {"name": "LevelState", "value": -1},
     {"name": "LevelState", "value": float("nan")}, {"name": "LevelState", "value": "40"},
     {"name": "RGBState", "value": [1, 2, 3]}],
)  # fmt: skip
def test_a_command_without_a_level_is_refused(state: object) -> None:
    with pytest.raises(compiler.NotForNodesError) as refusal:
        compiler.level_of("targetCommand", {"state": state})
    assert refusal.value.field == "targetCommand.state"


def test_a_configuration_tells_the_node_its_place_and_lamp() -> None:
    site = plan.quarter(2, 1)
    zone = planning.zone_from_name(site.site.zone).to_bytes()
    lamp, bay = site.assets[0], site.assets[-1]
    made = [
        wire.decode_configuration(
            compiler.configuration(asset, site, zone, heartbeat_s=60, fade_s=2)
        )
        for asset in (lamp, bay)
    ]
    assert (made[0].lat_e5, made[0].lon_e5) == (round(lamp.lat * 1e5), round(lamp.lon * 1e5))
    assert (made[0].power_max_mw, made[1].power_max_mw) == (58000, 0)
    assert (made[0].heartbeat_s, made[0].fade_ds, made[0].zone) == (60, 20, zone)


def test_contents_are_known_by_eight_bytes() -> None:
    assert len(compiler.digest(b"a")) == 8
    assert compiler.digest(b"a") != compiler.digest(b"b")
