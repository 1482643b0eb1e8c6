"""The inventory of a job: a CSV with one asset a line, as the office writes it.

A row that cannot be used is named by its line and column; all of them at once, not one by one.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

KINDS = ("lamp", "bay", "cabinet", "air", "sign")
ROWS_MAX = 100_000
# Name, whether it must be there, what it means: docs/field-guide.md shows this table.
COLUMNS = (
    ("asset_id", True, "what the office calls it: L-0001; unique in the file"),
    ("kind", False, "lamp (default), bay, cabinet, air or sign"),
    ("board", False, "board file in firmware/boards; default by kind"),
    ("node_id", False, "12 hex digits; default: the plan's, else a new one"),
    ("mac", False, "when a certain board must become it; default: any"),
    ("serial", False, "on the box; default: the MAC"),
    ("lat", False, "degrees, with lon"),
    ("lon", False, "degrees, with lat"),
    ("photo", False, "path of a photo of the place"),
    ("name", False, "for the label"),
)
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_HEX = re.compile(r"[0-9a-f]{12}")
_BOARD = re.compile(r"[a-z0-9_]{1,32}")


class InventoryError(ValueError):
    """An inventory that cannot be used; `faults` has a sentence for each bad line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class Row:
    """One asset; "" or None where the file says nothing."""

    line: int
    asset_id: str
    kind: str = "lamp"
    board: str = ""
    node_id: str = ""
    mac: str = ""
    serial: str = ""
    lat: float | None = None
    lon: float | None = None
    photo: str = ""
    name: str = ""


def read_inventory(text: str) -> list[Row]:
    """All rows; InventoryError names every line that is wrong."""
    text = text.removeprefix("\ufeff")  # Spreadsheets write it.
    head = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",")
    try:
        listed = [(table.line_num, cells) for cells in table]
    except csv.Error as error:
        raise InventoryError([f"line {table.line_num}: {error}"]) from error
    if not listed:
        raise InventoryError(["the inventory is empty; its first line names the columns"])
    names = [cell.strip().lower() for cell in listed[0][1]]
    faults = _columns(names)
    if len(listed) > ROWS_MAX:
        faults.append(f"more than {ROWS_MAX} lines")
    rows: list[Row] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in [] if faults else listed[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = _row(line, dict(zip(names, (cell.strip() for cell in cells), strict=True)))
            rows.append(row)
            faults += _twice(row, seen)
        except ValueError as error:
            cause = "too few or too many cells" if "zip()" in str(error) else str(error)
            faults.append(f"line {line}: {cause}")
    if not rows and not faults:
        faults.append("the inventory names columns and no asset")
    if faults:
        raise InventoryError(faults)
    return rows


def _columns(names: list[str]) -> list[str]:
    known = [name for name, _, _ in COLUMNS]
    faults = [
        f"line 1: unknown column {name!r}; known are {', '.join(known)}"
        for name in names
        if name not in known
    ]
    faults += [f"line 1: column {name!r} twice" for name in set(names) if names.count(name) > 1]
    faults += [
        f"line 1: column {name!r} is missing"
        for name, needed, _ in COLUMNS
        if needed and name not in names
    ]
    return faults


def _row(line: int, said: dict[str, str]) -> Row:
    mac = said.get("mac", "").lower().replace(":", "").replace("-", "")
    node_id = said.get("node_id", "").lower()
    if not _ASSET.fullmatch(said["asset_id"]):
        raise ValueError(f"asset_id {said['asset_id']!r}: 1 to 32 of A-Z a-z 0-9 . _ -")
    kind = said.get("kind") or "lamp"
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r}: one of {', '.join(KINDS)}")
    for name, value in (("mac", mac), ("node_id", node_id)):
        if value and not _HEX.fullmatch(value):
            raise ValueError(f"{name} {said[name]!r}: expected 12 hex digits")
    board = said.get("board", "")
    if board and not _BOARD.fullmatch(board):
        raise ValueError(f"board {board!r}: the name of a file in firmware/boards, without .toml")
    lat, lon = _degrees(said, "lat", 90), _degrees(said, "lon", 180)
    if (lat is None) != (lon is None):
        raise ValueError("lat and lon come together")
    texts = [said.get(name, "")[:200] for name in ("serial", "photo", "name")]
    return Row(
        line, said["asset_id"], kind, board, node_id, mac, texts[0], lat, lon, texts[1], texts[2]
    )


def _degrees(said: dict[str, str], name: str, most: int) -> float | None:
    text = said.get(name, "").replace(",", ".")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected degrees") from None
    if not -most <= value <= most:
        raise ValueError(f"{name} {text}: expected -{most} to {most}")
    return value


def _twice(row: Row, seen: dict[tuple[str, str], int]) -> list[str]:
    faults = []
    for name in ("asset_id", "node_id", "mac", "serial"):
        value = getattr(row, name)
        first = seen.setdefault((name, value), row.line) if value else row.line
        if first != row.line:
            faults.append(f"line {row.line}: {name} {value} is on line {first}, too")
    return faults
