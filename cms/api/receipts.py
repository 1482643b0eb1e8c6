"""Receipts of field engineers: what was made, and what of it has said hello."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from protocol import handover

from .. import receipts
from ..errors import Fault, RefusedError
from ..people import Person
from ..store import Unit, tables
from .context import Context, Cursor, Limit, Parts, Somebody, needs, page

router = APIRouter(tags=["receipts"])
Engineer = Annotated[Person, Depends(needs("engineer"))]


class ReceiptSaid(BaseModel):
    """A receipt as flash.py wrote it: the content, who signed it, the signature in hex."""

    model_config = ConfigDict(extra="forbid", strict=True)
    receipt: dict[str, Any]
    public: str
    signature: str


@router.post("/receipts", status_code=201)
async def add(said: ReceiptSaid, who: Engineer, parts: Parts) -> dict[str, Any]:
    """Accept a receipt; the controller has judged whose it is, here its signature is tried."""
    try:
        receipt, _ = handover.check_receipt(said.model_dump_json())
    except handover.ReceiptError as error:
        raise RefusedError(422, str(error), (Fault("signature", str(error), None),)) from error
    t, site = tables.receipts, parts.street.site
    # Boxes may hang exchanged, and the plan knows it.
    asset_id = site.served(receipt.node_id, receipt.asset_id)
    async with parts.store.write() as unit:
        alike = sa.select(t.c.node_id, t.c.asset_id, t.c.mac).where(
            sa.or_(t.c.asset_id == asset_id, t.c.mac == receipt.mac),
            t.c.node_id != receipt.node_id,
        )
        found = [
            row
            for row in await unit.rows(alike)
            if row["mac"] == receipt.mac
            or site.served(row["node_id"], row["asset_id"]) == asset_id
        ]
        if found:
            rule = f"the receipt of {found[0]['node_id']} has this asset or MAC: a swap?"
            raise RefusedError(409, rule, (Fault("receipt.asset_id", rule, receipt.asset_id),))
        await unit.run(t.delete().where(t.c.node_id == receipt.node_id))
        row = {
            "node_id": receipt.node_id, "asset_id": asset_id, "mac": receipt.mac,
            "body": msgspec.to_builtins(receipt), "imported_ms": parts.street.now_ms(),
        }  # fmt: skip
        await unit.run(t.insert(), [row])
        return (await _told(unit, parts, [row]))[0]


@router.get("/receipts")
async def listed(
    who: Somebody,
    parts: Parts,
    limit: Limit = 1000,
    cursor: Cursor = None,
    state: Annotated[
        Literal["planned", "installed"] | None, Query(description="Only these.")
    ] = None,
) -> dict[str, Any]:
    """What left a bench: planned until its node was heard, then installed."""
    async with parts.store.read() as unit:
        rows = await unit.rows(sa.select(tables.receipts).order_by(tables.receipts.c.node_id))
        items = await _told(unit, parts, rows)
    return page([one for one in items if state in (None, one["state"])], limit, cursor)


async def _told(unit: Unit, parts: Context, rows: Any) -> list[dict[str, Any]]:
    site = parts.street.site
    rows = [{**row, "asset_id": site.served(row["node_id"], row["asset_id"])} for row in rows]
    devices = await parts.street.by_asset(unit, [row["asset_id"] for row in rows])
    return [
        receipts.told(
            row,
            receipts.state(row, devices.get(row["asset_id"])),
            site.rfc3339(row["imported_ms"] / 1000),
            site.places.get(row["asset_id"], (None, None)),
        )
        for row in rows
    ]
