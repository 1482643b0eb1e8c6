"""eFuses: burnt once, for ever."""

from __future__ import annotations

import struct

import pytest

from hardware_sim.rom.chips import CHIPS, Chip
from hardware_sim.rom.efuses import Efuses, _crc8, factory

MAC = bytes.fromhex("246f28010203")


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_each_chip_keeps_its_address(name: str) -> None:
    efuses = Efuses(CHIPS[name], factory(CHIPS[name], MAC))
    assert efuses.mac == MAC


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_bits_are_burnt_and_never_set_back(name: str) -> None:
    chip = CHIPS[name]
    layout = chip.efuses
    efuses = Efuses(chip, factory(chip, MAC))
    read_at, _, write_at = layout.blocks[3]
    command = 2 | (3 << 2 if chip.security_info else 0)
    for value in (0x0F, 0xF1):
        efuses.write(layout.base + layout.config, 0x5A5A)
        efuses.write(layout.base + write_at, value)
        efuses.write(layout.base + layout.command, command)
    assert efuses.read(layout.base + read_at) == 0xFF
    assert efuses.mac == MAC


def burn(efuses: Efuses, chip: Chip, block: int, word: int, value: int) -> None:
    """One word of a block; what the write registers held before is blanked."""
    layout = chip.efuses
    for offset in {at + 4 * n for _, words, at in layout.blocks for n in range(words)}:
        efuses.write(layout.base + offset, 0)
    efuses.write(layout.base + layout.config, 0x5A5A)
    efuses.write(layout.base + layout.blocks[block][2] + 4 * word, value)
    efuses.write(layout.base + layout.command, 2 | block << 2)


@pytest.mark.parametrize(
    ("name", "block", "word", "bit"), [("esp32", 1, 0, 16), ("esp32s3", 4, 1, 0)]
)
def test_a_protected_key_is_read_as_nothing(name: str, block: int, word: int, bit: int) -> None:
    chip = CHIPS[name]
    efuses = Efuses(chip, factory(chip, MAC))
    key_at = chip.efuses.base + chip.efuses.blocks[block][0]
    burn(efuses, chip, block, 0, 0x12345678)
    assert efuses.read(key_at) == 0x12345678
    burn(efuses, chip, 0, word, 1 << bit)
    assert efuses.read(key_at) == 0


@pytest.mark.parametrize(("name", "block", "bit"), [("esp32", 1, 7), ("esp32c3", 4, 23)])
def test_a_protected_block_takes_no_more_bits(name: str, block: int, bit: int) -> None:
    chip = CHIPS[name]
    efuses = Efuses(chip, factory(chip, MAC))
    burn(efuses, chip, block, 0, 1)
    burn(efuses, chip, 0, 0, 1 << bit)
    burn(efuses, chip, block, 0, 2)
    assert efuses.read(chip.efuses.base + chip.efuses.blocks[block][0]) == 1


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_nothing_is_burnt_without_the_code(name: str) -> None:
    chip = CHIPS[name]
    memory = factory(chip, MAC)
    before = bytes(memory)
    efuses = Efuses(chip, memory)
    efuses.write(chip.efuses.base + chip.efuses.blocks[3][2], 0xFF)
    efuses.write(chip.efuses.base + chip.efuses.command, 2 | 3 << 2)
    assert bytes(memory) == before


def test_the_checksum_of_an_address_is_dallas_crc8() -> None:
    assert _crc8(b"123456789") == 0xA1  # The check value of CRC-8/MAXIM-DOW.
    memory = factory(CHIPS["esp32"], MAC)
    assert struct.unpack_from("<I", memory, 8)[0] >> 16 == _crc8(MAC)
