"""Lamps, bays and feeders as the API tells them, out of the plan and the newest values.

`newest` maps "function.attribute" to [value, POSIX ms]; a value that was never told is absent, and
is told as null.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol import plan

from .site import Site

# Values that a node has measured just then: the newest of them says how old the picture is.
_REPORTED = (
    "monitor.activePower", "node.clockQuality", "node.confidencePercent",
    "lamp.feedbackLightCommand", "node.uptimeS",
)  # fmt: skip
# A car in a closed bay: whether somebody stands there and whether they may are two things.
_BAY_STATES = {
    "Vacant": "vacant", "Occupied": "occupied", "Closed": "closed",
    "Forbidden Vehicle": "occupied",
}  # fmt: skip
# Nothing for so long: two periods of the slowest report that we ask of any gateway.
STALE_S = 1800
LAMP_FAULTS = ("lamp_failure",)


@dataclass
class Device:
    """A row of the table of devices."""

    address: str
    gateway: str
    asset_id: str
    newest: dict[str, list[Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def value(self, name: str) -> Any:
        """The newest value of "function.attribute", None when it was never told."""
        found = self.newest.get(name)
        return found[0] if found else None

    def reported_s(self) -> float | None:
        """POSIX seconds of the newest measurement."""
        times = [self.newest[name][1] for name in _REPORTED if name in self.newest]
        return max(times) / 1000 if times else None


@dataclass
class Around:
    """What is known of a lamp beside its device."""

    override_id: str | None = None
    calendar_id: str | None = None
    group_ids: tuple[str, ...] = ()


def names(asset: plan.Asset) -> dict[str, str]:
    """The names in four languages."""
    return {"fr": asset.names.fr, "nl": asset.names.nl, "en": asset.names.en, "de": asset.names.de}


def level(command: object) -> int | None:
    """The level in the plain form of a command."""
    return command.get("level") if isinstance(command, Mapping) else None


def light_percent(site: Site, asset: plan.Asset, device: Device | None) -> float | None:
    """The light by the measured power and the lamp type's curve; None without a measurement."""
    power_w = device.value("monitor.activePower") if device else None
    if power_w is None:
        return None
    return round(site.lamp_type(asset).light_percent(float(power_w)), 1)


def health(site: Site, asset: plan.Asset, device: Device | None, now_s: float) -> str:
    """One word for the state of a lamp or bay."""
    if device is None:
        return "unmanaged"
    silent = device.value("node.contact") == "silent"
    if silent and not site.expected_on(asset.feeder_id, now_s):
        return "unpowered"
    if device.value("node.mains") == "off":
        return "unpowered"
    reported_s = device.reported_s()
    # A gateway that is gone can tell nothing, also not that its nodes are.
    stale = reported_s is not None and now_s - reported_s > STALE_S
    if stale and not site.expected_on(asset.feeder_id, now_s):
        return "unpowered"
    if silent or stale:
        return "silent"
    if any(fault in LAMP_FAULTS for fault in device.faults):
        return "fault"
    if reported_s is None:
        return "unknown" if site.expected_on(asset.feeder_id, now_s) else "unpowered"
    return "ok"


