"""From TALQ's control programs and calendars to those of nodes."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from protocol.schedule import planning

from .sources import NotForNodesError, Numbering

OPERATIONS = ("Set", "Max", "Min", "Add", "Sub", "Mul")
STEPS_MAX = 48
PERIODS_MAX = 8
DYNAMICS_MAX = 8
RULES_MAX = 64
SPANS_MAX = 31
RAMP_S_MAX = HOLD_S_MAX = 3600
OFFSET_MIN_MAX = 360
LUX_MAX = 200_000.0
# What a photocell that only says dark or bright goes by.
CELL_LUX = (35.0, 70.0)
_WORDS = planning.WEEKDAYS
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?")
_SPAN = re.compile(r"---\d\d|--\d\d-\d\d|\d{4}-\d\d-\d\d")


def level_of(where: str, command: Mapping[str, Any]) -> int:
    """The level in percent that a command asks for."""
    state = command.get("state") or {}
    value = state.get("value")
    if state.get("name") == "LevelState":
        if isinstance(value, int | float) and 0 <= value <= 100:
            return round(value)
    elif state.get("name") == "SwitchState" or isinstance(value, bool):
        return 100 if value else 0
    raise NotForNodesError(f"{where}.state", "expected a LevelState of 0 to 100")


def ramps_of(where: str, command: Mapping[str, Any]) -> tuple[int, int]:
    """Seconds to the level and from it (C8)."""
    to_s, from_s = (
        round(_number(f"{where}.{name}", command.get(name) or 0, 0, RAMP_S_MAX))
        for name in ("rampToLevelTime", "rampFromLevelTime")
    )
    return to_s, from_s


def program_of(said: Mapping[str, Any], inputs: Numbering | None = None) -> planning.Program:
    """A control program as the nodes know them; NotForNodesError."""
    inputs = inputs if inputs is not None else Numbering()
    steps = [_step(where, row) for where, row in _rows(said, "fixedTimeControls", STEPS_MAX)]
    for before, (index, step) in zip(steps, list(enumerate(steps))[1:], strict=False):
        if step.at_s <= before.at_s:
            raise NotForNodesError(
                f"fixedTimeControls[{index}].startTime", "expected later than the one before it"
            )
    suns = [_sun(where, row) for where, row in _rows(said, "astroClockTimeControls", STEPS_MAX)]
    if len(steps) + len(suns) > STEPS_MAX:
        raise NotForNodesError("astroClockTimeControls", f"more than {STEPS_MAX} switch points")
    periods = [
        period
        for where, row in _rows(said, "activePeriods", PERIODS_MAX)
        for period in _periods(where, row, inputs)
    ]
    dynamic = [
        found
        for where, row in _rows(said, "dynamicControls", DYNAMICS_MAX)
        for found in _dynamics(where, row, inputs)
    ]
    return planning.Program(
        str(said["id"]), tuple(steps), tuple(periods), tuple(dynamic), tuple(suns)
    )


def _rows(said: Mapping[str, Any], name: str, most: int) -> list[tuple[str, Mapping[str, Any]]]:
    rows = said.get(name) or []
    if len(rows) > most:
        raise NotForNodesError(name, f"more than {most} entries")
    return [(f"{name}[{index}]", row) for index, row in enumerate(rows)]


def _number(where: str, value: object, low: float, high: float) -> float:
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not low <= float(str(value)) <= high:
        raise NotForNodesError(where, f"expected {low:g} to {high:g}")
    return float(str(value))


def _minutes(where: str, row: Mapping[str, Any], name: str, low: int = -OFFSET_MIN_MAX) -> int:
    return round(_number(f"{where}.{name}", row.get(name) or 0, low, OFFSET_MIN_MAX))


def _time_s(where: str, value: object) -> int:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise NotForNodesError(where, "expected a local time as hh:mm:ss")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return hour * 3600 + minute * 60 + second


def _step(where: str, row: Mapping[str, Any]) -> planning.Step:
    command = row.get("command") or {}
    level = level_of(f"{where}.command", command)
    at_s = _time_s(f"{where}.startTime", row.get("startTime"))
    return planning.Step(at_s, level, *ramps_of(f"{where}.command", command))


def _operation(where: str, said: object) -> str:
    if said not in OPERATIONS:
        raise NotForNodesError(where, f"expected one of {', '.join(OPERATIONS)}")
    return str(said).lower()


def _sun(where: str, row: Mapping[str, Any]) -> planning.SunControl:
    event = row.get("solarEventType")
    if event not in ("sunrise", "sunset"):
        raise NotForNodesError(f"{where}.solarEventType", "expected sunrise or sunset")
    command = row.get("command") or {}
    return planning.SunControl(
        event, _operation(f"{where}.operation", row.get("operation")),
        level_of(f"{where}.command", command), _minutes(where, row, "offset"),
        *ramps_of(f"{where}.command", command),
    )  # fmt: skip


def _periods(where: str, row: Mapping[str, Any], inputs: Numbering) -> list[planning.Period]:
    """The periods of a node for one of TALQ's: of two sensors, either makes it active."""
    name = row.get("name")
    if name == "AbsoluteActivePeriod":
        first, last = (_time_s(f"{where}.{key}", row.get(key)) for key in ("startTime", "endTime"))
        return [planning.AbsolutePeriod(first, last)]
    if name == "ValueActivePeriod":
        return [planning.SensorPeriod(source=inputs.value(where, row))]
    if name not in (
        "AstroClockActivePeriod", "SensorActivePeriod", "AstroAndSensorActivePeriod",
    ):  # fmt: skip
        raise NotForNodesError(where, f"{name} is not supported by this gateway")
    if name == "SensorActivePeriod":
        return list(_cells(where, row, inputs))
    moved = (_minutes(where, row, "sunsetOffset"), _minutes(where, row, "sunriseOffset"))
    if name == "AstroClockActivePeriod":
        return [planning.AstroPeriod(*moved)]
    before = (
        _minutes(where, row, "pcActiveBeforeSunset", 0),
        _minutes(where, row, "pcActiveBeforeSunrise", 0),
    )
    return [
        planning.AstroSensorPeriod(*moved, *before, cell) for cell in _cells(where, row, inputs)
    ]


