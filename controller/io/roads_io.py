"""All roads to nodes as one: the broker, and serial lines. A node is on one of them.

Hints between neighbours are carried from each road to the others. They are sealed under a key of
their group, which we neither have need of nor open: who hears an old one again takes no notice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from protocol import wire

from ..lines import SerialLine
from .line_io import LineLink
from .mqtt_io import MqttLink

_HINTS_KEPT = 64  # So that what the broker brings back to us is not told again.
Token = tuple[int, int]  # Connection and packet of the broker; of a line -1, -2 … and address.


class Roads:
    """`group_of`: the group of neighbours that a node is in, by its id."""

    def __init__(
        self,
        broker: MqttLink,
        rows: Sequence[SerialLine],
        group_of: Mapping[str, str],
        arrived: Callable[[], None],
    ) -> None:
        self.broker = broker
        self._arrived = arrived
        self._group_of = group_of
        self.lines = [LineLink(row, self._came) for row in rows]
        self._line_of = {
            node_id: number for number, row in enumerate(rows) for node_id in row.nodes
        }
        self._groups = [
            {group_of[node_id] for node_id in row.nodes if node_id in group_of} for row in rows
        ]
        self._frames: deque[tuple[str, bytes, Token]] = deque()
        self._hints: deque[bytes] = deque(maxlen=_HINTS_KEPT)
        broker.groups = tuple(sorted(set().union(*self._groups)))
        broker.on_near = self._hint
        self.dropped = 0

    async def run(self) -> None:
        """All of them, for ever; the first that fails ends it."""
        roads = (self.broker.run(), *(each.run() for each in self.lines))
        await asyncio.gather(*roads)

    @property
    def frames(self) -> bool:
        """Whether something waits."""
        return bool(self._frames or self.broker.frames)

    def take(self) -> list[tuple[str, bytes, Token]]:
        """What waits: (node id, frame, what to acknowledge); of each line's node at most one."""
        found = list(self._frames)
        self._frames.clear()
        return found + self.broker.take()

    def acknowledge(self, tokens: list[Token]) -> None:
        """These frames are on disk."""
        for road, address in tokens:
            if road < 0:
                self.lines[-1 - road].acknowledge(address)
        self.broker.acknowledge([token for token in tokens if token[0] >= 0])

    def publish(self, frames: list[tuple[str, bytes]]) -> None:
        """Send frames to nodes, each on its road. What cannot go is dropped: cores repeat."""
        others = []
        for node_id, frame in frames:
            number = self._line_of.get(node_id)
            if number is None:
                others.append((node_id, frame))
            elif not self.lines[number].send(node_id, frame):
                self.dropped += 1
        self.broker.publish(others)

    def _came(self, node_id: str, frame: bytes, address: int) -> None:
        number = self._line_of[node_id]
        try:
            near = wire.peek(frame)[0] == wire.Near.TYPE
        except wire.DecodeError:
            near = False  # The gateway says what is wrong with it.
        if near:
            self.lines[number].acknowledge(address)
            group = self._group_of.get(node_id)
            if group is not None:
                self._hint(group, frame)
                self.broker.tell_near(group, frame)
            return
        self._frames.append((node_id, frame, (-1 - number, address)))
        self._arrived()

    def _hint(self, group: str, frame: bytes) -> None:
        """To all lines with neighbours of a group; the one that said it hears an own one."""
        if frame in self._hints or len(frame) > wire.FRAME_SIZE_MAX:
            return
        self._hints.append(frame)
        for number, groups in enumerate(self._groups):
            if group in groups:
                self.lines[number].tell(frame)
