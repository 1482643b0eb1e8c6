"""Updates of the real firmware over a real broker: signed, resumed, on trial, and taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from real_node import Desk
from servers import Broker
from update_rig import KEY, UpdatedNode, Updater, image, running

import flasher
from protocol import wire

Place = Callable[..., tuple[UpdatedNode, Desk]]


@pytest.fixture
def place(mosquitto: Broker, tmp_path: Path) -> Iterator[Place]:
    """Makes a node that is started and joined, and the desk that it has joined."""
    made: list[tuple[UpdatedNode, Desk]] = []

    def make(kind: str = "lamp") -> tuple[UpdatedNode, Desk]:
        node = UpdatedNode(tmp_path, mosquitto.port, kind)
        desk = Desk(node, mosquitto.port)
        made.append((node, desk))
        node.start()
        desk.pump(until=lambda: desk.last(wire.FirmwareState))
        return node, desk

    yield make
    for node, desk in made:
        desk.close()
        node.close()


def test_a_signed_image_reaches_the_node_and_is_committed(place: Place) -> None:
    node, desk = place()
    began_s = time.monotonic()
    updater = Updater(desk, 2, flasher.sign(image(2), KEY, 2))
    updater.until("ready")
    print(f"update took {time.monotonic() - began_s:.1f} s")
    assert running(desk) == 2
    updater.until("trial")
    updater.until("idle")
    assert updater.told is not None
    assert (updater.told.slot, updater.told.running_version) == (1, 2)
    node.cut()
    assert running(desk) == 2
    assert not node.log()
