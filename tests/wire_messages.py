"""Any message of the table, for tests of rows, frames and sessions."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from protocol import wire

_LETTERS = {"B": (0, 255), "H": (0, 65535), "I": (0, 2**32 - 1), "i": (-(2**31), 2**31 - 1)}


def letters(row: type[wire.Message]) -> list[str]:
    return [wire.struct_letter(kind) for kind in row.KINDS]


def ranges(row: type[wire.Message]) -> dict[str, tuple[int, int]]:
    return {
        name: wire.BOUNDED[kind][1:]
        for name, kind in zip(row.FIELDS, row.KINDS, strict=True)
        if kind in wire.BOUNDED
    }


@st.composite
def messages(
    draw: st.DrawFn, rows: tuple[type[wire.Message], ...] = wire.MESSAGES
) -> wire.Message:
    """Any message of the table, with any values its row allows."""
    row = draw(st.sampled_from(rows))
    values: dict[str, Any] = {}
    for name, letter in zip(row.FIELDS, letters(row), strict=True):
        if letter.endswith("s"):
            size = int(letter[:-1])
            values[name] = draw(st.binary(min_size=size, max_size=size))
        else:
            low, high = ranges(row).get(name, _LETTERS[letter])
            values[name] = draw(st.integers(low, high))
    if row.TAIL:
        values[row.TAIL] = draw(st.binary(max_size=wire.CHUNK_SIZE_MAX))
    return row(draw(st.integers(0, 255)), **values)
