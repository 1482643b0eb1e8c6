"""A bay's occupancy from a magnetometer: a car bends the Earth's field.

The detector compares the field with the baseline of the empty bay. Above ENTER_NT a car is there,
below LEAVE_NT it is gone; in between nothing changes (hysteresis), and a change counts when it
holds for SETTLE_MS and SAMPLES samples. While the bay is vacant the baseline follows slow drift.
A new detector must first see a steady field, which it takes for the empty bay.

Fields are in nanotesla; a standing car makes some 5,000 to 30,000 at the road surface.
"""

import struct

from protocol import wire

from .now import Now

UNKNOWN, VACANT, OCCUPIED = 0, 1, 2
ENTER_NT = 4000
LEAVE_NT = 2500
# A car rolls over the sensor for a second or two; a passing one is gone again by then.
SETTLE_MS = 1500
SAMPLES = 2
# The first baseline: so long must the field stay within LEAVE_NT of where it began.
CALIBRATE_S = 5
_DRIFT_SHIFT = 6  # The baseline follows 1/64 of the difference at each sample while vacant.
_MEMORY = "<BBiiiHI"
_VERSION = 1


class Bay:
    """One channel. `tick` returns True when the state changed."""

    def __init__(self) -> None:
        self.state = UNKNOWN
        self.confidence_percent = 0
        self.since_day = 0
        self.since_second = 0
        self._base = [0, 0, 0]
        self._calibrating_s = -1
        self._doubt_ms = 0
        self._doubts = 0

    def tick(self, field: list[int], now: Now) -> bool:
        """One sample (x, y, z in nT)."""
        if self.state == UNKNOWN:
            return self._calibrate(field, now)
        distance = self._distance(field)
        self._judge_confidence(distance)
        away = distance > ENTER_NT if self.state == VACANT else distance < LEAVE_NT
        if not away:
            self._doubts = 0
            if self.state == VACANT and distance < LEAVE_NT:
                self._drift(field)
            return False
        if not self._doubts:
            self._doubt_ms = now.tick_ms
        self._doubts += 1
        settled = wire.ticks_after(now.tick_ms, self._doubt_ms) >= SETTLE_MS
        if self._doubts < SAMPLES or not settled:
            return False
        self._become(OCCUPIED if self.state == VACANT else VACANT, now)
        return True

    def _become(self, state: int, now: Now) -> None:
        self.state = state
        self._doubts = 0
        self.since_day = now.day if now.quality else 0
        self.since_second = now.second if now.quality else 0

    def _calibrate(self, field: list[int], now: Now) -> bool:
        if self._calibrating_s < 0 or self._distance(field) > LEAVE_NT:
            self._calibrating_s = now.uptime_s
            self._base[0], self._base[1], self._base[2] = field[0], field[1], field[2]
            return False
        if now.uptime_s - self._calibrating_s < CALIBRATE_S:
            return False
        self.confidence_percent = 90
        self._become(VACANT, now)
        return True

    def _distance(self, field: list[int]) -> int:
        """How far the field is from the baseline: the largest axis plus half of the others.

        Within 12 % of the Euclidean length, and without a square beyond 30 bits.
        """
        a = abs(field[0] - self._base[0])
        b = abs(field[1] - self._base[1])
        c = abs(field[2] - self._base[2])
        largest = max(a, b, c)
        return largest + (a + b + c - largest) // 2

    def _judge_confidence(self, distance: int) -> None:
        """50 at the threshold that would change the state, 99 well away from it."""
        if self.state == VACANT:
            margin = (ENTER_NT - distance) * 49 // ENTER_NT
        else:
            margin = (distance - LEAVE_NT) * 49 // ENTER_NT
        self.confidence_percent = 50 + max(0, min(49, margin))

    def _drift(self, field: list[int]) -> None:
        for axis in range(3):
            self._base[axis] += (field[axis] - self._base[axis]) >> _DRIFT_SHIFT

    def memory(self) -> bytes:
        """What must survive a power cut: state and baseline."""
        base = self._base
        return struct.pack(
            _MEMORY, _VERSION, self.state, base[0], base[1], base[2], self.since_day,
            self.since_second,
        )  # fmt: skip

    def remember(self, data: bytes) -> bool:
        """Take up a former memory; False (and nothing changed) when it is not one."""
        if len(data) != struct.calcsize(_MEMORY) or data[0] != _VERSION or data[1] > OCCUPIED:
            return False
        (_, self.state, self._base[0], self._base[1], self._base[2], self.since_day,
         self.since_second) = struct.unpack(_MEMORY, data)  # fmt: skip
        return True

    def correct(self, kind: int) -> None:
        """An event that flash still held is newer than the memory beside it."""
        if self.state != UNKNOWN:
            self.state = OCCUPIED if kind == wire.EVENT_NAMES.index("bay_occupied") else VACANT
