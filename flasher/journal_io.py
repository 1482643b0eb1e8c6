"""Who has become what: the journal that makes a job resumable and an identity unique.

SQLite, each line on the disk before anything follows from it. A node's row is begun, with the
board's MAC, before the first byte is written to that board, and done when its self-test has
passed and its receipt is on the disk. A row that was begun belongs to its MAC for ever: another
board never gets that identity, and the same board gets no other.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .troubles import MISSING, REFUSED, FlashError

BEGUN, DONE, FAILED, ASIDE = "begun", "done", "failed", "aside"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS node (
  node_id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, batch_id TEXT NOT NULL,
  mac TEXT NOT NULL UNIQUE, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1,
  begun_at TEXT NOT NULL, ended_at TEXT, port TEXT NOT NULL DEFAULT '',
  problem TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '{}')
"""
# What was sealed into a board before its eFuses were burnt; a later run compares the flash by it.
_SEALED = """
CREATE TABLE IF NOT EXISTS sealed (
  mac TEXT PRIMARY KEY, record TEXT NOT NULL, sealed_at TEXT NOT NULL)
"""


@dataclass(frozen=True)
class Wish:
    """An identity that may be given; `mac` when only a certain board may become it."""

    node_id: str
    asset_id: str
    batch_id: str
    mac: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the journal."""

    node_id: str
    asset_id: str
    mac: str
    state: str
    attempts: int
    problem: str
    result: Mapping[str, Any]


class Journal:
    """The file. Several threads may use it; another process waits for its turn."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        try:
            self._db = sqlite3.connect(path, timeout=20, check_same_thread=False)
            self._db.isolation_level = None
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(_SCHEMA)
            self._db.execute(_SEALED)
        except sqlite3.Error as error:
            raise FlashError(f"{path}: the journal cannot be used: {error}.", MISSING) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def lines(self) -> dict[str, Line]:
        """All rows, by node id."""
        with self._lock:
            rows = self._db.execute(
                "SELECT node_id, asset_id, mac, state, attempts, problem, result FROM node"
            ).fetchall()
        return {
            node_id: Line(node_id, asset_id, mac, state, attempts, problem, json.loads(result))
            for node_id, asset_id, mac, state, attempts, problem, result in rows
        }

    def begin(self, mac: str, port: str, wishes: Sequence[Wish], now: str) -> Wish:
        """Give a board an identity, its own where it has one. FlashError when it gets none."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                wish = self._choose(mac, wishes)
                self._db.execute(
                    "INSERT INTO node (node_id, asset_id, batch_id, mac, state, begun_at, port) "
                    "VALUES (?,?,?,?,?,?,?) ON CONFLICT (node_id) DO UPDATE SET state=excluded."
                    "state, attempts=attempts+1, port=excluded.port, problem=''",
                    (wish.node_id, wish.asset_id, wish.batch_id, mac, BEGUN, now, port),
                )
            except (FlashError, sqlite3.Error):
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        return wish

    def _choose(self, mac: str, wishes: Sequence[Wish]) -> Wish:
        mine = self._db.execute("SELECT node_id, state FROM node WHERE mac=?", (mac,)).fetchone()
        if mine is not None:
            node_id, state = mine
            if state == ASIDE:
                text = f"The board {mac} was put aside. It gets no identity any more."
                raise FlashError(text, REFUSED, "aside")
            for wish in wishes:
                if wish.node_id == node_id:
                    return wish
            text = f"The board {mac} is the node {node_id}, which is not in this job."
            raise FlashError(text, REFUSED, "another job")
        taken = {row[0] for row in self._db.execute("SELECT node_id FROM node")}
        free = [wish for wish in wishes if wish.node_id not in taken]
        for wish in [w for w in free if w.mac == mac] + [w for w in free if not w.mac]:
            return wish
        if free:
            text = f"No identity for the board {mac}: those left are for certain other boards."
            raise FlashError(text, REFUSED, "no identity")
        raise FlashError(
            "No identity is left: every asset of this job has its board.", REFUSED, "no identity"
        )

    def known(self, mac: str) -> Line | None:
        """The row of a board."""
        return next((line for line in self.lines().values() if line.mac == mac), None)

    def end(self, node_id: str, state: str, now: str, said: Mapping[str, Any]) -> None:
        """How it ended: said is the result, or {"problem": sentence}."""
        with self._lock:
            self._db.execute(
                "UPDATE node SET state=?, ended_at=?, problem=?, result=? WHERE node_id=?",
                (state, now, str(said.get("problem", "")), json.dumps(dict(said)), node_id),
            )

    def seal(self, mac: str, record: Mapping[str, Any], now: str) -> None:
        """What a board's flash holds when its eFuses are burnt; on the disk when this returns."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO sealed VALUES (?,?,?)",
                (mac, json.dumps(dict(record)), now),
            )

    def sealed(self, mac: str) -> Mapping[str, Any] | None:
        """What `seal` was told of a board."""
        with self._lock:
            row = self._db.execute("SELECT record FROM sealed WHERE mac=?", (mac,)).fetchone()
        found: Mapping[str, Any] | None = json.loads(row[0]) if row else None
        return found

    def put_aside(self, mac: str, now: str) -> str:
        """A board that is lost or broken: its identity is used up. The node id it had."""
        line = self.known(mac)
        if line is None:
            raise FlashError(f"No board {mac} is in the journal.", MISSING)
        self.end(line.node_id, ASIDE, now, {"problem": "put aside"})
        return line.node_id
