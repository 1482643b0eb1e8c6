"""Both ends of a polled line against each other, over a line that loses, bends and doubles."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire import line
from protocol.wire.controller_end import PolledLine, round_ms, send_ms
from protocol.wire.controller_end.line import DEAD_MS, PAUSE_MS_MAX, WAITING_MAX

BAUD = 115200


class Street:
    """A controller's end, nodes, and the line between them, in milliseconds of its own."""

    def __init__(self, addresses: range, seed: int = 1, faults: float = 0.0) -> None:
        self.rng = random.Random(seed)
        self.faults = faults
        self.now_ms = 0
        marks = itertools.count(1)
        self.master = PolledLine(addresses, BAUD, lambda: next(marks).to_bytes(4, "big"), 0)
        self.nodes = {address: line.PolledNode(address) for address in addresses}
        self.dead: set[int] = set()
        self.up: dict[int, list[bytes]] = {address: [] for address in addresses}
        self.down: dict[int, list[bytes]] = {address: [] for address in addresses}
        self.begun = dict.fromkeys(addresses, 0)
        self.polled: dict[int, list[int]] = {address: [] for address in addresses}
        self.on_disk_ms = 3

    def carried(self, data: bytes) -> bytes:
        """What arrives of bytes on the line."""
        if self.rng.random() >= self.faults:
            return data
        kind = self.rng.randrange(4)
        if kind == 0:
            return b""
        if kind == 1:
            return data + data
        if kind == 2:
            return data[: self.rng.randrange(len(data))]
        at = self.rng.randrange(len(data))
        return data[:at] + bytes((data[at] ^ 1 << self.rng.randrange(8),)) + data[at + 1 :]

    def turn(self) -> None:
        """One step of the master and what it brings about."""
        asked = self.master.step(self.now_ms)
        if not asked:
            self.now_ms += self.master.wait_ms(self.now_ms)
            return
        self.now_ms += send_ms(len(asked) - 7, BAUD)
        heard, answer = self.carried(asked), b""
        for address, node in self.nodes.items():
            if address in self.dead:
                continue
            said = node.receive(heard)
            if said:
                self.polled[address].append(self.now_ms)
                answer += said
            self.down[address] += [frame for what, frame in node.came if what != line.BEGUN]
            self.begun[address] += sum(what == line.BEGUN for what, _ in node.came)
            node.came.clear()
        if answer:
            self.now_ms += 5 + send_ms(len(answer) - 7, BAUD)
            for address, frame in self.master.receive(self.carried(answer), self.now_ms):
                self.up[address].append(frame)
                self.now_ms += self.on_disk_ms
                self.master.acknowledge(address)

    def run(self, for_ms: int) -> None:
        """So long on the line."""
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms:
            self.turn()


def frames(prefix: bytes, count: int) -> list[bytes]:
    """Different frames, some of them with zeros and long."""
    return [prefix + bytes((number,)) + bytes(number * 37 % 180) for number in range(count)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), faults=st.floats(0, 0.4), count=st.integers(1, 12))
def test_each_frame_arrives_once_and_in_order_over_a_bad_line(
    seed: int, faults: float, count: int
) -> None:
    street = Street(range(1, 4), seed)
    street.run(1000)
    assert all(street.master.up(address) for address in street.nodes)
    street.faults = faults
    waiting = {address: frames(b"up%d" % address, count) for address in street.nodes}
    said = {address: list(rows) for address, rows in waiting.items()}
    for address in street.nodes:
        for frame in frames(b"down%d" % address, count):
            assert street.master.send(address, frame)
    for _ in range(400):
        for address, node in street.nodes.items():
            while waiting[address] and node.queue(waiting[address][0]):
                waiting[address].pop(0)
        street.turn()
    street.faults = 0.0
    street.run(20_000)
    for address, node in street.nodes.items():
        while waiting[address] and node.queue(waiting[address][0]):
            waiting[address].pop(0)
    street.run(3000)
    for address in street.nodes:
        assert street.up[address] == said[address]
        assert street.down[address] == frames(b"down%d" % address, count)
    assert not street.master.dropped


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=12))
def test_no_bytes_crash_either_end_or_stop_the_line(chunks: list[bytes]) -> None:
    street = Street(range(5, 6))
    for chunk in chunks:
        street.nodes[5].receive(chunk)
        street.nodes[5].came.clear()
        street.master.step(street.now_ms)
        for address, _ in street.master.receive(chunk, street.now_ms):
            street.master.acknowledge(address)
    street.run(3 * DEAD_MS)
    street.nodes[5].forget()
    street.run(3000)
    assert street.nodes[5].queue(b"well")
    assert street.master.send(5, b"and good")
    street.run(500)
    assert street.up[5][-1:] == [b"well"]
    assert street.down[5][-1:] == [b"and good"]


