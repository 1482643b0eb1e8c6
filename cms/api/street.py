"""What stands in the street: lamps, bays, feeders, and the map under them."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from .. import assets, drivers, stations, why
from ..assets import Around
from ..errors import missing, wrong
from ..store import tables
from .context import Context, Cursor, Limit, Parts, Somebody, instant_s, page, within_years
from .schedules import lit, table_for, windows

router = APIRouter(tags=["street"])
LANGUAGES = ("fr", "nl", "en", "de")
_TWILIGHT_MIN = 35  # Civil twilight at this latitude lasts about so long; for shading only.


@router.get("/site")
async def site(who: Somebody, parts: Parts) -> dict[str, Any]:
    """The place, its time, and tonight's sun."""
    known = parts.street.site
    now_s = parts.street.clock.now_s()
    sunset, sunrise = known.sun(known.night_date(now_s))
    lag = _TWILIGHT_MIN * 60
    return {
        "name": known.plan.site.name,
        "lat": known.plan.site.lat,
        "lon": known.plan.site.lon,
        "zone": known.plan.site.zone,
        "now": known.rfc3339(now_s),
        "speed": parts.street.clock.speed(),
        "sunset": known.rfc3339(sunset),
        "sunrise": known.rfc3339(sunrise),
        "dusk": known.rfc3339(sunset + lag if sunset is not None else None),
        "dawn": known.rfc3339(sunrise - lag if sunrise is not None else None),
    }


