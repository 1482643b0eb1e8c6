"""What tells one chip from another on the serial line: a table, one row each.

Addresses are those of Espressif's technical reference manuals; entries of the flasher stub come
from the installed esptool, which uploads it.
"""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path

_STUB_FOLDERS = ("2", "1")  # Generations of the stub that esptool may upload.
CRYSTAL_HZ = 40_000_000


@dataclass(frozen=True)
class EfuseLayout:
    """Where the eFuse controller's registers lie, relative to `base`.

    `blocks`: (offset of the first word that is read, words, offset of the first word that is
    written) by block number. A block's bit in the word at `unreadable` or `unwritable` is its
    number plus what stands beside it. `fields`: (bit in the word at `unwritable`, word of block 0,
    mask) of what that bit protects there.
    """

    base: int
    blocks: tuple[tuple[int, int, int], ...]
    config: int
    command: int
    size: int
    unreadable: tuple[int, int]
    unwritable: tuple[int, int]
    fields: tuple[tuple[int, int, int], ...]

    def of_block_in_command(self, value: int) -> int | None:
        """The one block that a programming command names; None: it programs all of them."""
        return None if len({written for _, _, written in self.blocks}) > 1 else value >> 2


@dataclass(frozen=True)
class Chip:
    """One model. `spi_*` are offsets of registers from the SPI flash controller's base."""

    name: str
    title: str  # As esptool writes it.
    chip_id: int
    security_info: bool  # Answers GET_SECURITY_INFO.
    magic: int  # At 0x40001000.
    bootloader_offset: int
    efuses: EfuseLayout
    mac_at: int  # Offset of the MAC's low word in the eFuse registers.
    words: tuple[tuple[int, int], ...]  # (offset in the eFuse registers, value) from the factory.
    registers: tuple[tuple[int, int], ...]  # (address, value) that the tools look at.
    spi_base: int
    spi_usr2: int
    spi_w0: int
    uart_divider: int
    entry: int  # Where an application's code begins, in RAM.
    boot_modes: tuple[int, int]  # What a boot from flash and one to download call themselves.
    built: str  # Of the boot ROM, as it prints it.


_NEWER_FIELDS = (
    (0, 1, 0x7F), (2, 1, 0x0018FF00), (2, 3, 0x03C00000), (4, 2, 7 << 18), (5, 2, 1 << 21),
    (6, 2, 1 << 22), (7, 2, 1 << 23), (8, 2, 15 << 24), (9, 2, 15 << 28), (10, 3, 15),
    (11, 3, 15 << 4), (12, 3, 15 << 8), (13, 3, 15 << 12), (15, 3, 1 << 20), (16, 3, 1 << 21),
    (18, 4, 0x7FFFFFFF), (31, 1, 7 << 16),
)  # fmt: skip


def _newer(base: int) -> EfuseLayout:
    """The controller that came with the S3 and C3: one place to write, a command names a block."""
    blocks = [(0x2C, 6, 0), (0x44, 6, 0)] + [(0x5C + 0x20 * n, 8, 0) for n in range(9)]
    return EfuseLayout(
        base, tuple(blocks), 0x1CC, 0x1D4, 0x200, (0x30, -4), (0x2C, 19), _NEWER_FIELDS
    )


_ESP32_EFUSES = EfuseLayout(
    0x3FF5A000,
    ((0x00, 7, 0x1C), (0x38, 8, 0x98), (0x58, 8, 0xB8), (0x78, 8, 0xD8)),
    0xFC,
    0x104,
    0x120,
    (0x00, 15),
    (0x00, 6),
    (
        (0, 0, 0xF << 16), (1, 0, 0xFFFF), (2, 0, 0xFF << 20), (3, 1, 0xFFFFFFFF),
        (3, 2, 0xFFFFFF), (3, 3, 0xB), (10, 5, 0xF << 28), (10, 6, 0x403), (12, 6, 1 << 4),
        (13, 6, 1 << 5), (14, 6, 1 << 6), (15, 6, 0x384),
    ),
)  # fmt: skip

_REVISION_1_ESP32 = 1 << 15
# Beside it, on an ESP32 of revision 3: (offset in the eFuse registers, value); and a register of
# the silicon whose highest bit goes with it.
REVISION_3_ESP32 = (0x14, 1 << 20)
REVISION_AT_ESP32 = 0x3FF6607C
_CLOCK_CALIBRATION = 128  # With the register below it says that the crystal has 40 MHz.

CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            "esp32", "ESP32", 0, False, 0x00F01D83, 0x1000, _ESP32_EFUSES, 0x04,
            ((0x0C, _REVISION_1_ESP32), (0x10, _CLOCK_CALIBRATION)),
            ((0x3FF5F06C, 800 << 7), (0x3FF44038, 0x1)),
            0x3FF42000, 0x24, 0x80, 0x3FF40014, 0x40080000, (0x13, 0x03), "Jul 29 2019 12:21:46",
        ),
        Chip(
            "esp32s3", "ESP32-S3", 9, True, 0x00000009, 0x0, _newer(0x60007000), 0x44,
            ((0x50, 2 << 18),), ((0x60004038, 0x8),),
            0x60002000, 0x20, 0x58, 0x60000014, 0x40374000, (0x8, 0x0), "Mar 27 2021",
        ),
        Chip(
            "esp32c3", "ESP32-C3", 5, True, 0x1B31506F, 0x0, _newer(0x60008800), 0x44,
            ((0x50, 4 << 18),), ((0x60004038, 0x8),),
            0x60002000, 0x20, 0x58, 0x60000014, 0x40380000, (0xC, 0x4), "Feb  7 2021",
        ),
    )
}  # fmt: skip


def stub_entries(chip: Chip) -> frozenset[int]:
    """Addresses at which a start of code in RAM is a start of esptool's own flasher stub."""
    # Found without importing it, which takes half a second, and by what is installed: a script of
    # that name lies beside the interpreter.
    try:
        installed = importlib.metadata.distribution("esptool")
    except importlib.metadata.PackageNotFoundError:
        return frozenset()
    folder = Path(str(installed.locate_file("esptool"))) / "targets" / "stub_flasher"
    found = set()
    for generation in _STUB_FOLDERS:
        path = folder / generation / f"{chip.name}.json"
        if path.exists():
            found.add(int(json.loads(path.read_text())["entry"]))
    return frozenset(found)
