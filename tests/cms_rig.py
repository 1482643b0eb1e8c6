"""A CMS in this process over a real SQLite, and a gateway that speaks as our controller does."""

from __future__ import annotations

import datetime
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from gateway_rig import EVENTS, LIVE, Rig, RigNode

from cms import api, run, talq
from cms.live_io import Live
from cms.site import Site
from cms.store import Store, tables
from cms.street_io import Street
from controller import announce, assets
from controller.attachment import LIMITS
from controller.library import Library
from protocol import talq as wire_talq

GATEWAY_URI = "http://127.0.0.1:9/gateway"
CMS_URI = "http://127.0.0.1:8/talq"
START = datetime.datetime(2026, 11, 21, 8, tzinfo=datetime.UTC)


_templates: list[bytes] = []


async def _migrated() -> bytes:
    """A database with the schema and nothing in it: its migrations run once, not for each test."""
    if not _templates:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cms.db"
            store = Store(f"sqlite+aiosqlite:///{path}")
            await store.open()
            await store.close()
            assert not path.with_name("cms.db-wal").exists(), "all of it is in one file"
            _templates.append(path.read_bytes())
    return _templates[0]


class Clock:
    """A clock that is told."""

    def __init__(self) -> None:
        self.at_s = START.timestamp()

    def now_s(self) -> float:
        return self.at_s

    def speed(self) -> float:
        return 1.0


class Cms:
    """The wired CMS; `rig` is the street under a gateway that reports to it."""

    def __init__(
        self, folder: Path, *, lamps: int = 3, bays: int = 2, stations: bool = False
    ) -> None:
        self.rig = Rig(lamps, bays, stations=stations)
        self.clock = Clock()
        self._file = folder / "cms.db"
        self.store = Store(f"sqlite+aiosqlite:///{self._file}")
        self.street = Street(Site(self.rig.site), self.clock)
        self.gateway = ""
        self.sent = 0

    async def open(self) -> None:
        """Bring everything up, with one token of each role."""
        if not self._file.exists():
            self._file.write_bytes(await _migrated())
        await self.store.open()
        own = await run.own_address(self.store)
        self.live = Live(self.store)
        await self.live.start()
        self.store.on_told = self.live.add
        self.desired = talq.Desired(self.street, own)
        self.server = talq.CmsServer(self.store, self.street, self.desired, own)
        self.server.allow_loopback = True
        parts = api.Context(self.store, self.street, self.desired, self.live)
        app = api.build(parts, wire_talq.Face("cms", self.server.carry_out, wire_talq.STRUCTS))
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 7))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://cms.test")
        self.tokens = {
            role: await run.add_token(self.store, role, role, 0)
            for role in ("viewer", "operator", "admin")
        }

    async def close(self) -> None:
        await self.http.aclose()
        await self.store.close()

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: str = "operator", **more: Any
    ) -> httpx.Response:
        """A request to the operator API."""
        headers = {"authorization": f"Bearer {self.tokens[role]}"} | more.pop("headers", {})
        return await self.http.request(
            method, f"/api/v1{path}", json=body, headers=headers, **more
        )

    async def get(self, path: str, **query: Any) -> Any:
        """An answer that must be a success."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def talq(
        self, method: str, path: str, body: Any = None, *, sender: str | None = None, **more: Any
    ) -> httpx.Response:
        """A request of a gateway."""
        query = {"talqRequestId": str(uuid.uuid4()), "clientAddress": sender or self.gateway}
        headers = {wire_talq.VERSION_HEADER: wire_talq.API_VERSION} | more.pop("headers", {})
        data = wire_talq.encode(body) if body is not None else None
        return await self.http.request(
            method, f"/talq{path}", params=query, headers=headers,
            content=more.pop("content", data), **more,
        )  # fmt: skip

    def steps(self) -> list[tuple[str, str, Any]]:
        """What our controller says after B1, in its order."""
        addresses = (self.gateway, "cms")
        uris = {"cms": CMS_URI, "gateway": GATEWAY_URI}
        device = announce.gateway_device(self.rig.site, uris, addresses, self.clock.now_s())
        classes = [announce.device_class(c) for c in announce.CLASSES[1:]]
        return [
            ("POST", "/device-classes", [announce.device_class(announce.GATEWAY_CLASS)]),
            ("PATCH", f"/devices/{self.gateway}", device),
            ("POST", "/services", announce.services(LIMITS)),
            ("POST", "/device-classes", classes),
            *(("POST", f"/{path}", bodies) for path, bodies in assets.types(self.rig.site)),
            ("POST", "/devices", self.devices()),
        ]

    def devices(self) -> list[dict[str, Any]]:
        """The devices as our controller announces them."""
        return [
            announce.device(d, CMS_URI, self.rig.site) for d in self.rig.gateway.devices.values()
        ]

    async def announced(self) -> httpx.Response:
        """B1; our address is in the answer."""
        uris = {"cms": CMS_URI, "gateway": GATEWAY_URI}
        first = announce.gateway_device(self.rig.site, uris, ("", ""), self.clock.now_s())
        answer = await self.talq("POST", "/devices", [first], sender=wire_talq.NIL)
        if answer.status_code == 201:
            self.gateway = answer.json()[0]["address"]
        return answer

    async def attach(self) -> None:
        """The whole bootstrap; from then on the street reports."""
        assert (await self.announced()).status_code == 201
        for method, path, body in self.steps():
            answer = await self.talq(method, path, body)
            assert answer.status_code < 300, answer.text
        library = Library(self.rig.gateway, CMS_URI)
        known = self.rig.gateway.attachment(CMS_URI).loggers
        for config in (EVENTS, LIVE):
            new = config["address"] not in known
            library.put("logger-configs", [config], new, self.rig.now)
        self.rig.run(2)
        await self.report()

    def entries(self, logger: str) -> list[dict[str, Any]]:
        """What the gateway has recorded since the last report."""
        return self.rig.outbox(logger)

    async def report(self) -> None:
        """Everything that the gateway has recorded and not told yet."""
        written, self.sent = self.rig.disk[self.sent :], len(self.rig.disk)
        for logger in ("events", "live"):
            entries = [
                wire_talq.read_json(values[2]) for name, values in written
                if name == "outbox" and values[1] == logger
            ]  # fmt: skip
            if entries:
                body = {"address": f"lamplighter-{logger}", "entries": entries}
                answer = await self.talq("POST", "/log-reports", body)
                assert answer.status_code == 201, answer.text

    async def says(self, node: RigNode, *messages: Any) -> None:
        """A node says something, and it comes up to us."""
        for message in messages:
            self.rig.say(node, message)
        await self.report()

    async def rows(self, table: sa.Table) -> list[Mapping[str, Any]]:
        """All rows of a table."""
        async with self.store.read() as unit:
            return list(await unit.rows(sa.select(table)))

    async def calls(self) -> list[tuple[str, Any]]:
        """What waits to be sent to gateways: (operation, body)."""
        return [(row["operation"], row["body"]) for row in await self.rows(tables.calls)]
