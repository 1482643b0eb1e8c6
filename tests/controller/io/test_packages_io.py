"""Packages over a real HTTP server that breaks off as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from gateway_rig import CMS, EVENTS, Rig

from controller import packages
from controller.io import packages_io
from controller.io.engine_io import Engine
from controller.io.packages_io import Packages
from controller.io.restore_io import restore
from controller.io.store_io import Store
from controller.library import Library
from protocol import talq, worldclock

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = "http://other.test/talq"
GATEWAY = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"
CONTENT = bytes(range(256)) * 200


def package(
    release: str = "2", hardware: str = "lamplighter-gateway", content: bytes = CONTENT
) -> bytes:
    return packages.build(
        KEY, package_id="firmware", release_id=release, hardware=hardware, content=content
    )


class Shelf:
    """An HTTP server with one file; each answer ends after the next number of `cuts`."""

    def __init__(self) -> None:
        self.data = package()
        self.cuts: list[int] = []
        self.status = 200
        self.knows_ranges = True
        self.packs = False
        self.asked: list[int] = []
        self.waits = asyncio.Event()
        self.waits.set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/firmware.llpk"

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            found = re.search(r"range: bytes=(\d+)-", head)
            start = int(found[1]) if found and self.knows_ranges else 0
            self.asked.append(start)
            await self.waits.wait()
            status = self.status if not start or self.status != 200 else 206
            status = 416 if start >= len(self.data) else status
            packed = self.packs and re.search(r"accept-encoding:.*gzip", head)
            data = gzip.compress(self.data) if packed else self.data
            body = data[start:] if status in (200, 206) else b""
            more = "content-encoding: gzip\r\n" if packed else ""
            writer.write(
                f"HTTP/1.1 {status} x\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode()
            )
            writer.write(body[: self.cuts.pop(0)] if self.cuts else body)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class Updating:
    """A gateway over a real store that fetches packages; `restart` as after a power cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf()
        self.key: bytes | None = PUBLIC
        self.uri = ""

    async def start(self) -> None:
        self.rig = Rig(1, 1)
        self.store = Store(self.folder / "controller.db")
        await self.store.open()
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        await restore(self.rig.gateway, self.store, [])
        self.packages = Packages(self.engine, self.folder / "packages", self.key)
        self.turns = asyncio.create_task(self.engine.run())
        for cms in (CMS, OTHER):
            attachment = self.rig.gateway.attachment(cms)
            attachment.gateway_address = GATEWAY
            if not attachment.loggers:
                Library(self.rig.gateway, cms).put(
                    "logger-configs", [EVENTS], True, self.engine.now()
                )
            for body in attachment.fetching.values():
                self.packages.begin(cms, body)
        await self.engine.settled()

    async def stop(self) -> None:
        await self.packages.close()
        self.turns.cancel()
        await asyncio.gather(self.turns, return_exceptions=True)
        await self.store.close()

    def ask(self, release: str = "2", cms: str = CMS) -> None:
        """As PUT /data-packages does: written down, and begun."""
        body = {"packageId": "firmware", "releaseId": release, "downloadUri": self.uri}
        self.rig.gateway.effects.store("resource", cms, "fetching", "firmware", talq.encode(body))
        self.packages.begin(cms, body)

    async def told(self, cms: str = CMS) -> list[str]:
        """The events of the gateway itself, once the update has ended; `+` began, `-` ended."""
        async with asyncio.timeout(20):
            while True:
                rows = await self.store.outbox(cms, "events", 100)
                events = [talq.read_json(body)["data"] for _, body in rows]
                if events and events[-1].get("startEndFlag") is False:
                    return [_said(event) for event in events]
                await asyncio.sleep(0.01)

    def kept(self) -> list[bytes]:
        """The contents of the packages that were taken."""
        return [path.read_bytes() for path in (self.folder / "packages").glob("*.package")]


def _said(event: dict[str, Any]) -> str:
    mark = {True: "+", False: "-", None: ""}[event.get("startEndFlag")]
    return f"{mark}{event['eventType']}"


DONE = ["+changingRelease", "releaseChanged", "-changingRelease"]
FAILED = ["+changingRelease", "changeReleaseFailure", "-changingRelease"]


@pytest.fixture
async def updating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Updating]:
    for name in ("_PAUSE_S_MIN", "_PAUSE_S_MAX"):
        monkeypatch.setattr(packages_io, name, 0.01)
    made = Updating(tmp_path)
    made.uri = await made.shelf.start()
    await made.start()
    yield made
    await made.stop()
    await made.shelf.stop()


async def test_p1_an_update_is_told_by_events_in_order_and_listed(updating: Updating) -> None:
    updating.ask()
    assert await updating.told() == DONE
    assert updating.kept() == [CONTENT]
    assert list(updating.rig.gateway.attachment(CMS).packages) == ["firmware"]
    assert await updating.store.rows("SELECT * FROM resource WHERE kind='fetching'") == []
    assert await updating.store.outbox(OTHER, "events", 9) == []


