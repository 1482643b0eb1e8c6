"""Board files become what a node reads: a list by position, so that code never names a pin.

A name in a table of its own costs a node memory for as long as it runs; a position costs none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from firmware import PARTS

Value = int | list[object] | None


class BoardError(Exception):
    """A board file that cannot be used; the text names the file, the key and what was expected."""


def compile_board(path: Path) -> list[Value]:
    """The board's list: what stands at each place of PARTS, None where the board has no such part.

    `[pins]` are by their names, other tables by table and name (`meter_mw_num`). `kind` says which
    programme the board runs and is not part of the list.
    """
    try:
        said = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BoardError(f"{path}: {error}") from error
    found: list[Value] = [None] * len(PARTS)
    for name, value in _flat(said):
        if name not in PARTS:
            raise BoardError(f"{path}: {name} is not known; expected one of {', '.join(PARTS)}")
        if isinstance(value, bool) or not isinstance(value, int | list):
            raise BoardError(f"{path}: {name} is {value!r}, expected a number or a list")
        found[PARTS.index(name)] = value
    return found


def _flat(said: Mapping[str, object]) -> list[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    for name, value in said.items():
        if isinstance(value, dict):
            table = "" if name == "pins" else f"{name}_"
            pairs += [(f"{table}{inner}", one) for inner, one in value.items()]
        elif name != "kind":
            pairs.append((name, value))
    return pairs
