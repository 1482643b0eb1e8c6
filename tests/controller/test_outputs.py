"""Contactors and signs: by command for a while, by themselves otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_rig import CMS, START_S, Rig

from controller import announce
from controller.outputs import HOLD_S, RENEW_S
from protocol import talq, wire
from protocol.schedule import RIPPLE
from protocol.schedule.table import PERIODS, Table

OFF = {"name": "BooleanState", "value": False}


def joined() -> Rig:
    rig = Rig(1, 2, stations=True)
    rig.loggers()
    rig.run(2)
    return rig


def say(rig: Rig, kind: str, state: dict[str, Any] | None, **more: Any) -> None:
    address, _ = rig.station(kind)
    said: dict[str, Any] = {"addresses": [{"resource": "devices", "address": address}]}
    if state is not None:
        said["targetCommand"] = {"state": state, "cmsRefId": "ordinary:1", **more}
    rig.control.override(said, "request-1", rig.now)
    rig.settle()


def output(rig: Rig, kind: str) -> tuple[int, bytes]:
    message = rig.station(kind)[1].output
    assert message is not None
    return message.state, message.text


def test_without_a_command_a_contactor_is_left_to_its_wiring() -> None:
    rig = joined()
    assert output(rig, "cabinet") == (wire.OUTPUT_OWN, b"")


def test_a_command_for_a_contactor_is_on_disk_first_and_its_outcome_is_told() -> None:
    rig = joined()
    address, node = rig.station("cabinet")
    before = len(rig.disk)
    say(rig, "cabinet", OFF)
    assert ("outputs", address) in [row[1][1:3] for row in rig.disk[before:]]
    assert output(rig, "cabinet") == (wire.OUTPUT_OFF, b"")
    assert rig.patches == [(CMS, "request-1", address)]
    assert node.output is not None
    assert node.output.life_s == HOLD_S
    say(rig, "cabinet", None)
    assert output(rig, "cabinet") == (wire.OUTPUT_OWN, b"")


def test_an_output_is_told_again_before_the_node_lets_go() -> None:
    rig = joined()
    say(rig, "cabinet", OFF)
    node = rig.station("cabinet")[1]
    before = sum(isinstance(m, wire.SetOutput) for m in node.got)
    rig.run(1, world_s=RENEW_S + 1)
    after = sum(isinstance(m, wire.SetOutput) for m in node.got)
    assert before < after <= before + 2


def test_a_command_ends_by_its_expiry_on_both_sides() -> None:
    rig = joined()
    say(rig, "cabinet", OFF, expiration=talq.timestamp(START_S + 60))
    node = rig.station("cabinet")[1]
    assert node.output is not None
    assert 0 < node.output.life_s <= 60
    rig.run(1, world_s=61)
    assert output(rig, "cabinet") == (wire.OUTPUT_OWN, b"")


def test_a_command_of_later_waits_for_its_start() -> None:
    rig = joined()
    say(rig, "cabinet", OFF, start=talq.timestamp(START_S + 60))
    assert output(rig, "cabinet") == (wire.OUTPUT_OWN, b"")
    rig.run(1, world_s=61)
    assert output(rig, "cabinet") == (wire.OUTPUT_OFF, b"")


def test_a_sign_shows_free_bays_unless_it_is_told_a_text() -> None:
    rig = joined()
    assert output(rig, "sign") == (wire.OUTPUT_ON, b"P 0")
    for index in (1, 2):
        rig.say(rig.lamp(index)[1], wire.BayState(state=1, confidence_percent=90))
    rig.run(1.2)
    assert output(rig, "sign") == (wire.OUTPUT_ON, b"P 2")
    say(rig, "sign", {"name": "PositionedTextState", "text": "MARCHÉ", "posX": 0, "posY": 0})
    assert output(rig, "sign") == (wire.OUTPUT_ON, "MARCHÉ".encode("latin-1"))
    say(rig, "sign", None)
    assert output(rig, "sign") == (wire.OUTPUT_ON, b"P 2")


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("sign", OFF),
        ("sign", {"name": "TextState", "value": "x" * 17}),
        ("sign", {"name": "TextState", "value": "Ж"}),
        ("cabinet", {"name": "TextState", "value": "on"}),
    ],
)
def test_what_an_output_cannot_do_is_refused_and_changes_nothing(
    kind: str, state: dict[str, Any]
) -> None:
    rig = joined()
    before = output(rig, kind)
    with pytest.raises(talq.TalqError) as caught:
        say(rig, kind, state)
    assert (caught.value.status, caught.value.key) == (422, "overrideCommandNotValid")
    assert output(rig, kind) == before
    assert rig.gateway.beside.outputs.orders == {}


def test_a_node_that_joins_anew_is_told_its_output_again() -> None:
    rig = joined()
    say(rig, "cabinet", OFF)
    node = rig.station("cabinet")[1]
    node.restart()
    node.output = None
    rig.run(3)
    assert output(rig, "cabinet") == (wire.OUTPUT_OFF, b"")


def test_orders_are_there_after_a_restart() -> None:
    rig = joined()
    say(rig, "cabinet", OFF)
    address = rig.station("cabinet")[0]
    kept = next(row[1][3] for row in reversed(rig.disk) if row[1][1:2] == ("outputs",))
    rig.gateway = rig.new_gateway()
    rig.gateway.beside.outputs.restore(address, talq.read_json(kept))
    rig.loggers()
    rig.station("cabinet")[1].output = None
    rig.run(8)
    assert output(rig, "cabinet") == (wire.OUTPUT_OFF, b"")


def assigned(rig: Rig, calendar: str, resource_address: str) -> None:
    said = {
        "entity": {"resource": "calendars", "address": calendar},
        "addresses": [{"resource": "devices", "address": resource_address}],
    }
    rig.control.assign(said, "request-2", rig.now)
    rig.settle()


def test_a_calendar_for_a_contactor_is_compiled_and_uploaded_and_told() -> None:
    rig = joined()
    address, node = rig.station("cabinet")
    periods: list[dict[str, Any]] = [
        {"name": "AstroClockActivePeriod", "sunsetOffset": 0, "sunriseOffset": 0},
        {"name": "SensorActivePeriod", "sensor": {"sensorAddresses": [f"{address}/ripple"]}},
        {"name": "SensorActivePeriod", "sensor": {"sensorAddresses": [f"{address}/photocell"]}},
    ]
    lit = {"startTime": "00:00:00", "command": {"state": {"name": "LevelState", "value": 100}}}
    program = {"id": "feed", "fixedTimeControls": [lit], "activePeriods": periods}
    rig.library.put("control-programs", [program], True, rig.now)
    rig.library.put("calendars", [{"id": "year", "defaultProgram": "feed"}], True, rig.now)
    assigned(rig, "year", f"{address}/contactor")
    rig.run(3)
    table = Table(node.contents[wire.UPLOAD_SCHEDULE])
    sources = [(row[0], row[1]) for row in table.rows(0, PERIODS)]
    assert sources == [(1, 0), (2, RIPPLE), (2, 255)]
    configuration = wire.decode_configuration(node.contents[wire.UPLOAD_CONFIGURATION])
    assert configuration.permanent == 1
    assert (CMS, "request-2", address) in rig.patches
    body = announce.device(rig.gateway.devices[address], CMS, rig.site)
    contactor = next(f for f in body["functions"] if f["id"] == "contactor")
    assert contactor["calendarID"]["value"] == "year"
    assert talq.check("[Device]", [body]) == []


def test_a_sign_takes_no_calendar() -> None:
    rig = joined()
    with pytest.raises(talq.TalqError) as caught:
        assigned(rig, "", rig.station("sign")[0])
    assert caught.value.faults[0].key == "assignmentAddressNotValid"
