"""eFuses: burnt once, for ever."""

from __future__ import annotations

import struct

import pytest

from hardware_sim.rom.chips import CHIPS
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
