"""The brain: what becomes of everything that a gateway says.

A report of values changes the newest values of its devices; an event is kept for ever, once, and
may open or close an alarm; a patch tells how far a command has come. Everything here is decided on
rows that the caller read and is stored by the caller in the same transaction.

The bootstrap of a gateway (B1 to B5) is the machine below: in each stage only its own request is
taken, and all others are refused with 403 until it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol import talq

from . import alarms
from .assets import Device

# Stages of the bootstrap.
ANNOUNCED, CLASSED, TOLD, SERVED, ATTACHED = 0, 1, 2, 3, 4
# stage, operation -> next stage.
BOOTSTRAP = (
    (ANNOUNCED, "addDeviceClasses", CLASSED),
    (CLASSED, "partialUpdateDevice", TOLD),
    (TOLD, "announceServices", SERVED),
    (SERVED, "addDeviceClasses", ATTACHED),
)
# A gateway that broke off may begin any step again.
_REPEATS = ("addDeviceClasses", "partialUpdateDevice", "announceServices")

MEASURED = ("activePower", "activeEnergy", "supplyVoltage", "operatingHours")
PERIODIC_LOGGER = "lamplighter-periodic"
PACKAGES = "data-packages"


def next_stage(stage: int, operation: str) -> int:
    """The stage after a request of a gateway; TalqError 403 when it is not its turn (B5)."""
    if stage == ATTACHED:
        return ATTACHED
    for now, wanted, after in BOOTSTRAP:
        if stage == now and operation == wanted:
            return after
    reached = [row for row in BOOTSTRAP if row[0] < stage and row[1] == operation]
    if operation in _REPEATS and reached:
        return stage
    wanted = next(row[1] for row in BOOTSTRAP if row[0] == stage)
    raise talq.TalqError(403, "genericError", f"the bootstrap has not ended; next is {wanted}")


def plain(body: Mapping[str, Any]) -> Any:
    """An attribute's value as cores use it."""
    value = body.get("value")
    kind = body.get("type")
    if kind == "AttributeCommand" and isinstance(value, Mapping):
        state = value.get("state") or {}
        return {
            "level": _level(state),
            "reason": value.get("reason"),
            "ref": value.get("cmsRefId"),
        }
    if kind == "AttributeLevelState" and isinstance(value, Mapping):
        return _level(value)
    return value


def _level(state: Mapping[str, Any]) -> float | None:
    value = state.get("value")
    if isinstance(value, bool):
        return 100 if value else 0
    if isinstance(value, (int, float)):
        return round(value) if state.get("name") == "LevelState" else 100 * bool(value)
    return None


def keep(
    device: Device,
    function: str,
    name: str,
    body: Mapping[str, Any],
    at_ms: int,
    measured_ms: int | None = None,
) -> bool:
    """Make a value the newest of its device; False when it is older than what is known.

    measured_ms: when it was measured, where its own timestamp tells since when it has held.
    """
    stamp = body.get("timestamp")
    value_ms = talq.read_timestamp_ms(stamp) if isinstance(stamp, str) else at_ms
    return keep_value(device, f"{function}.{name}", plain(body), value_ms, measured_ms)


def keep_value(
    device: Device, key: str, value: Any, value_ms: int, measured_ms: int | None = None
) -> bool:
    """The same for a value as cores use it; key: function and attribute with a dot between."""
    known = device.newest.get(key)
    if known is not None and known[-1] > (value_ms if measured_ms is None else measured_ms):
        return False
    if value is None and known is None:
        return False
    device.newest[key] = [value, value_ms]
    if measured_ms not in (None, value_ms):
        device.newest[key].append(measured_ms)
    return True


def keep_functions(device: Device, functions: list[Mapping[str, Any]], now_ms: int) -> None:
    """Everything that a device says of itself in an announcement or a patch."""
    for function in functions:
        for name, body in function.items():
            if isinstance(body, Mapping) and str(body.get("type", "")).startswith("Attribute"):
                keep(device, str(function.get("id")), name, body, now_ms)


def asset_id_of(body: Mapping[str, Any]) -> str:
    """The asset that a device serves: its assetId, else its name."""
    for function in body.get("functions") or ():
        if function.get("type") == "BasicFunction":
            value = (function.get("assetId") or {}).get("value")
            if value:
                return str(value)
    return str(body.get("name") or body.get("address"))


def merged(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """A device's body after a PATCH: functions by id, attributes one by one (T13)."""
    functions = {str(f.get("id")): dict(f) for f in known.get("functions") or ()}
    for function in said.get("functions") or ():
        name = str(function.get("id"))
        functions[name] = {**functions.get(name, {}), **function}
    body = {**known, **{k: v for k, v in said.items() if k != "functions"}}
    return {**body, "functions": list(functions.values())}


def event_of(row: Mapping[str, Any], asset_id: str) -> alarms.Event:
    """A report's event as the alarms see it."""
    started = None if row["flag"] < 0 else bool(row["flag"])
    return alarms.Event(alarms.kind_of(row["type"]), asset_id, row["at_ms"], started)
