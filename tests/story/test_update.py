"""A CMS names a package: the real controller brings it to a real node over a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.server
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_rig import EVENTS
from real_node import SITE_KEY
from servers import Broker
from update_rig import KEY, UpdatedNode, image

import flasher
from controller import packages
from controller.effects import Now
from controller.gateway import Gateway
from controller.io.engine_io import Engine
from controller.io.mqtt_io import Broker as Address
from controller.io.mqtt_io import MqttLink, tick_ms
from controller.io.packages_io import Packages
from controller.io.restore_io import restore
from controller.io.store_io import Store
from controller.library import Library
from protocol import plan, talq, worldclock
from protocol.schedule import planning

CMS = "http://cms.test/talq"
GATEWAY = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """The address of a folder that is served over HTTP."""
    (tmp_path / "shelf").mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(tmp_path / "shelf"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Site:
    """A controller of one lamp, with its store; `stop` and `start` again as after a kill."""

    def __init__(self, folder: Path, node: UpdatedNode, port: int) -> None:
        self.folder = folder
        self.port = port
        whole = plan.quarter(1, 1, stations=True)
        own = [asset for asset in whole.assets if asset.node_id == node.node_id]
        site = msgspec.structs.replace(whole.site, name="test")
        self.plan = msgspec.structs.replace(whole, site=site, assets=own)

    async def start(self) -> None:
        zone = planning.zone_from_name(self.plan.site.zone).to_bytes()
        self.gateway = Gateway(self.plan, SITE_KEY, zone, secrets.token_bytes, (60, 1))
        self.store = Store(self.folder / "controller.db")
        await self.store.open()
        self.engine = Engine(self.gateway, self.store, worldclock.SystemClock())
        await restore(self.gateway, self.store, [])
        self.link = MqttLink(
            Address("127.0.0.1", self.port, "controller", None, "test"), self.engine.arrived
        )
        self.link.on_connected = self.gateway.connected
        self.engine.link = self.link
        key = KEY.public_key().public_bytes_raw()
        self.packages = Packages(self.engine, self.folder / "packages", key)
        own = self.gateway.attachment(CMS)
        own.gateway_address = GATEWAY
        if not own.loggers:
            now = Now(tick_ms(), time.time())
            Library(self.gateway, CMS).put("logger-configs", [EVENTS], True, now)
        for body in own.fetching.values():
            self.packages.begin(CMS, body)
        self.tasks = [
            asyncio.create_task(self.engine.run()), asyncio.create_task(self.link.run()),
        ]  # fmt: skip

    async def stop(self) -> None:
        await self.packages.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.link._wire and self.link._wire.transport:
            self.link._wire.transport.abort()
        await self.store.close()

    def ask(self, uri: str, release: str) -> None:
        body = {"packageId": "nodes", "releaseId": release, "downloadUri": uri}
        self.gateway.effects.store("resource", CMS, "fetching", "nodes", talq.encode(body))
        self.packages.begin(CMS, body)

    async def told(self) -> list[dict[str, Any]]:
        """Events of the gateway itself that wait for the CMS."""
        rows = await self.store.outbox(CMS, "events", 200)
        found = [talq.read_json(body)["data"] for _, body in rows]
        return [event for event in found if "elease" in event["eventType"]]

    async def ended(self, seconds: float = 90.0) -> dict[str, Any]:
        """What was told last before the change of release ended."""
        async with asyncio.timeout(seconds):
            while True:
                events = await self.told()
                if events and events[-1].get("startEndFlag") is False:
                    return events[-2]
                await asyncio.sleep(0.05)


def pack(folder: Path, version: int, content: bytes) -> str:
    """A package on the shelf; its name."""
    data = packages.build(
        KEY, package_id="nodes", release_id=str(version), hardware="esp32", content=content
    )
    (folder / "shelf" / f"{version}.llpk").write_bytes(data)
    return f"{version}.llpk"


async def joined(site: Site) -> None:
    async with asyncio.timeout(30):
        device = next(iter(site.gateway.devices.values()))
        while not device.node.joined:
            await asyncio.sleep(0.05)


@pytest.mark.slow
def test_p1_a_package_reaches_the_node_and_is_told_when_it_has_committed(
    tmp_path: Path, mosquitto: Broker, shelf: str
) -> None:
    async def story() -> None:
        node = UpdatedNode(tmp_path, mosquitto.port)
        site = Site(tmp_path, node, mosquitto.port)
        await asyncio.to_thread(node.start)
        await site.start()
        try:
            await joined(site)
            name = pack(tmp_path, 2, flasher.sign(image(2), KEY, 2))
            site.ask(f"{shelf}/{name}", "2")
            end = next(iter(site.gateway.devices.values())).node
            async with asyncio.timeout(60):  # The controller falls in the midst of it.
                while end.firmware is None or end.firmware.have_bytes < 20_000:
                    await asyncio.sleep(0.02)
            await site.stop()
            await site.start()
            event = await site.ended()
            assert (event["eventType"], event["info"]) == (
                "releaseChanged", [{"description": "2"}],
            )  # fmt: skip
            end = next(iter(site.gateway.devices.values())).node
            assert end.hello is not None
            assert end.hello.firmware_version == 2
            # One that crashes goes back, and that is told.
            broken = image(
                3, {"firmware/lamp_main.py": ("def run", "raise ValueError\n\n\ndef run")}
            )
            site.ask(f"{shelf}/{pack(tmp_path, 3, flasher.sign(broken, KEY, 3))}", "3")
            await asyncio.sleep(1.0)
            event = await site.ended()
            assert event["eventType"] == "changeReleaseFailure"
            assert "went back" in event["info"][0]["description"]
            end = next(iter(site.gateway.devices.values())).node
            assert end.hello is not None
            assert end.hello.firmware_version == 2
        finally:
            with contextlib.suppress(Exception):
                await site.stop()
            await asyncio.to_thread(node.close)

    asyncio.run(story())
