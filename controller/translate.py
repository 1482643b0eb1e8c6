"""The only file that knows both the wire and TALQ: what a frame says, in TALQ's words, and back.

Function ids and attribute names are those of protocol/talq/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from protocol import plan, talq, wire

from . import driver_words, station_words

# Operational attributes that start a node anew, by what they make it forget.
RESETS = {
    "reboot": wire.RESTART, "configurationReset": wire.RESET_CONFIGURATION,
    "factoryReset": wire.RESET_ALL,
}  # fmt: skip
EPOCH_S = 946684800  # POSIX seconds at 2000-01-01 0:00 UTC, where wire time begins.
DAY_S = 86400

# Reasons on the wire -> TALQ's four words.
_TALQ_REASONS = {
    "default": "default",
    "boot": "default",
    "floor": "program",
    "override": "override",
    "dynamic": "sensor",
}
_BAYS = {"unknown": "Unknown", "vacant": "Vacant", "occupied": "Occupied"}
_NO_CLOCK_S = 65535
_NO_TEMPERATURE_DC = -2731  # Colder is nothing.
_QUALITIES = ("none", "estimated", "synchronised", "rtc")
# Events of nodes: function id, TALQ's event type, whether it has a beginning and an end.
EVENTS = {
    "lamp_failure": ("monitor", "lampFailure", True),
    "bay_occupied": ("bay", "occupancyChangeToOccupied", False),
    "bay_vacant": ("bay", "occupancyChangeToVacant", False),
    "overstay": ("bay", "overstayDetected", True),
    "node_started": ("basic", "deviceReset", False),
    "power_too_high": ("monitor", "lampPowerTooHigh", True),
    "power_too_low": ("monitor", "lampPowerTooLow", True),
    "day_burner": ("monitor", "lampUnexpectedOn", True),
    "lamp_cycling": ("monitor", "cyclingFailure", True),
    "dimming_failure": ("monitor", "dimmingFailure", True),
    "gear_failure": ("monitor", "controlGearCommFailure", True),
    "voltage_low": ("monitor", "supplyVoltageTooLow", True),
    "voltage_high": ("monitor", "supplyVoltageTooHigh", True),
    "overheated": ("monitor", "highTemperature", True),
    "supply_lost": ("monitor", "supplyLoss", True),
    "presence": ("presence", "presenceStatusChanged", True),
    "schedule_refused": ("lamp", "invalidProgram", False),
    **station_words.EVENTS,
}
# Types of the functions by their ids.
_TYPES = {
    "basic": "BasicFunction",
    "lamp": "LampActuatorFunction",
    "bay": "ParkingSensorFunction",
    "monitor": "LampMonitorFunction",
    "presence": "PresenceSensorFunction",
    "photocell": "PhotocellFunction",
    "light": "LightSensorFunction",
    "node": "LamplighterNodeFunction",
    **{name: kind for name, (kind, _) in station_words.FUNCTIONS.items()},
}
# A new measurement of these is told although it is the same: it says how old the picture is.
_ALWAYS = (("monitor", "activePower"), ("node", "clockQuality"))
_NEW: Callable[[type[Value], tuple[Any, ...]], Value] = tuple.__new__
FORBIDDEN = "forbiddenParkingDetected"
NO_CONTACT = ("link", "communicationFailure")
FEEDBACK = ("lamp", "feedbackLightCommand")
LIGHT_CHANGE = "lightStateChange"


class Value(NamedTuple):
    """One attribute of one function, as the node said it; `at_ms` is POSIX milliseconds.

    Many come with each state and few are news, so their TALQ form is made only when it is told.
    """

    place: tuple[str, str]  # Function id, attribute.
    kind: str
    value: Any
    at_ms: int
    always: bool = False  # A new measurement is told although it is the same.
    cms_ref_id: str | None = None
    since_ms: int | None = None  # Since when it has held, where that is told instead.

    @property
    def function(self) -> str:
        """The function's id."""
        return self.place[0]

    @property
    def name(self) -> str:
        """The attribute's name."""
        return self.place[1]

    @property
    def function_type(self) -> str:
        """The function's type by its id."""
        return _TYPES[self.place[0]]

    @property
    def body(self) -> dict[str, Any]:
        """The attribute in TALQ's words."""
        at_ms = self.at_ms if self.since_ms is None else self.since_ms
        return _attribute(self.kind, self.value, at_ms)


@dataclass(frozen=True)
class OverrideSaid:
    """What is known of the override that a state names."""

    cms_ref_id: str
    rank: str


def packed(values: Iterable[Value]) -> bytes:
    """Values as the store keeps them."""
    return talq.encode([list(value) for value in values])


def unpacked(data: bytes) -> list[Value]:
    """What `packed` packed."""
    return [Value(tuple(row[0]), *row[1:]) for row in talq.read_json(data)]


def posix_ms(day: int, second: int, millis: int = 0) -> int:
    """POSIX milliseconds of a wire time."""
    return (EPOCH_S + day * DAY_S + second) * 1000 + millis


