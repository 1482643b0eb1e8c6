"""NOR rules: bits are cleared by programming and set by erasing only."""

from __future__ import annotations

import pytest

from hardware_sim.rom.flash import SECTOR_SIZE, Flash, FlashError


def blank(sectors: int = 4, *bad: int) -> Flash:
    return Flash(bytearray(b"\xff" * sectors * SECTOR_SIZE), bad)


def test_programming_clears_bits_and_sets_none() -> None:
    flash = blank()
    flash.program(10, b"\xf0\x0f")
    flash.program(10, b"\x3c\xff")
    assert flash.read(9, 4) == b"\xff\x30\x0f\xff"


def test_erasing_takes_whole_sectors() -> None:
    flash = blank()
    flash.program(0, bytes(4 * SECTOR_SIZE))
    flash.erase(SECTOR_SIZE + 1, 1)
    held = flash.read(0, flash.size)
    assert held == bytes(SECTOR_SIZE) + b"\xff" * SECTOR_SIZE + bytes(2 * SECTOR_SIZE)


def test_a_bad_sector_does_not_hold_what_is_written() -> None:
    flash = blank(4, 2)
    content = bytes(range(256)) * 16
    for sector in range(4):
        flash.erase(sector * SECTOR_SIZE, SECTOR_SIZE)
        flash.program(sector * SECTOR_SIZE, content)
    held = [flash.read(n * SECTOR_SIZE, SECTOR_SIZE) == content for n in range(4)]
    assert held == [True, True, False, True]


def test_the_end_of_the_flash_is_not_passed() -> None:
    flash = blank()
    with pytest.raises(FlashError):
        flash.program(flash.size - 1, b"ab")
    with pytest.raises(FlashError):
        flash.erase(flash.size, 1)
    with pytest.raises(FlashError):
        flash.read(-1, 1)


def test_the_size_is_told_as_a_power_of_two() -> None:
    assert Flash(bytearray(4 << 20)).jedec_id >> 16 == 0x16
