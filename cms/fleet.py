"""The brain: what becomes of everything that a gateway says.

A report of values changes the newest values of its devices; an event is kept for ever, once, and
may open or close an alarm; a patch tells how far a command has come. Everything here is decided on
rows that the caller read and is stored by the caller in the same transaction.

The bootstrap of a gateway (B1 to B5) is the machine below: in each stage only its own request is
taken, and all others are refused with 403 until it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass
class Report:
    """What a log report holds, sorted."""

    values: list[tuple[str, str, str, Mapping[str, Any], int]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def devices(self) -> set[str]:
        """Addresses of the devices it names."""
        return {row[0] for row in self.values} | {row["device"] for row in self.events}


def sorted_report(body: Mapping[str, Any], now_ms: int) -> Report:
    """The entries by what they are; TalqError 422 for a source that is no address.

    now_ms: when it came, POSIX ms; an entry that tells no time of its own happened then.
    """
    report = Report()
    for index, entry in enumerate(body.get("entries") or ()):
        data = entry.get("data")
        if data is None:
            continue  # Nothing was recorded.
        source = data["srcAddress"]
        try:
            address = talq.split_address(source)
        except ValueError as error:
            where = f"entries[{index}].data.srcAddress"
            raise talq.TalqError(422, "relatedResourceNotFound", str(error), where) from error
        if data["type"] == "AttributeLogData":
            value = data["attributeValue"]
            at_ms = _stamp_ms(data, value, now_ms)
            name = data["attributeName"]
            report.values.append((address.device, address.function, name, value, at_ms))
        else:
            flag = data.get("startEndFlag")
            report.events.append({
                "device": address.device, "source": source,
                "at_ms": _stamp_ms(data, data, now_ms), "type": data["eventType"],
                "flag": -1 if flag is None else int(flag), "info": data.get("info") or [],
            })  # fmt: skip
    return report


def _stamp_ms(data: Mapping[str, Any], value: Mapping[str, Any], now_ms: int) -> int:
    stamp = data.get("timestamp") or value.get("timestamp")
    return now_ms if stamp is None else talq.read_timestamp_ms(stamp)


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
    key = f"{function}.{name}"
    known = device.newest.get(key)
    if known is not None and known[-1] > (value_ms if measured_ms is None else measured_ms):
        return False
    value = plain(body)
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
