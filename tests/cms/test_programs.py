from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from schedule_tables import CALENDARS, PROGRAMS

from cms import programs
from cms.errors import RefusedError
from cms.programs import Lit, Window
from cms.site import Site
from controller import compile as compiler
from protocol import plan, talq
from protocol.schedule import planning

OWNER = "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"
SITE = Site(plan.quarter(2, 1))
TYPE = SITE.plan.lamp_types[0]
STEP = {"at": "22:30", "level_percent": 60}


@settings(max_examples=200)
@given(PROGRAMS)
def test_a_program_is_the_same_after_its_way_over_talq(program: planning.Program) -> None:
    said = planning.program_to_json(program)
    body = programs.talq_program("night", said, OWNER)
    assert talq.check("ControlProgram", body) == []
    calendar = planning.Calendar("c", "night")
    table = compiler.table_of(
        programs.talq_calendar("c", planning.calendar_to_json(calendar), OWNER), {"night": body}
    )
    assert table == programs.table_of(calendar, {"night": said})


@settings(max_examples=200)
@given(CALENDARS, PROGRAMS)
def test_a_calendar_is_the_same_after_its_way_over_talq(
    calendar: planning.Calendar, program: planning.Program
) -> None:
    names = planning.program_indices(calendar)
    said = {name: planning.program_to_json(program) for name in names}
    try:
        wanted = programs.table_of(calendar, said)
    except planning.PlanningError:
        return  # More than a node holds; refused before it is sent.
    body = programs.talq_calendar("c", planning.calendar_to_json(calendar), OWNER)
    assert talq.check("Calendar", body) == []
    bodies = {name: programs.talq_program(name, said[name], OWNER) for name in names}
    assert compiler.table_of(body, bodies) == wanted


def test_a_wrong_program_is_refused_at_every_field() -> None:
    wrong: dict[str, Any] = {"name": "", "steps": [STEP, STEP | {"level_percent": 101}], "x": 1}
    with pytest.raises(RefusedError) as refusal:
        programs.read_program(wrong)
    assert refusal.value.status == 422
    fields = {fault.field for fault in refusal.value.faults}
    assert {"name", "steps[1].level_percent", "x"} <= fields


def test_a_calendar_with_a_missing_program_is_refused() -> None:
    with pytest.raises(RefusedError) as refusal:
        programs.read_calendar({"name": "c", "default_program_id": "no"}, {})
    assert [fault.field for fault in refusal.value.faults] == ["default_program_id"]


def test_the_users_of_a_program_are_the_calendars_that_name_it() -> None:
    calendars: dict[str, dict[str, Any]] = {
        "a": {"default_program_id": "p"},
        "b": {"rules": [{"program_id": "p"}]},
        "c": {"default_program_id": "q", "rules": [{"program_id": "q"}]},
    }
    assert programs.users_of("p", calendars) == ["a", "b"]


NIGHTS = [datetime.date(2026, 3, 28), datetime.date(2026, 10, 24), datetime.date(2026, 6, 21)]


def at(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("date", NIGHTS)
def test_a_preview_runs_from_noon_to_noon_also_when_the_clock_is_changed(
    date: datetime.date,
) -> None:
    table = programs.table_of(planning.Calendar("c", "p"), {"p": {"name": "p", "steps": [STEP]}})
    made = programs.preview(SITE, table, date, Lit(None, TYPE))
    first, end = made["points"][0]["at"], made["ends_at"]
    assert first.startswith(f"{date}T12:00:00")
    assert end.startswith(f"{date + datetime.timedelta(days=1)}T12:00:00")
    hours = {3: 23, 10: 25}.get(date.month, 24)
    assert at(end) - at(first) == hours * 3600
    times = [at(point["at"]) for point in made["points"]]
    assert times == sorted(times)
    assert at(first) < at(made["sunset"]) < at(made["sunrise"]) < at(end)


def test_the_energy_of_a_preview_is_power_times_time() -> None:
    made = programs.preview(SITE, None, NIGHTS[2], Lit(None, TYPE))
    assert made["points"][0]["level_percent"] == 100  # No calendar: lit.
    assert made["energy_kwh"] == pytest.approx(TYPE.power_w_max * 24 / 1000, abs=0.001)
    assert programs.preview(SITE, None, NIGHTS[2], Lit())["energy_kwh"] is None


def test_an_override_covers_its_window_and_no_more() -> None:
    noon = at("2026-06-21T12:00:00+02:00")
    window = Window(30, noon + 3600, noon + 7200, "o")
    made = programs.preview(SITE, None, NIGHTS[2], Lit(None, TYPE, (window,)))
    found = [(at(p["at"]) - noon, p["level_percent"], p["reason"]) for p in made["points"]]
    assert [row[:2] for row in found] == [(0, 100), (3600, 30), (7200, 100)]
    assert found[1][2] == "override"


def test_of_two_overrides_the_later_in_the_list_is_the_stronger() -> None:
    noon = at("2026-06-21T12:00:00+02:00")
    weak, strong = Window(30, noon, noon + 7200), Window(80, noon + 3600, noon + 9000)
    made = programs.preview(SITE, None, NIGHTS[2], Lit(None, TYPE, (weak, strong)))
    levels = [(at(p["at"]) - noon, p["level_percent"]) for p in made["points"]]
    in_force = [next(lv for t, lv in reversed(levels) if t <= at_s)
                for at_s in (0, 3599, 3600, 7300, 8999, 9000)]  # fmt: skip
    assert in_force == [30, 30, 80, 80, 80, 100]


def test_a_feeder_without_power_is_stronger_than_an_override() -> None:
    noon = at("2026-06-21T12:00:00+02:00")
    window = Window(30, noon, noon + 86400)
    lit = Lit(lambda at_s: at_s >= noon + 3600, TYPE, (window,))
    points = programs.preview(SITE, None, NIGHTS[2], lit)["points"]
    assert (points[0]["level_percent"], points[0]["reason"]) == (0, "feeder_off")
    assert points[1]["level_percent"] == 30
    assert at(points[1]["at"]) - noon == pytest.approx(3600, abs=61)
