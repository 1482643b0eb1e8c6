"""What the gateway says of itself and of its devices: the words of the bootstrap and of reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol import plan, talq

from .devices import Device
from .translate import EVENTS, NO_CONTACT

GATEWAY_CLASS, LAMP_CLASS, BAY_CLASS = (
    "lamplighter-gateway-1", "lamplighter-lamp-1", "lamplighter-bay-1",
)  # fmt: skip
SW_VERSION = "0.1.0"
PROFILES = ["lighting", "smartParking"]

_NUMBERS = (
    "channel", "lightPercent", "confidencePercent", "bootCount", "uptimeS", "heapFreeBytes",
    "heapTotalBytes", "eventsWaiting", "eventsLost", "refusedByNode", "refusedTag",
    "refusedReplay", "refusedFormat", "refusedOther",
)  # fmt: skip
_NODE_FACTS = (
    *_NUMBERS, "nodeId", "reasonCode", "reasonChain", "mains", "clockQuality", "contact",
    "resetCause", "scheduleDigest", "scheduleDigestWanted", "configurationDigest",
    "configurationDigestWanted", "overrideRank",
)  # fmt: skip
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "basic": (
        "BasicFunction",
        ("assetId", "serial", "hwType", "swType", "swVersion", "location"),
    ),
    "lamp": (
        "LampActuatorFunction",
        (
            "lampTypeId", "calendarID", "defaultLightState", "targetLightCommand",
            "feedbackLightCommand", "actualLightState",
        ),
    ),
    "monitor": (
        "LampMonitorFunction",
        ("activePower", "activeEnergy", "supplyVoltage", "operatingHours"),
    ),
    "meter": ("ElectricalMeterFunction", ("totalPower", "totalActiveEnergy", "supplyVoltage")),
    "presence": ("PresenceSensorFunction", ("presenceStatus",)),
    "bay": ("ParkingSensorFunction", ("occupancy", "duration")),
    "link": ("CommunicationFunction", ("physicalAddress", "communicationType")),
    "gateway": (
        "GatewayFunction",
        (
            "cmsUri", "cmsAddress", "crlUrn", "vendor", "gatewayUri", "gatewayAddress",
            "retryPeriod", "gatewayRetryPeriod", "gatewayNumberOfRetries", "cmsRetryPeriod",
            "cmsNumberOfRetries",
        ),
    ),
    "time": ("TimeFunction", ("timeZone", "currentTime")),
}  # fmt: skip
_CLASSES = {
    GATEWAY_CLASS: ("basic", "gateway", "time", "link", "node"),
    LAMP_CLASS: ("basic", "lamp", "monitor", "meter", "presence", "link", "node"),
    BAY_CLASS: ("basic", "bay", "link", "node"),
}


def _text(value: str) -> dict[str, Any]:
    return {"type": "AttributeString", "value": value}


def device_class(name: str) -> dict[str, Any]:
    """One of our classes."""
    functions: list[dict[str, Any]] = []
    events: dict[str, list[dict[str, str]]] = {}
    for function, event_type, _ in [*EVENTS.values(), (*NO_CONTACT, True)]:
        events.setdefault(function, []).append({"type": event_type})
    for function in _CLASSES[name]:
        if function == "node":
            functions.append({
                "functionId": "node",
                "type": "LamplighterNodeFunction",
                "vendorAttributes": [_vendor(fact) for fact in _NODE_FACTS],
            })  # fmt: skip
            continue
        kind, attributes = _FUNCTIONS[function]
        row: dict[str, Any] = {
            "functionId": function,
            "type": kind,
            "attributes": [{"name": attribute} for attribute in attributes],
        }
        if function in events:
            row["events"] = events[function]
        functions.append(row)
    return {"name": name, "functions": functions}


def _vendor(name: str) -> dict[str, str]:
    scope = "configuration" if name in ("nodeId", "channel") else "measurement"
    kind = "AttributeInteger" if name in _NUMBERS else "AttributeString"
    return {"name": name, "scope": scope, "type": kind}


def services(limits: Mapping[str, int]) -> list[dict[str, Any]]:
    """What this gateway can do; limits: calendars, programs, loggers."""
    return [
        {"name": "ConfigurationService", "commissioningSupported": False,
         "devicesPaginationSupported": True, "supportedProfiles": PROFILES},
        {"name": "ControlService",
         "supportedTypes": ["AbsoluteActivePeriod", "AstroClockActivePeriod", "DynamicControl",
                            "FixedControlEffect", "ccDay"],
         "maximumCalendars": limits["calendars"], "maximumPrograms": limits["programs"],
         "dayOffset": 12, "ccDaySupport": "full", "programSecondsSupported": True},
        {"name": "DataCollectService", "maximumDataLogs": limits["loggers"],
         "supportedModes": ["VendorRecordingMode", "EventRecordingMode", "PeriodicRecordingMode",
                            "ImmediateReportingMode"],
         "samplingPeriodSupported": True, "attributeScopeSupported": True},
        {"name": "GroupManagementService", "maximumNumberOfGroups": 0, "maximumGroupSize": 0},
    ]  # fmt: skip


def gateway_device(
    site: plan.Plan, uris: Mapping[str, str], addresses: tuple[str, str], now_s: float
) -> dict[str, Any]:
    """The gateway's own device. `uris`: cms, gateway; addresses: gateway, CMS ("" before B1)."""
    gateway, cms = addresses
    retries = {"type": "AttributeInteger", "value": 3}
    period = {"type": "AttributeFloat", "value": 10.0}
    function: dict[str, Any] = {
        "id": "gateway",
        "type": "GatewayFunction",
        "cmsUri": {"type": "AttributeUri", "value": uris["cms"]},
        "gatewayUri": {"type": "AttributeUri", "value": uris["gateway"]},
        "cmsAddress": _text(cms) if cms else {"type": "AttributeString"},
        "gatewayAddress": _text(gateway) if gateway else {"type": "AttributeString"},
    }
    if gateway:
        function |= {
            "vendor": _text("Lamplighter"), "retryPeriod": period, "gatewayRetryPeriod": period,
            "gatewayNumberOfRetries": retries, "cmsRetryPeriod": period,
            "cmsNumberOfRetries": retries,
        }  # fmt: skip
    functions: list[dict[str, Any]] = [function]
    if gateway:
        stamp = talq.timestamp(now_s)
        functions = [
            {"id": "basic", "type": "BasicFunction",
             "assetId": _text(plan.gateway_asset_id(site.site.name))},
            function,
            {"id": "time", "type": "TimeFunction", "timeZone": _text(site.site.zone),
             "currentTime": {"type": "AttributeDateTime", "value": stamp, "timestamp": stamp}},
        ]  # fmt: skip
    return {
        "address": gateway or talq.NIL,
        "name": f"gateway-{site.site.name}",
        "class": GATEWAY_CLASS,
        "functions": functions,
    }


