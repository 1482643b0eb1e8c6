"""The air between radios: each datagram of one simulated radio goes to all others."""

from __future__ import annotations

import asyncio
from typing import cast

# Radios of killed nodes are forgotten, the longest silent first.
_RADIOS_MAX = 4096


class Air(asyncio.DatagramProtocol):
    """`port` is where radios speak to; `told` counts what was brought on."""

    def __init__(self) -> None:
        self.port = 0
        self.told = 0
        self._radios: dict[tuple[str, int], None] = {}
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, port: int) -> None:
        """Listen on a port of the loopback, 0: on any."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", port))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Its socket stands."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """A radio was switched on (nothing in it), or says something."""
        self._radios.pop(addr, None)
        self._radios[addr] = None
        while len(self._radios) > _RADIOS_MAX:
            del self._radios[next(iter(self._radios))]
        if data and self._transport is not None:
            self.told += 1
            for radio in self._radios:
                if radio != addr:
                    self._transport.sendto(data, radio)

    def error_received(self, exc: Exception) -> None:
        """A radio is off; whoever says so does not say which."""

    def close(self) -> None:
        """No air any more."""
        if self._transport is not None:
            self._transport.close()