async def test_p1_a_download_that_breaks_off_goes_on_where_it_was(updating: Updating) -> None:
    updating.shelf.cuts = [1000, 0, 2500]
    updating.ask()
    assert await updating.told() == DONE
    assert updating.shelf.asked == [0, 1000, 1000, 3500]
    assert updating.kept() == [CONTENT]


async def test_p1_a_road_that_breaks_often_brings_it_in_the_end(updating: Updating) -> None:
    updating.shelf.cuts = [1000] * 40
    updating.ask()
    assert await updating.told() == DONE
    assert updating.kept() == [CONTENT]


async def test_p1_an_address_where_nobody_is_fails_after_few_tries(
    updating: Updating, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    more = packages_io.Packages._more

    async def counted(self: packages_io.Packages, *where: Any) -> None:
        tries.append(where[1])
        await more(self, *where)

    monkeypatch.setattr(packages_io.Packages, "_more", counted)
    updating.uri = "http://127.0.0.1:9/nobody"
    updating.ask()
    assert await updating.told() == FAILED
    assert tries == [updating.uri] * 5, "a wrong address is told in seconds"


async def test_p1_a_server_without_ranges_sends_it_all_again(updating: Updating) -> None:
    updating.shelf.knows_ranges = False
    updating.shelf.cuts = [1000, 2000]
    updating.ask()
    assert await updating.told() == DONE
    assert updating.kept() == [CONTENT]


async def test_p1_a_server_that_packs_does_not_shift_the_place(updating: Updating) -> None:
    updating.shelf.packs = True
    updating.shelf.cuts = [600]
    updating.ask()
    assert await updating.told() == DONE


async def test_p1_a_download_goes_on_after_a_restart(updating: Updating) -> None:
    updating.shelf.cuts = [7000]
    updating.ask()
    while not updating.shelf.asked:
        await asyncio.sleep(0.01)
    updating.shelf.waits.clear()
    while len(updating.shelf.asked) < 2:
        await asyncio.sleep(0.01)
    await updating.stop()
    updating.shelf.waits.set()
    await updating.start()
    told = await updating.told()
    assert told[-3:] == DONE
    assert set(told) == set(DONE)
    assert set(updating.shelf.asked[1:]) == {7000}
    assert updating.kept() == [CONTENT]
    await updating.stop()
    await updating.start()
    assert updating.rig.gateway.attachment(CMS).packages["firmware"]["releaseId"] == "2"
    assert updating.rig.gateway.attachment(CMS).fetching == {}


async def test_p1_the_last_byte_alone_is_asked_for_again(updating: Updating) -> None:
    updating.shelf.cuts = [len(updating.shelf.data) - 1, 0]
    updating.ask()
    assert await updating.told() == DONE
    assert updating.shelf.asked[-1] == len(updating.shelf.data) - 1


async def test_p1_two_cms_may_ask_for_one_file_at_one_time(updating: Updating) -> None:
    updating.shelf.cuts = [1000, 3000, 2000, 100]
    updating.ask()
    updating.ask(cms=OTHER)
    assert await updating.told() == DONE
    assert await updating.told(OTHER) == DONE
    assert updating.kept() == [CONTENT]


async def test_p1_another_release_than_asked_is_told_as_such(updating: Updating) -> None:
    updating.ask(release="3")
    assert await updating.told() == ["+changingRelease", "releaseMismatch", "-changingRelease"]
    assert updating.kept() == []


@pytest.mark.parametrize("fault", ["bit", "hardware", "key", "missing", "uri"])
async def test_p2_what_does_not_fit_is_refused_and_touches_no_node(
    updating: Updating, fault: str
) -> None:
    if fault == "bit":
        updating.shelf.data = updating.shelf.data[:-1] + b"!"
    elif fault == "hardware":
        updating.shelf.data = package(hardware="toaster")
    elif fault == "missing":
        updating.shelf.status = 404
    elif fault == "uri":
        updating.uri = "http://host:port/x"
    else:
        updating.packages._key = None
    updating.ask()
    assert await updating.told() == FAILED
    assert updating.kept() == []
    assert updating.rig.gateway.attachment(CMS).packages == {}
    assert updating.rig.gateway.effects.frames == []
    assert await updating.store.rows("SELECT * FROM resource WHERE kind='fetching'") == []


async def test_p2_a_refused_file_does_not_stand_in_the_way_of_a_good_one(
    updating: Updating, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = updating.shelf.data
    monkeypatch.setattr(packages, "PACKAGE_BYTES_MAX", len(good))
    updating.shelf.data = good * 2
    updating.ask()
    assert await updating.told() == FAILED
    updating.shelf.data = good
    updating.ask()
    async with asyncio.timeout(20):
        while not updating.kept():
            await asyncio.sleep(0.01)
    assert updating.kept() == [CONTENT]


async def test_p1_a_newer_order_takes_the_place_of_one_under_way(updating: Updating) -> None:
    updating.shelf.waits.clear()
    updating.ask()
    while not updating.shelf.asked:
        await asyncio.sleep(0.01)
    updating.shelf.data = package("3")
    updating.ask("3")
    updating.shelf.waits.set()
    told = await updating.told()
    assert told[-3:] == DONE
    assert updating.rig.gateway.attachment(CMS).packages["firmware"]["releaseId"] == "3"
