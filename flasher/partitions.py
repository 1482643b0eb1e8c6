"""The partition table of an image or a board: where each thing is written.

Rows of 32 bytes at 0x8000, then a row with the MD5 of those before; blank flash ends it. Layouts
differ from one release of MicroPython to the next, so nothing is written to a place by heart.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

TABLE_AT = 0x8000
TABLE_SIZE = 0xC00
_ROW = struct.Struct("<2sBBII16sI")
_MARK = b"\xaa\x50"
_MD5_MARK = b"\xeb\xeb" + b"\xff" * 14
_APPLICATION = 0
_ENCRYPTED = 1


@dataclass(frozen=True)
class Partition:
    """One row; `kind` 0 is an application, 1 is data. Bit 0 of `flags`: encrypted."""

    name: str
    kind: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def encrypted(self) -> bool:
        """Whether a chip with flash encryption takes it for encrypted; else the flag is idle."""
        return self.kind == _APPLICATION or bool(self.flags & _ENCRYPTED)


def parse_partitions(table: bytes) -> tuple[Partition, ...]:
    """The rows; ValueError when there are none or their MD5 is wrong."""
    rows = []
    for at in range(0, len(table) - _ROW.size + 1, _ROW.size):
        row = table[at : at + _ROW.size]
        if row.startswith(_MD5_MARK):
            if hashlib.md5(table[:at], usedforsecurity=False).digest() != row[16:]:
                raise ValueError("the MD5 of the partition table is wrong")
            break
        if row[:2] != _MARK:
            break
        _, kind, subtype, offset, size, name, flags = _ROW.unpack(row)
        text = name.rstrip(b"\0").decode("ascii", "replace")
        rows.append(Partition(text, kind, subtype, offset, size, flags))
    if not rows:
        raise ValueError("there is no partition table")
    return tuple(rows)


def named(rows: tuple[Partition, ...], name: str) -> Partition | None:
    """A partition by its name."""
    return next((row for row in rows if row.name == name), None)
