"""Which level now, and why, by a table, a place and a time zone.

A calendar day runs from local noon to local noon, so a night belongs to the day it began. Within
it the steps of the day's program hold one after the other; before the first one the last step of
the day before holds. Outside its active periods a lamp is off; without a program it is lit. All
times of a night are worked out once, in UTC, when the night begins: so a step in an hour that is
left out in spring comes at the change, and one in the hour that comes twice in autumn comes once.

`at` allocates nothing while nothing changes.
"""

from .reasons import ASTRO, CALENDAR, DEFAULT, DYNAMIC, PROGRAM
from .sun import POLAR_DAY, POLAR_NIGHT, sun_times
from .table import (
    ABSOLUTE_PERIOD,
    ADD_LEVEL,
    ASTRO_PERIOD,
    MAX_LEVEL,
    MIN_LEVEL,
    NO_PROGRAM,
    SUB_LEVEL,
    Table,
)
from .zone import Zone

_NOON = 43200
_DAY = 86400
_FULL_PERCENT = 100


class Decision:
    """What `at` fills in: it holds from `since` to `until` (UTC) unless presence changes it."""

    def __init__(self) -> None:
        self.level_percent = _FULL_PERCENT
        self.reason = DEFAULT
        self.ramp_s = 0
        self.since_day = 0
        self.since_second = 0
        self.until_day = 0
        self.until_second = 0


