"""The real image on a zhaga board: a DALI driver dims, meters, falls silent, is left alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from servers import Broker
from terminal import Terminal

from hardware_sim import gear, provision
from hardware_sim.board import layout
from protocol import wire

HEAP_FREE_PERCENT_MIN = 37.0


@pytest.fixture
def zhaga(mosquitto: Broker, tmp_path: Path) -> Iterator[tuple[RealNode, Desk]]:
    """A node on the board, and its desk; it is not started."""
    told = {"board": provision.board_spec("zhaga")}
    node = RealNode(tmp_path, "lamp", mosquitto.port, told=told)
    node.pages.power_mw[:], node.pages.pulses[:], node.pages.voltage_dv[:] = 42000, 5000, 2310
    gear.mains_on(node.pages, 0)
    desk = Desk(node, mosquitto.port)
    yield node, desk
    desk.close()
    node.close()


def begin(node: RealNode, desk: Desk) -> None:
    node.start()
    desk.pump(until=lambda: desk.last(wire.NodeState))
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED


def light(node: RealNode, percent: float, seconds: float = 6.0) -> None:
    """Wait until the driver gives this light."""
    end = time.monotonic() + seconds
    while abs(gear.light_percent(node.pages, 0) - percent) > max(1.0, percent * 0.03):
        assert time.monotonic() < end, f"{gear.light_percent(node.pages, 0)}, log: {node.log()}"
        time.sleep(0.02)


def dim(desk: Desk, number: int, percent: int) -> None:
    desk.say(wire.Override(command_id=number, action=1, level_percent=percent, override_id=number))


def test_a_zhaga_lamp_dims_over_dali_and_tells_what_its_driver_meters(
    zhaga: tuple[RealNode, Desk],
) -> None:
    node, desk = zhaga
    begin(node, desk)
    for number, percent in enumerate((30, 100, 7, 0, 55), 1):
        dim(desk, number, percent)
        light(node, percent)

    def metered() -> bool:
        desk.ask()
        desk.pump(0.3)
        state = desk.last(wire.LampState)
        assert isinstance(state, wire.LampState)
        return (state.power_mw, state.energy_wh, state.voltage_dv) == (42000, 1000, 2310)

    desk.pump(20.0, until=metered)
    assert not node.log()


def events(desk: Desk, name: str) -> list[int]:
    """What was told of an event; one that was not acknowledged in time is told again."""
    kind = wire.EVENT_NAMES.index(name)
    told = {m.number: m.started for m in desk.got if isinstance(m, wire.Event) and m.kind == kind}
    return list(told.values())


@pytest.mark.slow
def test_a_silent_driver_is_an_event_and_ends_when_it_answers_again(
    zhaga: tuple[RealNode, Desk],
) -> None:
    node, desk = zhaga
    begin(node, desk)
    light(node, 100)
    desk.pump(1.0)
    assert not events(desk, "gear_failure")
    node.pages.gear_world[:] = layout.GEAR_DEAD
    desk.pump(20.0, until=lambda: events(desk, "gear_failure") == [wire.STARTED])
    node.pages.gear_world[:] = 0
    node.pages.gear_arc[:] = 0  # It comes back without its level, and is given it.
    desk.pump(20.0, until=lambda: events(desk, "gear_failure") == [wire.STARTED, wire.ENDED])
    light(node, 100)


@pytest.mark.slow
def test_a_failed_lamp_is_told_by_its_driver(zhaga: tuple[RealNode, Desk]) -> None:
    node, desk = zhaga
    begin(node, desk)
    node.pages.gear_world[:] = layout.GEAR_LAMP_OUT
    desk.pump(20.0, until=lambda: events(desk, "lamp_failure") == [wire.STARTED])
    assert not events(desk, "gear_failure")


def test_a_pulled_node_leaves_the_lamp_lit_once_it_was_commissioned_and_not_before(
    zhaga: tuple[RealNode, Desk],
) -> None:
    node, desk = zhaga
    node.pages.gear_levels[:] = 0xFF00  # A driver left to do as it was, and dark after mains.
    node.pages.gear_arc[:] = 1
    gear.bus_off(node.pages, 0)
    light(node, 0.1)
    gear.mains_on(node.pages, 0)
    light(node, 0)
    begin(node, desk)
    desk.pump(until=lambda: int(node.pages.gear_levels[0]) == 254 << 8 | 254)
    dim(desk, 1, 20)
    light(node, 20)
    node.stop()
    gear.bus_off(node.pages, 0)
    light(node, 100)
    node.pages.gear_arc[:] = 0
    gear.mains_on(node.pages, 0)
    light(node, 100)
    assert not node.log()


@pytest.mark.slow
def test_the_heap_of_a_zhaga_lamp_stays_free_after_an_hour_and_its_console_answers(
    zhaga: tuple[RealNode, Desk],
) -> None:
    node, desk = zhaga
    terminal = Terminal()
    node.console_at(terminal.path)
    node.pages.gear_input[:] = 1 << 1 | 1
    begin(node, desk)
    node.clock.set(node.clock.now_s(), 450.0)
    for number in range(1, 80):
        node.pages.presence[:] = number & 1
        dim(desk, number, number)
        desk.pump(0.1)
    node.clock.set(node.clock.now_s() + 601, 1.0)
    desk.pump(1.0)
    state = desk.ask()
    free_percent = 100 * state.heap_free_bytes / state.heap_total_bytes
    print(f"zhaga: {free_percent:.1f} % free")
    assert state.boot_count == 1
    assert free_percent >= HEAP_FREE_PERCENT_MIN
    desk.pump(40.0, until=lambda: desk.last(wire.DriverData))
    for _ in range(10):
        for words in ("status", "why", "network"):
            assert terminal.ask(words)["command"] == words
        assert dict(terminal.ask("sensors")["rows"])["luminaire_gtin"] == 5415001234562
        desk.pump(0.2)
    terminal.close()
    assert not node.log()


@pytest.mark.slow
def test_a_zhaga_lamp_tells_what_its_driver_holds_and_hears_a_sensor_on_its_bus(
    zhaga: tuple[RealNode, Desk],
) -> None:
    node, desk = zhaga
    begin(node, desk)
    node.pages.gear_input[:] = 1 << 1 | 1

    def flash() -> bytes:
        return (node.folder / "flash").read_bytes()

    def presence() -> int:
        desk.ask()
        desk.pump(0.2)
        told = desk.last(wire.LampState)
        assert isinstance(told, wire.LampState)
        return told.presence

    desk.pump(until=lambda: presence() == 1)
    node.pages.gear_input[:] = 2 << 1
    desk.pump(until=lambda: presence() == 0)
    desk.pump(40.0, until=lambda: desk.last(wire.DriverData))
    message = desk.last(wire.DriverData)
    assert isinstance(message, wire.DriverData)
    assert message.banks in flash()
    found = wire.driver_facts(message.banks)
    told = {"luminaire_gtin": 5415001234562, "light_lm": 8400, "gear_c": 41, "light_ma": 1050,
            "rated_life_kh": 100, "input_instances": 1}  # fmt: skip
    assert told.items() <= dict(found).items()
    assert message.quality == wire.TIME_SYNCHRONISED
    assert not [m for m in desk.got if isinstance(m, wire.DriverData) and m is not message]
    light(node, 100)
    assert not node.log()
