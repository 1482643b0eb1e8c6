"""Prints what passes a broker, decoded: an independent client over the protocol's tables.

Frames are read without keys, so what is told is what was sent, not that it is true.
"""

from __future__ import annotations

import datetime
from typing import Any

import aiomqtt

from protocol import wire

from .errors import MissingError


def line(topic: str, payload: bytes) -> str:
    """One message as a line of text."""
    kind = topic.rpartition("/")[2]
    if kind not in ("up", "down", "near"):
        return f"{topic} {payload.decode(errors='replace')!r}"
    try:
        message = wire.decode(payload)
        _, sequence = wire.peek(payload)
    except wire.DecodeError as error:
        return f"{topic} not a frame: {error.reason} ({payload.hex()})"
    fields = " ".join(f"{name}={_shown(getattr(message, name))}" for name in message.FIELDS)
    return f"{topic} {type(message).__name__} seq={sequence} channel={message.channel} {fields}"


def _shown(value: Any) -> str:
    return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)


async def run(
    broker: str, user: str | None, password: str | None, topic: str, messages: int
) -> None:
    """Print messages as they come; 0: for ever. MissingError when the broker is not there."""
    host, _, port = broker.rpartition(":")
    if not host or not port.isdigit():
        raise MissingError(f"the broker {broker!r} is not HOST:PORT")
    client = aiomqtt.Client(host, int(port), username=user, password=password)
    seen = 0
    try:
        async with client:
            await client.subscribe(topic)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                clock = datetime.datetime.now().strftime("%H:%M:%S.%f")[:-3]
                print(clock, line(str(message.topic), message.payload), flush=True)
                seen += 1
                if seen == messages:
                    return
    except aiomqtt.MqttError as error:
        raise MissingError(f"the broker {broker}: {error}") from error
