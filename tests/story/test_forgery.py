"""The broker is not trusted: forged and replayed frames change no light, and are counted."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiomqtt
from story.city import City

from protocol import wire

VICTIM, OTHER = "L-0007", "L-0008"


def client(city: City, user: str) -> aiomqtt.Client:
    host, port = city.ready["broker"].split(":")
    name, password = city.ready["broker_users"][user]
    return aiomqtt.Client(
        host, int(port), username=name, password=password, identifier=f"thief-{time.time_ns()}"
    )


async def overheard(city: City, topics: list[str], act: Any) -> dict[str, list[bytes]]:
    """Frames that pass on topics while something is done."""
    found: dict[str, list[bytes]] = {topic: [] for topic in topics}
    async with client(city, "controller") as thief:
        for topic in topics:
            await thief.subscribe(topic, qos=1)
        await asyncio.get_running_loop().run_in_executor(None, act)
        try:
            async with asyncio.timeout(1.5):
                async for message in thief.messages:
                    assert isinstance(message.payload, bytes)
                    found[str(message.topic)].append(message.payload)
        except TimeoutError:
            pass
    return found


async def put(city: City, user: str, topic: str, frames: list[bytes]) -> None:
    async with client(city, user) as thief:
        for frame in frames:
            await thief.publish(topic, frame, qos=1)


def lit(city: City) -> float:
    return float(city.world(f"lamps/{VICTIM}")["light_percent"])


def refused(city: City) -> int:
    return int(city.get(f"/lamps/{VICTIM}")["refused_frames"] or 0)


def override(city: City, level_percent: int) -> dict[str, Any]:
    said = {"lamp_ids": [VICTIM], "level_percent": level_percent, "expires_in_s": 3600}
    made: dict[str, Any] = city.request("POST", "/overrides", said).json()
    city.until(lambda: abs(lit(city) - level_percent) < 2, f"light at {level_percent} %")
    return made


async def test_replayed_commands_change_no_light_and_are_counted(city: City) -> None:
    node = city.get(f"/lamps/{VICTIM}")["node_id"]
    up, down = f"ll/marolles/{node}/up", f"ll/marolles/{node}/down"
    heard = await overheard(city, [up, down], lambda: override(city, 90))
    assert any(wire.peek(frame)[0] == wire.Override.TYPE for frame in heard[down])
    last = override(city, 20)
    before = refused(city)
    # The broker itself plays both roads again.
    await put(city, "controller", down, heard[down])
    await put(city, "controller", up, heard[up])
    city.until(lambda: refused(city) > before, "a counted refusal", seconds=70.0)
    assert abs(lit(city) - 20) < 2
    assert city.request("DELETE", f"/overrides/{last['id']}").status_code == 200


async def test_a_frame_of_another_node_changes_nothing(city: City) -> None:
    node, other = (city.get(f"/lamps/{name}")["node_id"] for name in (VICTIM, OTHER))
    first = override(city, 60)
    heard = await overheard(city, [f"ll/marolles/{other}/up"], lambda: dim_other(city))
    frames = heard[f"ll/marolles/{other}/up"]
    assert frames
    # With its own password a node reaches neither the topics of another nor its lamp.
    await put(city, other, f"ll/marolles/{node}/down", frames)
    await put(city, other, f"ll/marolles/{node}/up", frames)
    # And a broker that carries them all the same is refused by the tags.
    before = refused(city)
    await put(city, "controller", f"ll/marolles/{node}/up", frames)
    city.until(lambda: refused(city) > before, "a counted refusal", seconds=70.0)
    assert abs(lit(city) - 60) < 2
    lamp = city.get(f"/lamps/{VICTIM}")
    assert lamp["level_percent"] == 60
    assert city.request("DELETE", f"/overrides/{first['id']}").status_code == 200


def dim_other(city: City) -> None:
    said = {"lamp_ids": [OTHER], "level_percent": 33, "expires_in_s": 3600}
    assert city.request("POST", "/overrides", said).status_code == 201
    city.until(
        lambda: abs(float(city.world(f"lamps/{OTHER}")["light_percent"]) - 33) < 2, "the other"
    )