def wire_time(domain_s: float) -> tuple[int, int, int]:
    """(day, second, millis) of POSIX seconds."""
    ms = int(domain_s * 1000)
    day, rest = divmod(ms - EPOCH_S * 1000, DAY_S * 1000)
    return day, rest // 1000, rest % 1000


def _attribute(kind: str, value: object, at_ms: int) -> dict[str, Any]:
    return {
        "type": f"Attribute{kind}",
        "value": value,
        "timestamp": talq.timestamp_ms(at_ms),
    }


def _level(percent: int) -> dict[str, Any]:
    return {"name": "LevelState", "value": percent}


def _command(level: int, reason: str, override: OverrideSaid | None) -> dict[str, Any]:
    said: dict[str, Any] = {"state": _level(level), "reason": reason}
    if override is not None:
        said["cmsRefId"] = override.cms_ref_id
    return said


def lamp_values(
    message: wire.LampState,
    lamp_type: plan.LampType,
    override: OverrideSaid | None,
    at_ms: int,
) -> list[Value]:
    """What a lamp's state says."""
    reason = wire.REASON_NAMES[message.reason]
    word = _TALQ_REASONS.get(reason, "program")
    failed = bool(message.faults & wire.FAULT_LAMP)
    power_w = message.power_mw / 1000
    light = 0 if failed else round(lamp_type.light_percent(power_w))
    ref = override.cms_ref_id if override else None
    target = _command(message.target_percent, word, override)
    effect = _command(message.level_percent, word, override)
    rank = override.rank if override else ""
    rows: list[tuple[tuple[str, str], str, object]] = [
        (("lamp", "targetLightCommand"), "Command", target),
        (FEEDBACK, "Command", effect),
        (("monitor", "activeEnergy"), "Float", message.energy_wh / 1000),
        (("monitor", "operatingHours"), "Float", round(message.burning_min / 60, 2)),
        (("presence", "presenceStatus"), "Boolean", bool(message.presence)),
        (("node", "reasonCode"), "String", reason),
        (("node", "overrideRank"), "String", rank),
        (("node", "clockQuality"), "String", _QUALITIES[message.quality]),
    ]
    if message.lux_dx >= 0:
        rows += [
            (("light", "lightLevel"), "Float", message.lux_dx / 10),
            (("photocell", "photocellOutput"), "Binary", "ON" if message.dark else "OFF"),
        ]
    if not message.faults & wire.FAULT_METER:  # Without a measurement nothing is claimed of it.
        rows += [
            (("monitor", "activePower"), "Float", round(power_w, 3)),
            (("monitor", "supplyVoltage"), "Float", message.voltage_dv / 10),
            (("lamp", "actualLightState"), "LevelState", _level(light)),
            (("node", "lightPercent"), "Integer", light),
        ]
    # A dozen for each state of each lamp: made the short way.
    return [
        _NEW(Value, (place, kind, value, at_ms, place in _ALWAYS,
                     ref if kind == "Command" else None, None))
        for place, kind, value in rows
    ]  # fmt: skip


def bay_values(message: wire.BayState, at_ms: int) -> list[Value]:
    """What a bay's state says; the occupancy's time is since when, its duration in seconds."""
    since_ms = at_ms
    if message.since_day:
        since_ms = posix_ms(message.since_day, message.since_second)
    word = _BAYS[wire.BAY_NAMES[message.state]]
    return [
        Value(("bay", "occupancy"), "ParkingSlotOccupancyStatus", word, at_ms, since_ms=since_ms),
        Value(("bay", "duration"), "Integer", message.stay_min * 60, at_ms),
        Value(("node", "confidencePercent"), "Integer", message.confidence_percent, at_ms, True),
    ]


