"""Programs and calendars as plain objects. Seconds are of the local day, levels in percent."""

from __future__ import annotations

from dataclasses import dataclass

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OWN = 255  # As a source: the node's own sensor; else the number of an input.


@dataclass(frozen=True)
class Step:
    """From `at_s` on the level is `level_percent`, reached in `ramp_s`.

    `ramp_from_s` is for a period that ends while the step holds.
    """

    at_s: int
    level_percent: int
    ramp_s: int = 0
    ramp_from_s: int = 0


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
class SensorPeriod:
    """While it is dark: an input is on, or the own photocell fell below `dark_dx`.

    It lasts until the light rises above `bright_dx`; both in tenths of a lux, 0 for an input.
    """

    dark_dx: int = 0
    bright_dx: int = 0
    source: int = OWN


@dataclass(frozen=True)
class AstroSensorPeriod:
    """From sunset to sunrise, both moved; a photocell may begin it earlier and end it earlier.

    It counts from `before_sunset_min` before sunset, and again from `before_sunrise_min` before
    sunrise.
    """

    on_offset_min: int
    off_offset_min: int
    before_sunset_min: int
    before_sunrise_min: int
    sensor: SensorPeriod


Period = AbsolutePeriod | AstroPeriod | SensorPeriod | AstroSensorPeriod


@dataclass(frozen=True)
class SunControl:
    """From sunrise or sunset on, moved, the operation changes the level of the steps."""

    event: str  # "sunrise" or "sunset"
    operation: str
    level_percent: int
    offset_min: int = 0
    ramp_s: int = 0
    ramp_from_s: int = 0


@dataclass(frozen=True)
class Dynamic:
    """While presence was seen within `hold_s`, the operation is applied with the level.

    From `from_s` to `to_s` of the day, all day when they are equal. `external`: the level comes
    with the input.
    """

    sensor: str
    operation: str
    level_percent: int
    hold_s: int
    source: int = OWN
    external: bool = False
    ramp_s: int = 0
    ramp_from_s: int = 0
    from_s: int = 0
    to_s: int = 0


@dataclass(frozen=True)
class Program:
    """A day's programme. No active periods: always active."""

    name: str
    steps: tuple[Step, ...] = ()
    active_periods: tuple[Period, ...] = ()
    dynamic: tuple[Dynamic, ...] = ()
    suns: tuple[SunControl, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A program for some days. Dates are `yyyy-mm-dd` or, each year, `--mm-dd`.

    `occurrences` tells which of these weekdays of a month, "1" to "5" and "L" for the last. Spans
    are pairs of dates of one kind, also `---dd` for each month; the day lies in one of them.
    """

    program_id: str
    from_date: str | None = None
    to_date: str | None = None
    days: tuple[str, ...] = ()
    occurrences: tuple[str, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Calendar:
    """The first rule that matches a day selects its program, else the default one."""

    name: str
    default_program_id: str | None = None
    rules: tuple[Rule, ...] = ()
