from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.errors import StoreError
from controller.io import store_io
from controller.io.store_io import Store

OVERRIDE = ("lamp", "ordinary", 1, 40, 0.0, 9.5, 10, "ordinary:1", "request", "cms", 0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = Store(tmp_path / "folder" / "controller.db")
    await made.open()
    yield made
    await made.close()


async def test_what_was_committed_is_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    await store.commit([("override", OVERRIDE), ("event", ("node", 1, 2))])
    other = Store(tmp_path / "folder" / "controller.db")
    await other.open()
    assert await other.rows("SELECT * FROM override") == [OVERRIDE]
    assert await other.rows("SELECT * FROM event") == [("node", 1, 2)]
    await other.close()


async def test_a_batch_that_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(StoreError, match=r"controller\.db"):
        await store.commit([("event", ("node", 1, 2)), ("outbox", ("cms", "events", None))])
    assert await store.rows("SELECT * FROM event") == []
    await store.commit([("event", ("node", 1, 3))])  # The file is not left in a transaction.
    assert await store.rows("SELECT * FROM event") == [("node", 1, 3)]


async def test_writes_are_done_in_the_order_asked(store: Store) -> None:
    await store.commit([
        ("override", OVERRIDE),
        ("override_gone", ("lamp", "ordinary")),
        ("resource", ("cms", "calendars", "a", b"1")),
        ("resource", ("cms", "calendars", "a", b"2")),
    ])  # fmt: skip
    assert await store.rows("SELECT * FROM override") == []
    assert await store.rows("SELECT body FROM resource") == [(b"2",)]


async def test_an_event_is_known_however_often_it_is_stored(store: Store) -> None:
    await store.commit([("event", ("node", 1, 2))] * 3)
    assert await store.rows("SELECT count(*) FROM event") == [(1,)]


async def test_the_outbox_keeps_its_order_and_forgets_what_was_sent(store: Store) -> None:
    await store.commit([("outbox", ("cms", "events", str(n).encode())) for n in range(5)])
    await store.commit([("outbox", ("cms", "live", b"x"))])
    rows = await store.outbox("cms", "events", 3)
    assert [body for _, body in rows] == [b"0", b"1", b"2"]
    await store.sent("cms", "events", rows[-1][0])
    assert [body for _, body in await store.outbox("cms", "events", 9)] == [b"3", b"4"]
    assert len(await store.outbox("cms", "live", 9)) == 1


async def test_numbers_of_the_outbox_are_never_used_again(store: Store) -> None:
    await store.commit([("outbox", ("cms", "events", b"a"))])
    (number, _) = (await store.outbox("cms", "events", 1))[0]
    await store.sent("cms", "events", number)
    await store.commit([("outbox", ("cms", "events", b"b"))])
    assert (await store.outbox("cms", "events", 1))[0][0] > number


async def test_a_long_log_is_trimmed_from_its_oldest_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_io, "OUTBOX_MAX", 3)
    await store.commit([("outbox", ("cms", "live", str(n).encode())) for n in range(5)])
    await store.commit([("outbox", ("cms", "events", b"x"))] * 9)
    assert await store.trim("cms", "live") == 2
    assert [body for _, body in await store.outbox("cms", "live", 9)] == [b"2", b"3", b"4"]
    assert len(await store.outbox("cms", "events", 99)) == 9


async def test_a_forgotten_cms_leaves_its_lamps_as_they_are(store: Store) -> None:
    await store.commit([
        ("cms", ("cms", "gateway", "address", 1)),
        ("resource", ("cms", "calendars", "a", b"1")),
        ("resource", ("other", "calendars", "a", b"1")),
        ("outbox", ("cms", "events", b"x")),
        ("assignment", ("lamp", "cms", "a", 1.0, "request")),
        ("cms_forgotten", ("cms",)),
    ])  # fmt: skip
    assert await store.rows("SELECT * FROM cms") == [("cms", "", "", 0)]
    assert await store.rows("SELECT cms FROM resource") == [("other",)]
    assert await store.outbox("cms", "events", 9) == []
    assert len(await store.rows("SELECT * FROM assignment")) == 1


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "controller.db"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={store_io.VERSION + 1}")
    db.close()
    store = Store(path)
    with pytest.raises(StoreError, match="newer"):
        await store.open()
    with pytest.raises(StoreError, match="not open"):
        await store.commit([])


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "controller.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"controller\.db"):
        await Store(path).open()


async def test_every_batch_is_on_disk_when_it_is_done(store: Store) -> None:
    assert await store.rows("PRAGMA synchronous") == [(2,)]
    assert await store.rows("PRAGMA journal_mode") == [("wal",)]
