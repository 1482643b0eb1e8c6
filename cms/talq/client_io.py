"""Calls to gateways: one queue for each, in order, kept in the database until answered.

A call that gets no answer, or 5xx, is sent again with growing pauses; whatever the gateway
refuses is logged, told at the command that it belongs to, and not sent again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import sqlalchemy as sa
import structlog

from protocol import talq

from .. import commands
from ..store import Store, Unit, tables
from ..street_io import Street

_PAUSE_S_MIN, _PAUSE_S_MAX = 0.2, 5.0
# POST of something that is there already: the operation that changes it instead.
_INSTEAD = {
    "addControlPrograms": "updateControlPrograms",
    "addCalendars": "updateCalendars",
    "addLoggerConfig": "updateLoggerConfig",
}

_log = structlog.get_logger("talq")


class Callers:
    """A task for each gateway that has something to hear."""

    def __init__(self, store: Store, street: Street, own_address: str) -> None:
        self._store = store
        self._street = street
        self._own = own_address
        self.verify: ssl.SSLContext | bool = True
        self._wakes: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Go on with what was not answered before a restart."""
        async with self._store.read() as unit:
            query = sa.select(tables.calls.c.gateway).distinct()
            waiting = {row["gateway"] for row in await unit.rows(query)}
        self.wake(waiting)

    def wake(self, gateways: set[str]) -> None:
        """There is something to tell these gateways."""
        for address in gateways:
            if address not in self._wakes:
                self._wakes[address] = asyncio.Event()
                self._tasks[address] = asyncio.create_task(self._serve(address))
            self._wakes[address].set()

    async def watch(self) -> None:
        """End with the first error of a task; for ever otherwise."""
        while True:
            await asyncio.sleep(0.5)
            for task in self._tasks.values():
                if task.done():
                    task.result()

    async def close(self) -> None:
        """End all tasks."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _next(self, gateway: str) -> tuple[str, Mapping[str, Any]] | None:
        c, g = tables.calls.c, tables.gateways.c
        query = sa.select(tables.calls).where(c.gateway == gateway).order_by(c.id).limit(1)
        async with self._store.read() as unit:
            uri = await unit.rows(sa.select(g.uri).where(g.address == gateway))
            rows = await unit.rows(query)
        return (uri[0]["uri"], rows[0]) if uri and rows else None

    async def _serve(self, gateway: str) -> None:
        wake = self._wakes[gateway]
        peer: talq.Peer | None = None
        known = ""
        pause_s = _PAUSE_S_MIN
        while True:
            wake.clear()
            found = await self._next(gateway)
            if found is None:
                await wake.wait()
                continue
            uri, call = found
            if peer is None or uri != known:
                peer, known = talq.Peer("gateway", uri, verify=self.verify), uri
            try:
                reply = await self._call(peer, call)
            except httpx.HTTPError as error:
                _log.info("gateway did not answer", gateway=uri, why=str(error) or repr(error))
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                continue
            if reply.status >= 500:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                continue
            pause_s = _PAUSE_S_MIN
            await self._answered(call, reply)

    async def _call(self, peer: talq.Peer, call: Mapping[str, Any]) -> talq.Reply:
        operation, body = call["operation"], call["body"]
        reply = await peer.call(operation, *call["path"], body=body, sender=self._own)
        instead = _INSTEAD.get(operation)
        if reply.status == 409 and instead:
            path = [body["address"]] if operation == "addLoggerConfig" else []
            reply = await peer.call(instead, *path, body=body, sender=self._own)
        return reply

    async def _answered(self, call: Mapping[str, Any], reply: talq.Reply) -> None:
        about = call["about"] or {}
        why = None
        if reply.status >= 400:
            why = _why(reply)
            _log.warning("gateway refused", operation=call["operation"], why=why)
        async with self._store.write() as unit:
            await unit.run(tables.calls.delete().where(tables.calls.c.id == call["id"]))
            if "override" in about:
                await self._override_answered(unit, about, why)
            elif "assignment" in about:
                await self._assignment_answered(unit, about, why)

    async def _override_answered(
        self, unit: Unit, about: Mapping[str, Any], why: str | None
    ) -> None:
        o, r = tables.overrides.c, tables.override_lamps.c
        mine = sa.and_(r.override_id == about["override"], r.asset_id.in_(about["lamps"]))
        change = tables.override_lamps.update().where(mine)
        if why is None:
            await unit.run(change.where(r.stage < commands.SENT).values(stage=commands.SENT))
        else:
            await unit.run(change.values(why=why))
            stages = [
                row["stage"] for row in await unit.rows(
                    sa.select(r.stage).where(r.override_id == about["override"])
                )
            ]  # fmt: skip
            if all(stage == commands.ASKED for stage in stages):
                await unit.run(
                    tables.overrides.update()
                    .where(o.id == about["override"], o.state.in_(commands.LIVING))
                    .values(state="refused")
                )
        await self._street.tell_override(unit, about["override"])

    async def _assignment_answered(
        self, unit: Unit, about: Mapping[str, Any], why: str | None
    ) -> None:
        r = tables.assignment_lamps.c
        mine = sa.and_(r.assignment_id == about["assignment"], r.asset_id.in_(about["lamps"]))
        change = tables.assignment_lamps.update().where(mine)
        if why is None:
            await unit.run(change.where(r.stage < commands.SENT).values(stage=commands.SENT))
        else:
            await unit.run(change.values(why=why))
        await self._street.tell_assignment(unit, about["assignment"])


def _why(reply: talq.Reply) -> str:
    try:
        return "; ".join(fault.description for fault in reply.faults()) or f"HTTP {reply.status}"
    except talq.TalqError:
        return f"HTTP {reply.status}"
