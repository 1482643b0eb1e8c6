"""What a flashed board leaves behind: its identity, its receipt, its label. Made, not written."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from protocol import handover
from protocol.wire import controller_end

from .boards import BoardError, compile_board
from .journal_io import Wish
from .labels import Label
from .troubles import MISSING, REFUSED, FlashError

_BOARDS = Path(__file__).resolve().parent.parent / "firmware" / "boards"
_BOARD_OF = {"lamp": "nema", "bay": "bay"}


TYPED = -1  # Line of a row that was typed in; 0: one that a batch makes.


class Job:
    """What is to be made: rows of the inventory, and the keys of opened batches.

    taken: node ids by asset id, of what was begun before: an asset keeps its node id even when
    the inventory's lines are in another order now.
    """

    def __init__(
        self,
        rows: Iterable[handover.Row],
        batches: Iterable[Mapping[str, Any]],
        taken: Mapping[str, str],
    ) -> None:
        self.batches = list(batches)
        self._keys: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        by_asset: dict[str, str] = {}
        for batch in self.batches:  # A later batch replaces a key of an earlier one.
            for node in batch["nodes"]:
                self._keys[node["node_id"]] = (batch, node)
                if node.get("asset_id"):
                    by_asset[node["asset_id"]] = node["node_id"]
        listed = list(rows)
        self.rows: dict[str, handover.Row] = {}
        faults = []
        gone = {*by_asset.values(), *taken.values(), *(row.node_id for row in listed)}
        spare = [node_id for node_id in self._keys if node_id not in gone]
        for row in listed:
            node_id = row.node_id or by_asset.get(row.asset_id) or taken.get(row.asset_id, "")
            if not node_id and spare:
                node_id = spare.pop(0)
            if node_id in self._keys:
                board = str(self._keys[node_id][1].get("board") or "")  # As the plan has it.
                self.rows[node_id] = replace(row, board=row.board or board)
            else:
                faults.append(f"line {row.line}: no batch has a key for {row.asset_id}")
        for row in self.rows.values():
            board_of(row)  # A board that is not known is told before any is touched.
        if faults:
            raise FlashError("; ".join(faults) + ". Ask for a batch of these assets.", MISSING)

    def wishes(self) -> list[Wish]:
        """Identities in the order of the inventory."""
        return [
            Wish(node_id, row.asset_id, str(self._keys[node_id][0]["batch_id"]), row.mac)
            for node_id, row in self.rows.items()
        ]

    def identity(self, node_id: str) -> dict[str, Any]:
        """What a node is told about itself (docs/updates.md, firmware/settings.py)."""
        batch, node = self._keys[node_id]
        row = self.rows[node_id]
        key = bytes.fromhex(node["key"])
        said: dict[str, Any] = {
            "node_id": node_id, "key": node["key"], "site": batch["site"], "kind": row.kind,
            "broker": list(batch["broker"]), "password": controller_end.mqtt_password(key),
            "board": board_of(row), "wifi": list(batch.get("wifi") or ("", "")),
            "update_keys": list(batch.get("update_keys") or ()),
        }  # fmt: skip
        said |= {name: node[name] for name in ("near", "line") if node.get(name)}
        return said

    def receipt(
        self, result: Mapping[str, Any], laptop: handover.Laptop, now: str
    ) -> tuple[handover.Receipt, str]:
        """The receipt of a board, and its text, signed."""
        node_id = result["node_id"]
        row, batch = self.rows[node_id], self._keys[node_id][0]
        position = None
        if row.lat is not None and row.lon is not None:
            source = {TYPED: "typed", 0: "plan"}.get(row.line, "csv")
            position = {"lat": row.lat, "lon": row.lon, "source": source}
        receipt = msgspec.convert(
            {
                "mac": result["mac"], "node_id": node_id, "asset_id": row.asset_id,
                "kind": row.kind, "serial": row.serial or result["mac"],
                "chip": result["chip"], "versions": result["versions"],
                "checks": result["checks"], "passed": not result["failed"], "flashed_at": now,
                "laptop": laptop.name, "batch_id": str(batch["batch_id"]),
                "configuration_digest": result.get("configuration_digest") or "",
                "position": position, "photo": row.photo,
                "flash_encryption": bool(result.get("flash_encryption")),
                "secure_boot": result.get("secure_boot") or "",
            },
            handover.Receipt,
        )  # fmt: skip
        return receipt, handover.sign_receipt(receipt, laptop)

    def label(self, result: Mapping[str, Any]) -> Label:
        """The label of a board."""
        row = self.rows[result["node_id"]]
        return Label(result["node_id"], row.asset_id, result["mac"], row.serial, row.name)


def rows_of(batches: Iterable[Mapping[str, Any]]) -> list[handover.Row]:
    """An inventory made of batches alone: every key in them is an asset."""
    rows = []
    for batch in batches:
        for node in batch["nodes"]:
            rows.append(
                handover.Row(
                    0, node.get("asset_id") or node["node_id"], node.get("kind") or "lamp",
                    node_id=node["node_id"], lat=node.get("lat"), lon=node.get("lon"),
                )
            )  # fmt: skip
    return rows


def board_of(row: handover.Row) -> list[Any]:
    """The board's list, by the row's board or kind; FlashError when there is none."""
    return list(_compiled(row.board or _BOARD_OF.get(row.kind, row.kind)))


@functools.cache
def _compiled(name: str) -> list[Any]:
    path = _BOARDS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in _BOARDS.glob("*.toml")))
        raise FlashError(f"No board {name}; known are {known}.", REFUSED)
    try:
        return list(compile_board(path))
    except BoardError as error:
        raise FlashError(f"{error}.", REFUSED) from error
