"""The controller's port of a line, and all roads as one, against nodes on a simulated pair."""

from __future__ import annotations

import asyncio
import contextlib
import termios
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from controller.io.line_io import LineLink
from controller.io.mqtt_io import Broker, MqttLink
from controller.io.roads_io import Roads
from controller.lines import SerialLine
from hardware_sim.world.bus import Bus
from protocol import wire
from protocol.wire import controller_end, line

SITE_KEY = bytes(range(32))
IDS = {address: f"0200000000{address:02x}" for address in range(1, 6)}


class Node(asyncio.DatagramProtocol):
    """A node's end in the loop of the test; `got` is what it was told."""

    def __init__(self, address: int) -> None:
        self.end = line.PolledNode(address)
        self.got: list[bytes] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.transport.sendto(b"\0")  # Nothing at all would not be sent.

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        answer = self.end.receive(data)
        if answer:
            self.transport.sendto(answer)
        self.got += [frame for what, frame in self.end.came if what != line.BEGUN]
        self.end.came.clear()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def street(*addresses: int) -> AsyncIterator[tuple[Bus, dict[int, Node], SerialLine]]:
    """A bus with nodes, and the setting of its line."""
    bus = Bus()
    await bus.open()
    loop = asyncio.get_running_loop()
    nodes = {address: Node(address) for address in addresses}
    for node in nodes.values():
        await loop.create_datagram_endpoint(
            lambda node=node: node,  # type: ignore[misc] # bound now
            remote_addr=("127.0.0.1", bus.wires),
        )
    by_id = {IDS[address]: address for address in addresses}
    try:
        yield bus, nodes, SerialLine(f"socket://127.0.0.1:{bus.port}", 115200, by_id)
    finally:
        for node in nodes.values():
            assert node.transport is not None
            node.transport.close()
        bus.close()


@contextlib.asynccontextmanager
async def running(road: LineLink | Roads) -> AsyncIterator[None]:
    task = asyncio.create_task(road.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def roads(*rows: SerialLine, groups: dict[str, str] | None = None) -> Roads:
    """Roads without a broker: nothing listens at its port."""
    broker = MqttLink(Broker("127.0.0.1", 9, "controller", None, "test"), lambda: None)
    return Roads(broker, rows, groups or {}, lambda: None)


async def test_frames_cross_a_bad_line_once_each_and_in_order() -> None:
    async with street(1, 2) as (bus, nodes, row):
        found: dict[str, list[bytes]] = {node_id: [] for node_id in row.nodes}

        def came(node_id: str, frame: bytes, address: int) -> None:
            found[node_id].append(frame)
            link.acknowledge(address)

        link = LineLink(row, came)
        async with running(link):
            await until(lambda: all(link.up(node_id) for node_id in row.nodes))
            bus.loss, bus.noise = 0.1, 0.1
            frames = [bytes((number,)) * 100 for number in range(8)]
            for frame in frames:
                for address, node in nodes.items():
                    assert node.end.queue(frame)
                    assert link.send(IDS[address], frame)
            await until(lambda: all(rows == frames for rows in found.values()), 20)
            await until(lambda: all(node.got == frames for node in nodes.values()), 20)
            assert not bus.spoilt


async def test_a_port_that_goes_away_is_opened_again() -> None:
    async with street(1) as (bus, nodes, row):
        link = LineLink(row, lambda node_id, frame, address: link.acknowledge(address))
        got = nodes[1].got
        async with running(link):
            await until(lambda: link.up(IDS[1]))
            for number in range(2):
                bus.hang_up()
                await until(lambda: not bus.ports)
                await until(lambda: bus.ports)
                assert link.send(IDS[1], bytes((number,)))
                await until(lambda n=number + 1: len(got) == n)  # type: ignore[misc] # bound now


async def test_a_port_that_is_not_there_stops_nobody() -> None:
    link = LineLink(SerialLine("/dev/no-such-port", 9600, {IDS[1]: 1}), lambda *_: None)
    async with running(link):
        await asyncio.sleep(0.3)
        assert not link.open
        assert not link.up(IDS[1])


async def test_an_adapter_that_is_pulled_out_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def pulled(*_: object, **__: object) -> None:
        tries.append(1)
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr("controller.io.line_io.serial.serial_for_url", pulled)
    link = LineLink(SerialLine("/dev/ttyUSB0", 9600, {IDS[1]: 1}), lambda *_: None)
    async with running(link):
        await until(lambda: len(tries) > 2)


async def test_a_frame_is_acknowledged_after_the_engine_says_so() -> None:
    async with street(1) as (_, nodes, row):
        made = roads(row)
        async with running(made):
            await until(lambda: made.lines[0].up(IDS[1]))
            nodes[1].end.queue(b"one")
            nodes[1].end.queue(b"two")
            await until(lambda: made.frames)
            await asyncio.sleep(0.3)
            batch = made.take()
            assert [(node_id, frame) for node_id, frame, _ in batch] == [(IDS[1], b"one")]
            assert not made.frames
            made.acknowledge([token for _, _, token in batch])
            await until(lambda: made.frames)
            assert [frame for _, frame, _ in made.take()] == [b"two"]


async def test_frames_go_down_on_the_road_of_their_node() -> None:
    async with street(1, 2) as (_, nodes, row):
        made = roads(row)
        async with running(made):
            await until(lambda: all(made.lines[0].up(IDS[address]) for address in (1, 2)))
            made.publish([(IDS[2], b"two"), (IDS[1], b"one"), ("0200000000ff", b"by broker")])
            await until(lambda: nodes[1].got and nodes[2].got)
            assert (nodes[1].got, nodes[2].got) == ([b"one"], [b"two"])
            assert made.broker.dropped == 1


async def test_a_hint_goes_to_its_group_on_all_lines_and_to_no_other() -> None:
    key = controller_end.near_key(SITE_KEY, "street-1")
    speaker = wire.Neighbours(key, bytes.fromhex(IDS[1]), 1, 1)
    hint = speaker.hint(30)
    groups = {IDS[1]: "street-1", IDS[2]: "street-1", IDS[3]: "street-1", IDS[4]: "street-2"}
    async with (
        street(1, 2) as (_, one, first),
        street(3) as (_, two, second),
        street(4) as (_, three, third),
    ):
        made = roads(first, second, third, groups=groups)
        assert made.broker.groups == ("street-1", "street-2")
        async with running(made):
            rows = list(zip(made.lines, (first, second, third), strict=True))
            await until(lambda: all(link.up(i) for link, row in rows for i in row.nodes))
            one[1].end.queue(hint)
            await until(lambda: one[2].got and two[3].got)
            made.broker.on_near("street-1", hint)  # As the broker brings it back.
            from_broker = speaker.hint(20)
            made.broker.on_near("street-1", from_broker)
            await until(lambda: len(two[3].got) == 2)
            assert two[3].got == [hint, from_broker]
            assert not three[4].got
            assert not made.frames
