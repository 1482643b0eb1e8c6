"""Overrides and assignments: what operators tell lamps to do."""

from __future__ import annotations

import datetime
import uuid
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from .. import assets, commands
from ..assets import Device
from ..errors import Fault, RefusedError, missing, wrong
from ..people import Person
from ..store import Unit, tables
from .context import (
    Context,
    Cursor,
    Limit,
    Operator,
    Parts,
    Somebody,
    instant_s,
    page,
    within_years,
)

router = APIRouter(tags=["control"])

# Without another wish an override ends with the night.
EXPIRES_S_DEFAULT = 12 * 3600
EXPIRES_S_MAX = 31 * 86400
_LAMPS_MAX = 100_000
_RECENT_MAX = 200


def _text(value: object) -> object:
    """Only a text is a time: a number would be read as seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("a time as RFC 3339 with its offset")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_text), Field(strict=False)]
Ids = Annotated[list[str], Field(max_length=_LAMPS_MAX)]


class OverrideSaid(BaseModel):
    """A level for lamps and groups, until it expires."""

    model_config = ConfigDict(extra="forbid", strict=True)
    lamp_ids: Ids = []
    group_ids: Ids = []
    level_percent: int = Field(ge=0, le=100)
    starts_at: Moment | None = None
    expires_in_s: float | None = Field(default=None, gt=0, le=EXPIRES_S_MAX, allow_inf_nan=False)
    expires_at: Moment | None = None
    rank: Literal["ordinary", "event", "maintenance", "emergency"] = "ordinary"
    reason: str = Field(default="", max_length=200)


class AssignmentSaid(BaseModel):
    """A calendar for lamps and groups, or for cabinets' contactors; null takes theirs away."""

    model_config = ConfigDict(extra="forbid", strict=True)
    calendar_id: str | None
    lamp_ids: Ids = []
    group_ids: Ids = []
    cabinet_ids: Ids = []


async def _expanded(
    parts: Context, unit: Unit, lamp_ids: list[str], group_ids: list[str]
) -> list[str]:
    """The lamps of lamps and groups, each once; RefusedError names those that are not."""
    lamps = parts.street.site.lamps
    faults = [
        Fault(f"lamp_ids[{index}]", "a lamp that exists", name)
        for index, name in enumerate(lamp_ids)
        if name not in lamps
    ]
    groups = {row["id"]: row["lamp_ids"] for row in await unit.rows(sa.select(tables.groups))}
    faults += [
        Fault(f"group_ids[{index}]", "a group that exists", name)
        for index, name in enumerate(group_ids)
        if name not in groups
    ]
    if faults:
        raise RefusedError(422, "Not all of these exist", tuple(faults))
    found = [*lamp_ids, *(lamp for name in group_ids for lamp in groups[name])]
    if not found:
        raise wrong("lamp_ids", "at least one lamp or group", lamp_ids)
    return list(dict.fromkeys(found))


def _why(parts: Context, lamp_id: str, device: Device | None) -> str | None:
    """What is known beforehand to keep a lamp from following."""
    site = parts.street.site
    if lamp_id not in site.lamps:  # A cabinet's node.
        return "unmanaged" if device is None else None
    found = assets.health(site, site.lamps[lamp_id], device, parts.street.clock.now_s())
    return found if found in ("unmanaged", "silent", "unpowered") else None


def _times(said: OverrideSaid, now_ms: int) -> tuple[int, int]:
    for field, at in (("starts_at", said.starts_at), ("expires_at", said.expires_at)):
        if at is not None:
            within_years(field, at)
    starts_ms = _ms("starts_at", said.starts_at) if said.starts_at else now_ms
    if said.expires_at is not None and said.expires_in_s is not None:
        raise wrong("expires_at", "either expires_at or expires_in_s", str(said.expires_at))
    begin_ms = max(starts_ms, now_ms)
    if said.expires_at is not None:
        expires_ms = _ms("expires_at", said.expires_at)
        if expires_ms <= begin_ms:
            raise wrong("expires_at", "later than now and than starts_at", str(said.expires_at))
    else:
        wanted_s = said.expires_in_s if said.expires_in_s is not None else EXPIRES_S_DEFAULT
        expires_ms = begin_ms + int(wanted_s * 1000)
    if expires_ms - begin_ms > EXPIRES_S_MAX * 1000:
        raise wrong("expires_at", f"at most {EXPIRES_S_MAX} s after the start", expires_ms / 1000)
    return starts_ms, expires_ms


