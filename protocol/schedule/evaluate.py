"""Which level now, and why, by a table, a place, a time zone, presence and inputs.

A calendar day runs from local noon to local noon, so a night belongs to the day it began (night.py
works it out). The steps of its program hold one after the other, controls by the sun change them,
and dynamic controls change that while a sensor sees somebody. Outside its active periods a lamp is
off; without a program it is lit. What is unknown is taken for the light side.

`at` allocates nothing while nothing changes.
"""

from .inputs import LEVEL, RAMP, RAMP_FROM, Inputs
from .night import Night
from .operations import applied
from .reasons import ASTRO, DEFAULT, DYNAMIC
from .table import ASTRO_PERIOD, EXTERNAL, NO_PROGRAM, OWN
from .zone import Zone

_DAY = 86400
_FULL_PERCENT = 100


class Decision:
    """What `at` fills in: it holds from `since` to `until` (UTC) unless a sensor changes it.

    `ramp_s` leads to the level. `dynamic` is the place of the dynamic control in force, -1: none;
    when it ends, `ramp_from_s` leads to what follows. `plan_percent` and `plan_reason` are what
    holds without dynamic controls.
    """

    def __init__(self) -> None:
        self.level_percent = self.plan_percent = _FULL_PERCENT
        self.reason = self.plan_reason = DEFAULT
        self.ramp_s = 0
        self.ramp_from_s = 0
        self.dynamic = -1
        self.since_day = 0
        self.since_second = 0
        self.until_day = 0
        self.until_second = 0


