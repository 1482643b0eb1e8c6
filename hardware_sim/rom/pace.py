"""A line's speed: how many bytes are through by now, ten bits each at the agreed rate."""

from __future__ import annotations

_BITS = 10  # Of a byte with its start and stop bit.
_BURST_S = 0.02  # What an adapter takes at once; longer silence gains nothing.


class Pace:
    """One direction of a line."""

    def __init__(self) -> None:
        self._allowed = 0.0
        self._at_s: float | None = None

    def take(self, waiting: int, baud: int, now_s: float) -> int:
        """How many of the bytes that wait may pass now."""
        if self._at_s is not None:
            self._allowed += (now_s - self._at_s) * baud / _BITS
        self._at_s = now_s
        passing = min(waiting, int(self._allowed))
        self._allowed = min(self._allowed - passing, _BURST_S * baud / _BITS)
        return passing