class Evaluator:
    """One lamp's schedule. Times of a night are seconds from 0:00 UTC of the day it began."""

    def __init__(self, table: bytes, lat_e5: int, lon_e5: int, zone: Zone) -> None:
        self._table = Table(table)
        self._lat_e5 = lat_e5
        self._lon_e5 = lon_e5
        self._zone = zone
        # The night: its day, its noons, and what it holds.
        self._base = 0
        self._begin = 0
        self._end = 0
        self._program = NO_PROGRAM
        self._source = DEFAULT
        self._steps: list[tuple[int, int, int]] = []
        self._periods: list[tuple[int, int, int]] = []
        self._dynamics: list[tuple[int, ...]] = []
        self._limited = self._astro = False
        # The part of it in which nothing changes.
        self._since = 0
        self._until = 0
        self._active = True
        self._level = _FULL_PERCENT
        self._ramp_s = 0
        self._reason = DEFAULT

    def at(self, day: int, second: int, presence_age_s: int, decision: Decision) -> Decision:
        """Fill the decision for a UTC instant; presence_age_s is -1 when nobody was seen."""
        at = (day - self._base) * _DAY + second
        if not self._since <= at < self._until:
            if not self._begin <= at < self._end:
                self._night(day, second)
                at = (day - self._base) * _DAY + second
            self._part(at)
        level, reason, ramp_s = self._level, self._reason, self._ramp_s
        if self._active and presence_age_s >= 0:
            for operation, other, hold_s in self._dynamics:
                if presence_age_s <= hold_s:
                    level = _applied(operation, level, other)
                    break
            if level != self._level:
                reason, ramp_s = DYNAMIC, 0  # Who walks there needs the light at once.
        decision.level_percent, decision.reason, decision.ramp_s = level, reason, ramp_s
        decision.since_day = self._base + self._since // _DAY
        decision.since_second = self._since % _DAY
        decision.until_day = self._base + self._until // _DAY
        decision.until_second = self._until % _DAY
        return decision

    def _part(self, at: int) -> None:
        """Find what holds at an instant of the night, and from when to when."""
        since, until = self._begin, self._end
        step_at = since - 1
        self._level, self._ramp_s = _FULL_PERCENT, 0
        for first, level, ramp_s in self._steps:
            if first > at:
                until = min(until, first)
                break
            step_at, self._level, self._ramp_s = first, level, ramp_s
        absolute, sunset_at = False, -_DAY
        self._active = not self._limited
        for kind, first, last in self._periods:
            for edge in (first, last):
                if edge <= at:
                    since = max(since, edge)
                else:
                    until = min(until, edge)
            if first <= at < last:
                self._active = True
                if kind == ASTRO_PERIOD:
                    sunset_at = max(sunset_at, first)
                else:
                    absolute = True
        self._since, self._until = max(since, step_at), until
        by_sun = sunset_at > step_at and not absolute
        if not self._active:
            self._level, self._ramp_s = 0, 0
            by_sun = self._astro
        self._reason = ASTRO if by_sun else self._source

    def _night(self, day: int, second: int) -> None:
        """Work out the night that a UTC instant belongs to."""
        base, local_second = self._zone.local(day, second)
        if local_second < _NOON:
            base -= 1
        self._base = base
        self._begin = self._zone.utc_second(base, _NOON)
        self._end = self._zone.utc_second(base, _DAY + _NOON)
        self._since = self._until = self._begin
        self._steps, self._periods, self._dynamics = [], [], []
        self._program, ruled = self._table.selected(base)
        self._limited = self._astro = False
        self._source = DEFAULT
        if self._program == NO_PROGRAM:
            return
        self._source = CALENDAR if ruled else PROGRAM
        self._set_steps(self._table.rows(self._program, 0))
        periods = self._table.rows(self._program, 1)
        self._limited = bool(periods)
        for kind, first, last in periods:
            if kind == ASTRO_PERIOD:
                self._astro = True
                self._astro_period(first, last)
            else:
                self._absolute_period(first, last)
        self._dynamics = self._table.rows(self._program, 2)

    def _set_steps(self, steps: "list[tuple[int, ...]]") -> None:
        before = self._before(steps)
        if before:
            self._steps.append((self._begin - 1, before[1], before[2]))
        for over in (0, _DAY):  # First the evening's, then the morning's.
            for at, level, ramp_s in steps:
                if (at < _NOON) == bool(over):
                    first = self._zone.utc_second(self._base, at + over)
                    self._steps.append((first, level, ramp_s))

    def _before(self, steps: "list[tuple[int, ...]]") -> "tuple[int, ...] | None":
        """The step that holds at noon: the last of this morning, else of the day before."""
        if steps and steps[0][0] < _NOON:
            return [step for step in steps if step[0] < _NOON][-1]
        program = self._table.selected(self._base - 1)[0]
        if program != NO_PROGRAM:
            earlier = self._table.rows(program, 0)
            if earlier:
                return earlier[-1]
        return steps[-1] if steps else None

    def _astro_period(self, after_sunset: int, after_sunrise: int) -> None:
        # The sun's day nearest to the clock's: they differ where a zone lies across the date line.
        noon = 43200 - self._lon_e5 * 240 // 100000
        days = (self._begin - noon + _NOON) // _DAY
        _, sunset, kind = sun_times(self._base + days, self._lat_e5, self._lon_e5)
        first = sunset + days * _DAY + after_sunset
        if kind == POLAR_NIGHT:
            first = self._begin
        polar_day = kind == POLAR_DAY
        days += 1
        sunrise, _, kind = sun_times(self._base + days, self._lat_e5, self._lon_e5)
        last = sunrise + days * _DAY + after_sunrise
        if kind == POLAR_NIGHT:
            last = self._end
        if not polar_day and kind != POLAR_DAY:
            self._add_period(ASTRO_PERIOD, first, last)

    def _absolute_period(self, first: int, last: int) -> None:
        start = first if first >= _NOON else first + _DAY
        stop = last if last > _NOON else last + _DAY
        start_at = self._zone.utc_second(self._base, start)
        stop_at = self._zone.utc_second(self._base, stop)
        if start < stop:
            self._add_period(ABSOLUTE_PERIOD, start_at, stop_at)
        else:  # It runs over noon: the end of one from the day before, the start of the next.
            self._add_period(ABSOLUTE_PERIOD, self._begin, stop_at)
            self._add_period(ABSOLUTE_PERIOD, start_at, self._end)

    def _add_period(self, kind: int, first: int, last: int) -> None:
        first, last = max(first, self._begin), min(last, self._end)
        if first < last:
            self._periods.append((kind, first, last))


def _applied(operation: int, level: int, other: int) -> int:
    if operation == MAX_LEVEL:
        return max(level, other)
    if operation == MIN_LEVEL:
        return min(level, other)
    if operation == ADD_LEVEL:
        return min(_FULL_PERCENT, level + other)
    if operation == SUB_LEVEL:
        return max(0, level - other)
    return other
