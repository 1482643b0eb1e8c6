"""What a chip's address space answers: RAM that was loaded, registers, the SPI controller."""

from __future__ import annotations

import struct

from .chips import CRYSTAL_HZ, REVISION_3_ESP32, REVISION_AT_ESP32, Chip
from .efuses import Efuses
from .flash import Flash

_PAGE = 4096
# 2 MB: more than any of the chips has. What is written beyond is lost, as in no RAM.
_PAGES_MAX = 512
_MAGIC = 0x40001000
_SPI_USER = 1 << 18
_SFDP_MARK = 0x50444653
_WRITE_STATUS = {0x01: 0, 0x31: 1, 0x11: 2}
_READ_STATUS = {0x05: 0, 0x35: 1, 0x15: 2}


class Memory:
    """`baud` is the rate that the chip's UART runs at, which its divider register tells."""

    def __init__(self, chip: Chip, flash: Flash, efuses: Efuses) -> None:
        self._chip = chip
        self._flash = flash
        self.efuses = efuses
        self._pages: dict[int, bytearray] = {}
        self.baud = 115200
        registers = [(_MAGIC, chip.magic), *chip.registers]
        offset, bit = REVISION_3_ESP32
        if not chip.security_info and efuses.read(chip.efuses.base + offset) & bit:
            registers.append((REVISION_AT_ESP32, 1 << 31))
        for address, value in registers:
            self.load(address, struct.pack("<I", value))

    def read(self, address: int) -> int:
        """A word; what nothing is known of is 0."""
        if self.efuses.holds(address):
            return self.efuses.read(address)
        if address == self._chip.uart_divider:
            whole, rest = divmod(CRYSTAL_HZ * 16 // max(1, self.baud), 16)
            return whole & 0xFFFFF | rest << 20
        return int(struct.unpack("<I", self.dump(address, 4))[0])

    def write(self, address: int, value: int) -> None:
        """Set a word, with what its register does."""
        if self.efuses.holds(address):
            self.efuses.write(address, value)
        elif address == self._chip.spi_base:
            if value & _SPI_USER:
                self._run_spi()
        else:
            self.load(address, struct.pack("<I", value))

    def load(self, address: int, data: bytes) -> None:
        """Put bytes into RAM."""
        while data:
            page, at = divmod(address, _PAGE)
            part = data[: _PAGE - at]
            if page in self._pages or len(self._pages) < _PAGES_MAX:
                self._pages.setdefault(page, bytearray(_PAGE))[at : at + len(part)] = part
            address, data = address + len(part), data[len(part) :]

    def dump(self, address: int, size: int) -> bytes:
        """What lies in RAM."""
        found = bytearray()
        while len(found) < size:
            page, at = divmod(address + len(found), _PAGE)
            part = self._pages.get(page, bytes(_PAGE))[at : at + size - len(found)]
            found += part
        return bytes(found)

    def _run_spi(self) -> None:
        """Send the opcode in USR2 to the flash; its answer, if any, is in W0."""
        opcode = self.read(self._chip.spi_base + self._chip.spi_usr2) & 0xFF
        data_at = self._chip.spi_base + self._chip.spi_w0
        flash = self._flash
        if opcode == 0x9F:
            self.write(data_at, flash.jedec_id)
        elif opcode == 0x5A:
            self.write(data_at, _SFDP_MARK)
        elif opcode in _READ_STATUS:
            self.write(data_at, flash.status >> 8 * _READ_STATUS[opcode] & 0xFF)
        elif opcode in _WRITE_STATUS:
            shift = 8 * _WRITE_STATUS[opcode]
            value = (self.read(data_at) & 0xFF) << shift
            flash.status = flash.status & ~(0xFF << shift) | value
        elif opcode == 0xC7:
            flash.erase(0, flash.size)
