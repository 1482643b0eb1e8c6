"""What a gateway tells its nodes of sensors elsewhere, from a program to frames."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_rig import CMS, START_S, Rig, RigNode

from controller import announce, external
from controller.inputs import AGAIN_S, REPEAT_S
from controller.library import Library
from protocol import schedule, talq, wire

LEVEL = {"state": {"name": "LevelState", "value": 80}}
COUNTER = "counter-at-the-crossing"


def program(*rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "ControlProgramOne", "id": "p", "ownerCMS": CMS, "activePeriods": [],
        "fixedTimeControls": [], "dynamicControls": list(rows),
    }  # fmt: skip


def control(kind: str, *sensors: str) -> dict[str, Any]:
    effect: dict[str, Any] = {
        "type": kind, "operation": "Max", "source": {"sensor": {"sensorAddresses": list(sensors)}},
    }  # fmt: skip
    if kind == "FixedControlEffect":
        effect["command"] = LEVEL
    return {"effect": effect}


def following(*rows: dict[str, Any]) -> Rig:
    """A site whose first lamp follows a program of these dynamic controls."""
    rig = Rig()
    rig.loggers()
    rig.run(2)
    address, _ = rig.lamp()
    rig.library.put("control-programs", [program(*rows)], True, rig.now)
    calendar = {"id": "c", "ownerCMS": CMS, "rules": [], "defaultProgram": "p"}
    rig.library.put("calendars", [calendar], True, rig.now)
    said = {
        "addresses": [{"resource": "devices", "address": address}],
        "entity": {"resource": "calendars", "address": "c"},
    }
    rig.control.assign(said, "", rig.now)
    rig.run(1)
    return rig


def told(node: RigNode) -> list[wire.Input]:
    """The inputs that a node was told since this was last asked."""
    found = [message for message in node.got if isinstance(message, wire.Input)]
    node.got = [message for message in node.got if not isinstance(message, wire.Input)]
    return found


def command(ref: str = COUNTER, **more: Any) -> dict[str, Any]:
    return {"targetCommand": {**LEVEL, "reason": "sensor", "refAddress": ref, **more}}


def stamp(seconds: float) -> str:
    return talq.timestamp(START_S + seconds)


def test_c6_presence_at_one_lamp_is_told_to_another() -> None:
    rig = Rig()
    neighbour, there = rig.lamp(1)
    rig = following(control("FixedControlEffect", f"{neighbour}/presence"))
    _, node = rig.lamp()
    _, there = rig.lamp(1)
    (first, *_) = told(node)
    assert first.state == schedule.UNKNOWN
    rig.run(AGAIN_S + 1)
    told(node)
    rig.say(there, there.state(presence=1))
    rig.run(0.2)
    (message,) = told(node)
    assert (message.number, message.state) == (0, schedule.ON)
    upload = rig.gateway.devices[rig.lamp()[0]].node.uploads[wire.UPLOAD_SCHEDULE]
    assert message.generation == upload.generation
    assert told(there) == []


def test_a_node_that_joins_again_is_told_its_inputs() -> None:
    rig = following(control("ExternalControlEffect", COUNTER))
    _, node = rig.lamp()
    rig.run(REPEAT_S / 10)
    told(node)
    node.restart()
    rig.run(3)
    assert [message.state for message in told(node)] == [schedule.OFF]


def test_c6_an_override_without_addresses_is_an_external_sensors_command() -> None:
    rig = following(control("ExternalControlEffect", COUNTER))
    _, node = rig.lamp()
    rig.run(AGAIN_S + 1)
    told(node)
    said = command(expiration=stamp(60), rampToLevelTime=4, rampFromLevelTime=6)
    rig.control.override(said, "", rig.now)
    rig.run(0.2)
    (message,) = told(node)
    assert (message.state, message.level_percent) == (schedule.ON, 80)
    assert (message.ramp_s, message.ramp_from_s) == (4, 6)
    assert node.held == {}, "it is no override of the lamp"
    rig.run(1, world_s=70)
    assert told(node)[-1].state == schedule.OFF


@pytest.mark.parametrize(
    "said", [command("elsewhere"), command(reason="override"), {"targetCommand": LEVEL}]
)
def test_a_command_that_no_program_listens_to_is_refused(said: dict[str, Any]) -> None:
    rig = following(control("ExternalControlEffect", COUNTER))
    with pytest.raises(talq.TalqError) as refusal:
        rig.control.override(said, "", rig.now)
    assert (refusal.value.status, refusal.value.key) == (422, "overrideCommandNotValid")
    assert not rig.gateway.effects.writes


def test_an_external_command_is_kept_over_a_restart() -> None:
    rig = following(control("ExternalControlEffect", COUNTER))
    rig.control.override(command(), "", rig.now)
    rig.settle()
    (values,) = (v for name, v in rig.disk if name == "resource" and v[1] == external.KIND)
    gateway = rig.new_gateway()
    kept = values[3]
    assert isinstance(kept, bytes)
    external.restore(gateway.inputs, str(values[2]), talq.read_json(kept))
    before = rig.gateway
    for collection in ("control-programs", "calendars"):
        for name, body in before.attachment(CMS).catalogue.tables[collection].items():
            gateway.attachment(CMS).catalogue.restore(collection, name, body)
    address, _ = rig.lamp()
    device = gateway.devices[address]
    device.cms, device.calendar_id = CMS, "c"
    Library(gateway, CMS).compile_all(rig.now)
    ((lamp, (message,)),) = gateway.inputs.due(rig.domain_s)
    assert (lamp, message.state, message.level_percent) == (address, schedule.ON, 80)


def test_a_table_of_an_earlier_version_is_compiled_anew_after_a_start() -> None:
    rig = following()
    address, _ = rig.lamp()
    upload = rig.gateway.devices[address].node.uploads[wire.UPLOAD_SCHEDULE]
    wanted, upload.content = upload.content, b"\x01" + upload.content[1:]
    upload.digest = bytes(8)
    rig.library.compile_all(rig.now)
    made = rig.gateway.devices[address].node.uploads[wire.UPLOAD_SCHEDULE]
    assert made.content == wanted
    assert made.generation == upload.generation + 1


def test_c4_a_value_of_another_device_gates_a_lamp() -> None:
    rig = Rig()
    bay = rig.lamp(2)[0]
    period = {
        "name": "ValueActivePeriod", "operator": "EQ",
        "reference": {"resource": "devices", "address": f"{bay}/bay/occupancy"},
        "state": {"name": "TextState", "value": "Occupied"},
    }  # fmt: skip
    rig.loggers()
    rig.run(2)
    address, node = rig.lamp()
    body = {**program(), "activePeriods": [period]}
    rig.library.put("control-programs", [body], True, rig.now)
    said = {"id": "c", "ownerCMS": CMS, "rules": [], "defaultProgram": "p"}
    rig.library.put("calendars", [said], True, rig.now)
    rig.control.assign(
        {
            "addresses": [{"resource": "devices", "address": address}],
            "entity": {"resource": "calendars", "address": "c"},
        },
        "",
        rig.now,
    )
    there = rig.lamp(2)[1]
    for state, wanted in ((2, schedule.ON), (1, schedule.OFF)):
        rig.say(there, wire.BayState(state=state))
        rig.run(AGAIN_S + 1)
        assert told(node)[-1].state == wanted


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("maxSwitchPointsPerProgram", "fixedTimeControls"),
        ("maxActivePeriodsPerProgram", "activePeriods"),
    ],
)
def test_c13_one_more_than_was_announced_is_refused_with_422(name: str, most: str) -> None:
    limits = dict.fromkeys(("calendars", "control-programs", "logger-configs", "groups"), 9)
    control_service = announce.services(limits)[1]
    count = control_service[name]
    many: dict[str, list[dict[str, Any]]] = {
        "fixedTimeControls": [
            {"startTime": f"{n // 60:02d}:{n % 60:02d}:00", "command": LEVEL}
            for n in range(count + 1)
        ],
        "activePeriods": [
            {
                "name": "AbsoluteActivePeriod",
                "startTime": "18:00:00",
                "endTime": f"0{n % 10}:00:00",
            }
            for n in range(count + 1)
        ],
    }
    rows = many[most]
    rig = Rig()
    with pytest.raises(talq.TalqError) as refusal:
        rig.library.put("control-programs", [{**program(), most: rows}], True, rig.now)
    assert (refusal.value.status, refusal.value.key) == (422, "serviceConstraintExceeded")
    rig.library.put("control-programs", [{**program(), most: rows[:-1]}], True, rig.now)


def test_every_type_of_control_is_announced() -> None:
    limits = dict.fromkeys(("calendars", "control-programs", "logger-configs", "groups"), 9)
    service = announce.services(limits)[1]
    assert len(set(service["supportedTypes"])) == 11
    assert (service["ccDateSupport"], service["ccDaySupport"]) == ("full", "full")
    assert service["dayOffset"] == 12
