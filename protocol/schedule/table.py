"""The compact table that a node stores: programs, and the calendar that selects among them.

    header   version, programs, rules, default program (255: none)
    program  counts of steps, periods, dynamics; then these
    step     at (u32, local second of the day), level (u8, percent), ramp (u16, s)
    period   kind (0 absolute: from, to; 1 astro: after sunset, after sunrise), two i32 (s)
    dynamic  operation (0 set, 1 max, 2 min, 3 add, 4 sub), level (u8), hold (u16, s)
    rule     program, kind of dates (0 none, 1 full, 2 yearly), from (year u16, month, day),
             to (the same), weekdays (bit 0 Monday)

Steps are in strictly increasing time. Whatever breaks this is a ScheduleError.
"""

import struct

from .errors import ScheduleError

TABLE_VERSION = 1
TABLE_SIZE_MAX = 2048
NO_PROGRAM = 255
ABSOLUTE_PERIOD, ASTRO_PERIOD = 0, 1
SET_LEVEL, MAX_LEVEL, MIN_LEVEL, ADD_LEVEL, SUB_LEVEL = 0, 1, 2, 3, 4
NO_DATES, FULL_DATES, YEARLY_DATES = 0, 1, 2

STEP = "<IBH"
PERIOD = "<Bii"
DYNAMIC = "<BBH"
RULE = "<BBHBBHBBB"

_ASTRO_S_MAX = 6 * 3600  # More than that after sunset is not twilight any more.


class Table:
    """A checked table. `programs`: (steps, periods, dynamics), each a tuple of tuples."""

    def __init__(self, data: bytes) -> None:
        if len(data) > TABLE_SIZE_MAX:
            raise ScheduleError("size", str(len(data)))
        if len(data) < 4:
            raise ScheduleError("truncated")
        if data[0] != TABLE_VERSION:
            raise ScheduleError("version", str(data[0]))
        self._data = data
        self._at = 4
        self.default = data[3]
        self.programs = tuple([self._program() for _ in range(data[1])])
        self.rules = self._rows(RULE, data[2])
        if self._at != len(data):
            raise ScheduleError("size", "{} bytes too many".format(len(data) - self._at))
        self._check()

    def _rows(self, layout: str, count: int) -> "tuple[tuple[int, ...], ...]":
        size = struct.calcsize(layout)
        if self._at + size * count > len(self._data):
            raise ScheduleError("truncated")
        rows = []
        for _ in range(count):
            rows.append(struct.unpack_from(layout, self._data, self._at))
            self._at += size
        return tuple(rows)

    def _program(self) -> "tuple[tuple[tuple[int, ...], ...], ...]":
        if self._at + 3 > len(self._data):
            raise ScheduleError("truncated")
        counts = self._data[self._at : self._at + 3]
        self._at += 3
        steps = self._rows(STEP, counts[0])
        periods = self._rows(PERIOD, counts[1])
        dynamics = self._rows(DYNAMIC, counts[2])
        before = -1
        for at, level, _ in steps:
            if at <= before or at >= 86400:
                raise ScheduleError("order", str(at))
            if level > 100:
                raise ScheduleError("level", str(level))
            before = at
        for kind, first, second in periods:
            low, high = (0, 86399) if kind == ABSOLUTE_PERIOD else (-_ASTRO_S_MAX, _ASTRO_S_MAX)
            if kind > ASTRO_PERIOD or not low <= first <= high or not low <= second <= high:
                raise ScheduleError("period", "{} {} {}".format(kind, first, second))
        for operation, level, _ in dynamics:
            if operation > SUB_LEVEL or level > 100:
                raise ScheduleError("dynamic", "{} {}".format(operation, level))
        return steps, periods, dynamics

    def _check(self) -> None:
        count = len(self.programs)
        if self.default != NO_PROGRAM and self.default >= count:
            raise ScheduleError("reference", str(self.default))
        for program, kind, _, month, day, _, to_month, to_day, mask in self.rules:
            if program >= count:
                raise ScheduleError("reference", str(program))
            dated = kind == NO_DATES or (
                1 <= month <= 12 and 1 <= to_month <= 12 and 1 <= day <= 31 and 1 <= to_day <= 31
            )
            if kind > YEARLY_DATES or not dated or not 0 < mask < 128:
                raise ScheduleError("rule", "kind {}, weekdays {}".format(kind, mask))

    def program_of(self, date: tuple[int, int, int], weekday: int) -> int:
        """Index of the program of a day; NO_PROGRAM when none is selected."""
        year, month, day = date
        for program, kind, y1, m1, d1, y2, m2, d2, mask in self.rules:
            if not mask >> (weekday - 1) & 1:
                continue
            if kind == FULL_DATES and not (y1, m1, d1) <= (year, month, day) <= (y2, m2, d2):
                continue
            if kind == YEARLY_DATES:
                first, last, now = (m1, d1), (m2, d2), (month, day)
                inside = first <= now <= last if first <= last else now >= first or now <= last
                if not inside:
                    continue
            return program
        return self.default
