"""A page of shared memory that says how simulated time follows the machine's monotonic clock.

    simulated = anchor_simulated + (monotonic - anchor_monotonic) * speed

The monotonic clock of Linux is one for all processes of a machine, so every reader computes the
same instant without asking anybody. A writer bumps `generation` to odd, writes, and bumps it to
even; a reader that meets an odd or a changed generation reads again (a seqlock).
"""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path
from typing import Protocol

PAGE_SIZE_BYTES = 4096
_MAGIC = 0x4C4C434B  # "LLCK"
_FORMAT = struct.Struct("<IIqqi")  # magic, generation, monotonic ns, simulated ns, speed / 1000
_READS_MAX = 1000  # A writer holds the page for microseconds; more tries mean it died there.
SPEED_MAX = 100_000.0


class ClockPageError(OSError):
    """The file is not a clock page, or its writer died in the middle of a change."""


class Clock(Protocol):
    """What a program needs of a clock."""

    def now_s(self) -> float:
        """POSIX seconds, UTC."""

    def speed(self) -> float:
        """Simulated seconds per real second; 1.0 outside simulations."""


class SystemClock:
    """The machine's own clock."""

    def now_s(self) -> float:
        """POSIX seconds, UTC."""
        return time.time()

    def speed(self) -> float:
        """Real time runs at 1."""
        return 1.0


class WorldClock:
    """A mapped clock page; `set` is for the world alone."""

    def __init__(self, page: mmap.mmap) -> None:
        self._page = page

    def _read(self) -> tuple[int, int, float]:
        for _ in range(_READS_MAX):
            magic, before, monotonic_ns, simulated_ns, speed = _FORMAT.unpack_from(self._page)
            after = _FORMAT.unpack_from(self._page)[1]
            if magic == _MAGIC and before == after and not before & 1:
                return monotonic_ns, simulated_ns, speed / 1000
        raise ClockPageError("clock page: not whole; the world must be started again")

    def now_s(self) -> float:
        """Simulated POSIX seconds, UTC."""
        monotonic_ns, simulated_ns, speed = self._read()
        return (simulated_ns + (time.monotonic_ns() - monotonic_ns) * speed) / 1e9

    def speed(self) -> float:
        """Simulated seconds per real second."""
        return self._read()[2]

    def set(self, simulated_s: float, speed: float) -> None:
        """From now on time is `simulated_s` and runs at `speed` (0 < speed <= 100,000)."""
        if not 0 < speed <= SPEED_MAX:
            raise ValueError(f"speed must be above 0 and at most {SPEED_MAX:g}, not {speed!r}")
        generation = _FORMAT.unpack_from(self._page)[1] | 1
        struct.pack_into("<II", self._page, 0, _MAGIC, generation)
        struct.pack_into(
            "<qqi", self._page, 8, time.monotonic_ns(), int(simulated_s * 1e9), round(speed * 1000)
        )
        struct.pack_into("<I", self._page, 4, (generation + 1) & 0xFFFFFFFE)


def open_page(path: str | Path, *, create: bool = False) -> WorldClock:
    """Map a clock page; with `create` make the file first. ClockPageError when it is not one."""
    path = Path(path)
    if create and not path.exists():
        path.write_bytes(bytes(PAGE_SIZE_BYTES))
    try:
        with path.open("r+b") as file:
            page = mmap.mmap(file.fileno(), PAGE_SIZE_BYTES)
    except (OSError, ValueError) as error:
        raise ClockPageError(f"{path}: not a clock page: {error}") from error
    if not create and _FORMAT.unpack_from(page)[0] != _MAGIC:
        raise ClockPageError(f"{path}: not a clock page: it lacks its mark")
    return WorldClock(page)
