"""The controller's connection to the broker: a bounded reader over protocol/mqtt.

Nothing is acknowledged to the broker before the engine says that it is on disk, and when more than
FRAMES_MAX wait the socket is not read any more: so a slow disk fills the broker's queue, not our
memory.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from protocol import mqtt

FRAMES_MAX = 2000
BATCH_MAX = 500
_KEEP_ALIVE_S = 30
_PACKET_SIZE_MAX = 4096
_WINDOW = 4000
_TICK_MASK = 0x3FFFFFFF


def tick_ms() -> int:
    """Real milliseconds, wrapping at 2^30."""
    return time.monotonic_ns() // 1_000_000 & _TICK_MASK


@dataclass(frozen=True)
class Broker:
    """Where the broker is and who we are there."""

    host: str
    port: int
    user: str
    password: str | None
    site: str


class _Wire(asyncio.Protocol):
    """One TCP connection; tells its link what comes."""

    def __init__(self, link: MqttLink) -> None:
        self._link = link
        self.closed = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._link.opened()

    def data_received(self, data: bytes) -> None:
        self._link.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


class MqttLink:
    """Keeps a session with the broker. `arrived` is called when frames wait in `frames`."""

    def __init__(self, broker: Broker, arrived: Callable[[], None]) -> None:
        self._broker = broker
        self._arrived = arrived
        credentials = (broker.user, broker.password) if broker.password else None
        self._session = mqtt.Session(
            f"controller-{broker.site}", credentials, _KEEP_ALIVE_S, clean=False,
            bounds=(_PACKET_SIZE_MAX, _WINDOW),
        )  # fmt: skip
        self._up = f"ll/{broker.site}/+/up"
        self._wire: _Wire | None = None
        self._paused = False
        self._connection = 0
        self.frames: deque[tuple[str, bytes, tuple[int, int]]] = deque()
        self.dropped = 0
        self.connected = False
        self.on_connected: Callable[[], None] = lambda: None
        self.groups: tuple[str, ...] = ()  # Of neighbours on serial lines, whose hints we bring.
        self.on_near: Callable[[str, bytes], None] = lambda group, frame: None

    async def run(self) -> None:
        """Connect, and connect again, for ever."""
        backoff = mqtt.Backoff(100, 200, 5000)
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(backoff.pause_ms(secrets.randbelow(65536)) / 1000)
            try:
                _, wire = await loop.create_connection(
                    lambda: _Wire(self), self._broker.host, self._broker.port
                )
            except OSError:
                continue
            self._wire = wire
            self.opened()
            while not wire.closed.done():
                await asyncio.wait([wire.closed], timeout=1.0)
                self._session.tick(tick_ms())
                self._happened()
                if self._session.state == 2:
                    backoff.succeeded()
            self._wire, self.connected = None, False
            self._session.lost()

    def opened(self) -> None:
        """The connection stands: say CONNECT."""
        if self._wire is None or self._session.state:
            return
        self._connection += 1
        self._paused = False
        self._session.begin(tick_ms())
        self._flush()

    def received(self, data: bytes) -> None:
        """Bytes from the broker."""
        self._session.receive(data, tick_ms())
        self._happened()

    def _happened(self) -> None:
        events = self._session.events
        for kind, a, b, c, _ in events:
            if kind == mqtt.MESSAGE:
                assert isinstance(a, str)
                assert isinstance(b, bytes)
                assert isinstance(c, int)
                whose = a.split("/")[2:]
                if whose[0] == "near" and not c:  # One that asks for an answer is a node's.
                    self.on_near(whose[1], b)
                else:
                    self.frames.append((whose[0], b, (self._connection, c)))
            elif kind == mqtt.CONNECTED:
                near = ((f"ll/{self._broker.site}/near/{name}", 0) for name in self.groups)
                self._session.subscribe((self._up, 1), *near)
                self.connected = True
                self.on_connected()
            elif kind in (mqtt.BROKEN, mqtt.REFUSED) and self._wire and self._wire.transport:
                self._wire.transport.abort()
        events.clear()
        if len(self.frames) > FRAMES_MAX and not self._paused:
            self._pause(True)
        self._flush()
        if self.frames:
            self._arrived()

    def _pause(self, on: bool) -> None:
        self._paused = on
        if self._wire and self._wire.transport and not self._wire.closed.done():
            if on:
                self._wire.transport.pause_reading()
            else:
                self._wire.transport.resume_reading()

    def take(self) -> list[tuple[str, bytes, tuple[int, int]]]:
        """Up to BATCH_MAX frames: (node id, frame, what to acknowledge)."""
        batch = [self.frames.popleft() for _ in range(min(BATCH_MAX, len(self.frames)))]
        if self._paused and len(self.frames) < FRAMES_MAX // 2:
            self._pause(False)
        return batch

    def acknowledge(self, tokens: list[tuple[int, int]]) -> None:
        """These frames are on disk. Those of a former connection come again by themselves."""
        for connection, packet_id in tokens:
            if connection == self._connection:
                self._session.acknowledge(packet_id)
        self._flush()

    def publish(self, frames: list[tuple[str, bytes]]) -> None:
        """Send frames to nodes. What cannot go now is dropped and counted: cores repeat."""
        for node_id, frame in frames:
            if not self.connected:
                self.dropped += 1
                continue
            try:
                self._session.publish(f"ll/{self._broker.site}/{node_id}/down", frame, 1)
            except mqtt.SessionFull:
                self.dropped += 1
        self._flush()

    def tell_near(self, group: str, frame: bytes) -> None:
        """A hint for a group of neighbours; without the broker nobody hears it."""
        if self.connected:
            self._session.publish(f"ll/{self._broker.site}/near/{group}", frame, 0)
            self._flush()

    def _flush(self) -> None:
        data = self._session.take()
        if data and self._wire and self._wire.transport and not self._wire.closed.done():
            self._wire.transport.write(data)
