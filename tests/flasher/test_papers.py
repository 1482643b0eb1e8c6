"""What a node is told of itself: by the inventory, else by the plan behind its batch."""

from __future__ import annotations

import pytest

from flasher.papers import Job, board_of
from protocol import handover


def job(row: handover.Row, **told: object) -> Job:
    node = {"node_id": "02aa00000001", "asset_id": "L-1", "key": "00" * 32, **told}
    batch = {"batch_id": "b-1", "site": "here", "broker": ["127.0.0.1", 1883], "nodes": [node]}
    return Job([row], [batch], {})


@pytest.mark.parametrize(
    ("told", "listed", "expected"),
    [
        ({}, "", "nema"),
        ({"board": "zhaga"}, "", "zhaga"),
        ({"board": "zhaga"}, "nema", "nema"),
        ({"board": "nema_rs485", "line": [17, 57600]}, "", "nema_rs485"),
    ],
)
def test_the_board_is_the_inventorys_else_that_of_the_plan(
    told: dict[str, object], listed: str, expected: str
) -> None:
    made = job(handover.Row(1, "L-1", board=listed), **told).identity("02aa00000001")
    assert made["board"] == board_of(handover.Row(1, "L-1", board=expected))
    assert made.get("line") == told.get("line")
