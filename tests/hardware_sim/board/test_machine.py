"""The peripherals on paper, seen through the firmware's own drivers."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_node import Desk, RealNode
from servers import Broker

from protocol import wire


@pytest.mark.parametrize("power_mw", [300, 42_000, 250_000])
def test_the_meter_tells_the_power_of_the_world(
    mosquitto: Broker, tmp_path: Path, power_mw: int
) -> None:
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    node.pages.power_mw[:] = power_mw
    node.pages.voltage_dv[:] = 2312
    node.pages.pulses[:] = 0xFFFFF0
    node.start()
    desk = Desk(node, mosquitto.port)

    def told() -> bool:
        state = desk.last(wire.LampState)
        return isinstance(state, wire.LampState) and state.power_mw > 0

    desk.pump(until=told)
    node.pages.pulses[:] = 24  # Forty pulses more, over the edge of the counter.
    desk.pump(1.0)
    desk.ask()
    state = desk.last(wire.LampState)
    assert isinstance(state, wire.LampState)
    assert abs(state.power_mw - power_mw) <= 2 + power_mw // 500
    assert abs(state.voltage_dv - 2312) <= 1
    assert state.energy_wh == 8
    node.pages.meter[:] = 0
    desk.pump(2.0)
    desk.ask()
    state = desk.last(wire.LampState)
    assert isinstance(state, wire.LampState)
    assert state.faults & wire.FAULT_METER
    desk.close()
    node.close()


def test_a_car_in_the_world_is_told_by_field_and_radar(mosquitto: Broker, tmp_path: Path) -> None:
    node = RealNode(tmp_path, "bay", mosquitto.port)
    node.pages.field[:] = [[-19800, 600, -44900]]
    node.start()
    desk = Desk(node, mosquitto.port)

    def state_is(number: int) -> bool:
        state = desk.last(wire.BayState)
        return isinstance(state, wire.BayState) and state.state == number

    desk.pump(until=lambda: state_is(1))
    node.pages.field[:] = [[-9800, 9600, -35900]]
    node.pages.echo_mm[:], node.pages.echo_db[:] = 160, 20
    desk.pump(until=lambda: state_is(2))
    node.pages.field[:] = [[-19800, 600, -44900]]
    node.pages.echo_mm[:] = 0
    desk.pump(until=lambda: state_is(1))

    def kinds() -> list[str]:
        found = [wire.EVENT_NAMES[m.kind] for m in desk.got if isinstance(m, wire.Event)]
        return list(dict.fromkeys(found))

    desk.pump(until=lambda: kinds() == ["bay_occupied", "bay_vacant"])
    desk.close()
    node.close()


def test_a_node_out_of_reach_of_its_access_point_comes_back(
    mosquitto: Broker, tmp_path: Path
) -> None:
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    node.pages.link[:] = 0
    node.start()
    desk = Desk(node, mosquitto.port)
    desk.pump(1.5)
    assert not desk.got
    feeds = int(node.pages.feeds[0])
    node.pages.link[:] = 1
    desk.pump(until=lambda: desk.last(wire.Hello))
    node.pages.link[:] = 0
    desk.pump(1.0)
    desk.got.clear()
    node.pages.link[:] = 1
    desk.pump(until=lambda: desk.last(wire.Hello), seconds=20.0)
    assert node.pages.feeds[0] > feeds
    desk.close()
    node.close()
