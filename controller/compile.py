"""From TALQ's calendars and control programs to the table a node stores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from protocol import plan, wire
from protocol.schedule import planning

_OPERATIONS = {"Set": "set", "Max": "max", "Min": "min", "Add": "add", "Sub": "sub"}
# A table without programs: the lamp is lit.
NO_CALENDAR = planning.compile_table(planning.Calendar("none"), {})
LAMP_FAILURE_S = 8  # A lamp without power for so long has failed; switching takes milliseconds.


class NotForNodesError(ValueError):
    """Something that a node cannot do alone; `field` and the text say what."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


def digest(content: bytes) -> bytes:
    """What a content is known by on the wire."""
    return hashlib.sha256(content).digest()[:8]


def configuration(
    asset: plan.Asset, site: plan.Plan, zone: bytes, *, heartbeat_s: int, fade_s: int
) -> bytes:
    """The configuration of an asset's node."""
    lamp = site.lamp_type(asset) if asset.lamp_type_id else None
    return wire.encode_configuration(
        wire.Configuration(
            lat_e5=round(asset.lat * 100000), lon_e5=round(asset.lon * 100000),
            heartbeat_s=heartbeat_s, floor_percent=lamp.floor_percent if lamp else 0,
            default_percent=100, power_max_mw=round(lamp.power_w_max * 1000) if lamp else 0,
            fade_ds=fade_s * 10, lamp_failure_s=LAMP_FAILURE_S, zone=zone,
        )
    )  # fmt: skip


def program_of(said: Mapping[str, Any]) -> planning.Program:
    """A control program as the nodes know them; NotForNodesError, planning.PlanningError."""
    form: dict[str, Any] = {"name": str(said["id"])}
    form["steps"] = [
        _step(f"fixedTimeControls[{index}]", row)
        for index, row in enumerate(said.get("fixedTimeControls") or [])
    ]
    form["active_periods"] = [
        _period(f"activePeriods[{index}]", row)
        for index, row in enumerate(said.get("activePeriods") or [])
    ]
    form["dynamic"] = [
        _dynamic(f"dynamicControls[{index}]", row)
        for index, row in enumerate(said.get("dynamicControls") or [])
    ]
    for name in ("astroClockTimeControls",):
        if said.get(name):
            raise NotForNodesError(name, f"{name} are not supported by this gateway")
    return planning.program_from_json(form)


def level_of(where: str, command: Mapping[str, Any]) -> int:
    """The level in percent that a command asks for."""
    state = command.get("state") or {}
    if state.get("name") == "LevelState":
        value = state.get("value")
        if isinstance(value, (int, float)) and 0 <= value <= 100:
            return round(value)
    if state.get("name") == "SwitchState" or isinstance(state.get("value"), bool):
        return 100 if state.get("value") else 0
    raise NotForNodesError(f"{where}.state", "expected a LevelState of 0 to 100")


def _step(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    command = row.get("command") or {}
    return {
        "at": str(row.get("startTime", "")),
        "level_percent": level_of(f"{where}.command", command),
        "ramp_s": round(command.get("rampToLevelTime") or 0),
    }


def _period(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    name = row.get("name")
    if name == "AstroClockActivePeriod":
        return {
            "kind": "astro",
            "on_offset_min": round(row.get("sunsetOffset") or 0),
            "off_offset_min": round(row.get("sunriseOffset") or 0),
        }
    if name == "AbsoluteActivePeriod":
        return {"kind": "absolute", "from": row.get("startTime"), "to": row.get("endTime")}
    raise NotForNodesError(where, f"{name} is not supported by this gateway")


def _dynamic(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    effect = row.get("effect") or {}
    sensor = (effect.get("source") or {}).get("sensor") or {}
    if effect.get("type") != "FixedControlEffect" or sensor.get("sensorAddresses"):
        raise NotForNodesError(where, "only FixedControlEffect of each lamp's own sensor is known")
    operation = effect.get("operation", "Set")
    if operation not in _OPERATIONS:
        raise NotForNodesError(f"{where}.effect.operation", f"{operation} is not supported")
    return {
        "sensor": "presence",
        "operation": _OPERATIONS[operation],
        "level_percent": level_of(f"{where}.effect.command", effect.get("command") or {}),
        "hold_s": round(effect.get("holdTime") or 1),
    }


def calendar_of(said: Mapping[str, Any]) -> planning.Calendar:
    """A calendar as the nodes know them."""
    rules = []
    for index, row in enumerate(said.get("rules") or []):
        rule: dict[str, Any] = {"program_id": row["program"]}
        if row.get("startDate") or row.get("endDate"):
            rule["from"], rule["to"] = row.get("startDate"), row.get("endDate")
        condition = row.get("condition")
        if condition:
            rule["days"] = _days(f"rules[{index}].condition", condition)
        rules.append(rule)
    form: dict[str, Any] = {"name": str(said["id"]), "rules": rules}
    if said.get("defaultProgram"):
        form["default_program_id"] = said["defaultProgram"]
    return planning.calendar_from_json(form)


def _days(where: str, condition: Mapping[str, Any]) -> list[str]:
    words = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if condition.get("type") != "ccDay":
        raise NotForNodesError(where, f"{condition.get('type')} is not supported by this gateway")
    found: list[str] = []
    for row in condition.get("days") or []:
        if row.get("occurrences"):
            raise NotForNodesError(where, "occurrences are not supported by this gateway")
        first = int(row["start"])
        last = int(row.get("end") or first)
        span = (last - first) % 7
        found += [words[(first - 1 + step) % 7] for step in range(span + 1)]
    return list(dict.fromkeys(found))


def table_of(
    calendar: Mapping[str, Any] | None, programs: Mapping[str, Mapping[str, Any]]
) -> bytes:
    """The table of a TALQ calendar; None: no calendar, the lamp is lit."""
    if calendar is None:
        return NO_CALENDAR
    form = calendar_of(calendar)
    wanted = planning.program_indices(form)
    return planning.compile_table(
        form, {name: program_of(programs[name]) for name in wanted if name in programs}
    )
