"""Campaigns over nodes that are played: they lose frames, restart, refuse, go back."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller import updates
from controller.effects import Now
from controller.errors import PackageError
from controller.nodes import NodeEnd
from controller.updates import COMMITTED, SILENT, STOPPED, WENT_BACK, Campaign
from protocol import wire

STATUS = {name: number for number, name in enumerate(wire.FIRMWARE_NAMES)}
CONTENT = bytes(range(256)) * 40 + b"the rest"


def signed(version: int = 2, content: bytes = CONTENT) -> bytes:
    """An update as the flasher makes it; its signature is judged by nodes."""
    head = b"LLFW\x01\0\0\0esp32\0\0\0" + version.to_bytes(4, "little")
    return head + len(content).to_bytes(4, "little") + bytes(96) + content


class PlayedNode:
    """A node at the other end; each frame is lost with a chance of `loss`."""

    def __init__(self, number: int, loss: float = 0.0, fate: str = "idle") -> None:
        self.node_id = f"node{number}"
        self.joined, self.quiet = True, True
        self.firmware: wire.FirmwareState | None = None
        self.content = bytearray()
        self.version = 1
        self.fate = fate
        self.trial_left = -1
        self.failed = 0
        self.said: list[wire.Message] = []
        self._loss, self._rng = loss, random.Random(number)

    def _tell(self, status: str) -> None:
        if self._rng.random() >= self._loss:
            self.firmware = wire.FirmwareState(
                running_version=self.version, version=2, have_bytes=len(self.content),
                status=STATUS[status], failed_version=self.failed,
            )  # fmt: skip

    def say(self, message: wire.FirmwareBegin | wire.FirmwareChunk) -> None:
        """What the campaign sends."""
        self.said.append(message)
        if self._rng.random() < self._loss or self.trial_left >= 0:
            return
        if self.fate not in ("idle", WENT_BACK):
            self._tell(self.fate)
        elif isinstance(message, wire.FirmwareBegin):
            self._tell("idle" if self.version == 2 else "receiving")
        elif message.offset == len(self.content):
            self.content += message.data
            if len(self.content) == len(CONTENT):
                self._tell("ready")
                self.trial_left = 30
            else:
                self._tell("receiving")

    def tick(self) -> None:
        """Time passes: a trial ends."""
        if self.trial_left < 0:
            return
        self.trial_left -= 1
        self.joined = self.trial_left < 20
        if self.trial_left == 10:
            self.firmware = None  # It has joined anew.
        if self.trial_left < 0:
            if self.fate == WENT_BACK:
                self.failed = 2
                self.content.clear()
            else:
                self.version = 2
            self._tell("idle")


def campaign(nodes: list[PlayedNode], results: dict[str, str] | None = None) -> Campaign:
    ends = [cast(NodeEnd, node) for node in nodes]
    return Campaign(updates.read_image(signed()), ends, results or {}, Now(0, 0.0))


def played(nodes: list[PlayedNode], ticks: int = 20_000) -> Campaign:
    """The campaign once it is over."""
    one = campaign(nodes)
    for tick in range(ticks):
        if one.over:
            return one
        one.work(Now(tick * 100, tick / 10))
        for node in nodes:
            node.tick()
    raise AssertionError(one.results)


def test_every_node_gets_the_image_and_the_first_one_alone() -> None:
    nodes = [PlayedNode(number) for number in range(5)]
    one = campaign(nodes)
    tick = 0
    while not one.results:
        one.work(Now(tick * 100, tick / 10))
        assert not any(node.said for node in nodes[1:])
        for node in nodes:
            node.tick()
        tick += 1
    done = played(nodes)
    assert set(done.results.values()) == {COMMITTED}
    assert not done.failed
    assert all(node.content == CONTENT for node in nodes)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.0, 0.3), min_size=1, max_size=4))
def test_whatever_is_lost_on_the_way_the_image_comes_whole(losses: list[float]) -> None:
    nodes = [PlayedNode(number, loss) for number, loss in enumerate(losses)]
    assert set(played(nodes).results.values()) == {COMMITTED}
    assert all(node.content == CONTENT for node in nodes)


@pytest.mark.parametrize("fate", ["hardware", "older", "size", "signature", "content", "form"])
def test_a_refusal_is_told_and_stops_the_campaign(fate: str) -> None:
    nodes = [PlayedNode(0, fate=fate), PlayedNode(1)]
    done = played(nodes)
    assert done.results == {"node0": f"refused: {fate}", "node1": STOPPED}
    assert not nodes[1].said
    assert done.failed == [f"node0: refused: {fate}", f"node1: {STOPPED}"]


def test_a_first_node_that_goes_back_stops_the_campaign() -> None:
    nodes = [PlayedNode(0, fate=WENT_BACK), PlayedNode(1)]
    assert played(nodes).results == {"node0": WENT_BACK, "node1": STOPPED}


def test_a_later_node_that_goes_back_does_not_stop_the_others() -> None:
    nodes = [PlayedNode(0), PlayedNode(1, fate=WENT_BACK), PlayedNode(2)]
    done = played(nodes)
    assert [done.results[n.node_id] for n in nodes] == [COMMITTED, WENT_BACK, COMMITTED]


def test_nothing_is_sent_while_something_else_is_under_way() -> None:
    node = PlayedNode(0)
    one = campaign([node])
    node.quiet = False
    for tick in range(100):
        one.work(Now(tick * 100, tick / 10))
    assert not node.said
    node.quiet = True
    one.work(Now(10_100, 10.1))
    assert len(node.said) == 1


def test_no_more_than_a_window_is_under_way() -> None:
    node = PlayedNode(0)
    one = campaign([node])
    for tick in range(20):
        before = len(node.said)
        one.work(Now(tick * 100, tick / 10))
        assert len(node.said) - before <= updates.WINDOW + 1


def test_results_from_before_a_restart_are_kept() -> None:
    nodes = [PlayedNode(0), PlayedNode(1)]
    one = campaign(nodes, {"node0": COMMITTED})
    one.work(Now(0, 0.0))
    assert not nodes[0].said
    assert nodes[1].said


def test_a_node_that_is_never_heard_is_told_as_silent() -> None:
    node = PlayedNode(0)
    node.joined = False
    one = campaign([node])
    one.work(Now(0, 1.0))
    assert not one.over
    one.work(Now(0, updates.PATIENCE_S + 1.0))
    assert one.results == {"node0": SILENT}


@given(st.binary(max_size=200))
def test_bytes_that_are_no_image_are_refused(data: bytes) -> None:
    with pytest.raises(PackageError):
        updates.read_image(data)
    with pytest.raises(PackageError):
        updates.read_image(signed()[:-1])


def test_an_image_tells_its_version_and_parts() -> None:
    image = updates.read_image(signed(7))
    assert (image.version, image.content, len(image.head)) == (7, CONTENT, 120)
    assert replace(image, version=7) == image