def _ms(field: str, at: datetime.datetime) -> int:
    return int(instant_s(field, at) * 1000)


@router.post("/overrides", status_code=201)
async def add_override(said: OverrideSaid, who: Operator, parts: Parts) -> dict[str, Any]:
    """Dims or lights lamps until the override expires or is released."""
    now_ms = parts.street.now_ms()
    starts_ms, expires_ms = _times(said, now_ms)
    override_id = uuid.uuid4().hex[:16]
    async with parts.store.write() as unit:
        all_ids = await _expanded(parts, unit, said.lamp_ids, said.group_ids)
        body = {
            "lamp_ids": said.lamp_ids, "group_ids": said.group_ids, "all_lamp_ids": all_ids,
            "level_percent": said.level_percent, "rank": said.rank, "reason": said.reason,
            "by": who.name,
        }  # fmt: skip
        # A gateway keeps one override of a rank: a later one waits here until its time has come.
        body["held"] = starts_ms > now_ms and await parts.street.is_held(unit, body)
        row = {"id": override_id, "body": body, "state": "pending", "starts_ms": starts_ms,
               "expires_ms": expires_ms, "created_ms": now_ms}  # fmt: skip
        devices = await parts.street.by_asset(unit, all_ids)
        await unit.put(tables.overrides, row)
        await unit.run(
            tables.override_lamps.insert(),
            [
                {"override_id": override_id, "asset_id": name, "stage": commands.ASKED,
                 "why": _why(parts, name, devices.get(name))}
                for name in all_ids
            ],
        )  # fmt: skip
        if not body["held"]:
            times = {"id": override_id, "starts_ms": starts_ms, "expires_ms": expires_ms}
            await parts.desired.override(unit, {**body, **times})
        await parts.street.tell_override(unit, override_id)
        return (await _overrides(parts, unit, override_id))[0]


async def _overrides(parts: Context, unit: Unit, override_id: str) -> list[dict[str, Any]]:
    query = sa.select(tables.overrides).where(tables.overrides.c.id == override_id)
    return await parts.street.overrides(unit, query)


