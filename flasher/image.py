"""A MicroPython image as it is downloaded: which chip it is for, its partitions, its version.

An image begins where the chip's boot ROM looks for the boot loader; the partition table lies at
0x8000 of the flash, so its place in the file depends on the chip.
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass

from .partitions import TABLE_AT, TABLE_SIZE, Partition, named, parse_partitions
from .troubles import REFUSED, FlashError, told

_MAGIC = 0xE9
_CHIP_AT = 12
_HEAD_SIZE = 24
_MB = 1024 * 1024
# By the id in the image: esptool's name, where its boot loader lies.
CHIPS = {0: ("esp32", 0x1000), 9: ("esp32s3", 0x0), 5: ("esp32c3", 0x0)}
_VERSION = re.compile(rb"MicroPython (v?\d[\w.\-+]{0,40})")


@dataclass(frozen=True)
class MicroPython:
    """An image, looked at. `offset` is where in flash it begins."""

    data: bytes
    chip: str
    offset: int
    version: str
    partitions: tuple[Partition, ...]

    @property
    def sha256(self) -> str:
        """In hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def flash_mb(self) -> int:
        """The smallest flash that holds its partitions."""
        end = max(row.offset + row.size for row in self.partitions)
        return -(-end // _MB)

    @property
    def has_romfs(self) -> bool:
        """Whether our application can be put beside it."""
        return named(self.partitions, "romfs") is not None

    def place(self, name: str, size: int) -> int:
        """The offset of a partition that holds so many bytes; FlashError without one."""
        row = named(self.partitions, name)
        if row is None:
            raise told(f"no {'ROMFS' if name == 'romfs' else name} partition in this image")
        if size > row.size:
            text = f"{size:,} bytes do not fit the partition {name} of {row.size:,}"
            raise FlashError(f"{text}: build the application or the image anew.", REFUSED)
        return row.offset


def look_at(data: bytes) -> MicroPython:
    """What an image is; FlashError says why it is none of ours."""
    if len(data) < _HEAD_SIZE or data[0] != _MAGIC:
        raise FlashError("This is no ESP32 image: it does not begin with 0xE9.", REFUSED)
    (chip_id,) = struct.unpack_from("<H", data, _CHIP_AT)
    if chip_id not in CHIPS:
        known = ", ".join(name for name, _ in CHIPS.values())
        raise FlashError(f"This image is for chip id {chip_id}; known are {known}.", REFUSED)
    chip, offset = CHIPS[chip_id]
    start = TABLE_AT - offset
    try:
        rows = parse_partitions(data[start : start + TABLE_SIZE])
    except ValueError as error:
        raise FlashError(
            f"{error}: take the whole image (boot loader, table and application in one file), "
            "not the one for updates.",
            REFUSED,
        ) from error
    found = _VERSION.search(data)
    version = found.group(1).decode() if found else "unknown"
    return MicroPython(data, chip, offset, version, rows)


def fits(image: MicroPython, chip: str, flash_mb: int) -> None:
    """FlashError when a board of this chip and flash cannot run the image."""
    if chip != image.chip:
        raise told(f"wrong chip: the board is an {chip}, the image is for {image.chip}")
    if flash_mb < image.flash_mb:
        raise told(f"flash is too small: {flash_mb} MB, the image needs {image.flash_mb} MB")
