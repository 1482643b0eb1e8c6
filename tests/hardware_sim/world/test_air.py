"""The simulated air: what one radio says, all others hear."""

from __future__ import annotations

import asyncio
import socket

import pytest

from hardware_sim.world import air


def radio(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(("127.0.0.1", port))
    made.settimeout(2.0)
    made.send(b"")
    return made


async def heard(one: socket.socket) -> bytes:
    return await asyncio.to_thread(one.recv, 300)


async def test_all_others_hear_what_one_says_and_it_does_not() -> None:
    space = air.Air()
    await space.open(0)
    radios = [radio(space.port) for _ in range(3)]
    try:
        await asyncio.sleep(0.05)
        radios[0].send(b"hint")
        assert [await heard(one) for one in radios[1:]] == [b"hint", b"hint"]
        radios[0].settimeout(0.05)
        with pytest.raises(TimeoutError):
            await heard(radios[0])
        radios[1].close()  # A node without mains disturbs nobody.
        radios[0].send(b"again")
        assert await heard(radios[2]) == b"again"
        assert space.told == 2
    finally:
        space.close()
        for one in radios:
            one.close()


async def test_only_so_many_radios_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(air, "_RADIOS_MAX", 2)
    space = air.Air()
    for number in range(5):
        space.datagram_received(b"", ("127.0.0.1", number))
    assert len(space._radios) == 2