@pytest.mark.parametrize("busy", [False, True])
def test_thirty_two_nodes_are_asked_within_the_worst_case(busy: bool) -> None:
    street = Street(range(1, 33))
    street.on_disk_ms = 0
    street.run(3000)
    for rows in street.polled.values():
        rows.clear()
    longest = bytes(range(208))
    end_ms = street.now_ms + 30_000
    while street.now_ms < end_ms:
        if busy:
            for address, node in street.nodes.items():
                node.queue(longest)
                street.master.send(address, longest)
        street.turn()
    worst_ms = max(
        after - before
        for rows in street.polled.values()
        for before, after in itertools.pairwise(rows)
    )
    answered_ms = 5
    if busy:
        assert round_ms(32, BAUD) == 6400
        assert worst_ms <= round_ms(32, BAUD, answer_ms=answered_ms)
    else:
        assert round_ms(32, BAUD, 0) == 2048
        assert worst_ms <= round_ms(32, BAUD, 0, answered_ms) == 288


def test_dead_nodes_are_asked_seldom_and_the_others_stay_quick() -> None:
    street = Street(range(1, 33))
    street.dead = set(range(1, 33, 2))
    street.run(60_000)
    for rows in street.polled.values():
        rows.clear()
    street.run(30_000)
    worst_ms = max(
        after - before
        for address, rows in street.polled.items()
        if address not in street.dead
        for before, after in itertools.pairwise(rows)
    )
    assert worst_ms < 1500
    street.dead.clear()
    street.run(PAUSE_MS_MAX + 2000)
    assert all(street.master.up(address) for address in street.nodes)


def test_a_node_that_restarted_is_told_what_comes_after() -> None:
    street = Street(range(1, 3))
    street.run(500)
    street.nodes[1].queue(b"before")
    street.run(500)
    street.nodes[1] = line.PolledNode(1)
    street.run(500)
    assert street.begun[1] == 2
    street.nodes[1].queue(b"after")
    assert street.master.send(1, b"down")
    street.run(500)
    assert street.up[1] == [b"before", b"after"]
    assert street.down[1] == [b"down"]


def test_what_waits_for_a_dead_node_is_bounded_and_dropped() -> None:
    street = Street(range(1, 2))
    street.run(500)
    street.dead = {1}
    sent = [street.master.send(1, b"x") for _ in range(WAITING_MAX + 5)]
    assert sent == [True] * WAITING_MAX + [False] * 5
    assert street.master.dropped == 5
    street.run(2 * DEAD_MS)
    assert street.master.dropped == 5 + WAITING_MAX
    assert not street.master.up(1)


def test_a_frame_is_not_forgotten_before_it_is_on_disk() -> None:
    street = Street(range(1, 2))
    street.run(500)
    node = street.nodes[1]
    node.queue(b"one")
    found: list[tuple[int, bytes]] = []
    while not found:
        asked = street.master.step(street.now_ms)
        street.now_ms += 60
        answer = node.receive(asked) if asked else b""
        found = street.master.receive(answer, street.now_ms)
    for _ in range(100):  # Until then it is not even asked.
        street.now_ms += 60
        assert street.master.step(street.now_ms) == b""
    street.master.acknowledge(1)
    street.now_ms += 60
    asked = street.master.step(street.now_ms)
    assert line.unwrap(asked[1:-1]) == bytes((1, line.TAKEN))


def test_everybody_is_told_and_nobody_answers() -> None:
    street = Street(range(1, 5))
    street.run(500)
    street.master.tell(b"hint")
    street.run(100)
    assert all(rows == [b"hint"] for rows in street.down.values())


def test_a_flood_of_hints_keeps_nobody_from_his_turn() -> None:
    street = Street(range(1, 5))
    street.run(500)
    for rows in street.polled.values():
        rows.clear()
    end_ms = street.now_ms + 5000
    while street.now_ms < end_ms:
        for _ in range(10):
            street.master.tell(b"hint" * 10)
        street.turn()
    assert all(len(rows) > 20 for rows in street.polled.values())
