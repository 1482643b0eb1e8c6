"""Data packages: what gateways are to install (P1). How it goes is told by events."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from .. import fleet
from ..errors import wrong
from ..store import tables
from .context import Cursor, Limit, Operator, Parts, Somebody, page

router = APIRouter(tags=["gateways"])
Word = Annotated[str, Field(min_length=1, max_length=200)]


class PackageSaid(BaseModel):
    """A release of a package, and where gateways fetch it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    release_id: Word
    download_uri: Word


def _resource(row: Any) -> dict[str, Any]:
    body = row["body"]
    return {
        "id": row["address"], "gateway_id": row["gateway"], "release_id": body["releaseId"],
        "download_uri": body["downloadUri"],
    }  # fmt: skip


@router.put("/packages/{package_id}")
async def put_package(
    package_id: str, said: PackageSaid, who: Operator, parts: Parts
) -> dict[str, Any]:
    """Have every gateway install a release; gateways that attach later are not asked."""
    if not said.download_uri.startswith(("http://", "https://")):
        raise wrong("download_uri", "an http or https URI", said.download_uri)
    async with parts.store.write() as unit:
        gateways = await parts.desired.gateways(unit)
        for gateway in gateways:
            body = await parts.desired.package(
                unit, gateway, package_id, said.release_id, said.download_uri
            )
            await unit.put(tables.talq_resources, {
                "gateway": gateway, "collection": fleet.PACKAGES, "address": package_id,
                "body": body,
            })  # fmt: skip
    return {"id": package_id, "gateway_ids": gateways, **said.model_dump()}


@router.get("/packages")
async def packages(
    who: Somebody, parts: Parts, limit: Limit = 1000, cursor: Cursor = None
) -> dict[str, Any]:
    """The newest release of each package that each gateway was asked to install."""
    r = tables.talq_resources
    query = sa.select(r).where(r.c.collection == fleet.PACKAGES)
    async with parts.store.read() as unit:
        rows = await unit.rows(query.order_by(r.c.address, r.c.gateway))
    return page([_resource(row) for row in rows], limit, cursor)