@router.get("/streets")
async def streets(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """Street lines for the map, as (lon, lat)."""
    known = parts.street.site
    rows = []
    for street in sorted(known.plan.streets, key=lambda s: s.id):
        mine = [a for a in known.plan.assets if a.street_id == street.id]
        rows.append({
            "id": street.id,
            "names": {name: getattr(street.names, name) for name in LANGUAGES},
            "line": street.line,
            "width_m": street.width_m,
            "lamp_ids": [a.asset_id for a in mine if a.kind == "lamp"],
            "bay_ids": [a.asset_id for a in mine if a.kind == "bay"],
        })  # fmt: skip
    return page(rows, limit, cursor)


@router.get("/lamp-types")
async def lamp_types(who: Somebody, parts: Parts) -> dict[str, Any]:
    """Luminaires: power by level."""
    rows = [
        {"id": t.id, "power_w_max": t.power_w_max, "curve": t.curve,
         "floor_percent": t.floor_percent}
        for t in sorted(parts.street.site.types.values(), key=lambda t: t.id)
    ]  # fmt: skip
    return page(rows, len(rows), None)


@router.get("/lamps")
async def lamps(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """All lamps of the plan, with what is known of them."""
    known = parts.street.site
    now_s = parts.street.clock.now_s()
    async with parts.store.read() as unit:
        devices = await parts.street.all_devices(unit)
        around = await parts.street.around(
            unit, {k: devices[k] for k in known.lamps if k in devices}
        )
    rows = [
        assets.lamp(known, asset, devices.get(name), around.get(name, Around()), now_s)
        for name, asset in sorted(known.lamps.items())
    ]
    return page(rows, limit, cursor)


@router.get("/lamps/{lamp_id}")
async def lamp(lamp_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One lamp."""
    known = parts.street.site
    if lamp_id not in known.lamps:
        raise missing("lamp", lamp_id)
    async with parts.store.read() as unit:
        devices = await parts.street.by_asset(unit, [lamp_id])
        around = await parts.street.around(unit, devices)
    return assets.lamp(
        known, known.lamps[lamp_id], devices.get(lamp_id), around.get(lamp_id, Around()),
        parts.street.clock.now_s(),
    )  # fmt: skip


@router.get("/lamps/{lamp_id}/driver")
async def lamp_driver(lamp_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """What the lamp's DALI driver holds: told once after commissioning, when asked, once a day."""
    known = parts.street.site
    if lamp_id not in known.lamps:
        raise missing("lamp", lamp_id)
    async with parts.store.read() as unit:
        devices = await parts.street.by_asset(unit, [lamp_id])
    return drivers.driver(known, lamp_id, devices.get(lamp_id), parts.street.clock.now_s())


def _instant_s(parts: Context, at: str | None) -> float:
    if at is None:
        return parts.street.clock.now_s()
    try:
        found = datetime.datetime.fromisoformat(at.replace(" ", "+"))
    except ValueError as error:
        raise wrong("at", "a time as RFC 3339", at) from error
    if found.tzinfo is None:
        raise wrong("at", "a time with its offset", at)
    within_years("at", found)
    return instant_s("at", found)


@router.get("/lamps/{lamp_id}/why")
async def lamp_why(
    lamp_id: str,
    request: Request,
    who: Somebody,
    parts: Parts,
    at: Annotated[str | None, Query(description="RFC 3339; default: now.")] = None,
) -> dict[str, Any]:
    """Why the lamp is as it is: one sentence, and the chain from weakest to strongest."""
    known = parts.street.site
    if lamp_id not in known.lamps:
        raise missing("lamp", lamp_id)
    at_s = _instant_s(parts, at)
    async with parts.store.read() as unit:
        devices = await parts.street.by_asset(unit, [lamp_id])
        found = await table_for(parts, unit, lamp_id)
        over = await windows(parts, unit, lamp_id)
        o = tables.overrides.c
        people = {
            row["id"]: row["body"]["by"]
            for row in await unit.rows(
                sa.select(o.id, o.body).where(o.id.in_([w.override_id for w in over]))
            )
        }
    asked = why.Asked(
        known, known.lamps[lamp_id], devices.get(lamp_id), at_s, found, lit(parts, lamp_id),
        [(w, people.get(w.override_id, "")) for w in over],
    )  # fmt: skip
    told = why.explain(asked, now_s=parts.street.clock.now_s())
    wanted = request.headers.get("accept-language", "en")[:2].lower()
    language = request.query_params.get("lang", wanted)
    sentences = told["sentences"]
    return {**told, "sentence": sentences.get(language, sentences["en"])}


@router.get("/bays")
async def bays(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """All bays of the plan, with what is known of them."""
    known = parts.street.site
    now_s = parts.street.clock.now_s()
    async with parts.store.read() as unit:
        devices = await parts.street.all_devices(unit)
    rows = [
        assets.bay(known, asset, devices.get(name), now_s)
        for name, asset in sorted(known.bays.items())
    ]
    return page(rows, limit, cursor)


@router.get("/bays/{bay_id}")
async def bay(bay_id: str, who: Somebody, parts: Parts) -> dict[str, Any]:
    """One bay."""
    known = parts.street.site
    if bay_id not in known.bays:
        raise missing("bay", bay_id)
    async with parts.store.read() as unit:
        devices = await parts.street.by_asset(unit, [bay_id])
    return assets.bay(known, known.bays[bay_id], devices.get(bay_id), parts.street.clock.now_s())


@router.get("/feeders")
async def feeders(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """Cables: how they are meant to be switched, and what their nodes tell of them."""
    now_s = parts.street.clock.now_s()
    async with parts.store.read() as unit:
        devices = await parts.street.all_devices(unit)
    known = parts.street.site
    rows = [assets.feeder(known, name, devices, now_s) for name in sorted(known.feeders)]
    return page(rows, limit, cursor)


@router.get("/cabinets")
async def cabinets(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """Cabinets, with the state of their feeders taken together."""
    now_s = parts.street.clock.now_s()
    known = parts.street.site
    async with parts.store.read() as unit:
        devices = await parts.street.all_devices(unit)
    nodes = {name: asset.asset_id for name, asset in known.cabinet_nodes.items()}
    rows = []
    for cabinet in sorted(known.plan.cabinets, key=lambda c: c.id):
        fed = [f.id for f in known.plan.feeders if f.cabinet_id == cabinet.id]
        told = [assets.feeder(known, name, devices, now_s) for name in fed]
        states = {row["mains"] for row in told}
        rows.append({
            "id": cabinet.id,
            "names": {name: getattr(cabinet.names, name) for name in LANGUAGES},
            "lat": cabinet.lat,
            "lon": cabinet.lon,
            "feeder_ids": fed,
            "switching_plan": {row["id"]: row["switching_plan"] for row in told},
            "mains": states.pop() if len(states) == 1 else "on" if "on" in states else "unknown",
            "expected_on": any(row["expected_on"] for row in told),
            **stations.cabinet(devices.get(nodes.get(cabinet.id, ""))),
        })  # fmt: skip
    return page(rows, limit, cursor)
