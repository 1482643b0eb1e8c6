"""A simulated pair of wires in a thread, nodes on it, and a desk behind the real port.

The desk has the controller's own line (controller/io/line_io.py) in the place of a broker.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from real_node import SITE_KEY, Desk, RealNode
from update_rig import UpdatedNode

from controller.io.line_io import LineLink
from controller.lines import SerialLine
from firmware import PARTS
from hardware_sim import provision
from hardware_sim.world.bus import Bus
from protocol import wire
from protocol.wire import controller_end

BAUD = 115200


class Pair:
    """A bus that runs beside the test; `links` are controllers' ports that run on its loop."""

    def __init__(self) -> None:
        self.bus = Bus(BAUD)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._tasks: list[asyncio.Task[None]] = []
        asyncio.run_coroutine_threadsafe(self.bus.open(), self.loop).result()

    def serve(self, link: LineLink) -> None:
        """Let a controller's port poll the pair."""

        async def begin() -> None:
            self._tasks.append(asyncio.create_task(link.run()))

        asyncio.run_coroutine_threadsafe(begin(), self.loop).result()

    def rest(self) -> None:
        """The controllers leave."""

        async def end() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()

    def close(self) -> None:
        """End controllers, bus and thread."""
        self.rest()

        async def end() -> None:
            self.bus.close()
            await asyncio.sleep(0.05)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def lined(
    folder: Path, pair: Pair, address: int, *, place: int | None = None, node_id: str = ""
) -> UpdatedNode:
    """A lamp on the pair; place: its number in a row of neighbours. No broker is told to it."""
    board = provision.board_spec("nema_rs485", wires=pair.bus.wires)
    assert board[PARTS.index("line_tx")] == pair.bus.wires
    told: dict[str, object] = {"board": board, "line": [address, BAUD]}
    if place is not None:
        key = controller_end.near_key(SITE_KEY, "street-1")
        told["near"] = ["street-1", key.hex(), place]
        node_id = node_id or f"0200000000{place:02x}"
    if node_id:
        told["node_id"] = node_id
        told["key"] = controller_end.node_key(SITE_KEY, node_id).hex()
    node = UpdatedNode(folder, 9, told=told)
    if node_id:
        node.node_id, node.key = node_id, controller_end.node_key(SITE_KEY, node_id)
    return node


class LineDesk(Desk):
    """A controller of one node over a line; `link` is its port."""

    def __init__(self, node: RealNode, link: LineLink, came: queue.Queue[bytes]) -> None:
        self._link, self._came = link, came
        super().__init__(node, 0)

    def _open(self, port: int) -> None:
        """There is no broker."""

    def close(self) -> None:
        """Nothing is open."""

    def put(self, frame: bytes) -> None:
        """A frame to the node, whoever made it."""
        self._link.send(self.node.node_id, frame)

    def pump(self, seconds: float = 10.0, until: Callable[[], object] | None = None) -> None:
        """Work until the condition holds (TimeoutError if it never does), or for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(queue.Empty):
                self._frame(self._came.get(timeout=0.02))
            if until is not None and until():
                return
        if until is not None:
            raise TimeoutError(f"not within {seconds} s; got {self.got[-3:]}: {self.node.log()}")


class Hall:
    """One controller's port for several nodes, with a desk for each; hints go to all."""

    def __init__(self, pair: Pair, nodes: Mapping[int, RealNode]) -> None:
        self.hints = 0
        self._came: dict[str, queue.Queue[bytes]] = {
            n.node_id: queue.Queue() for n in nodes.values()
        }
        by_id = {node.node_id: address for address, node in nodes.items()}
        self.link = LineLink(
            SerialLine(f"socket://127.0.0.1:{pair.bus.port}", BAUD, by_id), self._take
        )
        self.desks = [
            LineDesk(node, self.link, self._came[node.node_id]) for node in nodes.values()
        ]
        pair.serve(self.link)

    def _take(self, node_id: str, frame: bytes, address: int) -> None:
        if frame[1] == wire.Near.TYPE:
            self.hints += 1
            self.link.tell(frame)
        else:
            self._came[node_id].put(frame)
        self.link.acknowledge(address)