def lamp(
    site: Site, asset: plan.Asset, device: Device | None, around: Around, now_s: float
) -> dict[str, Any]:
    """A lamp of the API."""
    known = device or Device("", "", asset.asset_id)
    reported_s = known.reported_s()
    code = known.value("node.reasonCode")
    effect = known.value("lamp.feedbackLightCommand")
    if code is None and isinstance(effect, Mapping):
        code = effect.get("reason")  # A stranger's gateway tells TALQ's four words only.
    return {
        "id": asset.asset_id,
        "names": names(asset),
        "lat": asset.lat,
        "lon": asset.lon,
        "bearing_deg": asset.bearing_deg,
        "street_id": asset.street_id,
        "lamp_type_id": asset.lamp_type_id,
        "level_percent": level(effect),
        "target_percent": level(known.value("lamp.targetLightCommand")),
        "light_percent": light_percent(site, asset, device),
        "power_w": known.value("monitor.activePower"),
        "energy_kwh": known.value("monitor.activeEnergy"),
        "burning_h": known.value("monitor.operatingHours"),
        "presence": known.value("presence.presenceStatus"),
        "reported_at": site.rfc3339(reported_s),
        "age_s": None if reported_s is None else round(max(0.0, now_s - reported_s), 3),
        "health": health(site, asset, device, now_s),
        "reason": code,
        "override_id": around.override_id,
        "calendar_id": around.calendar_id,
        "node_id": asset.node_id,
        "gateway_id": known.gateway or None,
        "feeder_id": asset.feeder_id,
        "group_ids": list(around.group_ids),
        "heap_free_bytes": known.value("node.heapFreeBytes"),
        "heap_total_bytes": known.value("node.heapTotalBytes"),
        "clock_quality": known.value("node.clockQuality"),
        "refused_frames": refused(known),
    }


def refused(device: Device) -> int | None:
    """Frames that were refused at either end of the link; None when not told."""
    kinds = ("refusedByNode", "refusedTag", "refusedReplay", "refusedFormat", "refusedOther")
    told = [device.value(f"node.{name}") for name in kinds]
    known = [int(value) for value in told if value is not None]
    return sum(known) if known else None


def bay(site: Site, asset: plan.Asset, device: Device | None, now_s: float) -> dict[str, Any]:
    """A bay of the API. A detector that is silent no longer knows."""
    known = device or Device("", "", asset.asset_id)
    reported_s = known.reported_s()
    found = known.newest.get("bay.occupancy")
    condition = health(site, asset, device, now_s)
    state = _BAY_STATES.get(str(found[0]), "unknown") if found else "unknown"
    if condition in ("silent", "unpowered"):
        state = "unknown"
    return {
        "id": asset.asset_id,
        "names": names(asset),
        "lat": asset.lat,
        "lon": asset.lon,
        "bearing_deg": asset.bearing_deg,
        "street_id": asset.street_id,
        "kind": asset.bay_kind,
        "state": state,
        "closed": known.value("node.closed") is True,
        "confidence_percent": known.value("node.confidencePercent"),
        "since": site.rfc3339(found[1] / 1000) if found else None,
        "reported_at": site.rfc3339(reported_s),
        "age_s": None if reported_s is None else round(max(0.0, now_s - reported_s), 3),
        "health": condition,
        "node_id": asset.node_id,
        "gateway_id": known.gateway or None,
        "feeder_id": asset.feeder_id,
        "heap_free_bytes": known.value("node.heapFreeBytes"),
        "heap_total_bytes": known.value("node.heapTotalBytes"),
        "refused_frames": refused(known),
    }


def feeder(
    site: Site, feeder_id: str, devices: Mapping[str, Device], now_s: float
) -> dict[str, Any]:
    """A feeder of the API; devices by asset id. Its mains are what its nodes tell of them."""
    row = site.feeders[feeder_id]
    fed = [
        a.asset_id
        for a in site.plan.assets
        if a.feeder_id == feeder_id and a.asset_id in site.assets
    ]
    told = [devices[asset_id] for asset_id in fed if asset_id in devices]
    states = [d.value("node.contact") for d in told]
    if any(state == "ok" for state in states):
        mains = "on"
    elif told and all(state == "silent" for state in states):
        mains = "off"
    else:
        mains = "unknown"
    return {
        "id": row.id,
        "names": {k: getattr(row.names, k) for k in ("fr", "nl", "en", "de")},
        "cabinet_id": row.cabinet_id,
        "switching_plan": {
            "always_on": row.switching.always_on,
            "on_offset_min": row.switching.on_offset_min,
            "off_offset_min": row.switching.off_offset_min,
        },
        "mains": mains,
        "expected_on": site.expected_on(feeder_id, now_s),
        "asset_ids": fed,
    }
