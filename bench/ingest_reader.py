"""One reader of the ingest benchmark: `python -m bench.ingest_reader KIND PORT FOLDER KEY`.

It says a line when it listens, is told on standard input how many frames will come, and says how
many it took and what processor time that cost.
"""

from __future__ import annotations

import asyncio
import json
import resource
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiomqtt

from controller.gateway import Gateway
from controller.io.engine_io import Engine
from controller.io.mqtt_io import Broker, MqttLink
from controller.io.store_io import Store
from controller.library import Library
from protocol import plan, worldclock
from protocol.schedule import planning

_S_MAX = 60.0
Count = Callable[[], int]


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def _counted(count: Count) -> None:
    """Tell what it cost to take the frames that are announced on standard input."""
    loop = asyncio.get_running_loop()
    print("listening", flush=True)
    wanted = int(await loop.run_in_executor(None, sys.stdin.readline))
    first, begin_s = count(), _cpu_s()
    end = time.monotonic() + _S_MAX
    while count() - first < wanted and time.monotonic() < end:
        await asyncio.sleep(0.02)
    said = {"frames": count() - first, "cpu_s": _cpu_s() - begin_s}
    print(json.dumps(said), flush=True)


_LIVE = {
    "address": "lamplighter-live",
    "ownerCMS": "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01",
    "sourceAddresses": {"blackList": []},
    "recordingMode": {
        "type": "VendorRecordingMode",
        "content": [
            {"function": {"functionType": "LampMonitorFunction",
                          "attributes": [{"name": "activePower"}]}},
        ],
    },
    "reportingMode": {"type": "ImmediateReportingMode", "delay": 0, "numberOfRetries": 3},
}  # fmt: skip


async def controller(port: int, folder: Path, key: bytes) -> None:
    """The whole controller but its TALQ shells: opened, judged, told, stored, acknowledged."""
    site_plan = plan.load(folder / "plan.json")
    zone = planning.zone_from_name(site_plan.site.zone).to_bytes()
    gateway = Gateway(site_plan, key, zone, secrets.token_bytes, (60, 1))
    store = Store(folder / "controller.db")
    await store.open()
    engine = Engine(gateway, store, worldclock.SystemClock())
    Library(gateway, "bench").put("logger-configs", [_LIVE], True, engine.now())
    stored = 0
    commit = store.commit

    async def counted(writes: list[tuple[str, tuple[object, ...]]]) -> None:
        nonlocal stored
        await commit(writes)
        stored += sum(name == "outbox" for name, _ in writes)

    store.commit = counted  # type: ignore[method-assign, assignment]  # only to count rows
    link = MqttLink(
        Broker("127.0.0.1", port, "controller", None, site_plan.site.name), engine.arrived
    )
    engine.link = link
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(engine.run())]
    while not link.connected:
        await asyncio.sleep(0.01)
    await _counted(lambda: stored)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await store.close()


async def bare(port: int, folder: Path, key: bytes) -> None:
    """The bounded reader alone, which acknowledges at once."""
    site = plan.load(folder / "plan.json").site.name
    taken = 0
    links: list[MqttLink] = []

    def arrived() -> None:
        nonlocal taken
        batch = links[0].take()
        taken += len(batch)
        links[0].acknowledge([token for _, _, token in batch])

    links.append(MqttLink(Broker("127.0.0.1", port, "controller", None, site), arrived))
    running = asyncio.create_task(links[0].run())
    while not links[0].connected:
        await asyncio.sleep(0.01)
    await _counted(lambda: taken)
    running.cancel()


async def aiomqtt_alone(port: int, folder: Path, key: bytes) -> None:
    """A general client that counts."""
    site = plan.load(folder / "plan.json").site.name
    taken = 0

    async def read(client: aiomqtt.Client) -> None:
        nonlocal taken
        async for _ in client.messages:
            taken += 1

    name = f"bench-{secrets.token_hex(4)}"
    async with aiomqtt.Client("127.0.0.1", port, identifier=name) as client:
        await client.subscribe(f"ll/{site}/+/up", qos=1)
        reading = asyncio.create_task(read(client))
        await _counted(lambda: taken)
        reading.cancel()


KINDS = {"controller": controller, "bare": bare, "aiomqtt": aiomqtt_alone}


def main(arguments: list[str]) -> None:
    """Run one reader to its end."""
    kind, port, folder, key = arguments
    asyncio.run(KINDS[kind](int(port), Path(folder), bytes.fromhex(key)))


if __name__ == "__main__":
    main(sys.argv[1:])
