"""One CMS, from its settings to its end: store, TALQ side, API, pages, timers."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import uuid
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from starlette.types import ASGIApp

from protocol import plan, tls, worldclock
from protocol import talq as wire_talq

from . import api, people, talq
from .commands import LIVING
from .errors import SettingsError
from .live_io import Live
from .settings import Settings
from .site import Site
from .store import Store, tables
from .street_io import Street

FIRST_TOKEN = "first-token"
_EXPIRY_LOOK_S = 0.25
_log = structlog.get_logger("cms")


async def own_address(store: Store) -> str:
    """Our TALQ address, made once."""
    f = tables.facts.c
    async with store.write() as unit:
        rows = await unit.rows(sa.select(f.value).where(f.name == "talq_address"))
        if rows:
            return str(rows[0]["value"])
        address = str(uuid.uuid4())
        await unit.put(tables.facts, {"name": "talq_address", "value": address})
        return address


async def add_token(store: Store, name: str, role: str, now_ms: int) -> str:
    """A new token; only its digest is kept."""
    token = secrets.token_urlsafe(people.TOKEN_BYTES)
    row = {"digest": people.digest(token), "name": name, "role": role, "created_ms": now_ms,
           "session": False}  # fmt: skip
    async with store.write() as unit:
        await unit.put(tables.tokens, row)
    return token


async def _first_token(store: Store, data: Path, now_ms: int) -> None:
    """No default passwords: the first start writes one token, for its owner alone."""
    async with store.read() as unit:
        query = sa.select(tables.tokens.c.name).where(tables.tokens.c.session.is_(False))
        if await unit.rows(query.limit(1)):
            return
    token = await add_token(store, "admin", "admin", now_ms)
    path = data / FIRST_TOKEN
    path.touch(mode=0o600)
    path.write_text(token + "\n")
    _log.info("first token written", file=str(path))


async def _keep_time(store: Store, street: Street, desired: talq.Desired) -> None:
    """Begins overrides that were held and ends them when their time has come, for ever."""
    o = tables.overrides.c
    while True:
        await asyncio.sleep(_EXPIRY_LOOK_S)
        now_ms = street.now_ms()
        living = sa.select(tables.overrides).where(o.state.in_(LIVING), o.starts_ms <= now_ms)
        async with store.read() as unit:
            rows = await unit.rows(living)
        over = [row["id"] for row in rows if row["expires_ms"] <= now_ms]
        due = [row for row in rows if row["body"].get("held") and row["id"] not in over]
        if over or due:
            async with store.write() as unit:
                for row in due:
                    await desired.begin(unit, row)
                for override_id in over:
                    await street.tell_override(unit, override_id)


async def run(settings: Settings, clock: worldclock.Clock, ready_file: Path | None) -> None:
    """Run until SIGINT or SIGTERM."""
    if settings.plan is None:
        raise SettingsError("plan is missing; give --plan FILE")
    settings.data.mkdir(parents=True, exist_ok=True)
    store = Store(settings.db)
    await store.open()
    street = Street(Site(plan.load(settings.plan)), clock)
    own = await own_address(store)
    await _first_token(store, settings.data, street.now_ms())
    desired = talq.Desired(street, own)
    trust = tls.Trust(settings.tls) if settings.tls else None
    callers = talq.Callers(store, street, own)
    callers.verify = trust.client() if trust else True
    live = Live(store)
    await live.start()
    store.on_told, store.on_call = live.add, callers.wake
    server = talq.CmsServer(store, street, desired, own)
    server.allow_loopback = settings.talq_allow_loopback
    server.expected = tuple(uri.rstrip("/") for uri in settings.expected_gateways)
    watched = talq.Certificates(store, street, trust.ends if trust else None)
    server.certificates = watched
    face = wire_talq.Face("cms", server.carry_out, wire_talq.STRUCTS)
    app = api.build(api.Context(store, street, desired, live), tls.certified(face))
    await callers.start()
    work = [callers.watch(), watched.watch(), _keep_time(store, street, desired)]
    await _until_stopped(settings, app, trust, work, ready_file)
    await callers.close()
    await store.close()


async def _until_stopped(
    settings: Settings,
    app: ASGIApp,
    trust: tls.Trust | None,
    work: Sequence[Coroutine[Any, Any, None]],
    ready_file: Path | None,
) -> None:
    """Serve beside the work; the first error ends everything."""
    server = tls.server(app, settings.host, settings.port, trust)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve())
    tasks: list[asyncio.Task[Any]] = [serving, asyncio.create_task(stop.wait())]
    tasks += [asyncio.create_task(one) for one in work]
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if ready_file is not None and server.started:
        _tell_ready(ready_file, settings)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await asyncio.wait([serving], timeout=2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _tell_ready(path: Path, settings: Settings) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(json.dumps({"url": settings.url, "pid": os.getpid()}))
    part.replace(path)
