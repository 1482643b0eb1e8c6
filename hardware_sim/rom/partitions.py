"""The partition table at 0x8000, made from our port's CSV; flash.py's own parser reads it."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

from flasher import TABLE_SIZE, Partition

_ROW = struct.Struct("<2sBBII16sI")
_MARK = b"\xaa\x50"
_MD5_MARK = b"\xeb\xeb" + b"\xff" * 14
_TYPES = {"app": 0, "data": 1}
_SUBTYPES = {"factory": 0x00, "ota": 0x00, "phy": 0x01, "nvs": 0x02, "fat": 0x81}
_CSV = Path(__file__).parents[2] / "firmware" / "port" / "LAMPLIGHTER_ESP32" / "partitions.csv"
_MB = 1024 * 1024
APPLICATION = 0
ROMFS = 0x8F
# What MicroPython's own images for 4 MB have: no ROMFS.
_STOCK = """nvs,data,nvs,0x9000,0x6000
phy_init,data,phy,0xf000,0x1000
factory,app,factory,0x10000,0x1F0000
vfs,data,fat,0x200000,0x200000"""


def layout(flash_mb: int, *, romfs: bool = True) -> tuple[Partition, ...]:
    """Our port's partitions, or without ROMFS the stock port's; `vfs` takes a larger flash."""
    lines = _CSV.read_text().splitlines() if romfs else _STOCK.splitlines()
    rows = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        name, kind, subtype, offset, size, *flags = (part.strip() for part in line.split(","))
        number = _SUBTYPES[subtype] if subtype in _SUBTYPES else int(subtype, 0)
        marks = int("encrypted" in flags)
        rows.append(Partition(name, _TYPES[kind], number, int(offset, 0), int(size, 0), marks))
    last = rows[-1]
    rows[-1] = dataclasses.replace(last, size=flash_mb * _MB - last.offset)
    return tuple(rows)


def partition_table(rows: Iterable[Partition]) -> bytes:
    """The table as it lies in flash, filled up with blank."""
    data = b"".join(
        _ROW.pack(_MARK, row.kind, row.subtype, row.offset, row.size, row.name.encode(), row.flags)
        for row in rows
    )
    data += _MD5_MARK + hashlib.md5(data, usedforsecurity=False).digest()
    return data.ljust(TABLE_SIZE, b"\xff")
