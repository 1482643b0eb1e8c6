"""Programs, calendars, their preview, and groups of lamps."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from protocol.schedule import planning

from .. import commands, programs
from ..errors import Fault, RefusedError, missing, wrong
from ..store import Unit, tables
from ..why import Followed
from .context import (
    Context,
    Cursor,
    Limit,
    Operator,
    Parts,
    Somebody,
    page,
    within_years,
)

router = APIRouter(tags=["schedules"])

_PROGRAM: dict[str, Any] = {
    "name": "Residential",
    "steps": [
        {"at": "22:30", "level_percent": 60, "ramp_s": 60},
        {"at": "06:00", "level_percent": 100},
    ],
    "active_periods": [{"kind": "astro", "on_offset_min": -5, "off_offset_min": 10}],
    "dynamic": [
        {"sensor": "presence", "operation": "max", "level_percent": 80, "hold_s": 45}
    ],
}  # fmt: skip
_CALENDAR: dict[str, Any] = {
    "name": "All year",
    "default_program_id": "…",
    "rules": [{"program_id": "…", "from": "--12-24", "to": "--01-02", "days": ["sat", "sun"]}],
}
Written = dict[str, Any]
ProgramBody = Annotated[Written, Body(examples=[_PROGRAM])]
CalendarBody = Annotated[Written, Body(examples=[_CALENDAR])]


async def _bodies(unit: Unit, table: sa.Table) -> dict[str, dict[str, Any]]:
    return {row["id"]: row["body"] for row in await unit.rows(sa.select(table))}


async def _one(parts: Context, table: sa.Table, kind: str, name: str) -> dict[str, Any]:
    async with parts.store.read() as unit:
        found = await _bodies(unit, table)
    if name not in found:
        raise missing(kind, name)
    return {"id": name, **found[name]}


async def _list(
    parts: Context, table: sa.Table, limit_items: int, cursor: str | None
) -> dict[str, Any]:
    async with parts.store.read() as unit:
        found = await _bodies(unit, table)
    return page([{"id": k, **found[k]} for k in sorted(found)], limit_items, cursor)


# Programs.


@router.get("/programs")
async def list_programs(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """All programs."""
    return await _list(parts, tables.programs, limit, cursor)


@router.get("/programs/{program_id}")
async def get_program(program_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One program."""
    return await _one(parts, tables.programs, "program", program_id)


@router.post("/programs", status_code=201)
async def add_program(said: ProgramBody, who: Operator, parts: Parts) -> dict[str, Any]:
    """A new program."""
    return await _keep_program(parts, uuid.uuid4().hex[:12], said)


@router.put("/programs/{program_id}")
async def put_program(
    program_id: str, said: ProgramBody, who: Operator, parts: Parts
) -> dict[str, Any]:
    """Another content for a program; lamps that follow it get it at once."""
    await _one(parts, tables.programs, "program", program_id)
    _same_id(said, program_id)
    return await _keep_program(parts, program_id, said)


def _same_id(said: Written, name: str) -> None:
    if said.get("id", name) != name:
        raise wrong("id", "the id of the address, or none", said["id"])


async def _keep_program(parts: Context, name: str, said: Written) -> dict[str, Any]:
    body = planning.program_to_json(programs.read_program(said))
    async with parts.store.write() as unit:
        await _room(unit, tables.programs, "maximumPrograms", name)
        calendars = await _bodies(unit, tables.calendars)
        known = {**await _bodies(unit, tables.programs), name: body}
        for calendar_id in programs.users_of(name, calendars):
            programs.read_calendar(calendars[calendar_id], known)
        await unit.put(tables.programs, {"id": name, "body": body})
        await parts.desired.program(unit, name, body)
    return {"id": name, **body}


@router.delete("/programs/{program_id}")
async def delete_program(program_id: str, who: Operator, parts: Parts) -> dict[str, Any]:
    """Takes a program away; refused while a calendar names it."""
    body = await _one(parts, tables.programs, "program", program_id)
    async with parts.store.write() as unit:
        users = programs.users_of(program_id, await _bodies(unit, tables.calendars))
        if users:
            fault = Fault("id", "a program that no calendar names", ", ".join(users))
            raise RefusedError(409, "The program is in use", (fault,))
        await unit.run(tables.programs.delete().where(tables.programs.c.id == program_id))
        await parts.desired.forget(unit, "deleteControlProgram", program_id)
    return body


# Calendars.


