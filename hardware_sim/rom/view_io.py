"""An encrypted flash in clear, as a chip's cache shows it to its program: in memory, in no file.

The MicroPython process maps the view; what it has changed is encrypted back into the flash when
the board asks for it, sector by sector. A unit that is all ones is taken for an erased one. An
erased sector is seen as noise, as the cache shows it.
"""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

from flasher import Partition

from .crypt import UNIT_SIZE, Cipher
from .flash import SECTOR_SIZE
from .partitions import APPLICATION, ROMFS

_ERASED = b"\xff" * SECTOR_SIZE
_ERASED_UNIT = b"\xff" * UNIT_SIZE
_NOISE = hashlib.shake_128(b"what an erased sector is decrypted to").digest(SECTOR_SIZE)


class View:
    """Data partitions of the flash in a file; `path` is the view's."""

    def __init__(self, flash: Path, cipher: Cipher, rows: Iterable[Partition]) -> None:
        self._cipher = cipher
        with flash.open("r+b") as file:
            self._flash = mmap.mmap(file.fileno(), 0)
        self._fd = os.memfd_create("flash")
        os.truncate(self._fd, len(self._flash))
        self._memory = mmap.mmap(self._fd, 0)
        self.path = Path(f"/proc/{os.getpid()}/fd/{self._fd}")
        self._known: dict[Partition, bytes] = {}
        for row in rows:
            if row.kind != APPLICATION:
                self._known[row] = self._shown(row)
                self._memory[row.offset : row.offset + row.size] = self._known[row]

    def _shown(self, row: Partition) -> bytes:
        """A partition as it is read; images run where they lie, so through the cache alone."""
        raw = self._flash[row.offset : row.offset + row.size]
        if not row.encrypted and row.subtype != ROMFS:
            return raw
        sectors = []
        for at in range(0, row.size, SECTOR_SIZE):
            sector = raw[at : at + SECTOR_SIZE]
            shown = _NOISE if sector == _ERASED else None
            sectors.append(shown or self._cipher.decrypted(row.offset + at, sector))
        return b"".join(sectors)

    def store(self) -> None:
        """Bring what has changed into the flash."""
        for row, known in self._known.items():
            now = self._memory[row.offset : row.offset + row.size]
            if now == known:
                continue
            for at in range(0, row.size, SECTOR_SIZE):
                sector = now[at : at + SECTOR_SIZE]
                if sector != known[at : at + SECTOR_SIZE]:
                    place = row.offset + at
                    raw = self._sealed(place, sector) if row.encrypted else sector
                    self._flash[place : place + SECTOR_SIZE] = raw
            self._known[row] = now

    def _sealed(self, place: int, sector: bytes) -> bytes:
        sealed = bytearray(self._cipher.encrypted(place, sector))
        for at in range(0, SECTOR_SIZE, UNIT_SIZE):
            if sector[at : at + UNIT_SIZE] == _ERASED_UNIT:
                sealed[at : at + UNIT_SIZE] = _ERASED_UNIT
        return bytes(sealed)

    def close(self) -> None:
        """Store, and forget the view."""
        self.store()
        self._memory.close()
        self._flash.close()
        os.close(self._fd)
