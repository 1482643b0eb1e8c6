"""From a calendar and its programs to the table that a node stores."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from ..operations import OPERATION_NAMES
from ..rules import LAST_OF_MONTH, RULE, SPAN
from ..table import (
    ABSOLUTE_PERIOD,
    ASTRO_PERIOD,
    ASTRO_SENSOR_PERIOD,
    DYNAMIC,
    EXTERNAL,
    NO_PROGRAM,
    PERIOD,
    SENSOR_PERIOD,
    STEP,
    SUN,
    TABLE_SIZE_MAX,
    TABLE_VERSION,
    Table,
)
from .faults import Fault, PlanningError
from .forms import (
    WEEKDAYS,
    AbsolutePeriod,
    AstroPeriod,
    AstroSensorPeriod,
    Calendar,
    Dynamic,
    Period,
    Program,
    Rule,
    SunControl,
)

_SUN_EVENTS = ("sunrise", "sunset")
_PROGRAMS_MAX = 254


def program_indices(calendar: Calendar) -> dict[str, int]:
    """Which programs a calendar uses, and their places in its table."""
    wanted = [rule.program_id for rule in calendar.rules]
    if calendar.default_program_id is not None:
        wanted.append(calendar.default_program_id)
    return {name: index for index, name in enumerate(dict.fromkeys(wanted))}


def compile_table(calendar: Calendar, programs: Mapping[str, Program]) -> bytes:
    """The table; PlanningError when a program is missing or it does not fit a node."""
    indices = program_indices(calendar)
    missing = [
        Fault("default_program_id" if name == calendar.default_program_id else "rules",
              "a program that exists", name)
        for name in indices
        if name not in programs
    ]  # fmt: skip
    if missing:
        raise PlanningError(missing)
    if len(indices) > _PROGRAMS_MAX:
        raise PlanningError([Fault("rules", f"at most {_PROGRAMS_MAX} programs", len(indices))])
    default = NO_PROGRAM
    if calendar.default_program_id is not None:
        default = indices[calendar.default_program_id]
    data = bytes((TABLE_VERSION, len(indices), len(calendar.rules), default))
    data += b"".join(_program(programs[name]) for name in indices)
    data += b"".join(_rule(rule, indices[rule.program_id]) for rule in calendar.rules)
    if len(data) > TABLE_SIZE_MAX:
        rule = f"at most {TABLE_SIZE_MAX} bytes on a node; use fewer steps or rules"
        raise PlanningError([Fault("rules", rule, len(data))])
    Table(data)
    return data


def _program(program: Program) -> bytes:
    steps = sorted(program.steps, key=lambda step: step.at_s)
    return b"".join((
        bytes(map(len, (steps, program.active_periods, program.suns, program.dynamic))),
        *(struct.pack(STEP, s.at_s, s.level_percent, s.ramp_s, s.ramp_from_s) for s in steps),
        *map(_period, program.active_periods),
        *map(_sun, program.suns),
        *map(_dynamic, program.dynamic),
    ))  # fmt: skip


def _period(period: Period) -> bytes:
    if isinstance(period, AbsolutePeriod):
        row = (ABSOLUTE_PERIOD, 0, period.from_s, period.to_s, 0, 0, 0, 0)
    elif isinstance(period, AstroPeriod):
        on_s, off_s = period.on_offset_min * 60, period.off_offset_min * 60
        row = (ASTRO_PERIOD, 0, on_s, off_s, 0, 0, 0, 0)
    elif isinstance(period, AstroSensorPeriod):
        on_s, off_s, sensor = period.on_offset_min * 60, period.off_offset_min * 60, period.sensor
        row = (
            ASTRO_SENSOR_PERIOD, sensor.source, on_s, off_s, period.before_sunset_min,
            period.before_sunrise_min, sensor.dark_dx, sensor.bright_dx,
        )  # fmt: skip
    else:
        row = (SENSOR_PERIOD, period.source, 0, 0, 0, 0, period.dark_dx, period.bright_dx)
    return struct.pack(PERIOD, *row)


def _sun(row: SunControl) -> bytes:
    return struct.pack(
        SUN, _SUN_EVENTS.index(row.event), OPERATION_NAMES.index(row.operation),
        row.level_percent, row.offset_min * 60, row.ramp_s, row.ramp_from_s,
    )  # fmt: skip


def _dynamic(row: Dynamic) -> bytes:
    operation = OPERATION_NAMES.index(row.operation) + (EXTERNAL if row.external else 0)
    return struct.pack(
        DYNAMIC, row.source, operation, row.level_percent, row.hold_s, row.ramp_s,
        row.ramp_from_s, row.from_s, row.to_s,
    )  # fmt: skip


def _rule(rule: Rule, program: int) -> bytes:
    days = sum(1 << WEEKDAYS.index(day) for day in set(rule.days)) or 127
    occurrences = sum(
        LAST_OF_MONTH if word == "L" else 1 << int(word) - 1 for word in set(rule.occurrences)
    )
    head = struct.pack(
        RULE, program, *_date(rule.from_date), *_date(rule.to_date), days, occurrences,
        len(rule.spans),
    )  # fmt: skip
    spans = (struct.pack(SPAN, *_date(first), *_date(last)) for first, last in rule.spans)
    return head + b"".join(spans)


def _date(text: str | None) -> tuple[int, int, int]:
    """(year, 0 in a yearly date; month, 0 in a date of each month; day)."""
    if text is None:
        return 0, 0, 0
    if text.startswith("---"):
        return 0, 0, int(text[3:])
    year, month, day = text.replace("--", "0-").split("-")
    return int(year), int(month), int(day)