@router.get("/calendars")
async def list_calendars(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """All calendars."""
    return await _list(parts, tables.calendars, limit, cursor)


@router.get("/calendars/{calendar_id}")
async def get_calendar(calendar_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One calendar."""
    return await _one(parts, tables.calendars, "calendar", calendar_id)


@router.post("/calendars", status_code=201)
async def add_calendar(said: CalendarBody, who: Operator, parts: Parts) -> dict[str, Any]:
    """A new calendar."""
    return await _keep_calendar(parts, uuid.uuid4().hex[:12], said)


@router.put("/calendars/{calendar_id}")
async def put_calendar(
    calendar_id: str, said: CalendarBody, who: Operator, parts: Parts
) -> dict[str, Any]:
    """Another content for a calendar; lamps that follow it get it at once."""
    await _one(parts, tables.calendars, "calendar", calendar_id)
    _same_id(said, calendar_id)
    return await _keep_calendar(parts, calendar_id, said)


async def _room(unit: Unit, table: sa.Table, limit_name: str, name: str) -> None:
    """Refuse what the narrowest gateway could not take any more."""
    rows = await unit.rows(sa.select(tables.gateways.c.services))
    limits = [
        service[limit_name] for row in rows for service in row["services"]
        if isinstance(service.get(limit_name), int)
    ]  # fmt: skip
    known = await _bodies(unit, table)
    if limits and name not in known and len(known) >= min(limits):
        fault = Fault("id", f"at most {min(limits)}, as a gateway's limit is", len(known))
        raise RefusedError(422, "There is no room for another", (fault,))


async def _keep_calendar(parts: Context, name: str, said: Written) -> dict[str, Any]:
    async with parts.store.write() as unit:
        await _room(unit, tables.calendars, "maximumCalendars", name)
        known = await _bodies(unit, tables.programs)
        body = planning.calendar_to_json(programs.read_calendar(said, known))
        await unit.put(tables.calendars, {"id": name, "body": body})
        await parts.desired.calendar(unit, name, body)
    return {"id": name, **body}


@router.delete("/calendars/{calendar_id}")
async def delete_calendar(calendar_id: str, who: Operator, parts: Parts) -> dict[str, Any]:
    """Takes a calendar away; refused while a lamp follows it."""
    body = await _one(parts, tables.calendars, "calendar", calendar_id)
    c = tables.lamp_calendars.c
    async with parts.store.write() as unit:
        users = await unit.rows(sa.select(c.asset_id).where(c.calendar_id == calendar_id))
        if users:
            said = ", ".join(row["asset_id"] for row in users[:10])
            fault = Fault("id", "a calendar that no lamp follows", said)
            raise RefusedError(409, "The calendar is in use", (fault,))
        await unit.run(tables.calendars.delete().where(tables.calendars.c.id == calendar_id))
        await parts.desired.forget(unit, "deleteCalendar", calendar_id)
    return body


# Preview.


async def table_for(parts: Context, unit: Unit, lamp_id: str) -> Followed:
    """The calendar that a lamp follows, compiled."""
    c, a = tables.lamp_calendars.c, tables.assignments.c
    query = sa.select(c.calendar_id, a.body, a.created_ms).join_from(
        tables.lamp_calendars, tables.assignments, c.assignment_id == a.id
    )
    rows = await unit.rows(query.where(c.asset_id == lamp_id))
    if not rows or not rows[0]["calendar_id"]:
        return Followed()
    calendar_id = rows[0]["calendar_id"]
    body = (await _bodies(unit, tables.calendars))[calendar_id]
    form = planning.calendar_from_json(body)
    table = programs.table_of(form, await _bodies(unit, tables.programs))
    since_s = rows[0]["created_ms"] / 1000
    return Followed(calendar_id, form.name, table, rows[0]["body"]["by"], since_s)


def lit(parts: Context, lamp_id: str) -> programs.Lit:
    """What a lamp stands under."""
    site = parts.street.site
    asset = site.lamps[lamp_id]
    return programs.Lit(site.feeder_on(asset.feeder_id), site.lamp_type(asset))


async def windows(parts: Context, unit: Unit, lamp_id: str) -> list[programs.Window]:
    """Overrides in force on a lamp, the strongest last."""
    o, r = tables.overrides.c, tables.override_lamps.c
    query = (
        sa.select(o.id, o.body, o.starts_ms, o.expires_ms, o.created_ms)
        .join_from(tables.override_lamps, tables.overrides, o.id == r.override_id)
        .where(r.asset_id == lamp_id, o.state.in_(commands.LIVING))
    )
    newest: dict[str, Mapping[str, Any]] = {}
    for row in sorted(await unit.rows(query), key=lambda row: row["created_ms"]):
        newest[row["body"]["rank"]] = row  # A newer one of the same rank replaces it.
    return [
        programs.Window(
            row["body"]["level_percent"], row["starts_ms"] / 1000, row["expires_ms"] / 1000,
            row["id"],
        )
        for row in (newest[rank] for rank in commands.RANKS if rank in newest)
    ]  # fmt: skip


def _date(parts: Context, text: str | None) -> datetime.date:
    if text is None:
        return parts.street.site.night_date(parts.street.clock.now_s())
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise wrong("date", "a date as yyyy-mm-dd", text) from error
    within_years("date", found)
    return found


@router.get("/preview")
async def preview(
    who: Somebody,
    parts: Parts,
    lamp_id: Annotated[str | None, Query()] = None,
    calendar_id: Annotated[str | None, Query()] = None,
    date: Annotated[str | None, Query(description="yyyy-mm-dd; default: tonight.")] = None,
) -> dict[str, Any]:
    """What a lamp, or a calendar on any lamp, will do from noon to noon."""
    if (lamp_id is None) == (calendar_id is None):
        raise wrong("lamp_id", "either lamp_id or calendar_id", lamp_id)
    site, day = parts.street.site, _date(parts, date)
    async with parts.store.read() as unit:
        if calendar_id is not None:
            calendars = await _bodies(unit, tables.calendars)
            if calendar_id not in calendars:
                raise missing("calendar", calendar_id)
            known = await _bodies(unit, tables.programs)
            form = planning.calendar_from_json(calendars[calendar_id])
            table = programs.table_of(form, known)
            return programs.preview(site, table, day, _usual(parts))
        if lamp_id not in site.lamps:
            raise missing("lamp", str(lamp_id))
        follows = await table_for(parts, unit, lamp_id)
        over = await windows(parts, unit, lamp_id)
    under = lit(parts, lamp_id)
    whole = programs.Lit(under.feeder_on, under.lamp_type, tuple(over))
    return programs.preview(site, follows.table, day, whole)


def _usual(parts: Context) -> programs.Lit:
    """A lamp of the first type on a feeder that is always live."""
    types = parts.street.site.plan.lamp_types
    return programs.Lit(None, types[0] if types else None)


class Draft(BaseModel):
    """A program that is not stored yet."""

    model_config = ConfigDict(extra="forbid", strict=True)
    program: Written = Field(examples=[_PROGRAM])
    date: str | None = None


@router.post("/preview")
async def preview_draft(draft: Draft, who: Somebody, parts: Parts) -> dict[str, Any]:
    """What a draft would do on a date; nothing is stored."""
    programs.read_program(draft.program)
    calendar = planning.Calendar("draft", "draft")
    try:
        table = programs.table_of(calendar, {"draft": draft.program})
    except planning.PlanningError as error:
        raise programs.refused("The program cannot be used", error) from error
    return programs.preview(parts.street.site, table, _date(parts, draft.date), _usual(parts))


# Groups.


class GroupSaid(BaseModel):
    """Some lamps under a name."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str | None = None
    name: str = Field(min_length=1, max_length=120)
    lamp_ids: list[str] = Field(max_length=100_000)


async def _groups(unit: Unit) -> list[dict[str, Any]]:
    rows = await unit.rows(sa.select(tables.groups).order_by(tables.groups.c.id))
    return [dict(row) for row in rows]


async def _group(parts: Context, name: str) -> dict[str, Any]:
    async with parts.store.read() as unit:
        for row in await _groups(unit):
            if row["id"] == name:
                return row
    raise missing("group", name)


@router.get("/groups")
async def list_groups(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """All groups."""
    async with parts.store.read() as unit:
        return page(await _groups(unit), limit, cursor)


@router.get("/groups/{group_id}")
async def get_group(group_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One group."""
    return await _group(parts, group_id)


async def _keep_group(parts: Context, name: str, said: GroupSaid) -> dict[str, Any]:
    lamps = parts.street.site.lamps
    faults = [
        Fault(f"lamp_ids[{index}]", "a lamp that exists", lamp_id)
        for index, lamp_id in enumerate(said.lamp_ids)
        if lamp_id not in lamps
    ]
    if faults:
        raise RefusedError(422, "The group cannot be used", tuple(faults))
    row = {"id": name, "name": said.name, "lamp_ids": list(dict.fromkeys(said.lamp_ids))}
    async with parts.store.write() as unit:
        await unit.put(tables.groups, row)
    return row


@router.post("/groups", status_code=201)
async def add_group(said: GroupSaid, who: Operator, parts: Parts) -> dict[str, Any]:
    """A new group."""
    return await _keep_group(parts, uuid.uuid4().hex[:12], said)


@router.put("/groups/{group_id}")
async def put_group(group_id: str, said: GroupSaid, who: Operator, parts: Parts) -> dict[str, Any]:
    """Another name or other lamps for a group."""
    await _group(parts, group_id)
    return await _keep_group(parts, group_id, said)


@router.delete("/groups/{group_id}")
async def delete_group(group_id: str, who: Operator, parts: Parts) -> dict[str, Any]:
    """Takes a group away; what was commanded through it stays."""
    row = await _group(parts, group_id)
    async with parts.store.write() as unit:
        await unit.run(tables.groups.delete().where(tables.groups.c.id == group_id))
    return row
