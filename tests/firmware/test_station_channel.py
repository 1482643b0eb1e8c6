"""Stations as real nodes: a cabinet's contactor and inputs, an air station's modules, a sign."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from real_node import Desk, RealNode, configuration
from schedule_tables import only, step
from servers import Broker

from hardware_sim import provision
from hardware_sim.board import layout
from protocol import schedule, wire
from protocol.schedule.planning import SensorPeriod

Place = Callable[..., tuple[RealNode, Desk]]
DOOR, HAND_ON = 1, 1 << 3
FEEDBACK = 1 << 2


@pytest.fixture
def place(mosquitto: Broker, tmp_path: Path) -> Iterator[Place]:
    """Makes a station of a kind, started and joined, and the desk that it has joined."""
    made: list[tuple[RealNode, Desk]] = []

    def make(kind: str, board: str = "") -> tuple[RealNode, Desk]:
        told = {"board": provision.board_spec(board)} if board else {}
        node = RealNode(tmp_path, kind, mosquitto.port, told=told)
        node.pages.modules[:] = 0b111110
        node.pages.presence[:] = FEEDBACK
        desk = Desk(node, mosquitto.port)
        made.append((node, desk))
        node.start()
        desk.pump(until=lambda: desk.last(wire.NodeState))
        return node, desk

    yield make
    for node, desk in made:
        desk.close()
        node.close()


def readings(desk: Desk) -> dict[str, int]:
    """What the station said last, by name."""
    message = desk.last(wire.Readings)
    assert isinstance(message, wire.Readings)
    rows = struct.iter_unpack("<Bi", message.pairs)
    return {wire.QUANTITY_NAMES[code]: value for code, value in rows}


def set_registers(node: RealNode, first: int, *values: int) -> None:
    for at, value in enumerate(values, first):
        word = int(node.pages.registers[0, at // 2])
        shift = 0 if at % 2 else 16
        node.pages.registers[0, at // 2] = np.uint32(
            word & ~(0xFFFF << shift) | (value & 0xFFFF) << shift
        )


def events(desk: Desk, kind: str) -> list[tuple[int, int]]:
    code = wire.EVENT_NAMES.index(kind)
    told = {
        (m.boot_count, m.number): (m.started, m.value)
        for m in desk.got
        if isinstance(m, wire.Event) and m.kind == code
    }
    return list(told.values())  # One that was told again is the same one.


def test_a_contactor_is_closed_until_a_command_opens_it_for_a_while(place: Place) -> None:
    node, desk = place("cabinet")
    assert node.pages.duty[0] == 65535
    desk.say(wire.SetOutput(command_id=7, state=wire.OUTPUT_OFF, life_s=60))
    desk.pump(until=lambda: desk.last(wire.Ack))
    node.pages.presence[:] = 0
    desk.pump(until=lambda: readings(desk).get("contactor_on") == 0)
    assert node.pages.duty[0] == 0
    assert readings(desk)["contactor_wanted"] == 0
    node.clock.set(node.clock.now_s() + 61, 1.0)
    desk.pump(until=lambda: readings(desk)["contactor_wanted"] == 1)
    assert node.pages.duty[0] == 65535
    assert not events(desk, "switching_error_on")
    assert not node.log()


def test_a_contactor_that_does_not_follow_is_an_event_until_it_does(place: Place) -> None:
    node, desk = place("cabinet")
    node.pages.presence[:] = 0
    desk.pump(1.5)
    assert not events(desk, "switching_error_on")
    desk.pump(until=lambda: events(desk, "switching_error_on"))
    node.pages.presence[:] = FEEDBACK
    desk.pump(until=lambda: len(events(desk, "switching_error_on")) == 2)
    assert events(desk, "switching_error_on") == [(wire.STARTED, 1), (wire.ENDED, 0)]


def test_door_and_hand_switch_are_told_with_begin_and_end(place: Place) -> None:
    node, desk = place("cabinet")
    node.pages.presence[:] = FEEDBACK | DOOR | HAND_ON
    desk.pump(until=lambda: events(desk, "hand_moved") and events(desk, "door_open"))
    node.stop()
    node.start()
    desk.pump(2.0)
    node.pages.presence[:] = FEEDBACK
    desk.pump(until=lambda: len(events(desk, "hand_moved")) > 1)
    desk.pump(until=lambda: len(events(desk, "door_open")) > 1)
    assert events(desk, "door_open") == [(wire.STARTED, 1), (wire.ENDED, 0)]
    assert events(desk, "hand_moved") == [(wire.STARTED, 1), (wire.ENDED, 0)]


@pytest.mark.parametrize("silent", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_an_air_station_tells_what_its_modules_measure_and_forgets_silent_ones(
    place: Place, silent: bool
) -> None:
    node, desk = place("air", "air_modbus")
    set_registers(node, 0, -35, 812)
    set_registers(node, 11, 127)
    desk.pump(until=lambda: readings(desk).get("pm2_5_dugm3") == 127)
    desk.pump(until=lambda: readings(desk)["air_temperature_dc"] == -35)
    desk.pump(until=lambda: readings(desk)["humidity_permille"] == 812)
    if not silent:
        return
    node.pages.modules[:] = 0b111010
    node.clock.set(node.clock.now_s(), 20.0)
    # 19 rows, one asked ten times a second, six misses each: 11 s of the line's own, real time.
    desk.pump(30.0, until=lambda: "pm2_5_dugm3" not in readings(desk))
    assert "air_temperature_dc" in readings(desk)


def test_an_air_station_asks_its_chips_and_tells_why_they_say_nothing(place: Place) -> None:
    node, desk = place("air")
    set_registers(node, 0, -35, 712)
    set_registers(node, 10, 50, 130, 190, 0, 552)

    def cause(chip: str) -> str:
        place = ("climate", "particles", "noise").index(chip)
        return wire.CAUSE_NAMES[readings(desk).get("chip_causes", -1) >> 4 * place & 15]

    assert (cause("particles"), "pm2_5_dugm3" in readings(desk)) == ("warming", False)
    node.clock.set(node.clock.now_s(), 20.0)
    desk.pump(until=lambda: cause("climate") == "valid")
    desk.pump(until=lambda: readings(desk)["air_temperature_dc"] == -35)
    assert readings(desk)["humidity_permille"] == 712
    desk.pump(until=lambda: (cause("particles"), cause("noise")) == ("valid", "valid"))
    told = readings(desk)
    assert [told[f"{name}_dugm3"] for name in ("pm1", "pm2_5", "pm10")] == [50, 130, 190]
    assert abs(told["noise_ddb"] - 552) <= 2
    set_registers(node, 1, 870)
    desk.pump(until=lambda: cause("particles") == "humid")
    assert "pm2_5_dugm3" not in readings(desk)
    set_registers(node, 1, 700)
    desk.pump(until=lambda: readings(desk).get("pm2_5_dugm3") == 130)
    node.pages.modules[:] = 0b111110 | layout.PARTICLES_TORN | layout.NOISE_DEAD
    desk.pump(until=lambda: (cause("particles"), cause("noise")) == ("checksum", "range"))
    node.pages.modules[:] = 0b111110 | layout.CLIMATE_DEAD
    desk.pump(until=lambda: (cause("climate"), cause("particles")) == ("silent", "unjudged"))
    told = readings(desk)
    assert not {"air_temperature_dc", "humidity_permille", "pm10_dugm3"} & set(told)
    desk.pump(until=lambda: "pressure_dhpa" in readings(desk))  # Modules are asked beside them.
    assert not node.log()


def test_a_sign_shows_its_text_and_tells_what_the_display_holds(place: Place) -> None:
    node, desk = place("sign")
    node.clock.set(node.clock.now_s(), 10.0)
    desk.say(wire.SetOutput(command_id=3, state=wire.OUTPUT_ON, text=b"LIBRE 12"))
    desk.pump(until=lambda: desk.last(wire.Ack))

    def shown() -> bytes:
        said = readings(desk)
        return b"".join(struct.pack(">i", said.get(f"text_{at}", 0)) for at in range(4))

    desk.pump(until=lambda: shown() == b"LIBRE 12        ")
    desk.say(wire.SetOutput(command_id=4, state=wire.OUTPUT_OWN))
    desk.pump(until=lambda: shown() == b" " * 16)


def test_a_station_refuses_the_level_of_a_lamp(place: Place) -> None:
    _, desk = place("cabinet")
    desk.say(wire.Override(command_id=9, action=1, level_percent=50))
    desk.pump(until=lambda: desk.last(wire.Ack))
    ack = desk.last(wire.Ack)
    assert isinstance(ack, wire.Ack)
    assert ack.status == wire.ACK_REFUSED


RIPPLE = 1 << 30  # Pin 32.
DAY_LUX = 5000.0


def test_a_cabinet_follows_its_plan_and_its_ripple_contact_by_itself_and_starts_with_it(
    place: Place, mosquitto: Broker
) -> None:
    node, desk = place("cabinet")
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    plan = only(step("00:00", 100), active_periods=(SensorPeriod(source=schedule.RIPPLE),))
    assert desk.upload(wire.UPLOAD_SCHEDULE, 1, b"\x02\x01") == wire.UPLOAD_BAD_CONTENT
    assert desk.upload(wire.UPLOAD_SCHEDULE, 2, plan) == wire.UPLOAD_STORED

    def closed() -> bool:
        return int(node.pages.duty[0]) == 65535

    node.clock.set(node.clock.now_s(), 60.0)
    desk.pump(until=lambda: not closed())
    desk.pump(until=lambda: desk.last(wire.Why))
    why = desk.last(wire.Why)
    assert isinstance(why, wire.Why)
    assert [wire.RULE_NAMES[code] for code in why.rules[::2]] == ["default", "program"]
    mosquitto.kill()  # Alone from here on.
    node.pages.presence[:] = FEEDBACK | RIPPLE
    until(closed)
    node.pages.presence[:] = 0
    until(lambda: not closed())
    node.stop()
    node.start()  # It has no clock now, but a photocell: closed at once, open by day.
    until(closed)
    node.pages.lux_x10[:] = int(DAY_LUX * 10)
    until(lambda: not closed())
    assert not node.log()


def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
