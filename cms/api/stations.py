"""What stands beside the lamps: readings of the air, and bays that are closed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from .. import assets, fleet, stations
from ..errors import RefusedError, missing
from .context import Cursor, Limit, Operator, Parts, Somebody, page

router = APIRouter(tags=["street"])


class BaySaid(BaseModel):
    """Whether nobody may park there."""

    model_config = ConfigDict(extra="forbid", strict=True)
    closed: bool


@router.put("/bays/{bay_id}")
async def close_bay(bay_id: str, said: BaySaid, who: Operator, parts: Parts) -> dict[str, Any]:
    """Close a bay, or open it again; its state follows when the gateway has said so."""
    known = parts.street.site
    if bay_id not in known.bays:
        raise missing("bay", bay_id)
    async with parts.store.write() as unit:
        device = (await parts.street.by_asset(unit, [bay_id])).get(bay_id)
        if device is None:
            raise RefusedError(409, f"no gateway has announced the bay {bay_id!r}", ())
        body = {"type": "AttributeBoolean", "value": said.closed}
        fleet.keep(device, "node", "closed", body, parts.street.now_ms())
        await parts.desired.close(unit, device, said.closed)
        await parts.street.settle(unit, {bay_id: device})
    return assets.bay(known, known.bays[bay_id], device, parts.street.clock.now_s())


@router.get("/air")
async def air(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest readings of the air stations, which are indicative."""
    known = parts.street.site
    now_s = parts.street.clock.now_s()
    async with parts.store.read() as unit:
        devices = await parts.street.by_asset(unit, known.air)
    rows = [
        row for name in sorted(devices)
        for row in stations.readings(known, known.air[name], devices[name], now_s)
    ]  # fmt: skip
    return page(rows, limit, cursor)