@router.get("/overrides")
async def list_overrides(
    who: Somebody,
    parts: Parts,
    state: Literal["pending", "active", "released", "expired", "refused"] | None = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Those in force and the newest of those that are over."""
    o = tables.overrides.c
    query = sa.select(tables.overrides)
    if state is not None:
        query = query.where(o.state == state)
    async with parts.store.read() as unit:
        living = await parts.street.overrides(unit, query.where(o.state.in_(commands.LIVING)))
        over = await parts.street.overrides(
            unit,
            query.where(o.state.not_in(commands.LIVING))
            .order_by(o.created_ms.desc())
            .limit(_RECENT_MAX),
        )
    rows = sorted([*living, *over], key=lambda row: row["created_at"], reverse=True)
    return page(rows, limit, cursor)


@router.get("/overrides/{override_id}")
async def get_override(override_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One override, with how far it has come at each lamp."""
    async with parts.store.read() as unit:
        found = await _overrides(parts, unit, override_id)
    if not found:
        raise missing("override", override_id)
    return found[0]


@router.delete("/overrides/{override_id}")
async def release_override(override_id: str, who: Operator, parts: Parts) -> dict[str, Any]:
    """Gives the lamps back to their programs."""
    o = tables.overrides.c
    async with parts.store.write() as unit:
        rows = await unit.rows(sa.select(tables.overrides).where(o.id == override_id))
        if not rows:
            raise missing("override", override_id)
        if rows[0]["state"] in commands.LIVING:
            await unit.run(
                tables.overrides.update().where(o.id == override_id).values(state="released")
            )
            await parts.desired.release(unit, {**rows[0]["body"], "id": override_id})
            await parts.street.tell_override(unit, override_id)
        return (await _overrides(parts, unit, override_id))[0]


@router.post("/assignments", status_code=201)
async def assign(said: AssignmentSaid, who: Operator, parts: Parts) -> dict[str, Any]:
    """Gives a calendar to lamps."""
    assignment_id = uuid.uuid4().hex[:16]
    calendar_id = said.calendar_id or ""
    async with parts.store.write() as unit:
        await _check_calendar(unit, calendar_id)
        all_ids = _contactors(parts, said.cabinet_ids)
        if said.lamp_ids or said.group_ids or not all_ids:
            all_ids += await _expanded(parts, unit, said.lamp_ids, said.group_ids)
        await _keep_assignment(parts, unit, assignment_id, said, all_ids, who)
        await parts.desired.assign(unit, assignment_id, calendar_id, all_ids)
        await parts.street.tell_assignment(unit, assignment_id)
        devices = await parts.street.by_asset(unit, all_ids)
        around = await parts.street.around(unit, devices)
        for device in devices.values():
            if device.asset_id in parts.street.site.assets:
                unit.tell(*parts.street.resource(device, around))
        return (await _assignments(parts, unit, assignment_id))[0]


def _contactors(parts: Context, cabinet_ids: list[str]) -> list[str]:
    """The assets of cabinets' nodes; RefusedError names those that have none."""
    nodes = parts.street.site.cabinet_nodes
    faults = [
        Fault(f"cabinet_ids[{index}]", "a cabinet with a node", name)
        for index, name in enumerate(cabinet_ids)
        if name not in nodes
    ]
    if faults:
        raise RefusedError(422, "Not all of these exist", tuple(faults))
    return [nodes[name].asset_id for name in dict.fromkeys(cabinet_ids)]


async def _check_calendar(unit: Unit, calendar_id: str) -> None:
    c = tables.calendars.c
    known = [row["id"] for row in await unit.rows(sa.select(c.id))]
    if calendar_id and calendar_id not in known:
        raise wrong("calendar_id", "a calendar that exists", calendar_id)


async def _keep_assignment(
    parts: Context,
    unit: Unit,
    assignment_id: str,
    said: AssignmentSaid,
    all_ids: list[str],
    who: Person,
) -> None:
    calendar_id = said.calendar_id or ""
    body = {
        "lamp_ids": said.lamp_ids, "group_ids": said.group_ids,
        "cabinet_ids": said.cabinet_ids, "by": who.name,
    }  # fmt: skip
    devices = await parts.street.by_asset(unit, all_ids)
    # A newer wish for a lamp takes the place of an older one that is still under way.
    older = tables.assignment_lamps.c
    stale = sa.and_(older.asset_id.in_(all_ids), older.stage < commands.ACKNOWLEDGED)
    await unit.run(tables.assignment_lamps.update().where(stale).values(why="replaced"))
    await unit.put(
        tables.assignments,
        {"id": assignment_id, "calendar_id": calendar_id, "body": body,
         "created_ms": parts.street.now_ms()},
    )  # fmt: skip
    await unit.run(
        tables.assignment_lamps.insert(),
        [
            {"assignment_id": assignment_id, "asset_id": name, "stage": commands.ASKED,
             "why": _why(parts, name, devices.get(name))}
            for name in all_ids
        ],
    )  # fmt: skip
    for name in all_ids:
        await unit.put(
            tables.lamp_calendars,
            {"asset_id": name, "calendar_id": calendar_id, "assignment_id": assignment_id},
        )


async def _assignments(parts: Context, unit: Unit, assignment_id: str) -> list[dict[str, Any]]:
    query = sa.select(tables.assignments).where(tables.assignments.c.id == assignment_id)
    return await parts.street.assignments(unit, query)


@router.get("/assignments")
async def list_assignments(
    who: Somebody,
    parts: Parts,
    limit: Limit = 1000,
    cursor: Cursor = None,
    calendar_id: Annotated[str | None, Query()] = None,
) -> dict[str, Any]:
    """The newest assignments."""
    a = tables.assignments.c
    query = sa.select(tables.assignments).order_by(a.created_ms.desc()).limit(_RECENT_MAX)
    if calendar_id is not None:
        query = query.where(a.calendar_id == calendar_id)
    async with parts.store.read() as unit:
        return page(await parts.street.assignments(unit, query), limit, cursor)


@router.get("/assignments/{assignment_id}")
async def get_assignment(assignment_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One assignment, with how far it has come."""
    async with parts.store.read() as unit:
        found = await _assignments(parts, unit, assignment_id)
    if not found:
        raise missing("assignment", assignment_id)
    return found[0]
