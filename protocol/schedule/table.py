"""The compact table that a node stores: programs, and the calendar that selects among them.

README.md lays it out byte by byte. The bytes are checked once and then read where they lie: as
tuples a full table would take a sixth of a node's memory.
"""

import struct

from .civil import date_of, day_of, weekday
from .errors import ScheduleError

TABLE_VERSION = 1
TABLE_SIZE_MAX = 2048
NO_PROGRAM = 255
ABSOLUTE_PERIOD, ASTRO_PERIOD = 0, 1
SET_LEVEL, MAX_LEVEL, MIN_LEVEL, ADD_LEVEL, SUB_LEVEL = 0, 1, 2, 3, 4
NO_DATES, FULL_DATES, YEARLY_DATES = 0, 1, 2
YEAR_MAX = 9999

STEP = "<IBH"
PERIOD = "<Bii"
DYNAMIC = "<BBH"
RULE = "<BBHBBHBBB"
ASTRO_S_MAX = 6 * 3600  # More than that after sunset is not twilight any more.
RAMP_S_MAX = HOLD_S_MAX = 3600

_HEADER_SIZE = 4
_LAYOUTS = (STEP, PERIOD, DYNAMIC)
_RULE_SIZE = struct.calcsize(RULE)


class Table:
    """A checked table; ScheduleError for bytes that are none."""

    def __init__(self, data: bytes) -> None:
        if len(data) > TABLE_SIZE_MAX:
            raise ScheduleError("size", str(len(data)))
        if data and data[0] != TABLE_VERSION:
            raise ScheduleError("version", str(data[0]))
        if len(data) < _HEADER_SIZE:
            raise ScheduleError("truncated")
        self._data = data
        self._programs: list[int] = []
        at = _HEADER_SIZE
        for _ in range(data[1]):
            self._programs.append(at)
            at = self._after_program(at)
        self._rules_at = at
        at += data[2] * _RULE_SIZE
        if at > len(data):
            raise ScheduleError("truncated")
        if at < len(data):
            raise ScheduleError("size", str(len(data) - at))
        self._check()

    def _after_program(self, at: int) -> int:
        data = self._data
        if at + 3 > len(data):
            raise ScheduleError("truncated")
        after = at + 3
        for part in range(3):
            after += data[at + part] * struct.calcsize(_LAYOUTS[part])
        if after > len(data):
            raise ScheduleError("truncated")
        return after

    def rows(self, program: int, part: int) -> "list[tuple[int, ...]]":
        """Steps (part 0), periods (1) or dynamics (2) of a program."""
        data = self._data
        start = self._programs[program]
        at = start + 3
        for before in range(part):
            at += data[start + before] * struct.calcsize(_LAYOUTS[before])
        layout = _LAYOUTS[part]
        size = struct.calcsize(layout)
        return [
            struct.unpack_from(layout, data, at + row * size) for row in range(data[start + part])
        ]

    def _check(self) -> None:
        for program in range(len(self._programs)):
            _check_steps(self.rows(program, 0))
            for kind, first, last in self.rows(program, 1):
                low, high = (0, 86399) if kind == ABSOLUTE_PERIOD else (-ASTRO_S_MAX, ASTRO_S_MAX)
                if kind > ASTRO_PERIOD or not (low <= first <= high and low <= last <= high):
                    raise ScheduleError("period", str(program))
            for operation, level, hold_s in self.rows(program, 2):
                if operation > SUB_LEVEL or level > 100 or hold_s > HOLD_S_MAX:
                    raise ScheduleError("dynamic", str(program))
        default = self._data[3]
        if default != NO_PROGRAM and default >= len(self._programs):
            raise ScheduleError("reference", str(default))
        for row in range(self._data[2]):
            self._check_rule(row)

    def _rule(self, row: int) -> "tuple[int, ...]":
        return struct.unpack_from(RULE, self._data, self._rules_at + row * _RULE_SIZE)

    def _check_rule(self, row: int) -> None:
        program, kind, year, month, day, to_year, to_month, to_day, days = self._rule(row)
        if program >= len(self._programs):
            raise ScheduleError("reference", str(program))
        if kind > YEARLY_DATES or not 0 < days < 128:
            raise ScheduleError("rule", str(row))
        if kind == NO_DATES:
            right = not (year or month or day or to_year or to_month or to_day)
        elif kind == YEARLY_DATES:  # The 29th of February comes in leap years.
            right = not year and not to_year and _dated(2000, month, day)
            right = right and _dated(2000, to_month, to_day)
        else:
            right = _dated(year, month, day) and _dated(to_year, to_month, to_day)
            right = right and (year, month, day) <= (to_year, to_month, to_day)
        if not right:
            raise ScheduleError("date", str(row))

    def selected(self, day: int) -> tuple[int, bool]:
        """(program, or NO_PROGRAM; whether a rule chose it) of a day since 2000-01-01."""
        now = date_of(day)
        bit = 1 << weekday(day) - 1
        for row in range(self._data[2]):
            program, kind, year, month, first, to_year, to_month, last, days = self._rule(row)
            if not days & bit:
                continue
            if kind == FULL_DATES:
                inside = (year, month, first) <= now <= (to_year, to_month, last)
            elif kind == YEARLY_DATES:
                after, before = (month, first) <= now[1:], now[1:] <= (to_month, last)
                # A range that ends before it begins runs over New Year.
                over = (to_month, last) < (month, first)
                inside = (after or before) if over else (after and before)
            else:
                inside = True
            if inside:
                return program, True
        return self._data[3], False


def _check_steps(steps: "list[tuple[int, ...]]") -> None:
    before = -1
    for at, level, ramp_s in steps:
        if not before < at < 86400:
            raise ScheduleError("order", str(at))
        if level > 100:
            raise ScheduleError("level", str(level))
        if ramp_s > RAMP_S_MAX:
            raise ScheduleError("ramp", str(ramp_s))
        before = at


def _dated(year: int, month: int, day: int) -> bool:
    """Whether there is such a date."""
    if not (2000 <= year <= YEAR_MAX and 1 <= month <= 12 and day):
        return False
    return date_of(day_of(year, month, day)) == (year, month, day)
