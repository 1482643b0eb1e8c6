"""Servers for the log reports: `python -m bench.log_report_servers KIND PORT FOLDER SENDER`.

fastapi: what an engineer writes with FastAPI, pydantic and SQLAlchemy. checked: our face without
what comes after it. bare: an ASGI application that decodes the body with msgspec, no more.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import fastapi
import msgspec
import pydantic
import sqlalchemy as sa
import uvicorn
from sqlalchemy.dialects import sqlite

from cms.store import Store, tables
from protocol import talq

from .log_reports import devices

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class AttributeFloat(pydantic.BaseModel):
    """One kind of attribute."""

    type: Literal["AttributeFloat"]
    value: float | None = None
    timestamp: datetime | None = None


class AttributeString(pydantic.BaseModel):
    """Another kind."""

    type: Literal["AttributeString"]
    value: str | None = None
    timestamp: datetime | None = None


class AttributeLogData(pydantic.BaseModel):
    """A value."""

    type: Literal["AttributeLogData"]
    srcAddress: str  # TALQ's name
    timestamp: datetime
    attributeName: str  # TALQ's name
    attributeValue: Annotated[  # TALQ's name
        AttributeFloat | AttributeString, pydantic.Field(discriminator="type")
    ]


class EventLogData(pydantic.BaseModel):
    """An event."""

    type: Literal["EventLogData"]
    srcAddress: str  # TALQ's name
    timestamp: datetime
    eventType: str  # TALQ's name
    startEndFlag: bool | None = None  # TALQ's name


class Entry(pydantic.BaseModel):
    """One entry of a report."""

    cmsRefId: str | None = None  # TALQ's name
    data: Annotated[AttributeLogData | EventLogData, pydantic.Field(discriminator="type")]


class LogReport(pydantic.BaseModel):
    """A report."""

    address: str
    entries: list[Entry]


def fastapi_app(store: Store) -> Any:
    """The same work in the usual way: a session for each request, committed at its end."""
    app = fastapi.FastAPI()

    @app.post("/talq/log-reports", status_code=201)
    async def log_reports(
        body: LogReport,
        clientAddress: str,  # TALQ's name
        talqRequestId: str,  # TALQ's name
        talq_api_version: Annotated[str, fastapi.Header()],
    ) -> None:
        async with store.write() as unit:
            await _keep(unit, body, clientAddress)

    return app


async def _keep(unit: Any, body: LogReport, sender: str) -> None:
    g, d = tables.gateways.c, tables.devices.c
    if not await unit.rows(sa.select(g.address).where(g.address == sender)):
        raise fastapi.HTTPException(403)
    named = {entry.data.srcAddress.split("/")[0] for entry in body.entries}
    query = sa.select(d.address, d.gateway, d.newest).where(d.address.in_(named))
    known = {row["address"]: dict(row["newest"]) for row in await unit.rows(query)}
    measured = []
    for entry in body.entries:
        data = entry.data
        if not isinstance(data, AttributeLogData):
            continue
        address, function = data.srcAddress.split("/")[:2]
        if address not in known:
            raise fastapi.HTTPException(422)
        at_ms = int(data.timestamp.timestamp() * 1000)
        value = data.attributeValue.value
        known[address][f"{function}.{data.attributeName}"] = [value, at_ms]
        measured.append(
            {"device": address, "name": data.attributeName, "at_ms": at_ms, "value": value}
        )
    await unit.connection.execute(
        sqlite.insert(tables.measurements).on_conflict_do_nothing(), measured
    )
    change = tables.devices.update().where(d.address == sa.bindparam("at"))
    await unit.connection.execute(
        change.values(newest=sa.bindparam("newest_")),
        [{"at": address, "newest_": newest} for address, newest in known.items()],
    )


async def _fill(store: Store, sender: str) -> None:
    await store.open()
    async with store.write() as unit:
        await unit.put(tables.gateways, {
            "address": sender, "uri": "x", "stage": 4, "device": {}, "services": [],
            "heard_ms": 0,
        })  # fmt: skip
        for body in devices():
            await unit.put(tables.devices, {
                "address": body["address"], "gateway": sender, "asset_id": body["name"],
                "body": body, "newest": {}, "faults": [],
            })  # fmt: skip


async def _taken(call: talq.Call) -> talq.Answer:
    return talq.Answer(201)


class Mounted:
    """Our face below /talq, as the CMS mounts it."""

    def __init__(self) -> None:
        self._face = talq.Face("cms", _taken, talq.STRUCTS)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        await self._face({**scope, "root_path": "/talq"}, receive, send)


async def bare(scope: Any, receive: Receive, send: Send) -> None:
    """Decode, answer 201."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    msgspec.json.decode(b"".join(parts))
    head = {"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]}
    await send(head)
    await send({"type": "http.response.body", "body": b""})


def main(arguments: list[str]) -> None:
    """Serve until ended."""
    kind, port, folder, sender = arguments
    app: Any = bare if kind == "bare" else Mounted()
    if kind == "fastapi":
        store = Store(f"sqlite+aiosqlite:///{Path(folder) / 'fastapi.db'}")
        asyncio.run(_fill(store, sender))
        app = fastapi_app(Store(f"sqlite+aiosqlite:///{Path(folder) / 'fastapi.db'}"))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", lifespan="off")


if __name__ == "__main__":
    main(sys.argv[1:])
