"""Programs and calendars as JSON: there and back, and every fault named at its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_tables import CALENDARS, PROGRAMS

from protocol.schedule import planning
from protocol.schedule.planning import Calendar, PlanningError, Program

PROGRAM: dict[str, Any] = {
    "name": "residential",
    "steps": [
        {"at": "22:30", "level_percent": 60, "ramp_s": 60},
        {"at": "06:00", "level_percent": 100},
    ],
    "active_periods": [
        {"kind": "astro", "on_offset_min": -5, "off_offset_min": 10},
        {"kind": "absolute", "from": "16:00", "to": "08:00:30"},
    ],
    "dynamic": [{"sensor": "presence", "operation": "max", "level_percent": 80, "hold_s": 45}],
}
CALENDAR: dict[str, Any] = {
    "name": "year",
    "default_program_id": "a",
    "rules": [
        {"program_id": "b", "from": "2026-12-01", "to": "2026-12-31", "days": ["sat", "sun"]},
        {"program_id": "c", "from": "--12-24", "to": "--01-06"},
        {"program_id": "d"},
    ],
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99999) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def faults(read: Callable[[object], object], said: object) -> list[str]:
    """The fields that are refused; [] when all is taken. Any other error fails the test."""
    try:
        read(said)
    except PlanningError as error:
        return [fault.field for fault in error.faults if fault.rule]
    return []


def replaced(value: Any, path: list[object], new: object) -> Any:
    """A copy in which what stands at the path is `new`."""
    if not path:
        return new
    if isinstance(value, dict):
        return value | {path[0]: replaced(value.get(path[0]), path[1:], new)}
    index = path[0]
    assert isinstance(index, int)
    return [*value[:index], replaced(value[index], path[1:], new), *value[index + 1 :]]


@given(PROGRAMS)
def test_a_program_comes_back_from_json_as_it_was(program: Program) -> None:
    assert planning.program_from_json(planning.program_to_json(program)) == program


@given(CALENDARS)
def test_a_calendar_comes_back_from_json_as_it_was(calendar: Calendar) -> None:
    assert planning.calendar_from_json(planning.calendar_to_json(calendar)) == calendar


def test_what_may_be_left_out_has_its_default() -> None:
    program = planning.program_from_json({"name": "x"})
    assert (program.steps, program.active_periods, program.dynamic) == ((), (), ())
    calendar = planning.calendar_from_json({"name": "x"})
    assert (calendar.default_program_id, calendar.rules) == (None, ())
    step = planning.program_from_json(PROGRAM).steps[1]
    assert (step.at_s, step.level_percent, step.ramp_s) == (21600, 100, 0)


@pytest.mark.parametrize(
    ("path", "new", "field"),
    [
        (["name"], "", "name"),
        (["name"], " ", "name"),
        (["name"], "x" * 121, "name"),
        (["name"], 5, "name"),
        (["colour"], 1, "colour"),
        (["steps"], {}, "steps"),
        (["steps"], [{"at": "00:00", "level_percent": 1}] * 49, "steps"),
        (["steps", 0], 7, "steps[0]"),
        (["steps", 0, "at"], "24:00", "steps[0].at"),
        (["steps", 0, "at"], "7:00", "steps[0].at"),
        (["steps", 0, "at"], "22:30:60", "steps[0].at"),
        (["steps", 0, "at"], 81000, "steps[0].at"),
        (["steps", 1, "at"], "22:30", "steps[1].at"),
        (["steps", 0, "level_percent"], 101, "steps[0].level_percent"),
        (["steps", 0, "level_percent"], -1, "steps[0].level_percent"),
        (["steps", 0, "level_percent"], 50.5, "steps[0].level_percent"),
        (["steps", 0, "level_percent"], True, "steps[0].level_percent"),
        (["steps", 0, "level_percent"], None, "steps[0].level_percent"),
        (["steps", 0, "ramp_s"], 3601, "steps[0].ramp_s"),
        (["steps", 0, "level"], 5, "steps[0].level"),
        (["active_periods"], [{"kind": "astro"}] * 9, "active_periods"),
        (["active_periods", 0, "kind"], "moon", "active_periods[0].kind"),
        (["active_periods", 0], "astro", "active_periods[0].kind"),
        (["active_periods", 0, "on_offset_min"], -361, "active_periods[0].on_offset_min"),
        (["active_periods", 0, "off_offset_min"], 361, "active_periods[0].off_offset_min"),
        (["active_periods", 0, "from"], "16:00", "active_periods[0].from"),
        (["active_periods", 1, "from"], None, "active_periods[1].from"),
        (["active_periods", 1, "to"], "8", "active_periods[1].to"),
        (["dynamic"], [PROGRAM["dynamic"][0]] * 5, "dynamic"),
        (["dynamic", 0, "sensor"], "radar", "dynamic[0].sensor"),
        (["dynamic", 0, "operation"], "times", "dynamic[0].operation"),
        (["dynamic", 0, "level_percent"], 101, "dynamic[0].level_percent"),
        (["dynamic", 0, "hold_s"], 0, "dynamic[0].hold_s"),
        (["dynamic", 0, "hold_s"], 3601, "dynamic[0].hold_s"),
    ],
)
def test_a_fault_in_a_program_is_named_at_its_field(
    path: list[object], new: object, field: str
) -> None:
    assert not faults(planning.program_from_json, PROGRAM)
    found = faults(planning.program_from_json, replaced(PROGRAM, path, new))
    # Of a step that is no object its parts are missing as well.
    assert found[:1] == [field]
    assert all(name.startswith(field) for name in found)


@pytest.mark.parametrize(
    ("path", "new", "field"),
    [
        (["default_program_id"], "", "default_program_id"),
        (["rules"], "none", "rules"),
        (["rules"], [{"program_id": "d"}] * 65, "rules"),
        (["rules", 0, "program_id"], None, "rules[0].program_id"),
        (["rules", 0, "from"], "2026-13-01", "rules[0].from"),
        (["rules", 0, "from"], "2026-02-29", "rules[0].from"),
        (["rules", 0, "from"], "1999-12-31", "rules[0].from"),
        (["rules", 0, "from"], "20261201", "rules[0].from"),
        (["rules", 0, "from"], "2027-01-01", "rules[0].to"),
        (["rules", 0, "to"], None, "rules[0].to"),
        (["rules", 0, "to"], "--12-31", "rules[0].to"),
        (["rules", 1, "from"], "--02-30", "rules[1].from"),
        (["rules", 1, "from"], None, "rules[1].to"),
        (["rules", 0, "days"], ["sat", "samstag"], "rules[0].days[1]"),
        (["rules", 0, "days"], ["sat"] * 8, "rules[0].days"),
        (["rules", 2, "until"], "2026", "rules[2].until"),
    ],
)
def test_a_fault_in_a_calendar_is_named_at_its_field(
    path: list[object], new: object, field: str
) -> None:
    assert not faults(planning.calendar_from_json, CALENDAR)
    assert faults(planning.calendar_from_json, replaced(CALENDAR, path, new)) == [field]


def test_all_faults_are_named_at_once() -> None:
    wrong = replaced(replaced(PROGRAM, ["name"], ""), ["steps", 0, "level_percent"], 500)
    wrong = replaced(wrong, ["dynamic", 0, "hold_s"], 0)
    found = faults(planning.program_from_json, wrong)
    assert found == ["name", "steps[0].level_percent", "dynamic[0].hold_s"]


@pytest.mark.parametrize(
    ("times", "wrong"),
    [
        (("18:00", "22:30", "06:00"), set()),
        (("06:00", "18:00", "22:30"), set()),
        (("22:30", "18:00", "06:00"), {"steps[1].at", "steps[2].at"}),
        (("18:00", "06:00", "18:00"), {"steps[2].at"}),
        (("18:00", "06:00", "20:00"), {"steps[2].at"}),
    ],
)
def test_steps_may_run_over_midnight_once(times: tuple[str, ...], wrong: set[str]) -> None:
    steps = [{"at": at, "level_percent": 50} for at in times]
    found = faults(planning.program_from_json, {"name": "x", "steps": steps})
    assert set(found) == wrong


@given(json_values)
def test_any_json_is_read_or_refused_with_its_faults(value: object) -> None:
    for read in (planning.program_from_json, planning.calendar_from_json):
        found = faults(read, value)
        assert found or isinstance(value, dict)


@given(st.sampled_from(["name", "steps", "active_periods", "dynamic"]), json_values)
def test_a_damaged_program_is_read_or_refused(part: str, value: object) -> None:
    paths: list[list[object]] = [[part], [part, 0]]
    for path in paths:
        if isinstance(PROGRAM[part], list) or len(path) == 1:
            faults(planning.program_from_json, replaced(PROGRAM, path, value))


@given(json_values)
def test_a_damaged_calendar_is_read_or_refused(value: object) -> None:
    paths: list[list[object]] = [
        ["rules"], ["rules", 0], ["rules", 0, "from"], ["rules", 0, "days"],
    ]  # fmt: skip
    for path in paths:
        read = planning.calendar_from_json
        damaged = replaced(CALENDAR, path, value)
        if not faults(read, damaged):
            calendar = read(damaged)
            programs = {rule.program_id: Program("x") for rule in calendar.rules}
            programs[calendar.default_program_id or "a"] = Program("x")
            assert planning.compile_table(calendar, programs)
