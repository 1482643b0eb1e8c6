"""eFuses: one-time programmable bits behind registers, each bit goes from 0 to 1 only, for ever.

The controller takes words into its write registers and burns them at a command (2) while the
configuration register holds the code for programming.
"""

from __future__ import annotations

import mmap
import struct

from .chips import REVISION_3_ESP32, Chip

_PROGRAM_CODE = 0x5A5A
_PROGRAM = 2
_TORN = 0x55555555  # What of a word is burnt when the power goes away amid it.


def factory(chip: Chip, mac: bytes, revision: int = 1) -> bytearray:
    """What Espressif burns: the MAC with, on the ESP32, its checksum, and the revision (1, 3)."""
    memory = bytearray(chip.efuses.size)
    high = int.from_bytes(mac[:2], "big")
    if not chip.security_info:
        high |= _crc8(mac) << 16
    struct.pack_into("<II", memory, chip.mac_at, int.from_bytes(mac[2:], "big"), high)
    more = (REVISION_3_ESP32,) if revision == 3 and not chip.security_info else ()
    for offset, value in chip.words + more:
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
        self.burns = 0  # Commands that have burnt.
        self._power_ends: dict[int, bool] = {}
        self.struck = False  # The power went away at a burn.

    def end_power(self, burn: int, *, torn: bool) -> None:
        """Let the power go away with the burn of this number (1 is the first), or amid it."""
        self._power_ends[burn] = torn

    def block(self, number: int) -> bytes:
        """What is burnt in a block, as the chip's own hardware sees it: protected or not."""
        at, words, _ = self._layout.blocks[number]
        return bytes(self._memory[at : at + 4 * words])

    def visible(self, number: int) -> bytes:
        """What is burnt in a block, as software sees it."""
        return bytes(len(self.block(number))) if self._hidden(number) else self.block(number)

    def _hidden(self, number: int) -> bool:
        return self._protected(number, self._layout.unreadable)

    def holds(self, address: int) -> bool:
        """Whether this is one of the controller's registers."""
        return self._layout.base <= address < self._layout.base + self._layout.size

    def read(self, address: int) -> int:
        """A register's value; what was burnt for a block's words."""
        offset = (address - self._layout.base) & ~3
        for number, block in enumerate(self._readable):
            if offset in block and self._hidden(number):
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
        self.burns += 1
        torn = self._power_ends.get(self.burns, False)
        self.struck = self.burns in self._power_ends
        open_bits = self._open_bits()
        for number, (at, words, source) in enumerate(self._layout.blocks):
            if only not in (None, number) or shut[number]:
                continue
            for word in range(words):
                bits = self._written.get(source + 4 * word, 0)
                if number == 0:
                    bits &= open_bits[word]
                if torn:
                    bits &= _TORN
                held = int(struct.unpack_from("<I", self._memory, at + 4 * word)[0])
                struct.pack_into("<I", self._memory, at + 4 * word, held | bits)

    def _open_bits(self) -> list[int]:
        """Of each word of block 0, the bits that can still be burnt."""
        shut = int(struct.unpack_from("<I", self._memory, self._layout.unwritable[0])[0])
        words = [0xFFFFFFFF] * self._layout.blocks[0][1]
        for bit, word, mask in self._layout.fields:
            if shut >> bit & 1:
                words[word] &= ~mask & 0xFFFFFFFF
        return words

    def _protected(self, number: int, place: tuple[int, int]) -> bool:
        at, shift = place
        word = int(struct.unpack_from("<I", self._memory, at)[0])
        return number > 0 and number + shift >= 0 and bool(word >> number + shift & 1)

    @property
    def mac(self) -> bytes:
        """The station's address."""
        low, high = struct.unpack_from("<II", self._memory, self._chip.mac_at)
        return int(high & 0xFFFF).to_bytes(2, "big") + int(low).to_bytes(4, "big")


def _crc8(data: bytes) -> int:
    """Dallas CRC-8 (polynomial x^8 + x^5 + x^4 + 1, lowest bit first) of a MAC."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8C if crc & 1 else crc >> 1
    return crc
