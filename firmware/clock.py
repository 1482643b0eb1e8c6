"""Civil time on a node: the only file that reads the oscillator.

Ticks wrap at 2^30 ms; days count from 2000-01-01. Nothing here is a float: on an ESP32 it would
have 24 bits.
"""

import time

from protocol import wire

from .now import Now
from .timekeeper import Timekeeper

_TICK_MASK = 0x3FFFFFFF
# Uptime in ms is told up to 12 days; the controller needs it for minutes.
_UPTIME_MS_MAX = 0x3FFFFFFF


class Clock:
    """Counts from boot and from the last time that was set, as fast as `keeper` learned."""

    def __init__(self, memory: bytes = b"") -> None:
        self.keeper = Timekeeper(memory)
        self._drift = 0  # Millionths of a millisecond that are still to be counted.
        self._tick = time.ticks_ms() & _TICK_MASK
        self._uptime_rest_ms = 0
        self.now = Now()
        self.now.tick_ms = self._tick

    def read(self) -> Now:
        """Fill and return `now`."""
        now = self.now
        tick = time.ticks_ms() & _TICK_MASK
        gone_ms = wire.ticks_after(tick, self._tick)
        if gone_ms < 0:
            gone_ms = 0
        self._tick = now.tick_ms = tick
        self._uptime_rest_ms += gone_ms
        now.uptime_s += self._uptime_rest_ms // 1000
        self._uptime_rest_ms %= 1000
        now.uptime_ms = min(now.uptime_ms + gone_ms, _UPTIME_MS_MAX)
        if now.quality != wire.TIME_NONE:
            self._drift += gone_ms * self.keeper.drift_ppm
            now.millis += gone_ms + self._drift // 1000000
            self._drift %= 1000000
            now.second += now.millis // 1000
            now.millis %= 1000
            now.day += now.second // 86400
            now.second %= 86400
        return now

    def set(
        self,
        day: int,
        second: int,
        millis: int,
        quality: int,
        configuration: "wire.Configuration | None" = None,
    ) -> None:
        """Somebody has told the time."""
        if quality == wire.TIME_NONE:
            return
        now = self.read()
        behind_ms = 0
        if now.quality == quality and abs(day - now.day) <= 1:
            behind_ms = ((day - now.day) * 86400 + second - now.second) * 1000
            behind_ms += millis - now.millis
        now.day, now.second, now.millis, now.quality = day, second, millis, quality
        if quality != wire.TIME_ESTIMATED:
            self.keeper.told(now, behind_ms, configuration)
