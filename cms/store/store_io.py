"""The database: reads at any time, one unit of work after the other.

What a unit tells the feed gets its numbers in the unit's own transaction, so numbers are given in
the order of commits and none is ever missing; listeners hear of them after the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import alembic.util
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from ..errors import StoreError
from ..feed import Told
from . import tables

FEED_ROWS_MAX = 20_000  # An operator's page that slept longer than this reads all anew.
_TRIM_EVERY = 500

Row = Mapping[str, Any]


class Unit:
    """One transaction, and what it will tell the feed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.told: list[tuple[str, str]] = []
        self.gateways: set[str] = set()

    async def rows(self, query: sa.Select[Any]) -> list[Row]:
        """All rows of a query as mappings."""
        return list((await self.connection.execute(query)).mappings())

    async def run(
        self, statement: sa.Executable, values: Sequence[Mapping[str, Any]] | None = None
    ) -> sa.CursorResult[Any]:
        """One statement, or one for each of many rows."""
        if values is not None:
            if not values:
                return await self.connection.execute(sa.select(sa.literal(1)))
            return await self.connection.execute(statement, [dict(v) for v in values])
        return await self.connection.execute(statement)

    async def put(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        """Insert a row in the place of the one with the same key."""
        keys = [column.name for column in table.primary_key]
        same = sa.and_(*(table.c[key] == row[key] for key in keys))
        await self.connection.execute(table.delete().where(same))
        await self.connection.execute(table.insert(), dict(row))

    async def put_all(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows in the place of those with the same keys."""
        keys = [column.name for column in table.primary_key]
        same = sa.and_(*(table.c[key] == sa.bindparam(f"at_{key}") for key in keys))
        await self.run(
            table.delete().where(same), [{f"at_{key}": row[key] for key in keys} for row in rows]
        )
        await self.run(table.insert(), rows)

    async def insert_new(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows unless one of their unique keys is there."""
        if rows:
            insert = sqlite.insert
            if self.connection.dialect.name == "postgresql":
                insert = postgresql.insert  # type: ignore[assignment]  # both know conflicts
            await self.run(insert(table).on_conflict_do_nothing(), rows)

    async def insert_fresh(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Insert rows of one gateway unless they are there; those that were not, with their ids.

        Ids rise, and a gateway's rows are written by one unit at a time: what is above the highest
        id of before is new.
        """
        if not rows:
            return []
        c = table.c
        highest = await self.rows(sa.select(sa.func.max(c.id).label("id")))
        await self.insert_new(table, rows)
        fresh = sa.select(table).where(
            c.id > (highest[0]["id"] or 0), c.gateway == rows[0]["gateway"]
        )
        return await self.rows(fresh.order_by(c.id))

    def tell(self, name: str, data: object) -> None:
        """One change for the pages."""
        self.told.append((name, msgspec.json.encode(data).decode()))

    async def call(
        self, gateway: str, operation: str, path: Sequence[str], body: object, about: object
    ) -> None:
        """A request for a gateway; it is sent after the commit, however often we restart."""
        await self.connection.execute(
            tables.calls.insert(),
            {"gateway": gateway, "operation": operation, "path": list(path), "body": body,
             "about": about},
        )  # fmt: skip
        self.gateways.add(gateway)


class Store:
    """The engine and the one writer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine = create_async_engine(
            url,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
        )
        self._writing = asyncio.Lock()
        self._commits = 0
        self.on_told: Callable[[list[Told]], None] = lambda told: None
        self.on_call: Callable[[set[str]], None] = lambda gateways: None
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine.sync_engine, "connect", _pragmas)
            sa.event.listen(self._engine.sync_engine, "begin", _begin)

    async def open(self) -> None:
        """Bring the schema up to date; StoreError when that cannot be."""
        path = sa.make_url(self._url).database
        if self._engine.dialect.name == "sqlite" and path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            async with self._engine.connect() as connection:
                await connection.run_sync(_migrate)
        except (sa.exc.SQLAlchemyError, alembic.util.CommandError, OSError) as error:
            raise StoreError(f"{self._url}: {error}") from error

    async def close(self) -> None:
        """End all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Unit]:
        """A consistent view; nothing may be written in it."""
        async with self._engine.connect() as connection:
            yield Unit(connection)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Unit]:
        """A unit of work: all of it is stored, or nothing when the body raises."""
        told: list[Told] = []
        async with self._writing:
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(writes=True)
                async with connection.begin():
                    unit = Unit(connection)
                    yield unit
                    told = await self._number(unit)
            if told:
                self.on_told(told)
        if unit.gateways:
            self.on_call(unit.gateways)

    async def _number(self, unit: Unit) -> list[Told]:
        if not unit.told:
            self._commits += 1
            return []
        feed = tables.feed
        last = await unit.rows(sa.select(sa.func.max(feed.c.number).label("number")))
        first = (last[0]["number"] or 0) + 1  # The newest row is never trimmed.
        told = [(first + at, name, data) for at, (name, data) in enumerate(unit.told)]
        await unit.run(
            feed.insert(), [{"number": n, "name": name, "data": d} for n, name, d in told]
        )
        self._commits += 1
        if told and self._commits % _TRIM_EVERY == 0:
            await unit.connection.execute(
                tables.feed.delete().where(tables.feed.c.number <= told[-1][0] - FEED_ROWS_MAX)
            )
        return told

    async def with_unit(self, work: Callable[[Unit], Awaitable[None]]) -> None:
        """Run some work as one unit."""
        async with self.write() as unit:
            await work(unit)


def _pragmas(dbapi: Any, record: object) -> None:
    # The driver's own transactions begin late; ours begin when they are said to.
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: sa.Connection) -> None:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = tables.metadata
    alembic.command.upgrade(config, "head")
    connection.commit()
