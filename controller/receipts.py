"""Laptops, the batches they were given, key generations and receipts: who may bring what.

One SQLite file beside the controller's own, written by the commands of `receipts_command.py` and
read by a controller that runs. It holds no key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from protocol import handover

from . import renewals

NAME = "handover.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS laptop (
  name TEXT PRIMARY KEY, sign TEXT NOT NULL, seal TEXT NOT NULL, revoked_at TEXT);
CREATE TABLE IF NOT EXISTS batch (
  batch_id TEXT NOT NULL, node_id TEXT NOT NULL, asset_id TEXT NOT NULL, laptop TEXT NOT NULL,
  generation INTEGER NOT NULL, made_at TEXT NOT NULL, PRIMARY KEY (batch_id, node_id));
CREATE TABLE IF NOT EXISTS receipt (
  node_id TEXT PRIMARY KEY, asset_id TEXT NOT NULL, mac TEXT NOT NULL, laptop TEXT NOT NULL,
  batch_id TEXT NOT NULL, imported_at TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS moved (node_id TEXT PRIMARY KEY, asset_id TEXT NOT NULL);
"""


class RefusedError(Exception):
    """A receipt, a card or a wish that is refused; the text says why."""


@dataclass(frozen=True)
class Given:
    """A key that is to be given: the node and its asset ("" where none is known)."""

    node_id: str
    asset_id: str
    generation: int


def _flashed_s(text: str) -> float:
    """When the board of a kept receipt was flashed."""
    return renewals.instant(handover.check_receipt(text)[0].flashed_at)


