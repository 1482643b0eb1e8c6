"""Programs and calendars as plain objects. Seconds are of the local day, levels in percent."""

from __future__ import annotations

from dataclasses import dataclass

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPERATIONS = ("set", "max", "min", "add", "sub")  # In the order of the table's numbers.


@dataclass(frozen=True)
class Step:
    """From `at_s` on the level is `level_percent`, reached in `ramp_s`."""

    at_s: int
    level_percent: int
    ramp_s: int = 0


@dataclass(frozen=True)
class AbsolutePeriod:
    """From `from_s` to `to_s`, over midnight when that is earlier."""

    from_s: int
    to_s: int


@dataclass(frozen=True)
class AstroPeriod:
    """From sunset + `on_offset_min` to sunrise + `off_offset_min`."""

    on_offset_min: int = 0
    off_offset_min: int = 0


@dataclass(frozen=True)
class Dynamic:
    """While presence was seen within `hold_s`, the operation is applied with the level."""

    sensor: str
    operation: str
    level_percent: int
    hold_s: int


@dataclass(frozen=True)
class Program:
    """A day's programme. No active periods: always active."""

    name: str
    steps: tuple[Step, ...] = ()
    active_periods: tuple[AbsolutePeriod | AstroPeriod, ...] = ()
    dynamic: tuple[Dynamic, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A program for some days. Dates are `yyyy-mm-dd` or, each year, `--mm-dd`; both or none."""

    program_id: str
    from_date: str | None = None
    to_date: str | None = None
    days: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """The first rule that matches a day selects its program, else the default one."""

    name: str
    default_program_id: str | None = None
    rules: tuple[Rule, ...] = ()