class Evaluator:
    """One lamp's schedule. Without `inputs` nobody walks there, and sensors are unknown."""

    def __init__(
        self, table: bytes, lat_e5: int, lon_e5: int, zone: Zone, inputs: "Inputs | None" = None
    ) -> None:
        self._night = Night(table, lat_e5, lon_e5, zone)
        self._inputs = inputs
        self._bright = bytearray()  # By a period's place: its photocell said so last.
        self._program = NO_PROGRAM
        # The part of the night in which nothing changes by itself.
        self._since = 0
        self._until = 0
        self._active = True
        self._is_dark = False
        self._level = _FULL_PERCENT
        self._ramp_s = 0
        self._ramp_from_s = 0
        self._reason = self._reason_off = DEFAULT
        self._sensed: list[tuple[int, ...]] = []
        self._dynamics: list[tuple[int, ...]] = []

    def at(self, day: int, second: int, presence_age_s: int, decision: Decision) -> Decision:
        """Fill the decision for a UTC instant; presence_age_s is -1 when nobody was seen."""
        night = self._night
        at = (day - night.base) * _DAY + second
        if not self._since <= at < self._until:
            if not night.begin <= at < night.end:
                night.work_out(day, second)
                at = (day - night.base) * _DAY + second
                if night.program != self._program:
                    self._program = night.program
                    self._bright = bytearray(night.places)
            self._part(at)
        decision.level_percent, decision.reason = self._level, self._reason
        decision.ramp_s, decision.dynamic = self._ramp_s, -1
        decision.since_day = night.base + self._since // _DAY
        decision.since_second = self._since % _DAY
        decision.until_day = night.base + self._until // _DAY
        decision.until_second = self._until % _DAY
        if night.cells and self._inputs is not None and self._inputs.lux_dx >= 0:
            self._look(self._inputs.lux_dx)
        if not self._active:
            reason = self._sense()
            if reason < 0:
                decision.level_percent = decision.plan_percent = 0
                decision.reason = decision.plan_reason = self._reason_off
                decision.ramp_s = self._ramp_from_s
                return decision
            decision.reason = reason
        decision.plan_percent, decision.plan_reason = decision.level_percent, decision.reason
        if self._dynamics:
            self._apply_dynamics(presence_age_s, decision)
        return decision

    @property
    def listens(self) -> bool:
        """Whether something but the time may change what holds now."""
        night = self._night
        return bool(night.cells or self._sensed or self._dynamics)

    def cells(self) -> "tuple[int, bytes]":
        """The program in force, and what its photocells said: for `recall`."""
        return self._program, bytes(self._bright)

    def recall(self, program: int, cells: bytes) -> bool:
        """Take up what an evaluator of the same table said before; whether it did."""
        if program != self._program or len(cells) != len(self._bright):
            return False
        self._bright[:] = cells
        return True

    def _look(self, lux_dx: int) -> None:
        """Whether it is dark or bright, by the thresholds of each period of the own photocell."""
        for place, dark_dx, bright_dx in self._night.cells:
            if lux_dx < dark_dx:
                self._bright[place] = 0
            elif lux_dx > bright_dx:
                self._bright[place] = 1

    def _sense(self) -> int:
        """Why the lamp is active by a sensor; -1: it is not."""
        found = -1
        inputs = self._inputs
        for _, _, source, place, wide in self._sensed:
            age_s = -1
            if inputs is None:
                pass
            elif source != OWN:
                age_s = inputs.age_s(source)
            elif inputs.lux_dx >= 0:
                age_s = self._bright[place]
            if age_s == 0:
                return DYNAMIC
            if age_s < 0 and (wide or self._is_dark):
                found = ASTRO
        return found

    def _apply_dynamics(self, presence_age_s: int, decision: Decision) -> None:
        """The first dynamic control that holds changes the level."""
        inputs = self._inputs
        for row in self._dynamics:
            _, _, source, operation, other, hold_s, ramp_s, ramp_from_s, place = row
            age_s = presence_age_s
            if source != OWN:
                if inputs is None:
                    continue
                age_s = inputs.age_s(source)
            if operation >= EXTERNAL:
                told = None if inputs is None else inputs.row(source)
                if told is None or told[LEVEL] < 0:
                    continue
                operation -= EXTERNAL
                other, ramp_s, ramp_from_s = told[LEVEL], told[RAMP], told[RAMP_FROM]
            level = applied(operation, decision.level_percent, other)
            if age_s < 0:  # Unknown: as if somebody were there, if that gives more light.
                if source == OWN or level <= decision.level_percent:
                    continue
            elif age_s > hold_s:
                continue
            if level != decision.level_percent:
                decision.level_percent, decision.reason = level, DYNAMIC
                decision.ramp_s, decision.ramp_from_s = ramp_s, ramp_from_s
                decision.dynamic = place
            return

    def _part(self, at: int) -> None:
        """Find what holds at an instant of the night, and from when to when."""
        night = self._night
        self._since, self._until = night.begin, night.end
        self._level, self._ramp_s, self._ramp_from_s = _FULL_PERCENT, 0, 0
        step_at = self._since - 1
        for first, level, ramp_s, ramp_from_s in night.steps:
            if not self._edge(first, at):
                break
            step_at, self._level = first, level
            self._ramp_s, self._ramp_from_s = ramp_s, ramp_from_s
        by_sun = self._by_sun(at, step_at)
        absolute, sunset_at = False, -_DAY
        self._active = not night.limited
        for kind, first, last in night.periods:
            if self._edge(first, at) and not self._edge(last, at):
                self._active = True
                if kind == ASTRO_PERIOD:
                    sunset_at = max(sunset_at, first)
                else:
                    absolute = True
        self._sensed = self._open(night.sensed, at)
        self._dynamics = self._open(night.dynamics, at)
        self._is_dark = False
        if night.dark:
            self._is_dark = self._edge(night.dark[0], at) and not self._edge(night.dark[1], at)
        by_sun = by_sun or (sunset_at > step_at and not absolute)
        self._reason = ASTRO if by_sun else night.source
        self._reason_off = ASTRO if night.astro else night.source

    def _by_sun(self, at: int, step_at: int) -> bool:
        """Apply the newest control by the sun; whether it changes the level."""
        found = None
        for row in self._night.suns:
            if not self._edge(row[0], at):
                break
            found = row
        if found is None:
            return False
        first, operation, other, ramp_s, ramp_from_s = found
        before = self._level
        self._level = applied(operation, before, other)
        if first > step_at:
            self._ramp_s, self._ramp_from_s = ramp_s, ramp_from_s
        return self._level != before

    def _edge(self, edge: int, at: int) -> bool:
        """Whether an edge is past; the part ends before the next one and begins at the last."""
        if edge <= at:
            self._since = max(self._since, edge)
            return True
        self._until = min(self._until, edge)
        return False

    def _open(self, rows: "list[tuple[int, ...]]", at: int) -> "list[tuple[int, ...]]":
        """The rows whose time it is; each begins with its first and last."""
        if not rows:
            return rows
        found = []
        for row in rows:
            if self._edge(row[0], at) and not self._edge(row[1], at):
                found.append(row)
        return found