def device(source: Device, cms: str) -> dict[str, Any]:
    """A lamp or a bay, with everything that is known of it, as this CMS may see it."""
    asset = source.asset
    known: dict[str, dict[str, Any]] = {}
    for (function, name), value in source.values.items():
        known.setdefault(function, {})[name] = value.body
    calendar = source.calendar_id if source.cms in ("", cms) else ""
    known.setdefault("basic", {}).update(
        assetId=_text(asset.asset_id), serial=_text(asset.node_id), hwType=_text("esp32"),
        swType=_text("lamplighter"), swVersion=_text(SW_VERSION),
        location={"type": "AttributeLocation",
                  "value": {"latitude": asset.lat, "longitude": asset.lon}},
    )  # fmt: skip
    known.setdefault("link", {}).update(
        physicalAddress=_text(asset.node_id), communicationType=_text("mqtt")
    )
    known.setdefault("node", {}).update(
        nodeId=_text(asset.node_id),
        channel={"type": "AttributeInteger", "value": asset.channel},
    )
    if source.is_lamp:
        known.setdefault("lamp", {}).update(
            lampTypeId=_text(asset.lamp_type_id or ""), calendarID=_text(calendar),
            defaultLightState={"type": "AttributeLevelState",
                               "value": {"name": "LevelState", "value": 100}},
        )  # fmt: skip
    name = LAMP_CLASS if source.is_lamp else BAY_CLASS
    functions = [
        {"id": function, "type": "LamplighterNodeFunction" if function == "node"
         else _FUNCTIONS[function][0], **known.get(function, {})}
        for function in _CLASSES[name]
    ]  # fmt: skip
    return {
        "address": source.address, "name": asset.asset_id, "class": name, "functions": functions,
    }  # fmt: skip