def _cells(where: str, row: Mapping[str, Any], inputs: Numbering) -> list[planning.SensorPeriod]:
    """The light sensors of a period, with their levels where the node compares itself."""
    levels = None
    if row.get("onLevel") is not None and row.get("offLevel") is not None:
        dark, bright = (
            _number(f"{where}.{name}", row[name], 0, LUX_MAX) for name in ("onLevel", "offLevel")
        )
        # On 1 and off 0 stand for the two states of a photocell, which knows its own levels.
        levels = (dark, bright) if dark <= bright else None
    dark, bright = levels or CELL_LUX
    own = planning.SensorPeriod(round(dark * 10), round(bright * 10))
    numbers = inputs.light(f"{where}.sensor", row.get("sensor"), levels or CELL_LUX)
    return [
        own if number == planning.OWN else planning.SensorPeriod(source=number)
        for number in numbers
    ]


def _dynamics(where: str, row: Mapping[str, Any], inputs: Numbering) -> list[planning.Dynamic]:
    """The dynamic controls of a node for one of TALQ's: one for each sensor."""
    effect = row.get("effect") or {}
    place = f"{where}.effect"
    kind = effect.get("type")
    if kind not in ("FixedControlEffect", "ExternalControlEffect"):
        raise NotForNodesError(where, f"{kind} is not supported by this gateway")
    operation = _operation(f"{place}.operation", effect.get("operation", "Set"))
    hold_s = round(_number(f"{place}.holdTime", effect.get("holdTime") or 0, 0, HOLD_S_MAX))
    sensor = (effect.get("source") or {}).get("sensor") or {}
    external = kind == "ExternalControlEffect"
    command = effect.get("command") or {}
    level, ramps = 0, (0, 0)
    if not external:
        level = level_of(f"{place}.command", command)
        ramps = ramps_of(f"{place}.command", command)
    listen = inputs.external if external else inputs.presence
    numbers = listen(f"{place}.source.sensor.sensorAddresses", sensor)
    span = _span_s(where, row.get("period"))
    return [
        planning.Dynamic(
            "presence", operation, level, hold_s, number, external, *ramps, *span
        )
        for number in dict.fromkeys(numbers)
    ]  # fmt: skip


