"""Real nodes on a simulated pair of wires, polled by the controller's real port; no broker."""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from line_rig import Hall, LineDesk, Pair, lined
from real_node import RealNode, configuration
from schedule_tables import only, step
from update_rig import KEY, Updater, image

import flasher
from firmware import PARTS
from hardware_sim import provision
from protocol import mqtt, wire
from protocol.schedule.planning import Dynamic
from protocol.wire import line

HEAP_FREE_PERCENT_MIN = 35.0  # As of every node after a day; it lets no photocell in.
NIGHT = only(step("00:00", 20), dynamic=(Dynamic("presence", "max", 80, 45),))
PROGRAM = only(step("06:00", 100), step("22:30", 60))


def lit_at(node: RealNode, percent: float, seconds: float = 8.0) -> None:
    """Wait until the lamp has this level; an AssertionError tells the level that it has."""
    end = time.monotonic() + seconds
    while abs(float(node.pages.duty[0]) * 100 / 65535 - percent) > 1.0:
        assert time.monotonic() < end, f"{node.pages.duty[0]} of 65535, log: {node.log()}"
        time.sleep(0.02)


def override(number: int, percent: int) -> wire.Override:
    return wire.Override(command_id=number, action=1, level_percent=percent, override_id=number)


class Driver:
    """The pin that lets the transceiver drive."""

    OUT = 1

    def __init__(self, steps: list[object]) -> None:
        self._steps = steps

    def __call__(self, number: int, mode: int, value: int) -> Driver:
        assert (number, mode) == (23, self.OUT)
        self.value(value)
        return self

    def value(self, level: int) -> None:
        self._steps.append(level)


class Board:
    """UART, pin and clock of a board; `steps` is what the transceiver saw."""

    def __init__(self) -> None:
        self.steps: list[object] = []
        self.Pin = Driver(self.steps)
        self.waiting = b""
        self.now_ms = 0
        self.key = False

    def UART(self, number: int, **said: object) -> Board:
        assert (number, said["baudrate"], said["tx"], said["rx"]) == (2, 115200, 22, 21)
        return self

    def write(self, data: bytes) -> None:
        self.steps.append(data)

    def flush(self) -> None:
        self.steps.append("flushed")

    def read(self, size: int) -> bytes | None:
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data or None

    def register(self, what: object, flags: int) -> None:
        assert (what, flags) == (self, 1)

    def ipoll(self, wait_ms: int) -> list[tuple[object, int]]:
        return [("stdin", 1)] if self.key else []

    def ticks_ms(self) -> int:
        return self.now_ms

    def ticks_diff(self, after: int, before: int) -> int:
        return after - before


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """Of which firmware/line.py finds the modules."""
    made = Board()
    for name in ("machine", "utime"):
        monkeypatch.setitem(sys.modules, name, made)
    yield made
    sys.modules.pop("firmware.line", None)


def opened(
    board: Board, events: list[tuple[object, ...]]
) -> Generator[int, bytes | int | None, None]:
    """The node's end at address 5, begun by who polls."""
    spec = provision.board_spec("nema_rs485")
    at = PARTS.index("line_tx")
    spec[at : at + 4] = [22, 21, 23, 2]
    module = importlib.import_module("firmware.line")
    made: Generator[int, bytes | int | None, None] = module.run(
        spec, [5, 115200], board, events, ("down", "near")
    )
    made.send(None)
    board.waiting = line.packet(5, line.BEGIN, b"mark")
    assert made.send(10) == module.UP
    return made


def test_the_transceiver_drives_the_line_for_an_answer_only(board: Board) -> None:
    events: list[tuple[object, ...]] = []
    made = opened(board, events)
    assert events[0][0] == mqtt.SUBSCRIBED
    board.steps.clear()
    assert not made.send(b"state")
    board.waiting = line.packet(5, 0, b"")
    made.send(10)
    answer = line.packet(5, line.ANSWER | line.SENT, b"state")
    assert board.steps == [1, answer, "flushed", 0]


def test_what_came_while_the_node_was_busy_is_not_answered(board: Board) -> None:
    made = opened(board, [])
    board.steps.clear()
    board.now_ms += 31
    board.waiting = line.packet(5, 0, b"")
    made.send(10)
    assert board.steps == []
    board.now_ms += 29
    board.waiting = line.packet(5, 0, b"")
    made.send(10)
    assert len(board.steps) == 4


def test_hints_keys_silence_and_room_are_told(board: Board) -> None:
    events: list[tuple[object, ...]] = []
    made = opened(board, events)
    events.clear()
    board.waiting = line.packet(0, 0, b"hint") + line.packet(5, line.SENT, b"command")
    board.key = True
    assert made.send(10) == 1 | 4
    found = [(mqtt.MESSAGE, "near", b"hint", 0, 0), (mqtt.MESSAGE, "down", b"command", 0, 0)]
    assert events == found
    board.key = False
    assert [made.send(b"x") for _ in range(9)] == [False] * 8 + [True]
    events.clear()
    for control in (0, line.TAKEN):
        board.waiting = line.packet(5, control, b"")
        made.send(10)
    assert [event[0] for event in events] == [mqtt.PUBLISHED]
    board.now_ms += 10_001
    assert made.send(10) == 2
    assert made.send(10) == 0
    assert made.send(b"nobody polls")


