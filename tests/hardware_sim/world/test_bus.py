"""The simulated pair of wires: who talks is heard, who talks at once is not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from hardware_sim.world.bus import Bus


def uart(bus: Bus) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.connect(("127.0.0.1", bus.wires))
    made.settimeout(2.0)
    made.send(b"")
    return made


async def heard(one: socket.socket) -> bytes:
    return await asyncio.to_thread(one.recv, 300)


@contextlib.asynccontextmanager
async def wired(count: int) -> AsyncIterator[tuple[Bus, list[socket.socket]]]:
    """A bus and so many nodes on it."""
    bus = Bus()
    await bus.open()
    nodes = [uart(bus) for _ in range(count)]
    await asyncio.sleep(0.05)
    try:
        yield bus, nodes
    finally:
        for node in nodes:
            node.close()
        bus.close()


async def test_controller_and_nodes_hear_each_other_at_the_speed_of_the_line() -> None:
    async with wired(2) as (bus, nodes):
        reader, writer = await asyncio.open_connection("127.0.0.1", bus.port)
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        writer.write(bytes(1152))
        assert await heard(nodes[0]) == bytes(1152)[:300]
        assert loop.time() - begun_s >= 0.1
        nodes[1].send(b"answer")
        assert await reader.readexactly(6) == b"answer"
        assert await heard(nodes[0]) == b"answer"
        writer.close()
        await writer.wait_closed()


async def test_two_who_talk_at_once_destroy_both() -> None:
    async with wired(3) as (bus, nodes):
        nodes[0].send(bytes(100))
        nodes[1].send(bytes(range(1, 101)))
        came = [await heard(nodes[2]), await heard(nodes[2])]
        assert bytes(100) not in came
        assert bytes(range(1, 101)) not in came
        assert bus.spoilt == 2


@pytest.mark.parametrize(("loss", "noise"), [(1.0, 0.0), (0.0, 1.0)])
async def test_a_bad_line_loses_or_bends_what_is_said(loss: float, noise: float) -> None:
    async with wired(2) as (bus, nodes):
        bus.loss, bus.noise = loss, noise
        nodes[0].send(b"is it raining?")
        if loss:
            nodes[1].settimeout(0.1)
            with pytest.raises(TimeoutError):
                await heard(nodes[1])
        else:
            came = await heard(nodes[1])
            differing = int.from_bytes(came, "big") ^ int.from_bytes(b"is it raining?", "big")
            assert differing.bit_count() == 1
