"""Programs and calendars: what an operator writes, what a gateway is told, what a lamp will do."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from protocol import plan
from protocol.schedule import planning

from .errors import Fault, RefusedError
from .site import Site


def read_program(said: object) -> planning.Program:
    """A program; RefusedError names every fault."""
    try:
        return planning.program_from_json(said)
    except planning.PlanningError as error:
        raise refused("The program cannot be used", error) from error


def read_calendar(said: object, programs: Mapping[str, object]) -> planning.Calendar:
    """A calendar whose programs exist and which fits a node; RefusedError names every fault."""
    try:
        calendar = planning.calendar_from_json(said)
        table_of(calendar, programs)
    except planning.PlanningError as error:
        raise refused("The calendar cannot be used", error) from error
    return calendar


def refused(title: str, error: planning.PlanningError) -> RefusedError:
    """What planning found, as a refused request."""
    return RefusedError(422, title, tuple(Fault(f.field, f.rule, f.got) for f in error.faults))


def table_of(calendar: planning.Calendar, programs: Mapping[str, object]) -> bytes:
    """A node's table; planning.PlanningError when it cannot be made."""
    wanted = planning.program_indices(calendar)
    forms = {
        name: planning.program_from_json(programs[name]) for name in wanted if name in programs
    }
    return planning.compile_table(calendar, forms)


def users_of(program_id: str, calendars: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Calendars that name a program."""
    return [
        name
        for name, body in calendars.items()
        if body.get("default_program_id") == program_id
        or any(rule["program_id"] == program_id for rule in body.get("rules", ()))
    ]


def talq_program(name: str, said: object, owner: str) -> dict[str, Any]:
    """A stored program as a TALQ control program."""
    form = planning.program_from_json(said)
    steps = sorted(form.steps, key=lambda step: step.at_s)
    body: dict[str, Any] = {
        "type": "ControlProgramOne",
        "id": name,
        "ownerCMS": owner,
        "activePeriods": [_talq_period(period) for period in form.active_periods],
        "fixedTimeControls": [_talq_step(step) for step in steps],
    }
    if form.dynamic:
        body["dynamicControls"] = [_talq_dynamic(row) for row in form.dynamic]
    return body


def _talq_step(step: planning.Step) -> dict[str, Any]:
    command: dict[str, Any] = {"state": _level(step.level_percent)}
    if step.ramp_s:
        command["rampToLevelTime"] = step.ramp_s
    return {"startTime": _time(step.at_s), "command": command}


def _talq_period(period: planning.Period) -> dict[str, Any]:
    if isinstance(period, planning.AstroPeriod):
        return {
            "name": "AstroClockActivePeriod",
            "sunsetOffset": period.on_offset_min,
            "sunriseOffset": period.off_offset_min,
        }
    assert isinstance(period, planning.AbsolutePeriod)  # The JSON form knows these two kinds.
    return {
        "name": "AbsoluteActivePeriod",
        "startTime": _time(period.from_s),
        "endTime": _time(period.to_s),
    }


def _talq_dynamic(row: planning.Dynamic) -> dict[str, Any]:
    effect = {
        "type": "FixedControlEffect",
        "source": {"sensor": {"sensorAddresses": []}},
        "operation": row.operation.capitalize(),
        "command": {"state": _level(row.level_percent)},
        "holdTime": row.hold_s,
    }
    return {"effect": effect}


def _level(percent: int) -> dict[str, Any]:
    return {"name": "LevelState", "value": percent}


def _time(at_s: int) -> str:
    return f"{at_s // 3600:02d}:{at_s // 60 % 60:02d}:{at_s % 60:02d}"


def talq_calendar(name: str, said: object, owner: str) -> dict[str, Any]:
    """A stored calendar as a TALQ calendar."""
    form = planning.calendar_from_json(said)
    body: dict[str, Any] = {"id": name, "ownerCMS": owner, "rules": []}
    if form.default_program_id is not None:
        body["defaultProgram"] = form.default_program_id
    for rule in form.rules:
        row: dict[str, Any] = {"program": rule.program_id}
        if rule.from_date is not None:
            row |= {"startDate": rule.from_date, "endDate": rule.to_date}
        if rule.days:
            order = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
            days = sorted(order.index(day) + 1 for day in set(rule.days))
            row["condition"] = {"type": "ccDay", "days": [{"start": d, "end": d} for d in days]}
        body["rules"].append(row)
    return body


@dataclass(frozen=True)
class Window:
    """An override over a preview: level, POSIX seconds of its start and end."""

    level_percent: int
    starts_s: float
    expires_s: float
    override_id: str = ""


@dataclass(frozen=True)
class Lit:
    """Whose preview it is: the feeder's switching, the power by level, the overrides in force."""

    feeder_on: Callable[[float], bool] | None = None
    lamp_type: plan.LampType | None = None
    windows: tuple[Window, ...] = ()


def preview(site: Site, table: bytes | None, date: datetime.date, lit: Lit) -> dict[str, Any]:
    """What a lamp will do from noon to noon, and what that costs."""
    floor = lit.lamp_type.floor_percent if lit.lamp_type else 0
    points = planning.preview(
        table, site.schedule, date, floor_percent=floor, feeder_on=lit.feeder_on
    )
    zone = site.zone
    noon = datetime.datetime.combine(date + datetime.timedelta(days=1), datetime.time(12), zone)
    end_s = noon.timestamp()
    points = _overlaid(points, end_s, lit)
    sunset, sunrise = site.sun(date)
    ends = [*(p.at_s for p in points[1:]), end_s]
    kwh = None
    if lit.lamp_type is not None:
        watt_s = sum(
            lit.lamp_type.power_w(p.level_percent) * (until - p.at_s)
            for p, until in zip(points, ends, strict=True)
        )
        kwh = round(watt_s / 3.6e6, 3)
    return {
        "date": date.isoformat(),
        "points": [
            {"at": site.rfc3339(p.at_s), "level_percent": p.level_percent, "reason": p.reason}
            for p in points
        ],
        "ends_at": site.rfc3339(end_s),
        "sunset": site.rfc3339(sunset),
        "sunrise": site.rfc3339(sunrise),
        "energy_kwh": kwh,
    }


def _overlaid(points: list[planning.Point], end_s: float, lit: Lit) -> list[planning.Point]:
    """The points under the overrides in force; a dead feeder is stronger than an override."""
    for window in lit.windows:
        cuts = {p.at_s for p in points}
        cuts |= {at for at in (window.starts_s, window.expires_s) if points[0].at_s < at < end_s}
        found: list[planning.Point] = []
        for at_s in sorted(cuts):
            under = max((p for p in points if p.at_s <= at_s), key=lambda p: p.at_s)
            inside = window.starts_s <= at_s < window.expires_s
            if inside and under.reason != "feeder_off":
                found.append(planning.Point(at_s, window.level_percent, "override"))
            else:
                found.append(planning.Point(at_s, under.level_percent, under.reason))
        points = found
    return points
