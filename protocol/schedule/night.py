"""One night, noon to noon, worked out once in UTC: when steps, sun, periods and dynamics hold.

Times are seconds from 0:00 UTC of the day on which the night began. A time in an hour that is left
out in spring is the change itself, one in the hour that comes twice in autumn its first.
"""

from .reasons import CALENDAR, DEFAULT, PROGRAM
from .sun import POLAR_DAY, POLAR_NIGHT, sun_times
from .table import (
    ABSOLUTE_PERIOD,
    ASTRO_PERIOD,
    AT_SUNSET,
    DYNAMICS,
    NO_PROGRAM,
    OWN,
    PERIODS,
    SENSOR_PERIOD,
    STEPS,
    SUNS,
    Table,
)
from .zone import Zone

_NOON = 43200
_DAY = 86400
_NONE: "list[tuple[int, ...]]" = []  # Shared by all that have no rows; it is never added to.


class Night:
    """The night of an instant, filled by `work_out`."""

    def __init__(self, table: bytes, lat_e5: int, lon_e5: int, zone: Zone) -> None:
        self._table = Table(table)
        self._lat_e5 = lat_e5
        self._lon_e5 = lon_e5
        self._zone = zone
        self.base = 0
        self.begin = 0
        self.end = 0
        self.program = NO_PROGRAM
        self.source = DEFAULT
        # (from, level, ramp to, ramp from), (from, operation, level, ramp to, ramp from)
        self.steps = self.suns = _NONE
        # (kind, first, last)
        # (first, last, source, place, unknown means dark)
        self.periods = _NONE
        self.sensed = _NONE
        # (first, last, a row of DYNAMICS without its times and its place)
        self.dynamics = _NONE
        self.limited = self.astro = False
        self.places = 0
        self.cells = _NONE  # (place, dark below, bright above) of the own photocell
        self.dark: tuple[int, int] | None = None  # From sunset to sunrise, where it matters.
        self._sunset = self._sunrise = 0
        self._polar = 0

    def work_out(self, day: int, second: int) -> None:
        """Work out the night that a UTC instant belongs to."""
        base, local_second = self._zone.local(day, second)
        if local_second < _NOON:
            base -= 1
        self.base = base
        self.begin = self._zone.utc_second(base, _NOON)
        self.end = self._zone.utc_second(base, _DAY + _NOON)
        self.steps = self.suns = self.periods = self.sensed = self.dynamics = self.cells = _NONE
        self.limited = self.astro = False
        self.places = 0
        self.dark = None
        self.source = DEFAULT
        self._polar = -1
        self.program, ruled = self._table.selected(base)
        if self.program == NO_PROGRAM:
            return
        self.source = CALENDAR if ruled else PROGRAM
        before = self._table.selected(base - 1)[0]
        self._set_steps(before)
        self._set_suns(before)
        self._set_periods()
        self._set_dynamics()

    def _set_steps(self, program_before: int) -> None:
        steps = self._table.rows(self.program, STEPS)
        before = self._step_before(steps, program_before)
        if before:
            self.steps = self.steps + [(self.begin - 1,) + before[1:]]
        for over in (0, _DAY):  # First the evening's, then the morning's.
            for row in steps:
                if (row[0] < _NOON) == bool(over):
                    first = self._zone.utc_second(self.base, row[0] + over)
                    self.steps = self.steps + [(first,) + row[1:]]

    def _step_before(
        self, steps: "list[tuple[int, ...]]", program_before: int
    ) -> "tuple[int, ...] | None":
        """The step that holds at noon: the last of this morning, else of the day before."""
        if steps and steps[0][0] < _NOON:
            return [step for step in steps if step[0] < _NOON][-1]
        if program_before != NO_PROGRAM:
            earlier = self._table.rows(program_before, STEPS)
            if earlier:
                return earlier[-1]
        return steps[-1] if steps else None

    def _set_suns(self, program_before: int) -> None:
        """Controls by the sun; before the first the newest of the day before, by tonight's sun."""
        own = self._sun_rows(self.program)
        if program_before != NO_PROGRAM:
            earlier = own if program_before == self.program else self._sun_rows(program_before)
            if earlier:
                self.suns = self.suns + [(self.begin - 1,) + earlier[-1][2:]]
        for row in own:
            self.suns = self.suns + [(row[0],) + row[2:]]

    def _sun_rows(self, program: int) -> "list[tuple[int, ...]]":
        """(instant, place, operation, level, ramp to, ramp from) in their order."""
        found: list[tuple[int, ...]] = []
        for place, row in enumerate(self._table.rows(program, SUNS)):
            event, operation, level, offset_s, ramp_s, ramp_from_s = row
            self._look_at_sun()
            if not self._polar:
                at = self._sunset if event == AT_SUNSET else self._sunrise
                at = max(self.begin, at + offset_s)
                if at < self.end:
                    found.append((at, place, operation, level, ramp_s, ramp_from_s))
        found.sort()
        return found

    def _set_periods(self) -> None:
        rows = self._table.rows(self.program, PERIODS)
        self.limited = bool(rows)
        self.places = len(rows)
        for place, row in enumerate(rows):
            kind, source, first, last = row[:4]
            if kind >= SENSOR_PERIOD and source == OWN:
                self.cells = self.cells + [(place, row[6], row[7])]
            if kind == ABSOLUTE_PERIOD:
                for begin, end in self._spans(first, last):
                    self._add_period(ABSOLUTE_PERIOD, begin, end)
            elif kind == SENSOR_PERIOD:
                self.dark = self._dark(0, 0)
                self.sensed = self.sensed + [(self.begin, self.end, source, place, 0)]
            else:
                self.astro = True
                found = self._dark(first, last)
                if found and kind == ASTRO_PERIOD:
                    self._add_period(ASTRO_PERIOD, found[0], found[1])
                elif found:
                    self._astro_and_sensor(found, row, place)

    def _astro_and_sensor(
        self, sure: "tuple[int, int]", row: "tuple[int, ...]", place: int
    ) -> None:
        """Lit by the sun, but a photocell may begin it earlier and end it earlier."""
        first, last = sure
        found = self._dark(row[4] * -60, row[5] * -60)
        if not found:
            return
        early, late = min(first, found[0]), min(last, found[1])
        self._add_period(ASTRO_PERIOD, first, late)
        for begin, end in ((early, min(first, last)), (max(early, late), last)):
            begin, end = max(begin, self.begin), min(end, self.end)
            if begin < end:
                self.sensed = self.sensed + [(begin, end, row[1], place, 1)]

    def _set_dynamics(self) -> None:
        for place, row in enumerate(self._table.rows(self.program, DYNAMICS)):
            spans = [(self.begin, self.end)]
            if row[6] != row[7]:
                spans = self._spans(row[6], row[7])
            for first, last in spans:
                self.dynamics = self.dynamics + [(first, last) + row[:6] + (place,)]

    def _look_at_sun(self) -> None:
        """Sunset and the sunrise after it, once a night; `_polar` tells when there is none."""
        if self._polar >= 0:
            return
        # The sun's day nearest to the clock's: they differ where a zone lies across the date line.
        noon = 43200 - self._lon_e5 * 240 // 100000
        days = (self.begin - noon + _NOON) // _DAY
        _, sunset, kind = sun_times(self.base + days, self._lat_e5, self._lon_e5)
        self._sunset = sunset + days * _DAY
        days += 1
        sunrise, _, next_kind = sun_times(self.base + days, self._lat_e5, self._lon_e5)
        self._sunrise = sunrise + days * _DAY
        self._polar = 0
        if kind == POLAR_DAY or next_kind == POLAR_DAY:
            self._polar = 1
        elif kind == POLAR_NIGHT or next_kind == POLAR_NIGHT:
            self._polar = 2
            self._sunset = self.begin - _DAY if kind == POLAR_NIGHT else self._sunset
            self._sunrise = self.end + _DAY if next_kind == POLAR_NIGHT else self._sunrise

    def _dark(self, after_sunset: int, after_sunrise: int) -> "tuple[int, int] | None":
        """From sunset to sunrise, both moved; None in a polar day, all in a polar night."""
        self._look_at_sun()
        if self._polar == 1:
            return None
        return self._sunset + after_sunset, self._sunrise + after_sunrise

    def _spans(self, first: int, last: int) -> "list[tuple[int, int]]":
        """The parts of this night from a local time to another, over noon at both its ends."""
        start = first if first >= _NOON else first + _DAY
        stop = last if last > _NOON else last + _DAY
        start_at = self._zone.utc_second(self.base, start)
        stop_at = self._zone.utc_second(self.base, stop)
        if start < stop:
            return [(start_at, stop_at)]
        return [(self.begin, stop_at), (start_at, self.end)]

    def _add_period(self, kind: int, first: int, last: int) -> None:
        first, last = max(first, self.begin), min(last, self.end)
        if first < last:
            self.periods = self.periods + [(kind, first, last)]
