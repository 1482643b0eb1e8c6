"""What crews paired at the pole, and the morning after: what of it was heard, and what is odd."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from .. import installs
from ..assets import Device
from ..installs import Install, Pairing
from ..people import Person
from ..store import Unit, tables
from .context import Context, Cursor, Limit, Parts, Somebody, instant_s, needs, page, within_years

router = APIRouter(tags=["installs"])
Engineer = Annotated[Person, Depends(needs("engineer"))]
_DAY = datetime.timedelta(days=1)
_AT_ONCE_MAX = 500


class PairingSaid(BaseModel):
    """Two scans at a pole. A phone makes the id, so that what it sends again counts once."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{8,64}$")]
    node_id: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    asset_id: Annotated[str, Field(min_length=1, max_length=64)]
    at: Annotated[datetime.datetime, Field(strict=False)]
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None


class PairingsSaid(BaseModel):
    """What a phone has kept since it was last connected."""

    model_config = ConfigDict(extra="forbid", strict=True)
    pairings: Annotated[list[PairingSaid], Field(min_length=1, max_length=_AT_ONCE_MAX)]


@router.post("/pairings", status_code=201)
async def add(said: PairingsSaid, who: Engineer, parts: Parts) -> dict[str, Any]:
    """Keep pairings; those that are known by their id stay as they are."""
    now_ms = parts.street.now_ms()
    rows = {
        one.id: {
            **one.model_dump(exclude={"at"}), "by": who.name, "received_ms": now_ms,
            # A phone's clock may run ahead; nothing was paired in the future.
            "at_ms": min(now_ms, int(instant_s(f"pairings[{index}].at", one.at) * 1000)),
        }
        for index, one in enumerate(said.pairings)
    }  # fmt: skip
    c = tables.pairings.c
    async with parts.store.write() as unit:
        known = await unit.rows(sa.select(c.id).where(c.id.in_(list(rows))))
        new = [row for key, row in rows.items() if key not in {one["id"] for one in known}]
        if new:
            await unit.run(tables.pairings.insert(), new)
    return {"added": len(new), "known": len(rows) - len(new)}


@router.get("/installs")
async def listed(
    who: Somebody,
    parts: Parts,
    limit: Limit = 1000,
    cursor: Cursor = None,
    on: Annotated[
        datetime.date | None, Query(description="The day of the pairing; yesterday unless told.")
    ] = None,
    state: Annotated[
        Literal["heard", "not_heard", "swap", "duplicate"] | None, Query(description="Only these.")
    ] = None,
) -> dict[str, Any]:
    """What was hung on a day, judged by what is known now."""
    site = parts.street.site
    if on is None:
        on = site.local(parts.street.now_ms() / 1000).date() - _DAY
    within_years("on", on)
    async with parts.store.read() as unit:
        rows = await unit.rows(sa.select(tables.pairings))
        found = await _judged(unit, parts, [_pairing(row) for row in rows])
    items = [
        _told(parts, one)
        for one in found
        if site.local(one.pairing.at_ms / 1000).date() == on and state in (None, one.state)
    ]
    return {**page(items, limit, cursor), "on": on.isoformat()}


def _pairing(row: Any) -> Pairing:
    return Pairing(**{name: value for name, value in row.items() if name != "received_ms"})


async def _judged(unit: Unit, parts: Context, pairings: list[Pairing]) -> list[Install]:
    planned = {a.asset_id: a.node_id for a in parts.street.site.plan.assets}
    c = tables.receipts.c
    for row in await unit.rows(sa.select(c.asset_id, c.node_id)):
        planned.setdefault(row["asset_id"], row["node_id"])
    devices = await parts.street.by_asset(unit, _speaking(pairings, planned))

    def heard(one: Pairing) -> bool:
        return _is_heard(devices.get(one.asset_id), one.at_ms)

    return installs.judged(pairings, planned, heard)


def _speaking(pairings: Iterable[Pairing], planned: dict[str, str]) -> list[str]:
    return [one.asset_id for one in pairings if planned.get(one.asset_id) == one.node_id]


def _is_heard(device: Device | None, since_ms: int) -> bool:
    reported_s = device.reported_s() if device else None
    return reported_s is not None and reported_s * 1000 >= since_ms


def _told(parts: Context, one: Install) -> dict[str, Any]:
    paired = one.pairing
    return {
        "id": paired.id, "asset_id": paired.asset_id, "node_id": paired.node_id,
        "state": one.state, "others": list(one.others), "by": paired.by,
        "paired_at": parts.street.site.rfc3339(paired.at_ms / 1000),
        "lat": paired.lat, "lon": paired.lon,
    }  # fmt: skip
