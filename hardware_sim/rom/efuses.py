"""eFuses: one-time programmable bits behind registers, each bit goes from 0 to 1 only, for ever.

The controller takes words into its write registers and burns them at a command (2) while the
configuration register holds the code for programming.
"""

from __future__ import annotations

import mmap
import struct

from .chips import Chip

_PROGRAM_CODE = 0x5A5A
_PROGRAM = 2


def factory(chip: Chip, mac: bytes) -> bytearray:
    """What Espressif burns: the MAC with, on the ESP32, its checksum, and the revision."""
    memory = bytearray(chip.efuses.size)
    high = int.from_bytes(mac[:2], "big")
    if not chip.security_info:
        high |= _crc8(mac) << 16
    struct.pack_into("<II", memory, chip.mac_at, int.from_bytes(mac[2:], "big"), high)
    for offset, value in chip.words:
        struct.pack_into("<I", memory, offset, value)
    return memory


class Efuses:
    """The registers. `memory` is what is burnt, as the read registers show it."""

    def __init__(self, chip: Chip, memory: bytearray | mmap.mmap) -> None:
        self._chip = chip
        self._layout = chip.efuses
        self._memory = memory
        self._written: dict[int, int] = {}
        self._readable = [range(at, at + 4 * words) for at, words, _ in chip.efuses.blocks]

    def holds(self, address: int) -> bool:
        """Whether this is one of the controller's registers."""
        return self._layout.base <= address < self._layout.base + self._layout.size

    def read(self, address: int) -> int:
        """A register's value; what was burnt for a block's words."""
        offset = (address - self._layout.base) & ~3
        for number, block in enumerate(self._readable):
            if offset in block and self._protected(number, self._layout.unreadable):
                return 0
        if any(offset in block for block in self._readable):
            return int(struct.unpack_from("<I", self._memory, offset)[0])
        if offset == self._layout.command:
            return 0  # It is always done at once.
        return self._written.get(offset, 0)

    def write(self, address: int, value: int) -> None:
        """Set a register; a command burns."""
        offset = (address - self._layout.base) & ~3
        if offset == self._layout.command:
            if value & _PROGRAM and self._written.get(self._layout.config) == _PROGRAM_CODE:
                self._burn(value)
        elif not any(offset in block for block in self._readable):
            self._written[offset] = value

    def _burn(self, command: int) -> None:
        only = self._layout.of_block_in_command(command)
        # Protection that is burnt by this very command holds from the next one on.
        shut = [
            self._protected(number, self._layout.unwritable)
            for number in range(len(self._layout.blocks))
        ]
        for number, (at, words, source) in enumerate(self._layout.blocks):
            if only not in (None, number) or shut[number]:
                continue
            for word in range(words):
                bits = self._written.get(source + 4 * word, 0)
                held = int(struct.unpack_from("<I", self._memory, at + 4 * word)[0])
                struct.pack_into("<I", self._memory, at + 4 * word, held | bits)

    def _protected(self, number: int, place: tuple[int, int]) -> bool:
        at, shift = place
        word = int(struct.unpack_from("<I", self._memory, at)[0])
        return number > 0 and number + shift >= 0 and bool(word >> number + shift & 1)

    @property
    def mac(self) -> bytes:
        """The station's address."""
        low, high = struct.unpack_from("<II", self._memory, self._chip.mac_at)
        return int(high & 0xFFFF).to_bytes(2, "big") + int(low).to_bytes(4, "big")

    def security(self) -> tuple[int, int, bytes]:
        """(flags, flash encryption count, 7 key purposes) as GET_SECURITY_INFO tells them."""
        word = [self.read(self._layout.base + at) for at in (0x30, 0x34, 0x38)]
        secure_boot = word[2] >> 20 & 1
        purposes = [word[1] >> 24 & 15, word[1] >> 28 & 15]
        purposes += [word[2] >> shift & 15 for shift in (0, 4, 8, 12)]
        return secure_boot, word[1] >> 18 & 7, bytes([*purposes, 0])


def _crc8(data: bytes) -> int:
    """Dallas CRC-8 (polynomial x^8 + x^5 + x^4 + 1, lowest bit first) of a MAC."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
