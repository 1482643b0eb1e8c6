"""Brings a signed image to nodes: one first, then several at once, each until it ran or refused.

An update is the least urgent traffic: a node gets chunks only while nothing else is under way to
it, a few with each `work`. States of a node: waiting -> offered -> receiving -> restarted (on
trial) -> "committed", "went back", or why it refused. What is not answered is said again with
growing pauses; a node tells how far it is, so a broken transfer goes on where it was, whoever
broke off. If the first node does not commit, no other one is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from protocol import wire

from .effects import Now
from .errors import PackageError
from .nodes import NodeEnd

HEAD_SIZE = 120  # docs/updates.md: the signed head of an image.
CHUNK_SIZE = 128
WINDOW = 8  # Chunks under way to one node.
ACTIVE_MAX = 16  # Nodes at once.
PAUSE_MS_MIN, PAUSE_MS_MAX = 3000, 60000
# A node that was not heard in so much domain time is not waited for: it is told as silent.
PATIENCE_S = 14 * 86400
COMMITTED, WENT_BACK, SILENT, STOPPED = "committed", "went back", "silent", "stopped"
_MARK = b"LLFW"
_STATUS = {name: number for number, name in enumerate(wire.FIRMWARE_NAMES)}


@dataclass(frozen=True)
class Image:
    """A signed image as nodes take it."""

    head: bytes
    content: bytes
    version: int


def read_image(data: bytes) -> Image:
    """The image in a package's content; PackageError when it is none. Nodes judge it further."""
    head, content = data[:HEAD_SIZE], data[HEAD_SIZE:]
    size = int.from_bytes(head[20:24], "little")
    if head[:4] != _MARK or size != len(content) or not content:
        raise PackageError("changeReleaseFailure", "the content is no image for nodes")
    return Image(head, content, int.from_bytes(head[16:20], "little"))


class Download:
    """One node on its way to an image; `result` is "" until it is over."""

    def __init__(self, node: NodeEnd, image: Image, result: str = "") -> None:
        self.node = node
        self.result = result
        self._image = image
        self._sent = self._have = 0
        self._said_ms = -1
        self._pause_ms = PAUSE_MS_MIN
        self._seen: wire.FirmwareState | None = None
        self._restarted = False

    @property
    def busy(self) -> bool:
        """Whether the node was reached: it keeps its turn while it restarts."""
        return self._seen is not None or self._restarted

    def work(self, now: Now) -> None:
        """Look at what the node told last, and send what it wants."""
        told = self.node.firmware
        if not self.node.joined:
            self._said_ms = -1
            return
        if told is not None and told is not self._seen:
            self._seen = told
            self._take(told, now)
        if not self.result and self.node.quiet and self._due(now):
            self._pause_ms = min(self._pause_ms * 2, PAUSE_MS_MAX)
            self._said_ms = now.tick_ms
            self._have = -1
            head = self._image.head
            self.node.say(wire.FirmwareBegin(version=self._image.version, header=head))

    def _due(self, now: Now) -> bool:
        gone_ms = wire.ticks_after(now.tick_ms, self._said_ms)
        return self._said_ms < 0 or gone_ms >= self._pause_ms

    def _take(self, told: wire.FirmwareState, now: Now) -> None:
        version, status = self._image.version, told.status
        if told.running_version == version:
            if status != _STATUS["trial"]:
                self.result = COMMITTED
            self._said_ms = now.tick_ms
            return
        if self._restarted and told.failed_version == version:
            self.result = WENT_BACK
        if told.version != version or self.result:
            return
        self._said_ms = now.tick_ms
        if status == _STATUS["receiving"]:
            self._pause_ms = PAUSE_MS_MIN
            self._send(told.have_bytes)
        elif status == _STATUS["ready"]:
            self._restarted = True
        elif _STATUS["form"] <= status < _STATUS["busy"]:
            self.result = f"refused: {wire.FIRMWARE_NAMES[status]}"

    def _send(self, have: int) -> None:
        """The chunks up to the window's end; all of them again if the node stands still."""
        if have <= self._have or self._have < 0:
            self._sent = have
        self._have, self._sent = have, max(self._sent, have)
        content = self._image.content
        while self._sent < min(have + WINDOW * CHUNK_SIZE, len(content)):
            if not self.node.quiet:
                return  # Something else is under way: the pause begins again later.
            data = content[self._sent : self._sent + CHUNK_SIZE]
            version = self._image.version
            self.node.say(wire.FirmwareChunk(version=version, offset=self._sent, data=data))
            self._sent += len(data)


class Campaign:
    """One image for many nodes. `results` holds what is over, by node id, from a store or new."""

    def __init__(
        self, image: Image, nodes: Iterable[NodeEnd], results: Mapping[str, str], now: Now
    ) -> None:
        self._began_s = now.domain_s
        self._downloads = [Download(node, image, results.get(node.node_id, "")) for node in nodes]

    @property
    def results(self) -> dict[str, str]:
        """What became of nodes so far, by node id."""
        return {one.node.node_id: one.result for one in self._downloads if one.result}

    @property
    def over(self) -> bool:
        """Whether every node has a result."""
        return all(one.result for one in self._downloads)

    @property
    def failed(self) -> list[str]:
        """Which nodes do not run the image, and why."""
        return [f"{node}: {said}" for node, said in self.results.items() if said != COMMITTED]

    def work(self, now: Now) -> None:
        """Go on with the nodes whose turn it is."""
        results = self.results
        if results and COMMITTED not in results.values() and not self.over:
            self._end(STOPPED)
            return
        if now.domain_s - self._began_s > PATIENCE_S:
            self._end(SILENT)
            return
        most = ACTIVE_MAX if results else 1
        open_ones = [one for one in self._downloads if not one.result]
        heard = [one for one in open_ones if one.node.joined or one.busy]
        for one in heard[:most]:
            one.work(now)

    def _end(self, why: str) -> None:
        for one in self._downloads:
            one.result = one.result or why
