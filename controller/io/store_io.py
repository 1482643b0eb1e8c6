"""The controller's database: one SQLite file, one writer, every batch one transaction.

`synchronous=FULL`: what `commit` has returned from survives a power cut. A failed write ends the
process, for nothing may be sent that is not on disk.
"""

from __future__ import annotations

import asyncio
import itertools
import operator
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..errors import StoreError

_T = TypeVar("_T")
VERSION = 1
# Entries of loggers other than events beyond this are dropped, oldest first: weeks of a quarter.
OUTBOX_MAX = 200_000
_SCHEMA = Path(__file__).with_name("schema_v1.sql")

STATEMENTS = {
    "cms": "INSERT INTO cms VALUES (?,?,?,?) ON CONFLICT (uri) DO UPDATE SET "
    "gateway_address=excluded.gateway_address, cms_address=excluded.cms_address, "
    "ready=excluded.ready",
    "resource": "INSERT OR REPLACE INTO resource VALUES (?,?,?,?)",
    "resource_gone": "DELETE FROM resource WHERE cms=? AND kind=? AND name=?",
    "assignment": "INSERT OR REPLACE INTO assignment VALUES (?,?,?,?,?)",
    "override": "INSERT OR REPLACE INTO override VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    "override_gone": "DELETE FROM override WHERE address=? AND rank=?",
    "schedule": "INSERT OR REPLACE INTO schedule VALUES (?,?,?)",
    "reported": "INSERT OR REPLACE INTO reported VALUES (?,?)",
    "event": "INSERT OR IGNORE INTO event VALUES (?,?,?)",
    "outbox": "INSERT INTO outbox (cms, logger, body) VALUES (?,?,?)",
}
_FORGET_CMS = (
    "DELETE FROM resource WHERE cms=?",
    "DELETE FROM outbox WHERE cms=?",
    "UPDATE cms SET gateway_address='', cms_address='', ready=0 WHERE uri=?",
)


class Store:
    """An open database. All work is done in its one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "store")
        self._db: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open or create the file; StoreError when it is of a newer version or broken."""
        await self._do(self._open)

    async def close(self) -> None:
        """Close the file."""
        await self._do(self._close)
        self._thread.shutdown()

    async def commit(self, writes: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        """Do all writes in one transaction, on disk when this returns."""
        await self._do(self.write, writes)

    async def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of a query."""
        return await self._do(self._rows, query, values)

    async def outbox(self, cms: str, logger: str, most: int) -> list[tuple[int, bytes]]:
        """The oldest entries of a logger: (id, body)."""
        rows = await self.rows(
            "SELECT id, body FROM outbox WHERE cms=? AND logger=? ORDER BY id LIMIT ?",
            cms, logger, most,
        )  # fmt: skip
        return [
            (int(str(number)), bytes(body)) for number, body in rows if isinstance(body, bytes)
        ]

    async def sent(self, cms: str, logger: str, last: int) -> None:
        """The CMS has this logger's entries up to `last`."""
        await self._do(self._sent, cms, logger, last)

    async def _do(self, work: Callable[..., _T], *values: object) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *values)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    @property
    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError(f"{self._path}: not open")
        return self._db

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise StoreError(f"{self._path}: version {version} is newer than {VERSION}")
        if version == 0:
            db.executescript(
                f"BEGIN; {_SCHEMA.read_text()}; PRAGMA user_version={VERSION}; COMMIT;"
            )
        self._db = db

    def _close(self) -> None:
        self._open_db.close()

    def write(self, writes: Iterable[tuple[str, tuple[object, ...]]]) -> None:
        """The transaction of `commit`, in the caller's thread."""
        db = self._open_db
        db.execute("BEGIN IMMEDIATE")
        try:
            # Many rows of one kind come one after the other; together they cost half.
            for name, group in itertools.groupby(writes, key=operator.itemgetter(0)):
                rows = [values for _, values in group]
                for statement in _FORGET_CMS if name == "cms_forgotten" else (STATEMENTS[name],):
                    db.executemany(statement, rows)
        except sqlite3.Error:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        return self._open_db.execute(query, values).fetchall()

    def _sent(self, cms: str, logger: str, last: int) -> None:
        self._open_db.execute(
            "DELETE FROM outbox WHERE cms=? AND logger=? AND id<=?", (cms, logger, last)
        )

    async def trim(self, cms: str, logger: str) -> int:
        """Drop the oldest entries of a logger that is not for events; how many."""
        return await self._do(self._trim, cms, logger)

    def _trim(self, cms: str, logger: str) -> int:
        done = self._open_db.execute(
            "DELETE FROM outbox WHERE cms=? AND logger=? AND id <= (SELECT id FROM outbox WHERE "
            "cms=? AND logger=? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (cms, logger, cms, logger, OUTBOX_MAX),
        )
        return done.rowcount
