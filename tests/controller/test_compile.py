from __future__ import annotations

from typing import Any

import pytest
from talq_examples import examples

from controller import compile as compiler
from protocol import plan, talq, wire
from protocol.schedule import planning

PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
CALENDAR = next(talq.read_json(body) for kind, body in examples() if kind == "Calendar")
LEVEL = {"name": "LevelState", "value": 40}


def test_a_calendar_that_names_a_missing_program_is_refused() -> None:
    with pytest.raises(planning.PlanningError, match="exist"):
        compiler.table_of(CALENDAR, {"residential": PROGRAM})


def test_without_a_calendar_the_lamp_is_lit() -> None:
    assert compiler.table_of(None, {}) == compiler.NO_CALENDAR
    bare = {"id": "x", "rules": [], "defaultProgram": "residential"}
    assert compiler.table_of(bare, {"residential": PROGRAM}) != compiler.NO_CALENDAR


def test_c13_a_calendar_of_too_many_programs_is_refused() -> None:
    names = [f"p{n}" for n in range(compiler.PROGRAMS_PER_CALENDAR_MAX + 1)]
    said = {"id": "x", "rules": [{"program": name} for name in names]}
    programs = {name: {"id": name, "fixedTimeControls": []} for name in names}
    with pytest.raises(compiler.NotForNodesError) as refusal:
        compiler.table_of(said, programs)
    assert refusal.value.field == "rules"
    said["rules"] = said["rules"][:-1]
    assert compiler.is_current(compiler.table_of(said, programs))


def test_tables_of_an_earlier_version_are_known() -> None:
    assert compiler.is_current(compiler.NO_CALENDAR)
    assert not compiler.is_current(b"\x01\x00\x00\xff")
    assert not compiler.is_current(b"")


def test_the_sources_of_a_lamp_are_numbered_over_all_its_programs() -> None:
    def listening(name: str, sensor: str) -> dict[str, Any]:
        effect = {
            "type": "FixedControlEffect", "operation": "Max", "command": {"state": LEVEL},
            "source": {"sensor": {"sensorAddresses": [sensor]}},
        }  # fmt: skip
        return {"id": name, "dynamicControls": [{"effect": effect}]}

    programs = {"a": listening("a", "x/presence"), "b": listening("b", "y/presence"),
                "c": listening("c", "x/presence")}  # fmt: skip
    said = {"id": "x", "rules": [{"program": name} for name in programs]}
    inputs = compiler.Numbering("y")
    compiler.table_of(said, programs, inputs)
    assert [source.device for source in inputs.sources] == ["x"]


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