def _span_s(where: str, period: object) -> tuple[int, int]:
    if not isinstance(period, Mapping):
        return 0, 0
    first, last = (
        _time_s(f"{where}.period.{name}", period.get(name)) for name in ("startTime", "endTime")
    )
    return first, last


def calendar_of(said: Mapping[str, Any]) -> planning.Calendar:
    """A calendar as the nodes know them; NotForNodesError."""
    rules = tuple(_rule(where, row) for where, row in _rows(said, "rules", RULES_MAX))
    return planning.Calendar(str(said["id"]), said.get("defaultProgram") or None, rules)


def _rule(where: str, row: Mapping[str, Any]) -> planning.Rule:
    first, last = (_bound(f"{where}.{name}", row.get(name)) for name in ("startDate", "endDate"))
    if first and last and not (first + last).count("--") and last < first:
        raise NotForNodesError(f"{where}.endDate", "expected no earlier than startDate")
    if first and first[0] != "-":
        first = max(first, "2000-01-01")  # A table counts no day before.
    condition = row.get("condition") or {}
    kind = condition.get("type")
    days: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()
    if kind == "ccDay":
        days, weeks = _days(f"{where}.condition", condition)
    elif kind == "ccDate":
        spans = _spans(f"{where}.condition", condition)
    elif condition:
        raise NotForNodesError(f"{where}.condition", f"{kind} is not supported by this gateway")
    return planning.Rule(row["program"], first, last, days, weeks, spans)


def _bound(where: str, text: object) -> str | None:
    if not text:
        return None
    if not isinstance(text, str) or text.startswith("---") or not _is_date(text, 1):
        raise NotForNodesError(where, "expected a date as yyyy-mm-dd or --mm-dd")
    return text


def _is_date(text: str, year_min: int = 2000) -> bool:
    """Whether there is such a date, in a leap year or month if any will do."""
    if not _SPAN.fullmatch(text):
        return False
    whole = "2000-01-" + text[3:] if text.startswith("---") else text.replace("--", "2000-")
    try:
        return datetime.date.fromisoformat(whole).year >= year_min
    except ValueError:
        return False


def _days(where: str, condition: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Weekdays from Monday, and which of a month; a range may run over Sunday."""
    found: list[str] = []
    for index, row in enumerate(condition.get("days") or []):
        first, last = row.get("start"), row.get("end") or row.get("start")
        if not all(isinstance(day, int) and 1 <= day <= 7 for day in (first, last)):
            raise NotForNodesError(f"{where}.days[{index}]", "expected 1 to 7")
        found += [_WORDS[(first - 1 + step) % 7] for step in range((last - first) % 7 + 1)]
    if not found:
        raise NotForNodesError(f"{where}.days", "expected at least one day")
    weeks = tuple(str(word) for word in condition.get("occurrences") or ())
    if not all(word in tuple("12345L") for word in weeks):
        raise NotForNodesError(f"{where}.occurrences", "expected 1 to 5 or L")
    return tuple(dict.fromkeys(found)), weeks


def _spans(where: str, condition: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    found = []
    for index, row in enumerate(condition.get("dates") or []):
        first = str(row.get("start"))
        last = str(row.get("end") or first)
        place = f"{where}.dates[{index}]"
        if not _is_date(first) or not _is_date(last):
            raise NotForNodesError(place, "expected dates as ---dd, --mm-dd or yyyy-mm-dd")
        if _kind(first) != _kind(last) or (not _kind(first) and last < first):
            raise NotForNodesError(f"{place}.end", "expected a later date of the same kind")
        found.append((first, last))
    if not 0 < len(found) <= SPANS_MAX:
        raise NotForNodesError(f"{where}.dates", f"expected 1 to {SPANS_MAX} dates")
    return tuple(found)


def _kind(text: str) -> int:
    """3 for a day of each month, 2 for one of each year, 0 for a full date."""
    return len(text) - len(text.lstrip("-"))
