"""Fans changes out to open pages: one ring, and a bell for each listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import sqlalchemy as sa

from .feed import Ring, Told
from .store import Store, tables

_REPLAY_MAX = 2000
RESYNC = "resync"


class Live:
    """What pages hear, from any number on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ring = Ring()
        self._bells: set[asyncio.Event] = set()

    async def start(self) -> None:
        """Numbers go on where the database left them."""
        async with self._store.read() as unit:
            rows = await unit.rows(sa.select(sa.func.max(tables.feed.c.number).label("last")))
        self._ring.last = rows[0]["last"] or 0

    def add(self, told: list[Told]) -> None:
        """What a unit of work told, after its commit."""
        self._ring.add(told)
        for bell in self._bells:
            bell.set()

    async def listen(self, after: int | None) -> AsyncIterator[Told]:
        """Changes after a number (None: from now on), for ever; gaps are told as resync."""
        bell = asyncio.Event()
        self._bells.add(bell)
        number = self._ring.last if after is None else after
        try:
            while True:
                bell.clear()
                rows = await self._rows(number)
                for row in rows:
                    yield row
                    number = row[0]
                if not rows:
                    await bell.wait()
        finally:
            self._bells.discard(bell)

    async def _rows(self, number: int) -> list[Told]:
        last = self._ring.last
        if number > last:  # The database was replaced.
            return [(last, RESYNC, "{}")]
        rows = self._ring.after(number)
        if rows is not None:
            return rows
        # A commit is in the database a moment before `add` hears of it: what lies past the
        # last number told comes with its bell. Told here, it would look like a lost database.
        f = tables.feed.c
        query = sa.select(tables.feed).where(f.number > number, f.number <= last)
        async with self._store.read() as unit:
            found = await unit.rows(query.order_by(f.number).limit(_REPLAY_MAX))
        if not found or found[0]["number"] != number + 1:
            return [(last, RESYNC, "{}")]
        return [(row["number"], row["name"], row["data"]) for row in found]
