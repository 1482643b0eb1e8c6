"""What a lamp does by a calendar, worked out slowly and otherwise than the node does it.

Wall clocks come from the time zone database, nights are lists of instants, nothing is remembered.
Only the sun is the node's own: it has a proof of its own.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field

from protocol import schedule
from protocol.schedule.planning import (
    OWN,
    AbsolutePeriod,
    AstroPeriod,
    AstroSensorPeriod,
    Calendar,
    Program,
    Rule,
    SensorPeriod,
    Step,
)

UTC = datetime.UTC
EPOCH = datetime.date(2000, 1, 1)
NOON_S = 43200
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(date: datetime.date, local_s: int, zone: zoneinfo.ZoneInfo) -> datetime.datetime:
    """The first instant at which the clocks there read this or later."""
    days, local_s = divmod(local_s, 86400)
    midnight = datetime.datetime.combine(date + datetime.timedelta(days), datetime.time())
    wall = midnight + datetime.timedelta(seconds=local_s)
    early = (midnight - datetime.timedelta(hours=26)).replace(tzinfo=UTC)
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    # The clocks skip it: the instant of the change, found by halves.
    low, high = early, early + datetime.timedelta(hours=80)
    while high - low > datetime.timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def matches(rule: Rule, date: datetime.date) -> bool:
    """Whether a rule is for this day."""
    if rule.days and WEEKDAYS[date.weekday()] not in rule.days:
        return False
    if rule.occurrences:
        week = datetime.timedelta(7)
        same = [date + week * n for n in range(-5, 6) if (date + week * n).month == date.month]
        words = {str(same.index(date) + 1)} | ({"L"} if date == same[-1] else set())
        if not words & set(rule.occurrences):
            return False
    if rule.spans and not any(_in_span(first, last, date) for first, last in rule.spans):
        return False
    first, last = rule.from_date, rule.to_date
    if first and last and first.startswith("--") and last.startswith("--"):
        return _in_span(first, last, date)
    year = f"{date:%Y}"
    today = f"{date:%Y-%m-%d}"
    begins = not first or today >= first.replace("--", f"{year}-")
    return begins and (not last or today <= last.replace("--", f"{year}-"))


def _in_span(first: str, last: str, date: datetime.date) -> bool:
    form = "---%d" if first.startswith("---") else "--%m-%d" if first[0] == "-" else "%Y-%m-%d"
    today = date.strftime(form)
    if first <= last:
        return first <= today <= last
    return today >= first or today <= last


def chosen(calendar: Calendar, date: datetime.date) -> tuple[str | None, bool]:
    """The program of a day, and whether a rule chose it."""
    for rule in calendar.rules:
        if matches(rule, date):
            return rule.program_id, True
    return calendar.default_program_id, False


Span = tuple[datetime.datetime, datetime.datetime]
Told = tuple[int, int]  # Age in seconds or -1, and the level that came with it or -1.


@dataclass(frozen=True)
class Senses:
    """What is known from outside: light at the lamp in tenths of a lux, and each input."""

    lux_dx: int = -1
    told: Mapping[int, Told] = field(default_factory=dict)


def changed(operation: str, level: int, other: int) -> int:
    """A level after an operation."""
    return {
        "set": other, "max": max(level, other), "min": min(level, other),
        "add": min(100, level + other), "sub": max(0, level - other),
        "mul": (2 * level * other + 100) // 200,
    }[operation]  # fmt: skip


class Naive:
    """One lamp's calendar at one place."""

    def __init__(
        self,
        calendar: Calendar,
        programs: Mapping[str, Program],
        zone: zoneinfo.ZoneInfo,
        place_e5: tuple[int, int],
    ) -> None:
        self._calendar = calendar
        self._programs = programs
        self._zone = zone
        self._lat_e5, self._lon_e5 = place_e5
        self._seen: tuple[str | None, dict[SensorPeriod, bool]] = ("", {})

    def _program(self, date: datetime.date) -> Program | None:
        name = chosen(self._calendar, date)[0]
        return None if name is None else self._programs[name]

    def at(
        self, when: datetime.datetime, presence_age_s: int, senses: Senses | None = None
    ) -> tuple[int, str]:
        """(level, reason) at an instant."""
        local = when.astimezone(self._zone)
        date = local.date()
        if local.hour < 12:
            date -= datetime.timedelta(1)
        name, ruled = chosen(self._calendar, date)
        program = self._program(date)
        if name != self._seen[0]:
            self._seen = (name, {})
        if program is None:
            return 100, "default"
        base = "calendar" if ruled else "program"
        self._see(program, senses)
        level, since = self._step(program, date, when)
        lifted = self._by_sun(program, date, when, level)
        active, sunset = self._active(program, date, when)
        by_sun = sunset is not None and (since is None or sunset > since)
        reason = "astro" if by_sun or lifted != level else base
        if not active:
            sensed = self._sensed(program, date, when, senses)
            if not sensed:
                astro = any(
                    isinstance(p, AstroPeriod | AstroSensorPeriod) for p in program.active_periods
                )
                return 0, "astro" if astro else base
            reason = sensed
        found = self._dynamic(program, date, when, (lifted, presence_age_s, senses))
        return (lifted, reason) if found == lifted else (found, "dynamic")

    def _dynamic(
        self,
        program: Program,
        date: datetime.date,
        when: datetime.datetime,
        known: tuple[int, int, Senses | None],
    ) -> int:
        """The level after the first dynamic control that holds."""
        level, presence_age_s, senses = known
        for row in program.dynamic:
            open_now = any(
                first <= when < last for first, last in self._fixed(row.from_s, row.to_s, date)
            )
            if row.from_s != row.to_s and not open_now:
                continue
            age_s, other = presence_age_s, row.level_percent
            if row.source != OWN:
                age_s, came = (-2, -1) if senses is None else senses.told.get(row.source, (-1, -1))
                other = came if row.external else other
            if age_s == -2 or other < 0 or (age_s < 0 and row.source == OWN):
                continue
            found = changed(row.operation, level, other)
            if found > level if age_s < 0 else age_s <= row.hold_s:
                return found
        return level

    def _see(self, program: Program, senses: Senses | None) -> None:
        for period in program.active_periods:
            cell = period.sensor if isinstance(period, AstroSensorPeriod) else period
            if isinstance(cell, SensorPeriod) and senses is not None and senses.lux_dx >= 0:
                if senses.lux_dx < cell.dark_dx:
                    self._seen[1][cell] = False
                if senses.lux_dx > cell.bright_dx:
                    self._seen[1][cell] = True

    def _sensed(
        self,
        program: Program,
        date: datetime.date,
        when: datetime.datetime,
        senses: Senses | None,
    ) -> str:
        """Why a sensor makes the lamp active; "": none does."""
        found = set()
        for period in program.active_periods:
            cell = period
            spans: list[Span] = [(when, when + datetime.timedelta(1))]
            if isinstance(period, AstroSensorPeriod):
                cell, spans = period.sensor, self._windows(period, date)
            if not isinstance(cell, SensorPeriod) or not any(a <= when < b for a, b in spans):
                continue
            bright: bool | None = None
            if senses is not None and cell.source != OWN:
                age_s = senses.told.get(cell.source, (-1, -1))[0]
                bright = None if age_s < 0 else age_s > 0
            elif senses is not None and senses.lux_dx >= 0:
                bright = self._seen[1].get(cell, False)
            night = cell is not period or any(
                first <= when < last for first, last in self._dark(0, 0, date)
            )
            if bright is None and night:
                found.add("astro")
            elif bright is False:
                found.add("dynamic")
        return "dynamic" if "dynamic" in found else "".join(found)

    def _windows(self, period: AstroSensorPeriod, date: datetime.date) -> list[Span]:
        """Where a photocell decides: before the sure part of the night and after it."""
        found = []
        for first, last in self._dark(period.on_offset_min, period.off_offset_min, date):
            sunset, sunrise = self._dark(
                -period.before_sunset_min, -period.before_sunrise_min, date
            )[0]
            early, late = min(first, sunset), min(last, sunrise)
            found += [(early, min(first, last)), (max(early, late), last)]
        return found

    def _by_sun(
        self, program: Program, date: datetime.date, when: datetime.datetime, level: int
    ) -> int:
        """The level after the newest control by the sun."""
        begin, end = (moment(date, NOON_S + over, self._zone) for over in (0, 86400))

        def timed(of: Program) -> list[tuple[datetime.datetime, int]]:
            found = []
            for place, row in enumerate(of.suns):
                for first, last in self._dark(row.offset_min, row.offset_min, date):
                    at = max(begin, first if row.event == "sunset" else last)
                    polar = last - first > datetime.timedelta(1.5)
                    if at < end and not polar:
                        found.append((at, place))
            return sorted(found)

        past = [pair for pair in timed(program) if pair[0] <= when]
        rows = program.suns
        if not past:
            before = self._program(date - datetime.timedelta(1))
            past, rows = (timed(before), before.suns) if before else ([], ())
        if not past:
            return level
        row = rows[past[-1][1]]
        return changed(row.operation, level, row.level_percent)

    def _step(
        self, program: Program, date: datetime.date, when: datetime.datetime
    ) -> tuple[int, datetime.datetime | None]:
        """The level of the step in force and since when; None: since before noon."""
        night: list[tuple[datetime.datetime, Step]] = []
        for step in sorted(program.steps, key=lambda s: (s.at_s < NOON_S, s.at_s)):
            shift_s = 86400 if step.at_s < NOON_S else 0
            night.append((moment(date, step.at_s + shift_s, self._zone), step))
        before = [pair for pair in night if pair[0] <= when]
        if before:
            return before[-1][1].level_percent, before[-1][0]
        morning = [s for s in program.steps if s.at_s < NOON_S]
        if not morning:
            yesterday = self._program(date - datetime.timedelta(1))
            morning = list(yesterday.steps if yesterday and yesterday.steps else program.steps)
        if not morning:
            return 100, None
        return max(morning, key=lambda s: s.at_s).level_percent, None

    def _active(
        self, program: Program, date: datetime.date, when: datetime.datetime
    ) -> tuple[bool, datetime.datetime | None]:
        """Whether the lamp is active, and since which sunset if by the sun alone."""
        if not program.active_periods:
            return True, None
        begin, end = (moment(date, NOON_S + over, self._zone) for over in (0, 86400))
        active, fixed, sunset = False, False, None
        for period in program.active_periods:
            absolute = isinstance(period, AbsolutePeriod)
            spans: list[Span] = []
            if isinstance(period, AbsolutePeriod):
                spans = self._fixed(period.from_s, period.to_s, date)
            elif isinstance(period, AstroPeriod):
                spans = self._dark(period.on_offset_min, period.off_offset_min, date)
            elif isinstance(period, AstroSensorPeriod):
                before = -period.before_sunset_min, -period.before_sunrise_min
                sure = self._dark(period.on_offset_min, period.off_offset_min, date)
                seen = self._dark(*before, date)
                spans = [(a[0], min(a[1], b[1])) for a, b in zip(sure, seen, strict=True)]
            for first, last in spans:
                first, last = max(first, begin), min(last, end)
                if first <= when < last:
                    active = True
                    fixed = fixed or absolute
                    if not absolute:
                        sunset = first if sunset is None else max(sunset, first)
        return active, None if fixed else sunset

    def _fixed(self, from_s: int, to_s: int, date: datetime.date) -> list[Span]:
        start = from_s + (86400 if from_s < NOON_S else 0)
        stop = to_s + (86400 if to_s <= NOON_S else 0)
        first, last = moment(date, start, self._zone), moment(date, stop, self._zone)
        if start < stop:
            return [(first, last)]
        far = datetime.timedelta(2)
        return [(last - far, last), (first, first + far)]

    def _dark(self, on_min: int, off_min: int, date: datetime.date) -> list[Span]:
        """From sunset to the next sunrise, with offsets; no span in a polar day."""
        day = (date - EPOCH).days
        begin = moment(date, NOON_S, self._zone)
        midnight = datetime.datetime.combine(EPOCH, datetime.time(), UTC)
        # The solar day whose noon is nearest to the local noon.
        solar_noon_s = 43200 - self._lon_e5 * 240 // 100000
        gone_s = (begin - midnight).total_seconds() - solar_noon_s
        day = round(gone_s / 86400)
        far = datetime.timedelta(3)
        _, fall, kind = schedule.sun_times(day, self._lat_e5, self._lon_e5)
        rise, _, next_kind = schedule.sun_times(day + 1, self._lat_e5, self._lon_e5)
        if schedule.POLAR_DAY in (kind, next_kind):
            return []
        on_s, off_s = on_min * 60, off_min * 60
        first = midnight + datetime.timedelta(day, fall + on_s)
        last = midnight + datetime.timedelta(day + 1, rise + off_s)
        if kind == schedule.POLAR_NIGHT:
            first = begin - far
        if next_kind == schedule.POLAR_NIGHT:
            last = begin + far
        return [(first, last)]
