"""From a calendar and its programs to the table that a node stores."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from ..table import (
    ABSOLUTE_PERIOD,
    ASTRO_PERIOD,
    DYNAMIC,
    FULL_DATES,
    NO_DATES,
    NO_PROGRAM,
    PERIOD,
    RULE,
    STEP,
    TABLE_SIZE_MAX,
    TABLE_VERSION,
    YEAR_MAX,
    YEARLY_DATES,
    Table,
)
from .faults import Fault, PlanningError
from .forms import OPERATIONS, WEEKDAYS, AstroPeriod, Calendar, Program, Rule

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
    parts = [bytes((len(program.steps), len(program.active_periods), len(program.dynamic)))]
    parts += [struct.pack(STEP, s.at_s, s.level_percent, s.ramp_s) for s in steps]
    for period in program.active_periods:
        if isinstance(period, AstroPeriod):
            on_s, off_s = period.on_offset_min * 60, period.off_offset_min * 60
            parts.append(struct.pack(PERIOD, ASTRO_PERIOD, on_s, off_s))
        else:
            parts.append(struct.pack(PERIOD, ABSOLUTE_PERIOD, period.from_s, period.to_s))
    for dynamic in program.dynamic:
        operation = OPERATIONS.index(dynamic.operation)
        parts.append(struct.pack(DYNAMIC, operation, dynamic.level_percent, dynamic.hold_s))
    return b"".join(parts)


def _rule(rule: Rule, program: int) -> bytes:
    mask = sum(1 << WEEKDAYS.index(day) for day in set(rule.days)) or 127
    if rule.from_date is None and rule.to_date is None:
        return struct.pack(RULE, program, NO_DATES, 0, 0, 0, 0, 0, 0, mask)
    yearly = (rule.from_date or rule.to_date or "").startswith("--")
    kind = YEARLY_DATES if yearly else FULL_DATES
    first = rule.from_date or ("--01-01" if yearly else "2000-01-01")
    last = rule.to_date or ("--12-31" if yearly else f"{YEAR_MAX}-12-31")
    return struct.pack(RULE, program, kind, *_date(first), *_date(last), mask)


def _date(text: str) -> tuple[int, int, int]:
    """(year, 0 in a yearly date; month; day)."""
    year, month, day = text.replace("--", "0-").split("-")
    return int(year), int(month), int(day)
