"""The time of a node that nobody tells it: from the sun, as its own power-up shows it.

On a feeder that is switched at dusk a node starts when the lamps of its street do, some minutes
from sunset and the same from night to night. While somebody tells the time it learns how many
(the night's middle that other drivers learn from the length of their nights follows from it and
from the sun). A node that starts without a clock takes the day after the last one and that time of
it, and calls it estimated. It also learns how fast its oscillator runs.

A start in the middle of a night after a power cut is taken for dusk as well: the lamp then burns
at its evening level until the feeder goes off, which is the light side.
"""

import struct

from protocol import schedule, wire

from .now import Now

_MEMORY = "<HhhB"  # Day of the next dusk, start after sunset (s), drift (ppm), nights untold.
# A start farther from sunset is no switching of a feeder.
_DUSK_S_MAX = 7200
_LIVED_S = 10800  # A shorter time under power was no night.
_DRIFT_S_MIN = 3600
_DRIFT_PPM_MAX = 300
# What an estimate may be off by: a minute when it was made yesterday, and as much for each night.
_ERROR_S, _UNKNOWN_S = 60, 65535
_RTC_MS = 432  # What a battery-backed clock is off by in a day at the most: 5 ppm.


class Timekeeper:
    """Fed what is told; `store` is what flash should hold, when `changed`."""

    def __init__(self, memory: bytes) -> None:
        self.changed = False
        self.drift_ppm = 0
        self.set_day = 0  # When the battery-backed clock was set that told the time last.
        self._next_day = self._start_s = self._nights = 0
        self._lived = False
        self._told_s = -1  # When it was told the time last; -1: not yet.
        if len(memory) == struct.calcsize(_MEMORY):
            day, start_s, drift_ppm, nights = struct.unpack(_MEMORY, memory)
            if abs(start_s) <= _DUSK_S_MAX and abs(drift_ppm) <= _DRIFT_PPM_MAX:
                self._next_day, self._start_s = day, start_s
                self.drift_ppm, self._nights = drift_ppm, nights

    def memory(self) -> bytes:
        """What must survive a power cut."""
        self.changed = False
        return struct.pack(_MEMORY, self._next_day, self._start_s, self.drift_ppm, self._nights)

    def known_day(self, now: Now) -> int:
        """The day; without a clock the next night's after the last that was known, 0: none was."""
        return now.day if now.quality != wire.TIME_NONE else self._next_day

    def error_s(self, now: Now) -> int:
        """By how much the time may be wrong; 65535 when it is not known at all."""
        if now.quality == wire.TIME_NONE:
            return _UNKNOWN_S
        if now.quality == wire.TIME_ESTIMATED:
            return min(_UNKNOWN_S, _ERROR_S * (self._nights + 1))
        error_s = 1 + (now.uptime_s - self._told_s) // 10000
        if now.quality == wire.TIME_RTC:
            error_s += max(0, now.day - self.set_day) * _RTC_MS // 1000
        return min(_UNKNOWN_S, error_s)

    def started(self, now: Now, configuration: wire.Configuration) -> bool:
        """Fill `now` by the sun when nothing else did; False when nothing is known.

        Called once, at the first tick of a start without a clock.
        """
        if now.quality != wire.TIME_NONE or not self._next_day or configuration.permanent:
            return False
        day = self._next_day
        _, sunset, kind = schedule.sun_times(day, configuration.lat_e5, configuration.lon_e5)
        if kind != schedule.NORMAL:
            return False
        self._fill(now, day, sunset + self._start_s + now.uptime_s)
        return True

    def _fill(self, now: Now, day: int, second: int) -> None:
        now.day, now.second, now.millis = day + second // 86400, second % 86400, 0
        now.quality = wire.TIME_ESTIMATED

    def told(self, now: Now, behind_ms: int, configuration: "wire.Configuration | None") -> None:
        """Somebody told the time, which is in `now`; the own clock was so far behind it."""
        gone_s = now.uptime_s - self._told_s
        first = self._told_s < 0
        if not first and gone_s >= _DRIFT_S_MIN and abs(behind_ms) < 10000:
            found = self.drift_ppm + behind_ms * 500 // gone_s  # Half of what was seen.
            found = max(-_DRIFT_PPM_MAX, min(_DRIFT_PPM_MAX, found))
            if abs(found - self.drift_ppm) > 2:
                self.drift_ppm = found
                self.changed = True
        self._told_s = now.uptime_s
        if configuration is not None and (first or not self._next_day):
            self._learn(now, configuration)

    def _learn(self, now: Now, configuration: wire.Configuration) -> None:
        """Which dusk this start was, and how long after sunset it came."""
        at = now.second - now.uptime_s
        day = now.day + at // 86400
        at %= 86400
        best_s, best_day = _DUSK_S_MAX, 0
        for one in (day - 1, day, day + 1):
            _, sunset, kind = schedule.sun_times(one, configuration.lat_e5, configuration.lon_e5)
            late_s = at + (day - one) * 86400 - sunset
            if kind == schedule.NORMAL and abs(late_s) <= abs(best_s):
                best_s, best_day = late_s, one
        if not best_day or configuration.permanent:
            if self._next_day <= now.day:
                self._next_day, self._nights, self.changed = now.day + 1, 0, True
            return
        if not self._start_s or abs(best_s - self._start_s) > 1200:
            self._start_s = best_s
        else:
            self._start_s += (best_s - self._start_s) // 4
        if self._next_day != best_day + 1 or self._nights:
            self._next_day, self._nights, self.changed = best_day + 1, 0, True
        self._lived = True

    def tick(self, now: Now) -> None:
        """A night that nobody told the time in counts once it was long enough."""
        if not self._lived and now.uptime_s >= _LIVED_S and now.quality == wire.TIME_ESTIMATED:
            self._lived = True
            self._next_day += 1
            self._nights = min(255, self._nights + 1)
            self.changed = True
