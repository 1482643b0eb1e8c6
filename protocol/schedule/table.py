"""The compact table that a node stores: programs, and the calendar that selects among them.

README.md lays it out byte by byte. The bytes are checked once and then read where they lie: as
tuples a full table would take a sixth of a node's memory.
"""

import struct

from .civil import date_of, day_of
from .errors import ScheduleError
from .inputs import INPUTS_MAX
from .operations import MUL_LEVEL
from .rules import RULE, SPAN, check_rule, check_span, rule_holds, span_holds

TABLE_VERSION = 2
TABLE_SIZE_MAX = 2048
NO_PROGRAM = 255
OWN = 255  # The node's own sensor instead of an input's number.
ABSOLUTE_PERIOD, ASTRO_PERIOD, SENSOR_PERIOD, ASTRO_SENSOR_PERIOD = 0, 1, 2, 3
STEPS, PERIODS, SUNS, DYNAMICS = 0, 1, 2, 3
AT_SUNRISE, AT_SUNSET = 0, 1
EXTERNAL = 8  # Added to a dynamic's operation: the level comes with the input.

STEP = "<IBHH"
PERIOD = "<BBiiHHII"
SUN = "<BBBiHH"
DYNAMIC = "<BBBHHHII"
ASTRO_S_MAX = 6 * 3600  # More than that after sunset is not twilight any more.
RAMP_S_MAX = HOLD_S_MAX = 3600
WINDOW_MIN_MAX = 360
LUX_DX_MAX = 2000000

_HEADER_SIZE = 4
_LAYOUTS = (STEP, PERIOD, SUN, DYNAMIC)
_PARTS = len(_LAYOUTS)
_RULE_SIZE = struct.calcsize(RULE)
_SPAN_SIZE = struct.calcsize(SPAN)


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
        for _ in range(data[2]):
            at = self._after_rule(at)
        if at < len(data):
            raise ScheduleError("size", str(len(data) - at))
        self._check()

    def _after_program(self, at: int) -> int:
        data = self._data
        if at + _PARTS > len(data):
            raise ScheduleError("truncated")
        after = at + _PARTS
        for part in range(_PARTS):
            after += data[at + part] * struct.calcsize(_LAYOUTS[part])
        if after > len(data):
            raise ScheduleError("truncated")
        return after

    def _after_rule(self, at: int) -> int:
        """Behind a rule and its spans, whose number is a rule's last byte."""
        data = self._data
        after = at + _RULE_SIZE
        if after <= len(data):
            after += data[after - 1] * _SPAN_SIZE
        if after > len(data):
            raise ScheduleError("truncated")
        return after

    def rows(self, program: int, part: int) -> "list[tuple[int, ...]]":
        """STEPS, PERIODS, SUNS or DYNAMICS of a program."""
        data = self._data
        start = self._programs[program]
        at = start + _PARTS
        for before in range(part):
            at += data[start + before] * struct.calcsize(_LAYOUTS[before])
        layout = _LAYOUTS[part]
        size = struct.calcsize(layout)
        return [
            struct.unpack_from(layout, data, at + row * size) for row in range(data[start + part])
        ]

    def _check(self) -> None:
        for program in range(len(self._programs)):
            _check_steps(self.rows(program, STEPS))
            for row in self.rows(program, PERIODS):
                if not _period_right(row):
                    raise ScheduleError("period", str(program))
            for row in self.rows(program, SUNS):
                if not _sun_right(row):
                    raise ScheduleError("sun", str(program))
            for row in self.rows(program, DYNAMICS):
                if not _dynamic_right(row):
                    raise ScheduleError("dynamic", str(program))
        default = self._data[3]
        if default != NO_PROGRAM and default >= len(self._programs):
            raise ScheduleError("reference", str(default))
        at = self._rules_at
        for number in range(self._data[2]):
            rule = struct.unpack_from(RULE, self._data, at)
            if rule[0] >= len(self._programs):
                raise ScheduleError("reference", str(rule[0]))
            check_rule(rule, number)
            for place in range(rule[-1]):
                check_span(self._span(at, place), number)
            at = self._after_rule(at)

    def _span(self, rule_at: int, row: int) -> "tuple[int, ...]":
        return struct.unpack_from(SPAN, self._data, rule_at + _RULE_SIZE + row * _SPAN_SIZE)

    def selected(self, day: int) -> tuple[int, bool]:
        """(program, or NO_PROGRAM; whether a rule chose it) of a day since 2000-01-01."""
        date = date_of(day)
        year, month = date[0], date[1]
        following = day_of(year + 1, 1, 1) if month == 12 else day_of(year, month + 1, 1)
        last = following - day <= 7  # No such weekday comes in this month any more.
        at = self._rules_at
        for _ in range(self._data[2]):
            rule = struct.unpack_from(RULE, self._data, at)
            if rule_holds(rule, day, date, last):
                inside = not rule[-1]
                for row in range(rule[-1]):
                    inside = inside or span_holds(self._span(at, row), date)
                if inside:
                    return rule[0], True
            at = self._after_rule(at)
        return self._data[3], False


def _check_steps(steps: "list[tuple[int, ...]]") -> None:
    before = -1
    for at, level, ramp_s, ramp_from_s in steps:
        if not before < at < 86400:
            raise ScheduleError("order", str(at))
        if level > 100:
            raise ScheduleError("level", str(level))
        if max(ramp_s, ramp_from_s) > RAMP_S_MAX:
            raise ScheduleError("ramp", str(ramp_s))
        before = at


def _period_right(row: "tuple[int, ...]") -> bool:
    kind, source, first, last, before_sunset, before_sunrise, dark_dx, bright_dx = row
    if kind > ASTRO_SENSOR_PERIOD:
        return False
    low, high = -ASTRO_S_MAX, ASTRO_S_MAX
    if kind == ABSOLUTE_PERIOD:
        low, high = 0, 86399
    elif kind == SENSOR_PERIOD:
        low, high = 0, 0
    if not (low <= first <= high and low <= last <= high):
        return False
    windows = max(before_sunset, before_sunrise)
    if windows > (WINDOW_MIN_MAX if kind == ASTRO_SENSOR_PERIOD else 0):
        return False
    if kind < SENSOR_PERIOD or source != OWN:  # Others' levels are judged by who tells the input.
        wanted = source < INPUTS_MAX if kind >= SENSOR_PERIOD else not source
        return wanted and not dark_dx and not bright_dx
    return dark_dx <= bright_dx <= LUX_DX_MAX


def _sun_right(row: "tuple[int, ...]") -> bool:
    event, operation, level, offset_s, ramp_s, ramp_from_s = row
    return (
        event <= AT_SUNSET and operation <= MUL_LEVEL and level <= 100
        and -ASTRO_S_MAX <= offset_s <= ASTRO_S_MAX and max(ramp_s, ramp_from_s) <= RAMP_S_MAX
    )  # fmt: skip


def _dynamic_right(row: "tuple[int, ...]") -> bool:
    source, operation, level, hold_s, ramp_s, ramp_from_s, first, last = row
    if operation >= EXTERNAL:
        if source == OWN or level:
            return False
        operation -= EXTERNAL
    return (
        operation <= MUL_LEVEL and level <= 100 and (source == OWN or source < INPUTS_MAX)
        and hold_s <= HOLD_S_MAX and max(ramp_s, ramp_from_s) <= RAMP_S_MAX
        and max(first, last) < 86400
    )  # fmt: skip
