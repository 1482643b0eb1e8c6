"""Which events open an alarm and which close it.

One alarm is open for each kind and asset. A node that is silent because its feeder is switched
off by plan is no alarm: in many cities that is every day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# TALQ's event types -> the API's kinds; what is not here is told by its own name.
KINDS = {
    "lampFailure": "lamp_failure",
    "occupancyChangeToOccupied": "bay_occupied",
    "occupancyChangeToVacant": "bay_vacant",
    "communicationFailure": "no_contact",
    "deviceReset": "node_restarted",
    "lampPowerTooHigh": "power_too_high",
    "lampPowerTooLow": "power_too_low",
    "lampUnexpectedOn": "day_burner",
    "cyclingFailure": "lamp_cycling",
    "dimmingFailure": "dimming_failure",
    "controlGearCommFailure": "gear_failure",
    "supplyVoltageTooLow": "voltage_low",
    "supplyVoltageTooHigh": "voltage_high",
    "highTemperature": "overheated",
    "supplyLoss": "supply_lost",
    "presenceStatusChanged": "presence",
    "invalidAddress": "invalid_address",
    "invalidProgram": "schedule_refused",
    "deviceMalfunction": "device_malfunction",
    "maintenanceMode": "maintenance",
    "cabinetDoorOpen": "door_open",
    "circuitBreakerTripped": "breaker_tripped",
    "switchingErrorOn": "switching_error_on",
    "switchingErrorOff": "switching_error_off",
    "localOverride": "hand_switch",
    "overfull": "gully_overfull",
    "forbiddenParkingDetected": "forbidden_parking",
    "overstayDetected": "overstay",
}
# Kinds that are alarms while they last, with their severity.
SEVERITIES = {
    "lamp_failure": "high",
    "no_contact": "normal",
    "power_too_high": "high",
    "power_too_low": "normal",
    "day_burner": "normal",
    "lamp_cycling": "normal",
    "dimming_failure": "normal",
    "gear_failure": "high",
    "voltage_low": "normal",
    "voltage_high": "high",
    "overheated": "normal",
    "supply_lost": "high",
    "schedule_refused": "high",
    "door_open": "normal",
    "breaker_tripped": "high",
    "switching_error_on": "high",
    "switching_error_off": "normal",
    "gully_overfull": "high",
    "forbidden_parking": "normal",
    "overstay": "normal",
}
# While somebody works on a cabinet, its lamps do this without being broken.
MAINTENANCE = "maintenance"
_OF_WORK = ("lamp_failure", "no_contact")
# What a device is remembered to have while it lasts.
LASTING = (*SEVERITIES, MAINTENANCE)
# Time enough to renew a certificate in a cabinet that someone must drive to.
CERTIFICATE_EXPIRING = "certificate_expiring"
EXPIRES_MS_BEFORE = 60 * 86_400_000
SHINES_PERCENT_MIN = 10.0


@dataclass(frozen=True)
class Event:
    """Something that began, ended (started False) or happened (None); POSIX ms."""

    kind: str
    asset_id: str
    at_ms: int
    started: bool | None


@dataclass(frozen=True)
class Opened:
    """A new alarm."""

    kind: str
    severity: str
    asset_id: str
    started_ms: int


@dataclass(frozen=True)
class Closed:
    """An alarm that is over, by its number."""

    number: int
    ended_ms: int


def kind_of(event_type: str) -> str:
    """The API's word for a TALQ event type."""
    return KINDS.get(event_type, event_type)


def decide(
    open_alarms: Sequence[Mapping[str, Any]],
    event: Event,
    *,
    expected_on: bool,
    maintained: bool = False,
) -> Opened | Closed | None:
    """What an event changes; open_alarms: id, kind, asset_id of those open now.

    maintained: somebody works on the cabinet that feeds the asset.
    """
    if event.kind not in SEVERITIES:
        return None
    same = [
        row for row in open_alarms
        if row["kind"] == event.kind and row["asset_id"] == event.asset_id
    ]  # fmt: skip
    if event.started is False:
        return Closed(same[0]["id"], event.at_ms) if same else None
    if same or (event.kind == "no_contact" and not expected_on):
        return None
    if maintained and event.kind in _OF_WORK:
        return None
    return Opened(event.kind, SEVERITIES[event.kind], event.asset_id, event.at_ms)


def expiring(
    open_alarms: Sequence[Mapping[str, Any]], ends_ms: Mapping[str, int], now_ms: int
) -> list[Opened | Closed]:
    """What the ends of certificates change; ends_ms by identity, of those that were seen."""
    kind = CERTIFICATE_EXPIRING
    known = {row["asset_id"]: row for row in open_alarms if row["kind"] == kind}
    changes: list[Opened | Closed] = []
    for identity, end_ms in ends_ms.items():
        soon = end_ms - now_ms <= EXPIRES_MS_BEFORE
        if soon and identity not in known:
            changes.append(Opened(kind, "high", identity, now_ms))
        elif not soon and identity in known:
            changes.append(Closed(known[identity]["id"], now_ms))
    return changes


def shines(light_percent: float, level_percent: float) -> bool:
    """Whether measured light is evidence that a lamp works: at least half of a level that counts.

    At low levels a driver without lamp takes about as much as one with it.
    """
    return level_percent >= SHINES_PERCENT_MIN and light_percent >= level_percent / 2
