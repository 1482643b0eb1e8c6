"""Cabinets and air stations as the API tells them; units are those of the TALQ model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from protocol import plan, talq

from .assets import Device
from .site import Site

# The environment's functions by the ids that our gateway gives them.
ENVIRONMENT = {
    "atmosphere": "AtmosphericSensorFunction", "gas": "GasSensorFunction",
    "noise": "NoiseMonitoringSensorFunction", "particles": "ParticulateMatterSensorFunction",
    "precipitation": "PrecipitationSensorFunction", "wind": "WindSensorFunction",
    "sky": "SkySensorFunction", "waterFlow": "WaterFlowSensorFunction",
    "waterQuality": "WaterQualitySensorFunction",
}  # fmt: skip
_NUMBERS = ("AttributeFloat", "AttributeInteger")
# A station tells all that it measures every five minutes; what was not told three times is old.
_STALE_S = 900


def _measured(function_type: str) -> dict[str, str]:
    """What a function measures in numbers: attribute to unit."""
    facts = talq.properties_of(function_type)
    return {
        name: fact.unit for name, fact in facts.items()
        if fact.scope == "measurement" and fact.type in _NUMBERS
    }  # fmt: skip


# Function type: attributes that we want to hear of at once.
WATCHED: dict[str, tuple[str, ...]] = {
    "CabinetMonitorFunction": ("cabinetDoorOpen",),
    "SegmentMonitorFunction": ("actualState", "circuitBreakerTripped", "localOverride"),
    "GenericActuatorFunction": ("actualState", "targetCommand", "feedbackCommand"),
    "ElectricalMeterFunction": ("totalPower", "totalActiveEnergy", "supplyVoltage"),
    "TextDisplayActuatorFunction": ("actualState",),
    **{kind: tuple(_measured(kind)) for kind in ENVIRONMENT.values()},
}


def readings(site: Site, asset: plan.Asset, device: Device, now_s: float) -> list[dict[str, Any]]:
    """One row for each quantity that an air station has told; no value without its cause.

    None is calibrated: all are indicative.
    """
    rows = []
    causes = _causes(device)
    for function, kind in ENVIRONMENT.items():
        for name, unit in _measured(kind).items():
            key = f"{function}.{name}"
            found, cause = device.newest.get(key), causes.get(key)
            if found is None and cause is None:
                continue
            at_s = found[-1] / 1000 if found else None
            age_s = None if at_s is None else round(max(0.0, now_s - at_s), 3)
            if cause is None and age_s is not None and age_s > _STALE_S:
                cause = "stale"
            rows.append({
                "id": f"{asset.asset_id}.{name}", "station_id": asset.asset_id, "quantity": name,
                "value": found[0] if found and cause is None else None, "unit": unit or None,
                "at": None if at_s is None else site.rfc3339(at_s), "age_s": age_s,
                "valid": cause is None, "cause": cause, "indicative": True,
            })  # fmt: skip
    return sorted(rows, key=lambda row: str(row["id"]))


def _causes(device: Device) -> dict[str, str]:
    """Why attributes have no value now; a gateway that tells it in no words of ours tells none."""
    try:
        said = json.loads(str(device.value("node.sensorCauses") or "{}"))
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}


def cabinet(device: Device | None) -> Mapping[str, Any]:
    """What a cabinet's own node tells; null is unknown."""
    if device is None:
        return dict.fromkeys(
            (
                "door_open",
                "contactor",
                "breaker_tripped",
                "hand",
                "power_kw",
                "maintenance",
                "calendar_id",
            )
        )
    hand = device.value("segment.localOverride")
    contactor = device.value("segment.actualState")
    return {
        "door_open": device.value("cabinetMonitor.cabinetDoorOpen"),
        "contactor": contactor.lower() if contactor else None,
        "breaker_tripped": device.value("segment.circuitBreakerTripped"),
        "hand": {"NONE": "auto", "ON": "on", "OFF": "off"}.get(str(hand)),
        "power_kw": device.value("supply.totalPower"),
        "maintenance": "maintenance" in device.faults,
        "calendar_id": device.value("contactor.calendarID") or None,
    }
