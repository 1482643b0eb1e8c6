"""The real image in a real MicroPython of 111 kB: memory, and what a node keeps and repeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from schedule_tables import only, step
from servers import Broker

from protocol import wire
from protocol.schedule.planning import AstroPeriod, Dynamic

# A node must have 40 % free; what is measured has a reserve for what is still to come.
HEAP_FREE_PERCENT_MIN = 43.0
PROGRAM = only(
    step("06:00", 100),
    step("22:30", 60, 60),
    active_periods=(AstroPeriod(-5, 10),),
    dynamic=(Dynamic("presence", "max", 80, 45),),
)
Place = Callable[[str], tuple[RealNode, Desk]]


@pytest.fixture
def place(mosquitto: Broker, tmp_path: Path) -> Iterator[Place]:
    """Makes a node of a kind, started and joined, and the desk that it has joined."""
    made: list[tuple[RealNode, Desk]] = []

    def make(kind: str) -> tuple[RealNode, Desk]:
        node = RealNode(tmp_path, kind, mosquitto.port)
        desk = Desk(node, mosquitto.port)
        made.append((node, desk))
        node.start()
        desk.pump(until=lambda: desk.last(wire.NodeState))
        return node, desk

    yield make
    for node, desk in made:
        desk.close()
        node.close()


def traffic(node: RealNode, desk: Desk, seconds: float) -> int:
    """Presence, cars and overrides at an hour in so many real seconds; overrides sent."""
    node.clock.set(node.clock.now_s(), 3600 / seconds)
    end = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < end:
        sent += 1
        node.pages.presence[:] = sent & 1
        car = sent // 8 % 2
        node.pages.field[:] = [[19800 + 10000 * car, 600 + 9000 * car, 44900 - 9000 * car]]
        desk.say(
            wire.Override(
                command_id=1000 + sent, action=1, level_percent=sent % 100, rank=sent % 4,
                ramp_ds=10, life_s=60, override_id=sent,
            )
        )  # fmt: skip
        desk.pump(0.1)
    node.clock.set(node.clock.now_s() + 601, 1.0)  # The heap is told anew every 600 s.
    return sent


@pytest.mark.parametrize("kind", ["lamp", "bay"])
def test_heap_stays_free_after_an_hour_of_traffic(
    place: Place, kind: str, record_property: Callable[[str, object], None]
) -> None:
    node, desk = place(kind)
    assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
    assert desk.upload(wire.UPLOAD_SCHEDULE, 1, PROGRAM) == wire.UPLOAD_STORED
    sent = traffic(node, desk, 8.0)
    desk.pump(0.5)
    state = desk.ask()
    acknowledged = sum(isinstance(message, wire.Ack) for message in desk.got)
    free_percent = 100 * state.heap_free_bytes / state.heap_total_bytes
    print(f"{kind}: {state.heap_free_bytes} of {state.heap_total_bytes}: {free_percent:.1f} %")
    record_property("heap", (kind, free_percent))
    assert acknowledged >= sent
    assert state.uptime_ms > 3_600_000
    assert state.boot_count == 1
    assert state.heap_total_bytes <= 112_256
    assert free_percent >= HEAP_FREE_PERCENT_MIN
    assert not node.log()