def test_a_board_without_a_line_is_refused(board: Board) -> None:
    module = importlib.import_module("firmware.line")
    with pytest.raises(ValueError, match="no line"):
        module.run(provision.board_spec("nema"), [5, 115200], board, [], ("", "")).send(None)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


@pytest.fixture
def lamp(tmp_path: Path, pair: Pair) -> Iterator[tuple[RealNode, LineDesk]]:
    """A lamp at address 17 that has joined and has its schedule."""
    node = lined(tmp_path, pair, 17)
    node.start()
    desk = Hall(pair, {17: node}).desks[0]
    desk.pump(20, until=lambda: desk.last(wire.NodeState))
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    assert desk.upload(wire.UPLOAD_SCHEDULE, 1, PROGRAM) == wire.UPLOAD_STORED
    yield node, desk
    assert not node.log()
    node.close()


def test_a_lamp_on_a_line_joins_takes_its_schedule_and_obeys(
    lamp: tuple[RealNode, LineDesk],
) -> None:
    node, desk = lamp
    lit_at(node, 100)
    desk.say(override(1, 30))
    desk.pump(1.0)
    lit_at(node, 30)


@pytest.mark.slow
def test_a_lamp_on_a_line_keeps_its_heap_after_an_hour_of_traffic(
    lamp: tuple[RealNode, LineDesk], record_property: Callable[[str, object], None]
) -> None:
    node, desk = lamp
    node.clock.set(node.clock.now_s(), 450)
    for number in range(80):
        node.pages.presence[:] = number & 1
        desk.say(override(1000 + number, number))
        desk.pump(0.1)
    node.clock.set(node.clock.now_s() + 601, 1.0)
    desk.pump(0.5)
    state = desk.ask()
    free_percent = 100 * state.heap_free_bytes / state.heap_total_bytes
    print(f"on a line: {free_percent:.1f} %")
    record_property("heap", ("lamp on a line", free_percent))
    assert free_percent >= HEAP_FREE_PERCENT_MIN
    assert sum(isinstance(message, wire.Ack) for message in desk.got) >= 80


@pytest.mark.slow
def test_an_update_comes_over_the_line_and_is_committed(lamp: tuple[RealNode, LineDesk]) -> None:
    _, desk = lamp
    begun_s = time.monotonic()
    updater = Updater(desk, 2, flasher.sign(image(2), KEY, 2))
    for status in ("ready", "trial", "idle"):
        updater.until(status, 300)
    print(f"update: {time.monotonic() - begun_s:.0f} s")
    assert updater.hellos == [2]


def test_events_come_in_order_and_no_frame_twice_over_a_bad_line(
    lamp: tuple[RealNode, LineDesk], pair: Pair
) -> None:
    node, desk = lamp
    node.clock.set(node.clock.now_s(), 4.0)
    pair.bus.loss, pair.bus.noise = 0.1, 0.1

    def told() -> list[int]:
        return [m.number for m in desk.got if isinstance(m, wire.Event)]

    # Its lamp takes nothing: that is an event, and so is its end.
    for number, power_mw in enumerate((60000, 0, 0), 1):
        desk.pump(20.0, until=functools.partial(lambda wanted: wanted in told(), number))
        node.pages.power_mw[:] = power_mw
    pair.bus.loss = pair.bus.noise = 0.0
    # It may take ten seconds until a silent node is polled again.
    desk.pump(15.0, until=lambda: desk.ask().events_waiting == 0)
    numbers = told()
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2, 3}  # One whose acknowledgement was late is told again.
    assert desk.refused == []


@pytest.mark.slow
def test_a_node_that_is_polled_no_more_stays_alight_and_comes_back(
    lamp: tuple[RealNode, LineDesk], pair: Pair
) -> None:
    node, desk = lamp
    pair.rest()
    time.sleep(11.0)
    lit_at(node, 100)
    back = Hall(pair, {17: node}).desks[0]
    back.session = desk.session
    back.pump(20.0, until=lambda: back.last(wire.Hello))
    back.say(override(9, 40))
    back.pump(1.0)
    lit_at(node, 40)


def test_presence_at_one_lamp_raises_the_other_through_the_controller(
    tmp_path: Path, pair: Pair
) -> None:
    said = wire.decode_configuration(configuration())
    said.near_percent, said.near_hold_s = 60, 30
    neighbourly = wire.encode_configuration(said)
    nodes = {}
    for address in (1, 2):
        folder = tmp_path / str(address)
        folder.mkdir()
        nodes[address] = lined(folder, pair, address, place=address)
        nodes[address].start()
    hall = Hall(pair, nodes)
    try:
        for desk in hall.desks:
            desk.pump(20, until=functools.partial(desk.last, wire.NodeState))
            assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, neighbourly) == wire.UPLOAD_STORED
            assert desk.upload(wire.UPLOAD_SCHEDULE, 1, NIGHT) == wire.UPLOAD_STORED
        for node in nodes.values():
            lit_at(node, 20)
        nodes[1].pages.presence[:] = 1
        lit_at(nodes[1], 80)
        lit_at(nodes[2], 60)
        assert hall.hints
        assert not any(node.log() for node in nodes.values())
    finally:
        for node in nodes.values():
            node.close()