def node_values(message: wire.NodeState, at_ms: int) -> list[Value]:
    """What a node says of its own health."""
    pairs = (
        ("bootCount", message.boot_count),
        ("uptimeS", message.uptime_ms // 1000),
        ("heapFreeBytes", message.heap_free_bytes),
        ("heapTotalBytes", message.heap_total_bytes),
        ("eventsWaiting", message.events_waiting),
        ("eventsLost", message.events_lost),
        ("refusedByNode", message.refused),
    )
    values = [text_or_number(name, value, at_ms) for name, value in pairs]
    if message.quality != wire.TIME_NONE:  # A node without a clock tells no time.
        own_ms = posix_ms(message.day, message.second)
        values.append(
            Value(("basic", "currentTime"), "DateTime", talq.timestamp_ms(own_ms), at_ms)
        )
    return values


def wear_values(message: wire.NodeWear, at_ms: int) -> list[Value]:
    """What a node says of its clock, its temperature and its lamp's switchings."""
    values = [
        text_or_number("driftPpm", message.drift_ppm, at_ms),
        text_or_number("switchOnCount", message.switch_count, at_ms),
    ]
    if message.clock_error_s < _NO_CLOCK_S:
        values.append(text_or_number("clockErrorS", message.clock_error_s, at_ms))
    if message.temperature_dc > _NO_TEMPERATURE_DC:
        told_c = round(message.temperature_dc / 10)
        values.append(text_or_number("temperatureC", told_c, at_ms))
    return values


def driver_values(message: wire.DriverData, at_ms: int) -> list[Value]:
    """What a lamp's driver holds; what it does not know is left out."""
    return [
        Value((function, name), kind, driver_words.value(kind, number, scale), at_ms)
        for fact, number in wire.driver_facts(message.banks)
        if fact in driver_words.FACTS
        for function, name, kind, scale in (driver_words.FACTS[fact],)
    ]


def why_values(message: wire.Why, before: str, at_ms: int) -> list[Value]:
    """The chain of rules that a node tells, as `protocol/talq/README.md` has it.

    A rule that left the same percent in the chain before holds since then. Bytes that are no rules
    are left out: another version of the firmware may know more of them.
    """
    since = {(row["rule"], row["value"]): row["since"] for row in json.loads(before or "[]")}
    rules = message.rules
    chain = []
    for at in range(0, len(rules) - 1, 2):
        if rules[at] >= len(wire.RULE_NAMES):
            continue
        rule = (wire.RULE_NAMES[rules[at]], rules[at + 1])
        begun = since.get(rule, talq.timestamp_ms(at_ms))
        chain.append({"rule": rule[0], "value": rule[1], "since": begun, "by": None})
    return [text_or_number("reasonChain", json.dumps(chain), at_ms)]


# Why a frame was refused -> the counter that it is told in; others are refusedOther.
_FORMATS = ("too_short", "too_long", "version", "type", "direction", "body", "value")
_REFUSED = {"tag": "refusedTag", "replay": "refusedReplay"}
_REFUSED |= dict.fromkeys(_FORMATS, "refusedFormat")


def refused_values(counts: Mapping[str, int], at_ms: int) -> list[Value]:
    """What was refused of a node's frames, by reason."""
    sums = dict.fromkeys(("refusedTag", "refusedReplay", "refusedFormat", "refusedOther"), 0)
    for reason, count in counts.items():
        sums[_REFUSED.get(reason, "refusedOther")] += count
    return [text_or_number(name, count, at_ms) for name, count in sums.items()]


def text_or_number(name: str, value: int | str, at_ms: int) -> Value:
    """One attribute of the vendor function."""
    kind = "Integer" if isinstance(value, int) else "String"
    return Value(("node", name), kind, value, at_ms)


def event_entry(address: str, kind: str, started: int, at_ms: int, value: int) -> dict[str, Any]:
    """A node's event as the data of a log entry."""
    function, event_type, lasts = EVENTS.get(kind, ("basic", "deviceMalfunction", False))
    data: dict[str, Any] = {
        "type": "EventLogData",
        "srcAddress": f"{address}/{function}",
        "timestamp": talq.timestamp_ms(at_ms),
        "eventType": event_type,
    }
    if lasts and started != wire.INSTANT:
        data["startEndFlag"] = started == wire.STARTED
    if event_type == "deviceMalfunction":
        data["info"] = [{"description": kind, "value": str(value)}]
    return {"data": data}


def contact_entry(address: str, lost: bool, at_ms: int) -> dict[str, Any]:
    """That a node is silent, or is back."""
    function, event_type = NO_CONTACT
    return {
        "data": {
            "type": "EventLogData",
            "srcAddress": f"{address}/{function}",
            "timestamp": talq.timestamp_ms(at_ms),
            "eventType": event_type,
            "startEndFlag": lost,
        }
    }


def gateway_entry(
    source: str, event_type: str, said: str, at_ms: int, started: bool | None
) -> dict[str, Any]:
    """An event of the gateway itself."""
    data: dict[str, Any] = {
        "type": "EventLogData",
        "srcAddress": source,
        "timestamp": talq.timestamp_ms(at_ms),
        "eventType": event_type,
    }
    if started is not None:
        data["startEndFlag"] = started
    if said:
        data["info"] = [{"description": said}]
    return {"data": data}


def light_entry(address: str, value: Value) -> dict[str, Any]:
    """That the command in effect on a lamp has changed; value: its feedbackLightCommand."""
    body = value.body
    return {
        "data": {
            "type": "StateChangeEventLogData",
            "srcAddress": f"{address}/{value.place[0]}",
            "timestamp": talq.timestamp_ms(value.at_ms),
            "eventType": LIGHT_CHANGE,
            "command": body["value"],
            "state": body["value"]["state"],
        }
    }


def attribute_entry(address: str, value: Value) -> dict[str, Any]:
    """A value as a log entry."""
    body = value.body
    entry: dict[str, Any] = {
        "data": {
            "type": "AttributeLogData",
            "srcAddress": f"{address}/{value.place[0]}",
            "timestamp": (
                body["timestamp"] if value.since_ms is None else talq.timestamp_ms(value.at_ms)
            ),
            "attributeName": value.place[1],
            "attributeValue": body,
        }
    }
    if value.cms_ref_id:
        entry["cmsRefId"] = value.cms_ref_id
    return entry
