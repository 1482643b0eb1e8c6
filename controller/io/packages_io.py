"""Fetches data packages that a CMS names, resumes broken downloads, and tells how it goes (P1)."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from protocol import talq

from .. import packages, translate, updates
from ..errors import PackageError
from .engine_io import Engine
from .turn import Turn

_PAUSE_S_MIN, _PAUSE_S_MAX = 0.2, 30.0
_TRIES_MAX = 20
_UNHEARD_TRIES_MAX = 5  # Of an address that never gave a byte: it is wrong, and that is told soon.
_ANSWER_S_MAX = 20.0
_NODES = "esp32"  # The hardware of packages that are for nodes.
_RESULTS = "x-results"  # In a stored request: what became of nodes, once it was judged.
_WORK_S = 0.1
_NAMED_MAX = 20  # Nodes that are named in one event.
_SUCCESS, _PARTIAL, _PAST_END = 200, 206, 416

_log = structlog.get_logger("packages")


class Packages:
    """Downloads in `folder`, one at a time for each package; release_key signs them."""

    def __init__(self, engine: Engine, folder: Path, release_key: bytes | None) -> None:
        self._engine = engine
        self._folder = folder
        self._key = Ed25519PublicKey.from_public_bytes(release_key) if release_key else None
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def listed(self, turn: Turn) -> talq.Answer:
        """GET: the packages this CMS had us install."""
        return talq.Answer(200, list(turn.own.packages.values()))

    async def upgrade(self, turn: Turn) -> talq.Answer:
        """PUT: begin to fetch each; how it goes is told by events."""
        for number, body in enumerate(turn.bodies):
            uri = str(body.get("downloadUri") or "")
            if not uri.startswith(("http://", "https://")):
                where = f"{number}.downloadUri"
                raise talq.TalqError(422, "resourceConflict", "an http(s) URI is needed", where)
        for body in turn.bodies:
            body.pop(_RESULTS, None)
            kept = talq.encode(body)
            name = str(body["packageId"])
            self._engine.gateway.effects.store("resource", turn.cms.uri, "fetching", name, kept)
            self.begin(turn.cms.uri, body)
        await self._engine.settled()
        return talq.Answer(200)

    def begin(self, cms: str, body: dict[str, Any]) -> None:
        """Fetch a package, in the place of an older release of it."""
        place = (cms, str(body["packageId"]))
        before = self._tasks.get(place)
        if before is not None:
            before.cancel()
        self._tasks[place] = asyncio.create_task(self._install(cms, body))

    async def close(self) -> None:
        """End all downloads; they go on after the next start."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _install(self, cms: str, body: dict[str, Any]) -> None:
        results = body.pop(_RESULTS, None)
        if results is None:
            self._tell(cms, "changingRelease", f"{body['packageId']} {body['releaseId']}", True)
        try:
            if results is None:
                package = await self._judged(cms, body)
                self._keep(package)
            else:  # It was judged before the restart, and nodes are being updated.
                package = await asyncio.to_thread(self._kept, body)
            if package.hardware == _NODES:
                await self._bring(cms, body, package, results or {})
        except PackageError as error:
            _log.warning("package refused", package=body["packageId"], why=str(error))
            self._tell(cms, error.event, str(error), None)
        else:
            attachment = self._engine.gateway.attachment(cms)
            attachment.packages[package.package_id] = body
            self._engine.gateway.effects.store(
                "resource", cms, "data-packages", package.package_id, talq.encode(body)
            )
            self._tell(cms, "releaseChanged", package.release_id, None)
        self._tell(cms, "changingRelease", "", False)
        self._engine.gateway.effects.store(
            "resource_gone", cms, "fetching", str(body["packageId"])
        )
        await self._engine.settled()

    async def _judged(self, cms: str, body: dict[str, Any]) -> packages.Package:
        if self._key is None:
            raise PackageError("changeReleaseFailure", "no release key is configured here")
        data = await self._fetch(cms, body)
        return packages.judge(
            data, self._key, package_id=body["packageId"], release_id=body["releaseId"]
        )

    def _keep(self, package: packages.Package) -> None:
        """Whole or not at all: written beside its place, then moved there."""
        path = self._path(package.package_id)
        part = path.with_suffix(".part")
        part.write_bytes(package.content)
        part.replace(path)

    def _path(self, package_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(package_id.encode()).hexdigest()[:16]}.package"

    def _kept(self, body: dict[str, Any]) -> packages.Package:
        """The package for nodes that was judged and kept before a restart."""
        name = str(body["packageId"])
        content = self._path(name).read_bytes()
        return packages.Package(name, str(body["releaseId"]), _NODES, content)

    async def _bring(
        self, cms: str, body: dict[str, Any], package: packages.Package, results: dict[str, str]
    ) -> None:
        """Until every node has committed it or is told why not; PackageError names those."""
        engine = self._engine
        nodes = [devices[0].node for devices in engine.gateway.registry.by_node.values()]
        image = updates.read_image(package.content)
        campaign = updates.Campaign(image, nodes, results, engine.now())
        told = -1
        while not campaign.over:
            if len(campaign.results) != told:
                told = len(campaign.results)
                kept = talq.encode({**body, _RESULTS: campaign.results})
                engine.gateway.effects.store("resource", cms, "fetching", package.package_id, kept)
            campaign.work(engine.now())
            engine.arrived()
            await asyncio.sleep(_WORK_S)
        failed = campaign.failed
        _log.info("nodes updated", release=package.release_id, failed=failed)
        if failed:
            text = f"{len(failed)} of {len(nodes)} nodes: {'; '.join(failed[:_NAMED_MAX])}"
            raise PackageError("changeReleaseFailure", text)

    async def _fetch(self, cms: str, body: dict[str, Any]) -> bytes:
        """All bytes; a broken download goes on where it was, also after a restart."""
        self._folder.mkdir(parents=True, exist_ok=True)
        uri = str(body["downloadUri"])
        # Two CMSs may name one file at one time: each has its own part of it.
        place = "\n".join((cms, str(body["packageId"]), uri))
        path = self._folder / f"{hashlib.sha256(place.encode()).hexdigest()[:16]}.download"
        pause_s, tries, most = _PAUSE_S_MIN, 0, _size(path)
        timeout = httpx.Timeout(_ANSWER_S_MAX)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            while tries < (_TRIES_MAX if most else _UNHEARD_TRIES_MAX):
                try:
                    await self._more(client, uri, path)
                except httpx.HTTPError as error:
                    _log.info("download broke off", uri=uri, why=str(error) or repr(error))
                    if _size(path) > most:  # A bad road brings it too, piece by piece.
                        pause_s, tries, most = _PAUSE_S_MIN, 0, _size(path)
                    tries += 1
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                    continue
                except httpx.InvalidURL as error:
                    text = f"{uri!r} is no address: {error}"
                    raise PackageError("changeReleaseFailure", text) from error
                return await asyncio.to_thread(_taken, path)
        raise PackageError("changeReleaseFailure", f"{uri} cannot be fetched")

    async def _more(self, client: httpx.AsyncClient, uri: str, path: Path) -> None:
        have = await asyncio.to_thread(_size, path)
        # Packed on the way, the bytes that we have would not say how far we are.
        asked = {"accept-encoding": "identity"}
        if have:
            asked["range"] = f"bytes={have}-"
        async with client.stream("GET", uri, headers=asked) as answer:
            if answer.status_code == _PAST_END and have:
                return  # All of it was here already.
            if answer.status_code not in (_SUCCESS, _PARTIAL):
                raise PackageError("changeReleaseFailure", f"{uri} answered {answer.status_code}")
            with path.open("ab" if answer.status_code == _PARTIAL else "wb") as file:
                async for part in answer.aiter_bytes():
                    file.write(part)
                    if file.tell() > packages.PACKAGE_BYTES_MAX:
                        file.truncate(0)
                        text = f"more than {packages.PACKAGE_BYTES_MAX} bytes"
                        raise PackageError("changeReleaseFailure", text)

    def _tell(self, cms: str, event: str, said: str, started: bool | None) -> None:
        """An event of the gateway itself, to the CMS whose package it is."""
        gateway = self._engine.gateway
        now_ms = int(self._engine.now().domain_s * 1000)
        source = talq.join_address(gateway.attachment(cms).gateway_address or talq.NIL, "gateway")
        entry = translate.gateway_entry(source, event, said, now_ms, started)
        gateway.records.own(cms, entry)
        self._engine.arrived()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _taken(path: Path) -> bytes:
    """The whole download, whose file is then gone."""
    data = path.read_bytes()
    path.unlink()
    return data
