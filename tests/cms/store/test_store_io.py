from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cms.errors import StoreError
from cms.feed import Told
from cms.store import Store, Unit, store_io, tables


class Stumble(Exception):
    """A unit's body that does not come to its end."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'cms.db'}")
    await made.open()
    yield made
    await made.close()


def fact(name: str, value: object = 1) -> dict[str, Any]:
    return {"name": name, "value": value}


async def rows(store: Store, table: sa.Table) -> list[dict[str, Any]]:
    async with store.read() as unit:
        return [dict(row) for row in await unit.rows(sa.select(table))]


async def test_a_unit_is_stored_whole(store: Store) -> None:
    async with store.write() as unit:
        await unit.put(tables.facts, fact("a", {"x": [1, None]}))
        await unit.put(tables.facts, fact("a", {"x": [2]}))
        await unit.put(tables.facts, fact("b"))
    assert await rows(store, tables.facts) == [fact("a", {"x": [2]}), fact("b")]


async def test_a_unit_whose_body_raises_leaves_nothing(store: Store) -> None:
    heard: list[Told] = []
    called: list[set[str]] = []
    store.on_told, store.on_call = heard.extend, called.append

    async def stumbling(unit: Unit) -> None:
        await unit.put(tables.facts, fact("a"))
        unit.tell("lamp", {})
        await unit.call("gateway", "sendCommand", [], {}, None)
        raise Stumble

    with pytest.raises(Stumble):
        await store.with_unit(stumbling)
    assert await rows(store, tables.facts) == []
    assert await rows(store, tables.feed) == []
    assert await rows(store, tables.calls) == []
    assert (heard, called) == ([], [])
    async with store.write() as unit:  # And the next one is not in its way.
        await unit.put(tables.facts, fact("b"))
    assert await rows(store, tables.facts) == [fact("b")]


async def test_numbers_of_the_feed_have_no_gaps_and_the_order_of_commits(store: Store) -> None:
    heard: list[Told] = []
    store.on_told = heard.extend

    async def work(number: int) -> None:
        async with store.write() as unit:
            await asyncio.sleep(0)
            unit.tell("lamp", {"n": number, "part": 1})
            unit.tell("lamp", {"n": number, "part": 2})
            if number % 3 == 0:
                raise Stumble

    await asyncio.gather(*(work(number) for number in range(30)), return_exceptions=True)
    assert [row[0] for row in heard] == list(range(1, 41))
    stored = [(row["number"], row["name"], row["data"]) for row in await rows(store, tables.feed)]
    assert stored == heard
    pairs = [(heard[at][2], heard[at + 1][2]) for at in range(0, 40, 2)]
    for first, second in pairs:  # What one unit tells stands together.
        assert first.replace('"part":1', "") == second.replace('"part":2', "")


async def test_the_feed_is_trimmed_from_its_oldest_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_io, "FEED_ROWS_MAX", 5)
    monkeypatch.setattr(store_io, "_TRIM_EVERY", 2)
    for _ in range(20):
        async with store.write() as unit:
            unit.tell("lamp", {})
    assert [row["number"] for row in await rows(store, tables.feed)] == [16, 17, 18, 19, 20]


async def test_a_row_whose_key_is_there_is_not_inserted_again(store: Store) -> None:
    event = {
        "gateway": "g", "source": "s", "type": "t", "at_ms": 1, "flag": -1, "kind": "k",
        "asset_id": "a", "received_ms": 2, "info": [],
    }  # fmt: skip
    async with store.write() as unit:
        (first,) = await unit.insert_fresh(tables.events, [event])
        again = await unit.insert_fresh(tables.events, [event | {"received_ms": 9}])
        both = await unit.insert_fresh(tables.events, [event, event | {"at_ms": 2}])
    assert again == []
    assert [(row["id"] > first["id"], row["at_ms"]) for row in both] == [(True, 2)]
    assert len(await rows(store, tables.events)) == 2


async def test_many_rows_or_none_are_one_statement(store: Store) -> None:
    async with store.write() as unit:
        await unit.run(tables.facts.insert(), [])
        await unit.run(tables.facts.insert(), [fact("a"), fact("b")])
    assert len(await rows(store, tables.facts)) == 2


async def test_a_reader_sees_nothing_of_a_unit_that_is_under_way(store: Store) -> None:
    async with store.write() as unit:
        await unit.put(tables.facts, fact("a"))
        assert await rows(store, tables.facts) == []
    assert await rows(store, tables.facts) == [fact("a")]


async def test_calls_are_told_after_the_commit_and_kept_until_answered(store: Store) -> None:
    called: list[set[str]] = []
    store.on_call = called.append

    async def work(unit: Unit) -> None:
        await unit.call("gateway", "sendCommand", ["x"], {"a": 1}, {"b": 2})
        assert called == []

    await store.with_unit(work)
    assert called == [{"gateway"}]
    (row,) = await rows(store, tables.calls)
    assert (row["operation"], row["path"], row["body"]) == ("sendCommand", ["x"], {"a": 1})


async def test_what_was_stored_is_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    async with store.write() as unit:
        await unit.put(tables.facts, fact("a"))
        unit.tell("lamp", {})
    await store.close()
    again = Store(f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'cms.db'}")
    await again.open()
    assert await rows(again, tables.facts) == [fact("a")]
    async with again.write() as unit:
        unit.tell("lamp", {})
    assert [row["number"] for row in await rows(again, tables.feed)] == [1, 2]
    await again.close()


async def test_a_database_of_a_newer_version_is_refused(store: Store, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "folder" / "cms.db") as db:
        db.execute("UPDATE alembic_version SET version_num='9999'")
    db.close()
    again = Store(f"sqlite+aiosqlite:///{tmp_path / 'folder' / 'cms.db'}")
    with pytest.raises(StoreError, match=r"cms\.db"):
        await again.open()
    await again.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cms.db"
    path.write_bytes(b"this is no database" * 100)
    store = Store(f"sqlite+aiosqlite:///{path}")
    with pytest.raises(StoreError, match=r"cms\.db"):
        await store.open()
    await store.close()
