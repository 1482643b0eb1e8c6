"""Which nodes get another key, password or authority over the air, and how far each one is.

Tables of the file of receipts.py, which holds no key: `held` is the lowest generation under which
a node may join, `password` that from whose key its password at the broker is made; `renewal` is
what a node is to be told. Commands write them, and the controller
that runs looks at them every few seconds, so that a restart of it loses nothing.

States of a renewal: waiting -> sent -> taken (the node has it in flash) -> done (it has joined by
it), or failed. What fails is told, and a later join under the next key makes it done after all.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

WAITING, SENT, TAKEN, DONE, FAILED = "waiting", "sent", "taken", "done", "failed"
# NEAR: the key of hints between the lamps of a street.
KEY, PASSWORD, AUTHORITY, NEAR = PARTS = "key", "password", "ca", "near"
AT_ONCE = 50
SCHEMA = """
CREATE TABLE IF NOT EXISTS generation (node_id TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS held (node_id TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS password (node_id TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS near (street TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS renewal (
  node_id TEXT PRIMARY KEY, number INTEGER NOT NULL, parts TEXT NOT NULL,
  password INTEGER NOT NULL, ca TEXT NOT NULL,
  asked_at TEXT NOT NULL, at_once INTEGER NOT NULL, state TEXT NOT NULL, since_s REAL NOT NULL,
  why TEXT NOT NULL);
"""


@dataclass
class Renewal:
    """What a node is to be told.

    parts: words of PARTS; password: the generation from whose key it is
    made; ca: DER in hex.
    """

    node_id: str
    number: int
    parts: str
    password: int
    ca: str
    asked_at: str
    at_once: int
    state: str = WAITING
    since_s: float = 0.0
    why: str = ""

    @property
    def has_key(self) -> bool:
        """Whether the node is to get its next key."""
        return KEY in self.parts.split()

    @property
    def is_key_alone(self) -> bool:
        """Whether a join under the next key is all that is wanted."""
        return self.parts == KEY


@dataclass(frozen=True)
class Asked:
    """What is asked for several nodes; since: when, by the operator's clock."""

    parts: tuple[str, ...]
    since: str
    ca: str = ""
    at_once: int = AT_ONCE


def generation(db: sqlite3.Connection, node_id: str) -> int:
    """The generation of the key that a node should have."""
    row = db.execute("SELECT number FROM generation WHERE node_id=?", (node_id,)).fetchone()
    return int(row[0]) if row else 0


def least(db: sqlite3.Connection, node_id: str) -> int:
    """The lowest generation under which a node may join."""
    row = db.execute("SELECT number FROM held WHERE node_id=?", (node_id,)).fetchone()
    return int(row[0]) if row else generation(db, node_id)


def end_now(db: sqlite3.Connection, node_id: str) -> int:
    """The node's present key opens nothing any more; the number of its next one.

    Nor does one that it is getting over the air just now: who holds the present key and listened
    has read it, and a laptop may have been given it.
    """
    number = _raised(db, node_id)
    db.execute("INSERT OR REPLACE INTO held VALUES (?,?)", (node_id, number))
    db.execute("DELETE FROM renewal WHERE node_id=?", (node_id,))
    _password_is(db, node_id, number)
    return number


def flashed(db: sqlite3.Connection, node_id: str, number: int, at: str) -> None:
    """The node was flashed at this time: it has the password of its key of this generation.

    What it was being told went to the board before it, so it is told again; unless it has taken
    that since.
    """
    if renewed_since(db, node_id, at):
        return
    _password_is(db, node_id, number)
    db.execute(
        "UPDATE renewal SET number=number+1, state=?, since_s=0, why='' "
        "WHERE node_id=? AND state<>?", (WAITING, node_id, DONE),
    )  # fmt: skip
    if db.execute("SELECT 1 FROM near LIMIT 1").fetchone():
        # Its batch may be of before its street got another key; to others it makes no difference.
        ask(db, [node_id], Asked((NEAR,), at))


def renewed_since(db: sqlite3.Connection, node_id: str, at: str) -> bool:
    """Whether the node has taken something newer than what it was flashed with at this time."""
    query = "SELECT asked_at FROM renewal WHERE node_id=? AND state IN (?,?)"
    row = db.execute(query, (node_id, TAKEN, DONE)).fetchone()
    return row is not None and instant(at) <= instant(row[0])


def instant(text: str) -> float:
    """POSIX seconds of a time as laptops and operators write it; what is none is long ago."""
    try:
        return datetime.datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _password_is(db: sqlite3.Connection, node_id: str, number: int) -> None:
    db.execute("INSERT OR REPLACE INTO password VALUES (?,?)", (node_id, number))


def _is_under_way(db: sqlite3.Connection, node_id: str) -> bool:
    return least(db, node_id) < generation(db, node_id)


def _is_secret(db: sqlite3.Connection, node_id: str) -> bool:
    """Whether no laptop was given the key that the node should have."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name='batch'").fetchone():
        return True  # No laptop was given anything yet.
    query = "SELECT 1 FROM batch WHERE node_id=? AND generation=?"
    return db.execute(query, (node_id, generation(db, node_id))).fetchone() is None


def _raised(db: sqlite3.Connection, node_id: str) -> int:
    number = generation(db, node_id) + 1
    db.execute("INSERT OR REPLACE INTO generation VALUES (?,?)", (node_id, number))
    return number


def ask(db: sqlite3.Connection, nodes: Iterable[str], asked: Asked) -> None:
    """Nodes are to be told; what they were still to be told is told with it."""
    for node_id in nodes:
        before = db.execute(
            "SELECT number, parts, ca, state FROM renewal WHERE node_id=?", (node_id,)
        ).fetchone()
        parts, ca = set(asked.parts), asked.ca
        if before and before[3] != DONE:
            parts |= set(before[1].split())
            ca = ca or before[2]
        if KEY in asked.parts and not (_is_under_way(db, node_id) and _is_secret(db, node_id)):
            known = generation(db, node_id)
            for table in ("held", "password"):  # As it was until now.
                db.execute(f"INSERT OR IGNORE INTO {table} VALUES (?,?)", (node_id, known))
            _raised(db, node_id)
        if PASSWORD in parts:
            _password_is(db, node_id, generation(db, node_id))
        words = " ".join(one for one in PARTS if one in parts)
        db.execute(
            "INSERT OR REPLACE INTO renewal VALUES (?,?,?,?,?,?,?,?,0,'')",
            (node_id, before[0] + 1 if before else 1, words, generation(db, node_id), ca,
             asked.since, asked.at_once, WAITING),
        )  # fmt: skip


def near_number(db: sqlite3.Connection, street: str) -> int:
    """How often the key of hints in a street was renewed."""
    row = db.execute("SELECT number FROM near WHERE street=?", (street,)).fetchone()
    return int(row[0]) if row else 0


def ask_near(db: sqlite3.Connection, streets: Mapping[str, Iterable[str]], asked: Asked) -> None:
    """The lamps of these streets (by street) are to get another key for their hints."""
    for street, nodes in streets.items():
        number = near_number(db, street) + 1
        db.execute("INSERT OR REPLACE INTO near VALUES (?,?)", (street, number))
        ask(db, nodes, replace(asked, parts=(NEAR,)))


class Renewals:
    """The file, for those who look at renewals."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=20)
        self._db.isolation_level = None
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def keys(self) -> dict[str, tuple[int, int]]:
        """Of nodes whose key was changed: the lowest generation that may join, and the wanted."""
        held = dict(self._db.execute("SELECT node_id, number FROM held").fetchall())
        rows = self._db.execute("SELECT node_id, number FROM generation").fetchall()
        # A key that ended before there were renewals was refused at once.
        return {node_id: (held.get(node_id, number), number) for node_id, number in rows}

    def passwords(self) -> dict[str, int]:
        """From the key of which generation a node's password is made, where it is not the last."""
        return dict(self._db.execute("SELECT node_id, number FROM password").fetchall())

    def near(self) -> dict[str, int]:
        """How often the key of hints was renewed, by street, where it was."""
        return dict(self._db.execute("SELECT street, number FROM near").fetchall())

    def rows(self) -> list[Renewal]:
        """All renewals, by node."""
        found = self._db.execute("SELECT * FROM renewal ORDER BY node_id").fetchall()
        return [Renewal(*row) for row in found]

    def ask(self, nodes: Iterable[str], asked: Asked) -> None:
        """Ask for renewals, all or none."""
        with self._whole():
            ask(self._db, nodes, asked)

    def ask_near(self, streets: Mapping[str, Iterable[str]], asked: Asked) -> None:
        """Ask for other keys of hints, in all streets or none."""
        with self._whole():
            ask_near(self._db, streets, asked)

    def _whole(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # It commits, or rolls back when something is raised.

    def keep(self, rows: Iterable[Renewal], joined: Mapping[str, int]) -> None:
        """Keep how far renewals are, and under which generations nodes have joined.

        A renewal that was asked for anew in between stays as it was asked for.
        """
        with self._whole():
            for row in rows:
                kept = self._db.execute(
                    "UPDATE renewal SET state=?, since_s=?, why=? WHERE node_id=? AND number=?",
                    (row.state, row.since_s, row.why, row.node_id, row.number),
                ).rowcount
                if kept and row.state in (TAKEN, DONE) and PASSWORD in row.parts.split():
                    _password_is(self._db, row.node_id, row.password)
            for node_id, number in joined.items():
                self._db.execute(
                    "INSERT INTO held VALUES (?,?) ON CONFLICT (node_id) DO UPDATE "
                    "SET number=max(number, excluded.number)", (node_id, number),
                )  # fmt: skip
                self._db.execute(
                    "INSERT INTO generation VALUES (?,?) ON CONFLICT (node_id) DO UPDATE "
                    "SET number=max(number, excluded.number)", (node_id, number),
                )  # fmt: skip
