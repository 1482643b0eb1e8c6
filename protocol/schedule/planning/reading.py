"""Programs and calendars from and to JSON, with every fault named."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from ..operations import OPERATION_NAMES
from .faults import Fault, PlanningError
from .forms import (
    WEEKDAYS,
    AbsolutePeriod,
    AstroPeriod,
    Calendar,
    Dynamic,
    Period,
    Program,
    Rule,
    Step,
)

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_YEARLY = re.compile(r"--(\d\d)-(\d\d)")
NAME_MAX = 120
_OPERATIONS = OPERATION_NAMES[:5]  # What operators draw; TALQ has one more.
STEPS_MAX = 48
PERIODS_MAX = 8
DYNAMICS_MAX = 4
RULES_MAX = 64
RAMP_S_MAX = 3600
HOLD_S_MAX = 3600
OFFSET_MIN_MAX = 360
YEAR_MIN = 2000  # A table counts no day before.


class _Reader:
    """Reads one object; collects faults instead of stopping at the first."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, where: str, rule: str, got: object) -> None:
        self.faults.append(Fault(where, rule, got))

    def fields(self, value: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.fault(where, "an object", value)
            return {}
        for key in value:
            if key not in known:
                place = f"{where}.{key}" if where else str(key)
                self.fault(place, f"unknown; known are {', '.join(known)}", value[key])
        return value

    def number(self, value: object, where: str, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(where, f"a whole number, {low} to {high}", value)
        elif not low <= value <= high:
            self.fault(where, f"{low} to {high}", value)
        else:
            return value
        return low

    def time_s(self, value: object, where: str) -> int:
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.fault(where, "a time of day as hh:mm or hh:mm:ss", value)
            return 0
        hour, minute, second = (int(part or 0) for part in match.groups())
        return hour * 3600 + minute * 60 + second

    def text(self, value: object, where: str) -> str:
        if not isinstance(value, str) or not 1 <= len(value.strip()) <= NAME_MAX:
            self.fault(where, f"a text of 1 to {NAME_MAX} characters", value)
            return ""
        return value

    def rows(self, value: object, where: str, most: int) -> list[tuple[str, object]]:
        if not isinstance(value, list):
            self.fault(where, "a list", value)
            return []
        if len(value) > most:
            self.fault(where, f"at most {most} entries", len(value))
            return []
        return [(f"{where}[{index}]", row) for index, row in enumerate(value)]

    def done(self) -> None:
        if self.faults:
            raise PlanningError(self.faults)


def program_from_json(said: object) -> Program:
    """A program; PlanningError names every fault."""
    reader = _Reader()
    known = ("id", "name", "steps", "active_periods", "dynamic")
    body = reader.fields(said, "", known)
    name = reader.text(body.get("name"), "name")
    steps = _steps(reader, body.get("steps", []))
    periods = tuple(
        _period(reader, where, row)
        for where, row in reader.rows(
            body.get("active_periods", []), "active_periods", PERIODS_MAX
        )
    )
    dynamic = tuple(
        _dynamic(reader, where, row)
        for where, row in reader.rows(body.get("dynamic", []), "dynamic", DYNAMICS_MAX)
    )
    reader.done()
    return Program(name, tuple(steps), periods, dynamic)


def _steps(reader: _Reader, said: Any) -> list[Step]:
    """Steps in the order of the clock: from midnight on, or from noon on, as a night runs."""
    steps: list[Step] = []
    order = _from_midnight
    for where, row in reader.rows(said, "steps", STEPS_MAX):
        step = _step(reader, where, row)
        if any(step.at_s == other.at_s for other in steps):
            reader.fault(f"{where}.at", "no two steps at one time", _time(step.at_s))
        elif steps and order(step) < order(steps[-1]):
            night = [*steps, step]
            if order is _from_midnight and night == sorted(night, key=_from_noon):
                order = _from_noon
            else:
                reader.fault(f"{where}.at", "later than the step before it", _time(step.at_s))
        steps.append(step)
    return steps


def _from_midnight(step: Step) -> int:
    return step.at_s


def _from_noon(step: Step) -> int:
    return (step.at_s - 43200) % 86400


def _step(reader: _Reader, where: str, row: object) -> Step:
    body = reader.fields(row, where, ("at", "level_percent", "ramp_s"))
    return Step(
        reader.time_s(body.get("at"), f"{where}.at"),
        reader.number(body.get("level_percent"), f"{where}.level_percent", 0, 100),
        reader.number(body.get("ramp_s", 0), f"{where}.ramp_s", 0, RAMP_S_MAX),
    )


def _period(reader: _Reader, where: str, row: object) -> AbsolutePeriod | AstroPeriod:
    kind = row.get("kind") if isinstance(row, Mapping) else None
    if kind == "astro":
        body = reader.fields(row, where, ("kind", "on_offset_min", "off_offset_min"))
        on, off = (
            reader.number(body.get(key, 0), f"{where}.{key}", -OFFSET_MIN_MAX, OFFSET_MIN_MAX)
            for key in ("on_offset_min", "off_offset_min")
        )
        return AstroPeriod(on, off)
    if kind != "absolute":
        reader.fault(f"{where}.kind", "absolute or astro", kind)
        return AstroPeriod()
    body = reader.fields(row, where, ("kind", "from", "to"))
    return AbsolutePeriod(
        reader.time_s(body.get("from"), f"{where}.from"),
        reader.time_s(body.get("to"), f"{where}.to"),
    )


def _dynamic(reader: _Reader, where: str, row: object) -> Dynamic:
    body = reader.fields(row, where, ("sensor", "operation", "level_percent", "hold_s"))
    if body.get("sensor") != "presence":
        reader.fault(f"{where}.sensor", "presence", body.get("sensor"))
    operation = body.get("operation")
    if operation not in _OPERATIONS:
        reader.fault(f"{where}.operation", f"one of {', '.join(_OPERATIONS)}", operation)
    return Dynamic(
        "presence",
        str(operation),
        reader.number(body.get("level_percent"), f"{where}.level_percent", 0, 100),
        reader.number(body.get("hold_s"), f"{where}.hold_s", 1, HOLD_S_MAX),
    )


def calendar_from_json(said: object) -> Calendar:
    """A calendar; PlanningError names every fault."""
    reader = _Reader()
    body = reader.fields(said, "", ("id", "name", "default_program_id", "rules"))
    name = reader.text(body.get("name"), "name")
    default = body.get("default_program_id")
    if default is not None:
        default = reader.text(default, "default_program_id")
    rules = tuple(
        _rule(reader, where, row)
        for where, row in reader.rows(body.get("rules", []), "rules", RULES_MAX)
    )
    reader.done()
    return Calendar(name, default, rules)


def _rule(reader: _Reader, where: str, row: object) -> Rule:
    body = reader.fields(row, where, ("program_id", "from", "to", "days"))
    program_id = reader.text(body.get("program_id"), f"{where}.program_id")
    first, last = body.get("from"), body.get("to")
    for key, value in (("from", first), ("to", last)):
        if value is not None and not _is_date(value):
            reader.fault(f"{where}.{key}", "a date as yyyy-mm-dd or, each year, --mm-dd", value)
    if (first is None) != (last is None):
        reader.fault(f"{where}.to", "both from and to, or neither", last)
    elif _is_date(first) and _is_date(last):
        if first.startswith("--") != last.startswith("--"):
            reader.fault(f"{where}.to", "of the same kind as from", last)
        elif not first.startswith("--") and last < first:
            reader.fault(f"{where}.to", "not before from", last)
    days = []
    for place, day in reader.rows(body.get("days", []), f"{where}.days", len(WEEKDAYS)):
        if day not in WEEKDAYS:
            reader.fault(place, f"one of {', '.join(WEEKDAYS)}", day)
        days.append(str(day))
    return Rule(program_id, first, last, tuple(days))


def _is_date(value: object) -> TypeGuard[str]:
    if not isinstance(value, str):
        return False
    yearly = _YEARLY.fullmatch(value)
    text = f"2000-{yearly[1]}-{yearly[2]}" if yearly else value
    try:
        date = datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return date.isoformat() == text and date.year >= YEAR_MIN


def _time(at_s: int) -> str:
    text = f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}"
    return text if at_s % 60 == 0 else f"{text}:{at_s % 60:02d}"


def program_to_json(program: Program) -> dict[str, Any]:
    """The JSON form of a program."""
    tell: Callable[[Period], dict[str, Any]] = _period_to_json
    return {
        "name": program.name,
        "steps": [
            {"at": _time(s.at_s), "level_percent": s.level_percent, "ramp_s": s.ramp_s}
            for s in program.steps
        ],
        "active_periods": [tell(period) for period in program.active_periods],
        "dynamic": [
            {"sensor": d.sensor, "operation": d.operation, "level_percent": d.level_percent,
             "hold_s": d.hold_s}
            for d in program.dynamic
        ],
    }  # fmt: skip


def _period_to_json(period: Period) -> dict[str, Any]:
    """The JSON form knows the two kinds that operators draw."""
    if isinstance(period, AbsolutePeriod):
        return {"kind": "absolute", "from": _time(period.from_s), "to": _time(period.to_s)}
    if not isinstance(period, AstroPeriod):
        raise PlanningError([Fault("active_periods", "absolute or astro", type(period).__name__)])
    return {
        "kind": "astro",
        "on_offset_min": period.on_offset_min,
        "off_offset_min": period.off_offset_min,
    }


def calendar_to_json(calendar: Calendar) -> dict[str, Any]:
    """The JSON form of a calendar."""
    rules = []
    for rule in calendar.rules:
        said: dict[str, Any] = {"program_id": rule.program_id, "days": list(rule.days)}
        if rule.from_date is not None:
            said |= {"from": rule.from_date, "to": rule.to_date}
        rules.append(said)
    return {
        "name": calendar.name,
        "default_program_id": calendar.default_program_id,
        "rules": rules,
    }