class Receipts:
    """The file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / NAME, timeout=20)
        self._db.isolation_level = None
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA + renewals.SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def enrol(self, card: handover.Card) -> None:
        """Know a laptop; another card of the same name is refused."""
        known = self.card(card.name)
        if known is not None and known != card:
            raise RefusedError(
                f"the laptop {card.name} has another card here: revoke it, or give it a new name"
            )
        self._db.execute(
            "INSERT OR IGNORE INTO laptop VALUES (?,?,?,NULL)", (card.name, card.sign, card.seal)
        )

    def card(self, name: str) -> handover.Card | None:
        """The card of a laptop."""
        row = self._db.execute("SELECT name, sign, seal FROM laptop WHERE name=?", (name,))
        found = row.fetchone()
        return handover.Card(*found) if found else None

    def must_be_good(self, name: str) -> handover.Card:
        """The card of a laptop that is known and not revoked."""
        row = self._db.execute("SELECT revoked_at FROM laptop WHERE name=?", (name,)).fetchone()
        card = self.card(name)
        if row is None or card is None:
            raise RefusedError(f"the laptop {name} is not known here: give its card")
        if row[0]:
            raise RefusedError(f"the laptop {name} was revoked at {row[0]}")
        return card

    def generation(self, node_id: str) -> int:
        """Which key a node has."""
        return renewals.generation(self._db, node_id)

    def given(self, batch_id: str, laptop: str, nodes: Iterable[Given], now: str) -> None:
        """A batch goes to a laptop. A key that another laptop holds is refused."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for one in nodes:
                holder = self._db.execute(
                    "SELECT laptop FROM batch WHERE node_id=? AND generation=? AND laptop<>?",
                    (one.node_id, one.generation, laptop),
                ).fetchone()
                if holder:
                    raise RefusedError(
                        f"the key of {one.node_id} was given to the laptop {holder[0]}: revoke "
                        "that laptop or the node first"
                    )
                self._db.execute(
                    "INSERT INTO batch VALUES (?,?,?,?,?,?)",
                    (batch_id, one.node_id, one.asset_id, laptop, one.generation, now),
                )
        except (RefusedError, sqlite3.Error):
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def revoke_node(self, node_id: str) -> int:
        """End a node's key at once; the number of its next one."""
        return renewals.end_now(self._db, node_id)

    def given_to(self, laptop: str) -> list[str]:
        """Nodes of which a laptop was ever given anything."""
        query = "SELECT DISTINCT node_id FROM batch WHERE laptop=? ORDER BY node_id"
        return [str(row[0]) for row in self._db.execute(query, (laptop,))]

    def near_number(self, street: str) -> int:
        """How often the key of hints in a street was renewed."""
        return renewals.near_number(self._db, street)

    def revoke_laptop(
        self, name: str, asked: renewals.Asked, *, at_once: bool
    ) -> tuple[list[str], list[str]]:
        """End a laptop: its receipts, and the keys it holds.

        Nodes whose keys ended at once, and nodes in the street whose keys it knows, which get
        their next ones over the air. With `at_once` theirs end, too; such a node must be flashed
        anew to be heard again.
        """
        if self.card(name) is None:
            raise RefusedError(f"the laptop {name} is not known here")
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            "UPDATE laptop SET revoked_at=coalesce(revoked_at, ?) WHERE name=?",
            (asked.since, name),
        )
        held = [
            str(row[0])
            for row in self._db.execute(
                "SELECT DISTINCT b.node_id FROM batch b LEFT JOIN generation g "
                "ON g.node_id=b.node_id LEFT JOIN held h ON h.node_id=b.node_id "
                "WHERE b.laptop=? AND b.generation>=coalesce(h.number, g.number, 0) "
                "ORDER BY b.node_id", (name,),
            )
        ]  # fmt: skip
        there = {row[0] for row in self._db.execute("SELECT node_id FROM receipt")}
        ended = [node_id for node_id in held if at_once or node_id not in there]
        renewed = [node_id for node_id in held if node_id not in ended]
        for node_id in ended:
            self.revoke_node(node_id)
        renewals.ask(self._db, renewed, asked)
        self._db.execute("COMMIT")
        return ended, renewed

    def read(self, text: str | bytes) -> handover.Receipt:
        """A receipt that is good, with the asset that its node has now. RefusedError says why not.

        A node that was exchanged with another serves that one's asset, whatever its label says.
        """
        try:
            receipt, public = handover.check_receipt(text)
        except handover.ReceiptError as error:
            raise RefusedError(str(error)) from error
        card = self.must_be_good(receipt.laptop)
        if public != card.sign:
            raise RefusedError(f"it was not signed by the laptop {receipt.laptop}")
        moved = self._db.execute("SELECT asset_id FROM moved WHERE node_id=?", (receipt.node_id,))
        receipt = msgspec.structs.replace(
            receipt, asset_id=(moved.fetchone() or (receipt.asset_id,))[0]
        )
        self._judge(receipt)
        return receipt

    def keep(self, receipt: handover.Receipt, text: str, now: str) -> bool:
        """Keep a receipt that was read; False when it, or a newer one of its node, is here."""
        before = self._db.execute(
            "SELECT text FROM receipt WHERE node_id=?", (receipt.node_id,)
        ).fetchone()
        if before and (before[0] == text or _flashed_s(before[0]) > _flashed_s(text)):
            return False
        with self._whole():
            self._db.execute(
                "INSERT OR REPLACE INTO receipt VALUES (?,?,?,?,?,?,?)",
                (receipt.node_id, receipt.asset_id, receipt.mac, receipt.laptop,
                 receipt.batch_id, now, text),
            )  # fmt: skip
            number = self._flashed_as(receipt)
            renewals.flashed(self._db, receipt.node_id, number, receipt.flashed_at)
        return True

    def exchange(self, nodes: Mapping[str, str], then: Callable[[], None]) -> None:
        """Two assets have each other's nodes and receipts from now on; `then` is done with it.

        nodes: which node each of the two has now.
        """
        first, second = nodes
        with self._whole():
            self._db.executemany(
                "INSERT OR REPLACE INTO moved VALUES (?,?)", [(n, a) for a, n in nodes.items()]
            )
            self._db.execute(
                "UPDATE receipt SET asset_id=CASE asset_id WHEN ? THEN ? ELSE ? END "
                "WHERE asset_id IN (?,?)", (first, second, first, first, second),
            )  # fmt: skip
            then()

    def _whole(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # It commits, or rolls back when something is raised.

    def is_kept(self, text: str) -> bool:
        """Whether this very receipt was accepted before."""
        found = self._db.execute("SELECT 1 FROM receipt WHERE text=?", (text,)).fetchone()
        return found is not None

    def _flashed_as(self, receipt: handover.Receipt) -> int:
        """The generation of the key that the board was flashed with."""
        row = self._db.execute(
            "SELECT generation FROM batch WHERE batch_id=? AND node_id=? AND laptop=?",
            (receipt.batch_id, receipt.node_id, receipt.laptop),
        ).fetchone()
        if row is None:
            raise RefusedError(
                f"the laptop {receipt.laptop} was never given the key of {receipt.node_id}"
            )
        return int(row[0])

    def _judge(self, receipt: handover.Receipt) -> None:
        # A key that is to be renewed opens joins until the next one has: so does its receipt.
        # One that was renewed since it was flashed may bring its receipt late.
        node_id = receipt.node_id
        is_old = self._flashed_as(receipt) < renewals.least(self._db, node_id)
        if is_old and not renewals.renewed_since(self._db, node_id, receipt.flashed_at):
            raise RefusedError(f"the key of {receipt.node_id} was revoked since")
        if not receipt.passed:
            raise RefusedError("its self-test had failed: flash it again")
        for column, value in (("mac", receipt.mac), ("asset_id", receipt.asset_id)):
            other = self._db.execute(
                f"SELECT node_id FROM receipt WHERE {column}=? AND node_id<>?",
                (value, receipt.node_id),
            ).fetchone()
            if other:
                raise RefusedError(
                    f"{column} {value} is in the receipt of {other[0]}, too: a duplicate label "
                    "or a swap"
                )

    def macs(self) -> Mapping[str, str]:
        """The MAC of each node that has a receipt."""
        return dict(self._db.execute("SELECT node_id, mac FROM receipt").fetchall())
