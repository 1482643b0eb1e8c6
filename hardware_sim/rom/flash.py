"""A NOR flash: programming only clears bits, erasing sets a whole sector, bad cells stay low."""

from __future__ import annotations

import mmap
from collections.abc import Iterable

SECTOR_SIZE = 4096
_STUCK = 0xF0  # What the cells of a bad sector can still hold.


class FlashError(Exception):
    """The place is outside of the flash."""


class Flash:
    """`memory` holds the bytes and is all the state there is; a mapped file outlives a start."""

    def __init__(
        self, memory: bytearray | mmap.mmap, bad_sectors: Iterable[int] = (), maker: int = 0xEF
    ) -> None:
        self.memory = memory
        self.size = len(memory)
        self._bad = frozenset(bad_sectors)
        self._maker = maker
        self.status = 0  # The three status registers, one byte each.

    @property
    def jedec_id(self) -> int:
        """What opcode 9F answers, first byte lowest: maker, type, size as a power of two."""
        return self._maker | 0x40 << 8 | (self.size.bit_length() - 1) << 16

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on; FlashError when they are not all inside."""
        self._check(offset, size)
        return bytes(self.memory[offset : offset + size])

    def erase(self, offset: int, size: int) -> None:
        """Erase every sector that the range touches."""
        self._check(offset, size)
        first = offset // SECTOR_SIZE
        last = -(-(offset + size) // SECTOR_SIZE)
        start, end = first * SECTOR_SIZE, min(last * SECTOR_SIZE, self.size)
        self.memory[start:end] = b"\xff" * (end - start)
        self._spoil(first, last)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in `data`; none is ever set."""
        self._check(offset, len(data))
        before = self.memory[offset : offset + len(data)]
        both = int.from_bytes(before, "little") & int.from_bytes(data, "little")
        self.memory[offset : offset + len(data)] = both.to_bytes(len(data), "little")
        if data:
            self._spoil(offset // SECTOR_SIZE, -(-(offset + len(data)) // SECTOR_SIZE))

    def _spoil(self, first: int, last: int) -> None:
        for sector in self._bad:
            if first <= sector < last and sector < self.size // SECTOR_SIZE:
                at = sector * SECTOR_SIZE
                held = self.memory[at : at + SECTOR_SIZE]
                self.memory[at : at + SECTOR_SIZE] = bytes(byte & _STUCK for byte in held)

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise FlashError(f"{size} bytes at {offset:#x} are outside of {self.size:#x}")
