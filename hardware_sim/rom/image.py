"""Images as a board's flash holds them: what MicroPython's downloads look like, and what boots.

No real MicroPython for the ESP32 runs here. An image made here is valid for esptool in every part
(header, segments, checksum, SHA-256, application description) and carries a marker by which the
simulated board knows that it is to run MicroPython in its place.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from flasher import TABLE_AT, TABLE_SIZE, Partition, parse_partitions

from .chips import CHIPS, Chip
from .crypt import SeenFlash
from .flash import Flash, FlashError
from .partitions import APPLICATION, layout
from .partitions import partition_table as _table
from .security import Security
from .signature import UnsignedError, check

VERSION = "v1.29.0"
_MAGIC = 0xE9
_SEED = 0xEF
_SEGMENTS_MAX = 16
_EXTENDED = struct.Struct("<BBBBHBHHIB")
_DESCRIPTION = struct.Struct("<II8s32s32s16s16s32s32s80s")
_DESCRIPTION_MAGIC = 0xABCD5432
_MARKER = b"lamplighter-sim romfs="
_DROM = {"esp32": 0x3F400020, "esp32s3": 0x3C000020, "esp32c3": 0x3C000020}
_APPLICATION_AT = 0x10000
_SIZES = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 32: 5}
_CODE = bytes.fromhex("36410000") * 16  # Never run; an IRAM segment must have something.


class NotBootable(Exception):
    """The flash holds nothing that the chip starts; the text is what its console says."""


@dataclass(frozen=True)
class Installed:
    """What boots: the partitions, and whether it is our MicroPython here, with ROMFS or not."""

    partitions: tuple[Partition, ...]
    micropython: bool
    romfs: bool

    def partition(self, name: str) -> Partition | None:
        """A partition by its name."""
        return next((row for row in self.partitions if row.name == name), None)


def esp_image(chip: Chip, flash_mb: int, segments: list[tuple[int, bytes]]) -> bytes:
    """A valid image of (address, content) segments; contents are of whole words."""
    data = bytearray([_MAGIC, len(segments), 2, _SIZES[flash_mb] << 4])
    data += struct.pack("<I", chip.entry)
    data += _EXTENDED.pack(0xEE, 0, 0, 0, chip.chip_id, 0, 0, 0xFFFF, 0, 1)
    checksum = _SEED
    for address, content in segments:
        data += struct.pack("<II", address, len(content)) + content
        for byte in content:
            checksum ^= byte
    data += bytes(15 - len(data) % 16) + bytes([checksum])
    return bytes(data) + hashlib.sha256(data).digest()


def application_image(chip: Chip, flash_mb: int, *, romfs: bool = True) -> bytes:
    """MicroPython, as far as a look at the bytes can tell."""
    description = _DESCRIPTION.pack(
        _DESCRIPTION_MAGIC, 0, bytes(8), VERSION.encode(), b"micropython", b"12:00:00",
        b"Nov  1 2026", b"v5.4.1", bytes(32), bytes(80),
    )  # fmt: skip
    text = f"MicroPython {VERSION} on 2026-11-01; lamplighter-sim with {chip.title}\0"
    content = description + text.encode() + _MARKER + (b"1" if romfs else b"0") + b"\0"
    content += bytes(-len(content) % 4)
    return esp_image(chip, flash_mb, [(_DROM[chip.name], content), (chip.entry, _CODE)])


def micropython_image(chip_name: str, flash_mb: int, *, romfs: bool = True) -> bytes:
    """Boot loader, partition table and MicroPython: flash from the boot loader's offset on."""
    chip = CHIPS[chip_name]
    loader = esp_image(chip, flash_mb, [(chip.entry, _CODE)])
    start = chip.bootloader_offset
    data = loader.ljust(TABLE_AT - start, b"\xff") + partition_table(flash_mb, romfs=romfs)
    data = data.ljust(_APPLICATION_AT - start, b"\xff")
    return data + application_image(chip, flash_mb, romfs=romfs)


def partition_table(flash_mb: int, *, romfs: bool = True) -> bytes:
    """The table of our port, or of the stock one, for a flash of this size."""
    return _table(layout(flash_mb, romfs=romfs))


def installed(chip: Chip, flash: Flash, security: Security | None = None) -> Installed:
    """What the chip boots; NotBootable with the words of its console when that is nothing."""
    cipher = security.cipher if security else None
    digests = security.digests if security else None
    seen = flash if cipher is None else SeenFlash(flash, cipher)
    start = chip.bootloader_offset
    head = int.from_bytes(seen.read(start, 4), "little")
    if head & 0xFF != _MAGIC:
        raise NotBootable(f"invalid header: {head:#010x}")
    try:
        size = len(_read_image(seen, start, chip))
        if digests is not None:
            check(seen.read, start, size, digests)
    except UnsignedError as error:
        raise NotBootable(
            f"{error}\r\nsecure boot verification failed\r\nets_main.c 329"
        ) from error
    except ValueError as error:
        raise NotBootable(f"ets_main.c 371 {error}") from error
    try:
        rows = parse_partitions(seen.read(TABLE_AT, TABLE_SIZE))
    except ValueError as error:
        raise NotBootable(f"E (68) boot: {error}") from error
    application = next((row for row in rows if row.kind == APPLICATION), None)
    if application is None:
        raise NotBootable("E (70) boot: No bootable app partitions in the partition table")
    try:
        content = _read_image(seen, application.offset, chip)
        if digests is not None:
            check(seen.read, application.offset, len(content), digests)
    except UnsignedError as error:
        raise NotBootable(
            f"E (72) secure_boot_v2: {error}\r\nE (75) esp_image: Secure boot signature "
            "verification failed\r\nE (80) boot: Factory app partition is not bootable"
        ) from error
    except ValueError as error:
        raise NotBootable(
            f"E (75) esp_image: {error}\r\nE (80) boot: Factory app is not bootable"
        ) from error
    return Installed(rows, _MARKER in content, _MARKER + b"1" in content)


def _read_image(flash: Flash | SeenFlash, offset: int, chip: Chip) -> bytes:
    """All of a valid image; ValueError says what is wrong with it."""
    try:
        magic, count, _, _, _ = struct.unpack("<BBBBI", flash.read(offset, 8))
        extended = _EXTENDED.unpack(flash.read(offset + 8, _EXTENDED.size))
        if magic != _MAGIC:
            raise ValueError(f"image at {offset:#x} has invalid magic byte")
        if not 0 < count <= _SEGMENTS_MAX:
            raise ValueError(f"image at {offset:#x} segment count {count} exceeds max 16")
        if extended[4] != chip.chip_id:
            raise ValueError(f"mismatch chip ID, expected {chip.chip_id}, found {extended[4]}")
        at, checksum = offset + 24, _SEED
        for _ in range(count):
            _, size = struct.unpack("<II", flash.read(at, 8))
            for byte in flash.read(at + 8, size):
                checksum ^= byte
            at += 8 + size
        at += 15 - (at - offset) % 16
        data = flash.read(offset, at + 1 - offset)
        if data[-1] != checksum:
            raise ValueError(f"Checksum failed. Calculated {checksum:#x} read {data[-1]:#x}")
        if extended[9]:
            digest = flash.read(at + 1, 32)
            if hashlib.sha256(data).digest() != digest:
                raise ValueError("Image hash failed - image is corrupt")
            data += digest
    except FlashError as error:
        raise ValueError(f"image at {offset:#x} reaches over the flash") from error
    return data
