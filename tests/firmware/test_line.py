"""Real nodes on a simulated pair of wires, polled by the controller's real port; no broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from line_rig import Pair, desk, lined
from real_node import RealNode, configuration
from schedule_tables import only, step

from protocol import wire

PROGRAM = only(step("06:00", 100), step("22:30", 60))


def lit_at(node: RealNode, percent: float, seconds: float = 8.0) -> None:
    """Wait until the lamp has this level; an AssertionError tells the level that it has."""
    end = time.monotonic() + seconds
    while abs(float(node.pages.duty[0]) * 100 / 65535 - percent) > 1.0:
        assert time.monotonic() < end, f"{node.pages.duty[0]} of 65535, log: {node.log()}"
        time.sleep(0.02)


def override(number: int, percent: int) -> wire.Override:
    return wire.Override(command_id=number, action=1, level_percent=percent, override_id=number)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_a_lamp_on_a_line_joins_takes_its_schedule_and_obeys(tmp_path: Path, pair: Pair) -> None:
    node = lined(tmp_path, pair, 17)
    node.start()
    place = desk(node, pair, 17)
    try:
        place.pump(20, until=lambda: place.last(wire.NodeState))
        assert place.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
        assert place.upload(wire.UPLOAD_SCHEDULE, 1, PROGRAM) == wire.UPLOAD_STORED
        lit_at(node, 100)
        place.say(override(1, 30))
        place.pump(1.0)
        lit_at(node, 30)
        state = place.ask()
        assert state.heap_free_bytes > 0.36 * state.heap_total_bytes
        assert not node.log()
    finally:
        node.close()
