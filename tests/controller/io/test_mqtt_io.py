from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aiomqtt
import pytest
from servers import Broker as Mosquitto

from controller.io import mqtt_io
from controller.io.mqtt_io import Broker, MqttLink

NODE = "02aa00000001"
UP, DOWN = f"ll/site/{NODE}/up", f"ll/site/{NODE}/down"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(port: int) -> AsyncIterator[MqttLink]:
    """A link that stands, ended at the end as a killed program would be."""
    link = MqttLink(Broker("127.0.0.1", port, "controller", None, "site"), lambda: None)
    task = asyncio.create_task(link.run())
    try:
        await until(lambda: link.connected)
        await asyncio.sleep(0.1)  # The subscription follows the connection.
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if link._wire and link._wire.transport:
            link._wire.transport.abort()


def node(port: int) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, identifier="node")


async def test_frames_come_up_and_go_down(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.port) as link, node(mosquitto.port) as client:
        await client.subscribe(DOWN, qos=1)
        await client.publish(UP, b"hello", qos=1)
        await until(lambda: bool(link.frames))
        ((node_id, frame, token),) = link.take()
        assert (node_id, frame) == (NODE, b"hello")
        link.acknowledge([token])
        link.publish([(NODE, b"answer")])
        message = await asyncio.wait_for(anext(aiter(client.messages)), 10)
        assert message.payload == b"answer"


async def test_hints_of_our_groups_come_and_go(mosquitto: Mosquitto) -> None:
    link = MqttLink(Broker("127.0.0.1", mosquitto.port, "controller", None, "site"), lambda: None)
    link.groups = ("g1",)
    heard: list[tuple[str, bytes]] = []
    link.on_near = lambda group, frame: heard.append((group, frame))
    task = asyncio.create_task(link.run())
    async with node(mosquitto.port) as client:
        await client.subscribe("ll/site/near/g1")
        await until(lambda: link.connected)
        await asyncio.sleep(0.1)
        await client.publish("ll/site/near/g1", b"one")
        await client.publish("ll/site/near/g2", b"of others")
        await client.publish("ll/site/near/up", b"as if a node spoke", qos=1)
        await until(lambda: bool(heard) and bool(link.frames))
        assert heard == [("g1", b"one")]
        assert [frame[:2] for frame in link.take()] == [("near", b"as if a node spoke")]
        assert (await asyncio.wait_for(anext(aiter(client.messages)), 10)).payload == b"one"
        link.tell_near("g1", b"two")
        assert (await asyncio.wait_for(anext(aiter(client.messages)), 10)).payload == b"two"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if link._wire and link._wire.transport:
        link._wire.transport.abort()


async def test_what_was_not_acknowledged_comes_again_after_a_kill(mosquitto: Mosquitto) -> None:
    async with node(mosquitto.port) as client:
        async with running(mosquitto.port) as link:
            for number in range(4):
                await client.publish(UP, bytes([number]), qos=1)
            await until(lambda: len(link.frames) == 4)
            link.acknowledge([token for _, _, token in link.take()[:2]])
            await asyncio.sleep(0.1)
        async with running(mosquitto.port) as again:
            await until(lambda: len(again.frames) == 2)
            assert [frame for _, frame, _ in again.take()] == [b"\x02", b"\x03"]


async def test_a_token_of_a_former_connection_acknowledges_nothing(mosquitto: Mosquitto) -> None:
    async with node(mosquitto.port) as client, running(mosquitto.port) as link:
        await client.publish(UP, b"x", qos=1)
        await until(lambda: bool(link.frames))
        ((_, _, (connection, packet)),) = link.take()
        link.acknowledge([(connection - 1, packet)])
        assert link._wire is not None
        assert link._wire.transport is not None
        link._wire.transport.abort()
        await until(lambda: bool(link.frames))  # So it comes again.
        ((_, frame, _),) = link.take()
        assert frame == b"x"


async def test_a_link_comes_back_when_its_broker_does(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.port) as link:
        mosquitto.kill()
        await until(lambda: not link.connected)
        link.publish([(NODE, b"lost")])
        assert link.dropped == 1
        await asyncio.to_thread(mosquitto.start)
        await until(lambda: link.connected)


async def test_more_than_can_wait_stays_at_the_broker(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_io, "FRAMES_MAX", 20)
    monkeypatch.setattr(mqtt_io, "BATCH_MAX", 10)
    async with node(mosquitto.port) as client, running(mosquitto.port) as link:
        for number in range(200):
            await client.publish(UP, number.to_bytes(2, "big") * 2000, qos=0)
        await until(lambda: len(link.frames) > 20)
        found: list[bytes] = []
        while len(found) < 200:
            batch = link.take()
            assert len(batch) <= 10
            found += [frame[:2] for _, frame, _ in batch]
            link.acknowledge([token for _, _, token in batch])
            await asyncio.sleep(0.005)
        assert found == [number.to_bytes(2, "big") for number in range(200)]
