"""A stream of blocks into flash, plain or deflated; erased at once (ROM) or as it goes (stub)."""

from __future__ import annotations

import zlib

from .flash import SECTOR_SIZE, Flash

_CHUNK_SIZE = 64 * 1024  # At most so much is inflated at a time.


class StreamError(Exception):
    """The stream cannot be deflated, or holds more than was announced."""


class Stream:
    """Writes from `offset` on, at most `size` bytes."""

    def __init__(
        self, flash: Flash, offset: int, size: int, *, deflated: bool, erased_at_once: bool
    ) -> None:
        self._flash = flash
        self._at = offset
        self._end = offset + size
        self._inflate = zlib.decompressobj() if deflated else None
        flash.read(offset, 0)
        flash.read(offset + size, 0)  # Both ends must lie inside.
        self._erased_to = offset // SECTOR_SIZE * SECTOR_SIZE
        if erased_at_once and size:
            flash.erase(offset, size)
            self._erased_to = self._end

    def take(self, data: bytes) -> None:
        """One block, as it came; StreamError when it is not a part of what was announced."""
        if self._inflate is None:
            # The last block is filled up with 0xFF, which changes no flash.
            room = self._end - self._at
            if data[room:].strip(b"\xff"):
                raise StreamError("more than was announced")
            self._program(data[:room])
            return
        while data:
            try:
                plain = self._inflate.decompress(data, _CHUNK_SIZE)
            except zlib.error as error:
                raise StreamError(str(error)) from error
            data = self._inflate.unconsumed_tail
            room = self._end - self._at
            if len(plain) > room:
                raise StreamError("more than was announced")
            self._program(plain)
            if self._inflate.eof:
                return

    def _program(self, data: bytes) -> None:
        end = self._at + len(data)
        if end > self._erased_to:
            first = max(self._erased_to, self._at // SECTOR_SIZE * SECTOR_SIZE)
            self._flash.erase(first, end - first)
            self._erased_to = -(-end // SECTOR_SIZE) * SECTOR_SIZE
        self._flash.program(self._at, data)
        self._at = end
