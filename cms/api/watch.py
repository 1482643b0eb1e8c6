"""What happens: alarms, events, and the stream of changes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from ..errors import missing, wrong
from ..store import tables
from ..talq import alarm_resource, event_resource, tell_alarm
from .context import Cursor, Limit, Operator, Parts, Somebody, number, page

router = APIRouter(tags=["watch"])
_ALARMS_MAX = 5000
_ID_MAX = 2**53


@router.get("/alarms")
async def list_alarms(
    who: Somebody,
    parts: Parts,
    state: Literal["open", "all", "ended", "acknowledged"] = "all",
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Alarms, the newest first; open: those that have not ended."""
    a = tables.alarms.c
    query = sa.select(tables.alarms).order_by(a.id.desc()).limit(_ALARMS_MAX)
    if state == "open":
        query = query.where(a.ended_ms.is_(None))
    elif state == "ended":
        query = query.where(a.ended_ms.is_not(None))
    elif state == "acknowledged":
        query = query.where(a.acknowledged_by.is_not(None))
    async with parts.store.read() as unit:
        rows = [alarm_resource(parts.street, row) for row in await unit.rows(query)]
    return page(rows, limit, cursor)


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge(alarm_id: str, who: Operator, parts: Parts) -> dict[str, Any]:
    """Says that somebody has it in hand; the first who says so stands."""
    wanted = number(alarm_id)
    if wanted is None:
        raise missing("alarm", alarm_id)
    a = tables.alarms.c
    async with parts.store.write() as unit:
        rows = await unit.rows(sa.select(tables.alarms).where(a.id == wanted))
        if not rows:
            raise missing("alarm", alarm_id)
        if rows[0]["acknowledged_by"] is None:
            await unit.run(
                tables.alarms.update()
                .where(a.id == wanted)
                .values(acknowledged_by=who.name, acknowledged_ms=parts.street.now_ms())
            )
            return await tell_alarm(unit, parts.street, wanted)
        return alarm_resource(parts.street, rows[0])


@router.get("/events")
async def list_events(
    who: Somebody,
    parts: Parts,
    after: Annotated[int | None, Query(ge=0, le=_ID_MAX, description="Id of an event.")] = None,
    kind: Annotated[str | None, Query()] = None,
    asset_id: Annotated[str | None, Query()] = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Every event once, in the order in which we took them."""
    begin = number(cursor) if cursor is not None else 0
    if begin is None:
        raise wrong("cursor", "next_cursor of an answer to the same question", cursor)
    e = tables.events.c
    query = sa.select(tables.events).where(e.id > (after or 0))
    if kind is not None:
        query = query.where(e.kind == kind)
    if asset_id is not None:
        query = query.where(e.asset_id == asset_id)
    count = sa.select(sa.func.count().label("n")).select_from(query.subquery())
    rest = query.where(e.id > begin) if begin else query
    async with parts.store.read() as unit:
        total = (await unit.rows(count))[0]["n"]
        rows = await unit.rows(rest.order_by(e.id).limit(limit + 1))
    part = [event_resource(parts.street, row) for row in rows[:limit]]
    more = len(rows) > limit
    return {"items": part, "next_cursor": str(part[-1]["id"]) if more else None, "total": total}


@router.get("/stream", response_class=EventSourceResponse)
async def stream(
    who: Somebody,
    parts: Parts,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[
        str | None, Query(description="As Last-Event-ID, for the first time.")
    ] = None,
) -> EventSourceResponse:
    """Changes as server-sent events: lamp, bay, alarm, event, progress, resync."""
    told = last_event_id or after
    # What is no number of ours cannot be resumed: -1 is told so by `resync`.
    last = None if not told else -1 if number(told) is None else number(told)

    async def events() -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment=f"since {time.time():.0f}", retry=1000)
        async for row in parts.live.listen(last):
            yield ServerSentEvent(id=str(row[0]), event=row[1], data=row[2])

    return EventSourceResponse(events(), ping=15)
