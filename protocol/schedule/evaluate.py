"""Which level now, and why, by a table, a place and a time zone.

A calendar day runs from local noon to local noon, so a night belongs to the day it began. Within
it the steps of the day's program hold one after the other; before the first one the last step of
the day before holds. Outside its active periods a lamp is off; without a program it is lit. All
times of a night are worked out once, in UTC, when the night begins: so a step in an hour that is
left out in spring comes at the change, and one in the hour that comes twice in autumn comes once.

`at` allocates nothing while nothing changes.
"""

from .civil import date_of, weekday
from .reasons import ASTRO, CALENDAR, DYNAMIC, PROGRAM
from .sun import POLAR_DAY, POLAR_NIGHT, sun_times
from .table import (
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
FULL_PERCENT = 100


class Decision:
    """What `at` fills in. Nothing changes before `until` (UTC) unless presence does."""

    def __init__(self) -> None:
        self.level_percent = FULL_PERCENT
        self.reason = 0
        self.ramp_s = 0
        self.until_day = 0
        self.until_second = 0


class Evaluator:
    """One lamp's schedule. Times of the night are in seconds from 0:00 UTC of day `_base`."""

    def __init__(self, table: bytes, lat_e5: int, lon_e5: int, zone: Zone) -> None:
        self._table = Table(table)
        self._lat_e5 = lat_e5
        self._lon_e5 = lon_e5
        self._zone = zone
        self._base = 0
        self._begin = 0
        self._end = 0
        self._steps: list[tuple[int, int, int]] = []
        self._periods: list[tuple[int, int]] = []
        self._astro = False
        self._limited = False
        self._dynamics: tuple[tuple[int, ...], ...] = ()
        self._program = NO_PROGRAM
        self._from = 0
        self._until = -1
        self._shown = -1
        self._level = FULL_PERCENT
        self._ramp_s = 0
        self._active = True

    def at(self, day: int, second: int, presence_age_s: int, decision: Decision) -> Decision:
        """Fill the decision for a UTC instant; presence_age_s is -1 when nobody was seen."""
        t = (day - self._base) * _DAY + second
        if not self._from <= t < self._until:
            if not self._begin <= t < self._end:
                self._night(day, second)
                t = (day - self._base) * _DAY + second
            self._part(t)
            self._shown = -1
        dynamic = self._dynamic(presence_age_s)
        if dynamic + 1 != self._shown:
            self._shown = dynamic + 1
            self._decide(dynamic, decision)
        return decision

    def _dynamic(self, presence_age_s: int) -> int:
        if self._active and presence_age_s >= 0:
            for index in range(len(self._dynamics)):
                if presence_age_s <= self._dynamics[index][2]:
                    return index
        return -1

    def _decide(self, dynamic: int, decision: Decision) -> None:
        level, ramp_s = self._level, self._ramp_s
        reason = PROGRAM
        if self._program == NO_PROGRAM:
            reason = CALENDAR
        elif not self._active:
            level, ramp_s = 0, 0
            reason = ASTRO if self._astro else PROGRAM
        elif not self._steps and self._astro:
            reason = ASTRO
        if dynamic >= 0:
            operation, other, _ = self._dynamics[dynamic]
            raised = _applied(operation, level, other)
            if raised != level:
                level, ramp_s, reason = raised, 0, DYNAMIC
        decision.level_percent, decision.ramp_s, decision.reason = level, ramp_s, reason
        decision.until_day = self._base + self._until // _DAY
        decision.until_second = self._until % _DAY

    def _part(self, t: int) -> None:
        """Find what holds at t, and how long."""
        start, until = self._begin, self._end
        self._level, self._ramp_s = FULL_PERCENT, 0
        for at, level, ramp_s in self._steps:
            if at <= t:
                self._level, self._ramp_s = level, ramp_s
                start = max(start, at)
            else:
                until = min(until, at)
                break
        active = not self._periods and not self._astro and not self._limited
        for first, last in self._periods:
            if first <= t < last:
                active = True
            for edge in (first, last):
                if edge <= t:
                    start = max(start, edge)
                else:
                    until = min(until, edge)
        self._active = active
        self._from, self._until = start, until

    def _night(self, day: int, second: int) -> None:
        """Work out the night that a UTC instant belongs to."""
        local_day, local_second = self._zone.local(day, second)
        base = local_day if local_second >= _NOON else local_day - 1
        self._base = base
        self._begin = self._zone.utc_second(base, _NOON)
        self._end = self._zone.utc_second(base, _DAY + _NOON)
        self._program = self._selected(base)
        self._steps, self._periods, self._dynamics = [], [], ()
        self._astro = self._limited = False
        if self._program == NO_PROGRAM:
            return
        steps, periods, self._dynamics = self._table.programs[self._program]
        before = self._last_step(self._selected(base - 1)) or self._last_step(self._program)
        if before:
            self._steps.append((self._begin, before[1], 0))
        for at, level, ramp_s in _night_order(steps):
            local = at if at >= _NOON else at + _DAY
            self._steps.append((self._zone.utc_second(base, local), level, ramp_s))
        self._limited = bool(periods)
        for kind, first, last in periods:
            if kind == ASTRO_PERIOD:
                self._astro = True
                self._astro_period(first, last)
            else:
                self._absolute_period(first, last)

    def _selected(self, base: int) -> int:
        return self._table.program_of(date_of(base), weekday(base))

    def _last_step(self, program: int) -> "tuple[int, ...] | None":
        """What holds at the end of a day by its program."""
        if program == NO_PROGRAM:
            return None
        steps = _night_order(self._table.programs[program][0])
        return steps[-1] if steps else None

    def _astro_period(self, after_sunset: int, after_sunrise: int) -> None:
        _, sunset, kind = sun_times(self._base, self._lat_e5, self._lon_e5)
        first = sunset + after_sunset
        if kind == POLAR_NIGHT:
            first = self._begin
        elif kind == POLAR_DAY:
            first = self._end
        sunrise, _, kind = sun_times(self._base + 1, self._lat_e5, self._lon_e5)
        last = sunrise + _DAY + after_sunrise
        if kind == POLAR_NIGHT or (kind == POLAR_DAY and first < self._end):
            last = self._end
        self._add_period(max(first, self._begin), min(last, self._end))

    def _absolute_period(self, first: int, last: int) -> None:
        if first == last:
            self._add_period(self._begin, self._end)
            return
        zone, base = self._zone, self._base
        start = zone.utc_second(base, first if first >= _NOON else first + _DAY)
        stop = zone.utc_second(base, last if last > _NOON else last + _DAY)
        if start < stop:
            self._add_period(start, stop)
        else:  # It runs over noon: the end of one from the day before, the start of the next.
            self._add_period(self._begin, stop)
            self._add_period(start, self._end)

    def _add_period(self, first: int, last: int) -> None:
        if first < last:
            self._periods.append((first, last))


def _applied(operation: int, level: int, other: int) -> int:
    if operation == MAX_LEVEL:
        return max(level, other)
    if operation == MIN_LEVEL:
        return min(level, other)
    if operation == ADD_LEVEL:
        return min(FULL_PERCENT, level + other)
    if operation == SUB_LEVEL:
        return max(0, level - other)
    return other


def _night_order(steps: "tuple[tuple[int, ...], ...]") -> "list[tuple[int, ...]]":
    """Steps from noon to noon."""
    evening = [step for step in steps if step[0] >= _NOON]
    evening.extend([step for step in steps if step[0] < _NOON])
    return evening
