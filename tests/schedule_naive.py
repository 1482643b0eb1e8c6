"""What a lamp does by a calendar, worked out slowly and otherwise than the node does it.

Wall clocks come from the time zone database, nights are lists of instants, nothing is remembered.
Only the sun is the node's own: it has a proof of its own.
"""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Mapping

from protocol import schedule
from protocol.schedule.planning import AbsolutePeriod, AstroPeriod, Calendar, Program, Rule, Step

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
    if rule.from_date is None or rule.to_date is None:
        return True
    if rule.from_date.startswith("--"):
        today = f"--{date:%m-%d}"
        if rule.from_date <= rule.to_date:
            return rule.from_date <= today <= rule.to_date
        return today >= rule.from_date or today <= rule.to_date
    return rule.from_date <= date.isoformat() <= rule.to_date


def chosen(calendar: Calendar, date: datetime.date) -> tuple[str | None, bool]:
    """The program of a day, and whether a rule chose it."""
    for rule in calendar.rules:
        if matches(rule, date):
            return rule.program_id, True
    return calendar.default_program_id, False


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

    def _program(self, date: datetime.date) -> Program | None:
        name = chosen(self._calendar, date)[0]
        return None if name is None else self._programs[name]

    def at(self, when: datetime.datetime, presence_age_s: int) -> tuple[int, str]:
        """(level, reason) at an instant."""
        local = when.astimezone(self._zone)
        date = local.date()
        if local.hour < 12:
            date -= datetime.timedelta(1)
        program = self._program(date)
        if program is None:
            return 100, "default"
        base = "calendar" if chosen(self._calendar, date)[1] else "program"
        level, since = self._step(program, date, when)
        active, sunset = self._active(program, date, when)
        by_sun = sunset is not None and (since is None or sunset > since)
        if not active:
            astro = any(not isinstance(p, AbsolutePeriod) for p in program.active_periods)
            return 0, "astro" if astro else base
        for dynamic in program.dynamic:
            if 0 <= presence_age_s <= dynamic.hold_s:
                other = dynamic.level_percent
                lifted = {
                    "set": other, "max": max(level, other), "min": min(level, other),
                    "add": min(100, level + other), "sub": max(0, level - other),
                }[dynamic.operation]  # fmt: skip
                if lifted != level:
                    return lifted, "dynamic"
                break
        return level, "astro" if by_sun else base

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
            spans = (
                self._fixed(period, date)
                if isinstance(period, AbsolutePeriod)
                else self._dark(period, date)
            )
            for first, last in spans:
                first, last = max(first, begin), min(last, end)
                if first <= when < last:
                    active = True
                    fixed = fixed or absolute
                    if not absolute:
                        sunset = first if sunset is None else max(sunset, first)
        return active, None if fixed else sunset

    def _fixed(
        self, period: AbsolutePeriod, date: datetime.date
    ) -> list[tuple[datetime.datetime, datetime.datetime]]:
        start = period.from_s + (86400 if period.from_s < NOON_S else 0)
        stop = period.to_s + (86400 if period.to_s <= NOON_S else 0)
        first, last = moment(date, start, self._zone), moment(date, stop, self._zone)
        if start < stop:
            return [(first, last)]
        far = datetime.timedelta(2)
        return [(last - far, last), (first, first + far)]

    def _dark(
        self, period: AstroPeriod, date: datetime.date
    ) -> list[tuple[datetime.datetime, datetime.datetime]]:
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
        on_s, off_s = period.on_offset_min * 60, period.off_offset_min * 60
        first = midnight + datetime.timedelta(day, fall + on_s)
        last = midnight + datetime.timedelta(day + 1, rise + off_s)
        if kind == schedule.POLAR_NIGHT:
            first = begin - far
        if next_kind == schedule.POLAR_NIGHT:
            last = begin + far
        return [(first, last)]
