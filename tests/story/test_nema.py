"""The real image on a nema board: its relay, and what the world sees of it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from servers import Broker

from hardware_sim.world.street import Street
from protocol import plan, wire

NIGHT_S = datetime.datetime(2026, 11, 21, 23, 0, tzinfo=datetime.UTC).timestamp()


@pytest.fixture
def nema(mosquitto: Broker, tmp_path: Path) -> Iterator[tuple[RealNode, Desk]]:
    """A running node, configured, and its desk."""
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    desk = Desk(node, mosquitto.port)
    node.start()
    desk.pump(until=lambda: desk.last(wire.NodeState))
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    yield node, desk
    desk.close()
    node.close()


def light(node: RealNode) -> float:
    """What the street sees of the node's lamp, in percent."""
    street = Street(plan.quarter(1, 0), node.pages, 1)
    street.mains.forced = {feeder.id: True for feeder in plan.quarter(1, 0).feeders}
    street.step(NIGHT_S)
    return float(street.light_percent[0])


def until(node: RealNode, percent: float, contact: bool) -> None:
    end = time.monotonic() + 8
    while abs(light(node) - percent) > 1 or (not node.pages.relay[0]) != contact:
        assert time.monotonic() < end, (light(node), node.pages.relay[0], node.log())
        time.sleep(0.05)


def test_a_relay_opens_without_light_and_lets_go_when_its_node_is_pulled_out(
    nema: tuple[RealNode, Desk],
) -> None:
    node, desk = nema
    until(node, 100, True)
    node.clock.set(node.clock.now_s(), 10.0)
    desk.say(wire.Override(command_id=1, action=1, level_percent=0, override_id=1))
    until(node, 0, False)
    assert node.pages.duty[0] == 0
    opened_s = node.clock.now_s()
    desk.say(wire.Override(command_id=2, action=1, level_percent=40, override_id=2))
    until(node, 40, True)
    assert node.clock.now_s() - opened_s >= 9.0, "it closed before it had rested"
    desk.say(wire.Override(command_id=3, action=1, level_percent=0, override_id=3))
    until(node, 0, False)
    node.stop()  # Pulled out: nothing drives coil or dimming line any more.
    until(node, 100, True)
    node.start()
    until(node, 100, True)
    assert not node.log()
