"""The real image on a nema board: its relay, and what the world sees of it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from schedule_tables import only, step
from servers import Broker

from hardware_sim import provision
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


def state(desk: Desk) -> wire.LampState:
    desk.ask()
    found = desk.last(wire.LampState)
    assert isinstance(found, wire.LampState)
    return found


def test_a_node_with_a_battery_boots_at_dusk_with_the_right_time(
    mosquitto: Broker, tmp_path: Path
) -> None:
    told = {"board": provision.board_spec("nema_clock")}
    node = RealNode(tmp_path, "lamp", mosquitto.port, told=told)
    desk = Desk(node, mosquitto.port)
    node.start()
    desk.pump(until=lambda: desk.last(wire.NodeState))
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    evening = only(step("16:00", 100), step("22:30", 60))
    assert desk.upload(wire.UPLOAD_SCHEDULE, 1, evening) == wire.UPLOAD_STORED
    assert not node.pages.rtc_set[0], "its battery is new"
    node.clock.set(node.clock.now_s(), 400.0)  # Once in ten minutes it looks after the chip.
    desk.pump(until=lambda: node.pages.rtc_set[0])
    node.clock.set(node.clock.now_s(), 1.0)
    node.stop()
    desk.close()
    mosquitto.kill()
    # Twenty days later, network and controller are gone, and it is a quarter to midnight.
    later_s = (node.clock.now_s() // 86400 + 20) * 86400 + 22.75 * 3600
    node.clock.set(later_s, 1.0)
    node.pages.power_mw[:] = 36000
    node.start()
    until(node, 60, True)
    node.clock.set(node.clock.now_s(), 5.0)
    node.pages.power_mw[:] = 0  # Its lamp fails, which the node tells when it is heard again.
    time.sleep(2.0)
    mosquitto.start()
    back = Desk(node, mosquitto.port)
    back.pump(30.0, until=lambda: back.last(wire.Event))
    event = back.last(wire.Event)
    assert isinstance(event, wire.Event)
    assert event.kind == wire.EVENT_NAMES.index("lamp_failure")
    assert event.quality == wire.TIME_RTC
    since_s = later_s - 946684800
    gone_s = event.day * 86400 + event.second - since_s
    assert 0 <= gone_s <= 20 * 0.432 + 60, "it is ahead by 5 ppm of twenty days"
    assert not node.log()
    back.close()
    node.close()


HOLD_UP_S = 0.2
LOST = 1 << 1  # Pin 34.


def losses(desk: Desk) -> list[tuple[int, int]]:
    """Boot and start or end of each loss of supply that was told."""
    kind = wire.EVENT_NAMES.index("supply_lost")
    told = {
        (m.boot_count, m.number): m.started
        for m in desk.got
        if isinstance(m, wire.Event) and m.kind == kind
    }
    return [(boot, started) for (boot, _), started in told.items()]


def test_a_cut_of_the_mains_is_the_last_that_a_node_tells_and_its_end_the_first(
    nema: tuple[RealNode, Desk],
) -> None:
    node, desk = nema
    until(node, 100, True)
    node.clock.set(node.clock.now_s(), 60.0)
    desk.pump(2.5)
    node.clock.set(node.clock.now_s(), 1.0)
    before = state(desk)
    desk.pump(0.3)
    node.pages.presence[:] = LOST
    desk.pump(HOLD_UP_S)  # A zygote's kill takes no time, as an empty capacitor.
    node.stop()
    desk.pump(0.3)
    assert losses(desk) == [(1, wire.STARTED)]
    assert isinstance(desk.got[-1], wire.Event)
    node.pages.presence[:] = 0
    node.start()
    desk.pump(until=lambda: losses(desk) == [(1, wire.STARTED), (2, wire.ENDED)])
    after = state(desk)
    assert after.burning_min == before.burning_min >= 2, "counters are stored with the last gasp"
    assert not node.log()


def test_a_feeder_that_is_switched_off_by_plan_makes_no_event(nema: tuple[RealNode, Desk]) -> None:
    node, desk = nema
    desk.say(wire.Override(command_id=1, action=1, level_percent=0, override_id=1))
    until(node, 0, True)
    node.pages.presence[:] = LOST
    desk.pump(HOLD_UP_S)
    node.stop()
    node.pages.presence[:] = 0
    node.start()
    desk.pump(2.0)
    assert not losses(desk)
