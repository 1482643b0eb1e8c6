"""A pair of wires (RS-485) between a controller and nodes: who talks is heard by all others.

The controller comes by TCP (`socket://`), nodes by UDP as radios come to the air. Bytes take the
time that they take at the line's speed; two who talk at once destroy both, and a bad line loses
what is said or bends a bit of it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

_BITS_PER_BYTE = 10
_NODES_MAX = 256
Talker = tuple[str, int] | asyncio.Transport


@dataclass
class _Saying:
    """What one is saying: until when, and whether another talks into it."""

    talker: Talker
    data: bytes
    until_s: float
    spoilt: bool = False


class _Port(asyncio.Protocol):
    """The controller's end of the pair."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._bus.ports.add(self._transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._bus.say(self._transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._transport is not None
        self._bus.ports.discard(self._transport)


class Bus(asyncio.DatagramProtocol):
    """`port` for the controller, `wires` for nodes; `loss` and `noise`: parts of what is said.

    `said` and `spoilt` count; `listener` is told all that is heard.
    """

    def __init__(self, baud: int = 115200, seed: int = 1) -> None:
        self.port = self.wires = 0
        self.loss = self.noise = 0.0
        self.said = self.spoilt = 0
        self.ports: set[asyncio.Transport] = set()
        self.listener: Callable[[bytes], None] = lambda data: None
        self._baud = baud
        self._rng = random.Random(seed)
        self._nodes: dict[tuple[str, int], None] = {}
        self._saying: list[_Saying] = []
        self._datagrams: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0, wires: int = 0) -> None:
        """Listen on ports of the loopback, 0: on any."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", wires))
        self._server = await loop.create_server(lambda: _Port(self), "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The nodes' socket stands."""
        self._datagrams = cast(asyncio.DatagramTransport, transport)
        self.wires = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A node is connected (nothing in it), or says something."""
        self._nodes.pop(addr, None)
        self._nodes[addr] = None
        while len(self._nodes) > _NODES_MAX:
            del self._nodes[next(iter(self._nodes))]
        if data:
            self.say(addr, data)

    def error_received(self, exc: Exception) -> None:
        """A node is off; whoever says so does not say which."""

    def say(self, talker: Talker, data: bytes) -> None:
        """Somebody puts bytes on the pair, after what he is saying already."""
        loop = asyncio.get_running_loop()
        own_s = [one.until_s for one in self._saying if one.talker == talker]
        from_s = max([loop.time(), *own_s])
        until_s = from_s + len(data) * _BITS_PER_BYTE / self._baud
        new = _Saying(talker, data, until_s)
        for other in self._saying:
            if other.talker != talker and other.until_s > from_s:
                other.spoilt = new.spoilt = True
        self._saying.append(new)
        loop.call_at(until_s, self._arrive, new)

    def _arrive(self, said: _Saying) -> None:
        self._saying.remove(said)
        self.said += 1
        data = said.data
        if said.spoilt:
            self.spoilt += 1
            data = bytes(byte | self._rng.randrange(256) for byte in data)
        elif self._rng.random() < self.loss:
            return
        elif self._rng.random() < self.noise:
            at = self._rng.randrange(len(data))
            bent = data[at] ^ 1 << self._rng.randrange(8)
            data = data[:at] + bytes((bent,)) + data[at + 1 :]
        self.listener(data)
        for port in self.ports:
            if port is not said.talker:
                port.write(data)
        if self._datagrams is not None:
            for node in self._nodes:
                if node != said.talker:
                    self._datagrams.sendto(data, node)

    def hang_up(self) -> None:
        """The controller's port goes away, as a pulled plug does."""
        for port in list(self.ports):
            port.abort()

    def close(self) -> None:
        """No pair any more."""
        self.hang_up()
        if self._server is not None:
            self._server.close()
        if self._datagrams is not None:
            self._datagrams.close()
            self._datagrams = None
