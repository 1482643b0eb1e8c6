"""The session against a scripted broker, against hostile bytes, and against Mosquitto."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import Broker

from protocol import mqtt
from protocol.mqtt import packet

ACCEPTED = b"\x20\x02\x00\x00"
KEPT = b"\x20\x02\x01\x00"


def opened(*, clean: bool = True, window: int = 20, answer: bytes = ACCEPTED) -> mqtt.Session:
    session = mqtt.Session("c", clean=clean, bounds=(1000, window))
    session.begin(0)
    session.take()
    session.receive(answer, 0)
    session.events.clear()
    return session


def test_what_was_not_acknowledged_is_sent_again_as_a_repetition() -> None:
    session = opened(clean=False)
    number = session.publish("t", b"x")
    session.take()
    session.lost()
    session.begin(10)
    session.take()
    session.receive(KEPT, 10)
    assert session.take() == packet.publish(packet.topic_bytes("t"), b"x", 10, number)


def test_a_broker_that_lost_the_session_gets_messages_as_new() -> None:
    session = opened(clean=False)
    number = session.publish("t", b"x")
    session.take()
    session.lost()
    session.begin(10)
    session.take()
    session.receive(ACCEPTED, 10)
    assert session.take() == packet.publish(packet.topic_bytes("t"), b"x", 2, number)


def test_a_clean_session_forgets_what_was_under_way() -> None:
    session = opened()
    session.publish("t", b"x")
    session.lost()
    assert session.under_way == 0
    with pytest.raises(mqtt.SessionFull):
        session.publish("t", b"y")


def test_a_full_window_refuses_until_an_acknowledgement_comes() -> None:
    session = opened(window=2)
    first = session.publish("t", b"1")
    session.publish("t", b"2")
    with pytest.raises(mqtt.SessionFull):
        session.publish("t", b"3")
    session.receive(packet.puback(first), 1)
    assert session.events == [(mqtt.PUBLISHED, first, None, None, None)]
    assert session.publish("t", b"3")


def test_a_received_message_is_acknowledged_only_when_the_shell_says_so() -> None:
    session = opened()
    session.receive(packet.publish(packet.topic_bytes("t"), b"x", 2, 7), 1)
    assert session.events == [(mqtt.MESSAGE, "t", b"x", 7, 0)]
    assert session.take() == b""
    session.acknowledge(7)
    assert session.take() == packet.puback(7)


def test_silence_is_answered_by_a_ping_and_then_by_breaking() -> None:
    session = opened()
    session.tick(44_000)
    assert session.take() == b""
    session.tick(45_000)
    assert session.take() == packet.PINGREQ
    session.tick(90_001)
    assert session.events[-1][0] == mqtt.BROKEN
    assert session.state == 0


def test_a_refused_connection_says_its_code() -> None:
    session = mqtt.Session("c")
    session.begin(0)
    session.receive(b"\x20\x02\x00\x05", 0)
    assert session.events == [(mqtt.REFUSED, 5, None, None, None)]


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_hostile_bytes_break_the_connection_and_raise_nothing(
    pieces: list[bytes], connected: bool
) -> None:
    session = opened() if connected else mqtt.Session("c")
    if not connected:
        session.begin(0)
    for piece in pieces:
        session.receive(piece, 1)
    if session.state == 0:
        assert session.events[-1][0] in (mqtt.BROKEN, mqtt.REFUSED)


class Client:
    """Our session over a real connection."""

    def __init__(self, session: mqtt.Session) -> None:
        self.session = session
        self.got: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()

    async def run(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer = writer
        self.session.begin(self._now_ms())
        try:
            while True:
                writer.write(self.session.take())
                data = await reader.read(65536)
                if not data:
                    return
                self.session.receive(data, self._now_ms())
                for event in self.session.events:
                    self.got.put_nowait(event)
                self.session.events.clear()
        finally:
            self.session.lost()
            writer.transport.abort()

    def flush(self) -> None:
        self.writer.write(self.session.take())

    async def next(self, kind: int) -> tuple[object, ...]:
        while True:
            event = await asyncio.wait_for(self.got.get(), 5)
            if event[0] == kind:
                return event

    @staticmethod
    def _now_ms() -> int:
        return int(time.monotonic() * 1000) & 0x3FFFFFFF


@asynccontextmanager
async def connected(session: mqtt.Session, port: int) -> AsyncIterator[Client]:
    client = Client(session)
    task = asyncio.create_task(client.run(port))
    await client.next(mqtt.CONNECTED)
    try:
        yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_independent_client_reads_what_we_send_and_sends_what_we_read(
    mosquitto: Broker,
) -> None:
    async with (
        connected(mqtt.Session("ours"), mosquitto.port) as ours,
        aiomqtt.Client("127.0.0.1", mosquitto.port) as theirs,
    ):
        await theirs.subscribe("up/#", qos=1)
        number = ours.session.publish("up/1", b"\x00\xff", retain=True)
        ours.flush()
        assert (await ours.next(mqtt.PUBLISHED))[1] == number
        message = await asyncio.wait_for(anext(aiter(theirs.messages)), 5)
        assert (message.topic.value, message.payload, message.qos) == ("up/1", b"\x00\xff", 1)
        ours.session.subscribe(("down/+", 1))
        ours.flush()
        assert (await ours.next(mqtt.SUBSCRIBED))[2] == b"\x01"
        await theirs.publish("down/1", b"hello", qos=1)
        event = await ours.next(mqtt.MESSAGE)
        assert event[1:3] == ("down/1", b"hello")


async def test_the_last_will_tells_of_a_client_that_vanished(mosquitto: Broker) -> None:
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as theirs:
        await theirs.subscribe("alive", qos=1)
        session = mqtt.Session("mortal", will=("alive", b"0", 1, True))
        async with connected(session, mosquitto.port):
            pass
        message = await asyncio.wait_for(anext(aiter(theirs.messages)), 5)
        assert message.payload == b"0"


async def test_a_kept_session_gets_what_came_while_it_was_away(mosquitto: Broker) -> None:
    session = mqtt.Session("kept", clean=False)
    async with connected(session, mosquitto.port) as client:
        client.session.subscribe(("in", 1))
        client.flush()
        await client.next(mqtt.SUBSCRIBED)
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as theirs:
        await theirs.publish("in", b"waiting", qos=1)
    async with connected(session, mosquitto.port) as client:
        event = await client.next(mqtt.MESSAGE)
        assert event[2] == b"waiting"
    async with connected(session, mosquitto.port) as client:
        event = await client.next(mqtt.MESSAGE)  # Not acknowledged: it comes again.
        assert event[2] == b"waiting"
        client.session.acknowledge(int(str(event[3])))
        client.flush()


async def test_what_is_under_way_survives_the_death_of_the_broker(mosquitto: Broker) -> None:
    session = mqtt.Session("survivor", clean=False)
    async with connected(session, mosquitto.port) as client:
        mosquitto.kill()
        session.publish("late", b"still here")
        client.flush()
    mosquitto.start()
    async with aiomqtt.Client("127.0.0.1", mosquitto.port) as theirs:
        await theirs.subscribe("late", qos=1)
        async with connected(session, mosquitto.port) as client:
            client.flush()
            message = await asyncio.wait_for(anext(aiter(theirs.messages)), 5)
            assert message.payload == b"still here"
            await client.next(mqtt.PUBLISHED)
