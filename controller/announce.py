"""What the gateway says of itself and of its devices: the words of the bootstrap and of reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol import plan, talq

from . import assets, driver_words, programs, station_words, stations
from . import compile as compiler
from .devices import Device
from .profiles import PROFILES
from .translate import EVENTS, FEEDBACK, FORBIDDEN, LIGHT_CHANGE, NO_CONTACT

GATEWAY_CLASS, LAMP_CLASS, BAY_CLASS = (
    "lamplighter-gateway-1", "lamplighter-lamp-1", "lamplighter-bay-1",
)  # fmt: skip
SW_VERSION = "0.1.0"
# Revocation lists come to us as files (docs/settings.md), from no address.
_NO_CRL = "urn:lamplighter:crl"
# A group beyond this is a whole city: several groups do it better.
GROUP_SIZE_MAX = 10_000

_NUMBERS = (
    "channel", "lightPercent", "confidencePercent", "bootCount", "uptimeS", "heapFreeBytes",
    "heapTotalBytes", "eventsWaiting", "eventsLost", "refusedByNode", "refusedTag",
    "refusedReplay", "refusedFormat", "refusedOther", "clockErrorS", "driftPpm", "switchOnCount",
    "temperatureC", *driver_words.NUMBERS,
)  # fmt: skip
# What a CMS sets: a bay that is closed, a cabinet that is worked on.
_FLAGS = ("closed", "maintenance")
# What a CMS asks a bay's detector to do: learn the empty bay anew.
RECALIBRATE = "recalibrate"
_NODE_FACTS = (
    *_NUMBERS, "nodeId", "reasonCode", "reasonChain", "mains", "clockQuality", "contact",
    "resetCause", "scheduleDigest", "scheduleDigestWanted", "configurationDigest",
    "configurationDigestWanted", "overrideRank", "closed", "maintenance",
    "recalibrate", station_words.SENSOR_CAUSES[1], *driver_words.TEXTS,
)  # fmt: skip
_FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "basic": (
        "BasicFunction",
        (
            "assetId", "serial", "hwType", "swType", "swVersion", "location", "currentTime",
            "commandConfirmation", "reboot", "factoryReset", "configurationReset",
            "maintenanceMode",
        ),
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
        (
            "activePower", "activeEnergy", "supplyVoltage", "operatingHours",
            *driver_words.MONITORED,
        ),
    ),
    "meter": ("ElectricalMeterFunction", ("totalPower", "totalActiveEnergy", "supplyVoltage")),
    "presence": ("PresenceSensorFunction", ("presenceStatus",)),
    "photocell": ("PhotocellFunction", ("photocellOutput", "onLevel", "offLevel")),
    "light": ("LightSensorFunction", ("lightLevel",)),
    "bay": ("ParkingSensorFunction", ("occupancy", "duration", "maxDuration")),
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
    "luminaire": (
        "LuminaireAssetFunction",
        (
            "luminaireTypeAddress", "bracketTypeAddress", "serial", "projectID",
            "luminousFluxConfiguration", "paintingColor", "virtualPowerOutput",
            "installationTimestamp", "identification", "identificationNumber", "mountingOption",
            "warrantyExpirationDate", "manufactureYear", "manufactureWeek", "warrantyYears",
            "applicationType",
        ),
    ),
    "controller": (
        "ControllerAssetFunction",
        (
            "controllerTypeAddress", "serial", "firmwareVersion", "installationTimestamp",
            "registrationTimestamp", "projectID", "controllerColor", "connectionType",
            "warrantyExpirationDate", "manufactureYear", "manufactureWeek", "warrantyYears",
            "applicationType",
        ),
    ),
    **station_words.FUNCTIONS,
}  # fmt: skip
_CLASSES = {
    GATEWAY_CLASS: ("basic", "gateway", "time", "link", "node"),
    LAMP_CLASS: (
        "basic", "lamp", "monitor", "meter", "presence", "photocell", "light", "luminaire",
        "controller", "link", "node",
    ),
    BAY_CLASS: ("basic", "bay", "controller", "link", "node"),
    **station_words.CLASSES,
}  # fmt: skip
# What a device of a class is in the plan.
CLASS_KINDS: dict[str, plan.Kind] = {
    LAMP_CLASS: "lamp",
    BAY_CLASS: "bay",
    **station_words.CLASS_KINDS,
}
_KIND_CLASSES = {kind: name for name, kind in CLASS_KINDS.items()}
FUNCTION_TYPES = {
    **{name: kind for name, (kind, _) in _FUNCTIONS.items()}, "node": "LamplighterNodeFunction",
}  # fmt: skip


CLASSES = tuple(_CLASSES)


def class_functions(name: str) -> tuple[str, ...]:
    """The function ids of one of our classes."""
    return _CLASSES[name]


# Events of the gateway itself.
_OWN_EVENTS = [
    ("gateway", name, False)
    for name in (
        "newCmsAttached",
        "changingRelease",
        "releaseChanged",
        "changeReleaseFailure",
        "releaseMismatch",
        "invalidAddress",
    )
] + [("lamp", "invalidAddress", False)]


def _text(value: str) -> dict[str, Any]:
    return {"type": "AttributeString", "value": value}


def device_class(name: str) -> dict[str, Any]:
    """One of our classes."""
    functions: list[dict[str, Any]] = []
    events: dict[str, list[dict[str, str]]] = {}
    for function, event_type, _ in [
        *EVENTS.values(),
        (*NO_CONTACT, True),
        (FEEDBACK[0], LIGHT_CHANGE, False),
        ("bay", FORBIDDEN, True),
        (*station_words.MAINTENANCE, True),
        *_OWN_EVENTS,
    ]:
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
    scope = "configuration" if name in ("nodeId", "channel", *_FLAGS) else "measurement"
    kind = "AttributeInteger" if name in _NUMBERS else "AttributeString"
    if name == RECALIBRATE:
        scope = "operational"
    if name in (*_FLAGS, RECALIBRATE):
        kind = "AttributeBoolean"
    return {"name": name, "scope": scope, "type": kind}


_PERIODS = [
    "ValueActivePeriod", "AbsoluteActivePeriod", "AstroClockActivePeriod",
    "AstroAndSensorActivePeriod", "SensorActivePeriod",
]  # fmt: skip


def services(limits: Mapping[str, int]) -> list[dict[str, Any]]:
    """What this gateway can do; limits: calendars, control-programs, logger-configs, groups."""
    return [
        {"name": "ConfigurationService", "commissioningSupported": True,
         "devicesPaginationSupported": True, "supportedProfiles": PROFILES},
        {"name": "ControlService",
         "supportedTypes": ["ValueActivePeriod", "AbsoluteActivePeriod", "AstroClockActivePeriod",
                            "AstroClockTimeControl", "AstroAndSensorActivePeriod",
                            "SensorActivePeriod", "DynamicControl", "ExternalControlEffect",
                            "FixedControlEffect", "ccDate", "ccDay"],
         "maxProgramsPerCalendar": compiler.PROGRAMS_PER_CALENDAR_MAX,
         "maxSwitchPointsPerProgram": compiler.STEPS_MAX,
         "maxActivePeriodsPerProgram": compiler.PERIODS_MAX, "ccDateSupport": "full",
         "maximumCalendars": limits["calendars"], "maximumPrograms": limits["control-programs"],
         "dayOffset": 12, "ccDaySupport": "full", "programSecondsSupported": True},
        {"name": "DataCollectService", "maximumDataLogs": limits["logger-configs"],
         "supportedModes": ["VendorRecordingMode", "EventRecordingMode", "PeriodicRecordingMode",
                            "ImmediateReportingMode", "ScheduledReportingMode"],
         "samplingPeriodSupported": True, "attributeScopeSupported": True,
         "recordingActivePeriodsSupported": True, "supportedTypes": _PERIODS},
        {"name": "GroupManagementService", "maximumNumberOfGroups": limits["groups"],
         "maximumGroupSize": GROUP_SIZE_MAX, "attributes": ["purpose"]},
        {"name": "AssetManagementService"},
        {"name": "DataPackageService"},
    ]  # fmt: skip


def gateway_device(
    site: plan.Plan,
    uris: Mapping[str, str],
    addresses: tuple[str, str],
    now_s: float,
    since_s: float = 0.0,
) -> dict[str, Any]:
    """The gateway's own device. `uris`: cms, gateway; addresses: gateway, CMS ("" before B1).

    since_s: since when it has been configured like that (D3), POSIX seconds as now_s.
    """
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
    functions: list[dict[str, Any]] = [function]
    if gateway:
        function |= {
            "vendor": _text("Lamplighter"), "crlUrn": {"type": "AttributeUri", "value": _NO_CRL},
            "retryPeriod": period, "gatewayRetryPeriod": period,
            "gatewayNumberOfRetries": retries, "cmsRetryPeriod": period,
            "cmsNumberOfRetries": retries,
        }  # fmt: skip
        stamp = talq.timestamp(now_s)
        functions = [
            {"id": "basic", "type": "BasicFunction",
             "assetId": _text(plan.gateway_asset_id(site.site.name)),
             "swVersion": _text(SW_VERSION)},
            function,
            {"id": "time", "type": "TimeFunction", "timeZone": _text(site.site.zone),
             "currentTime": {"type": "AttributeDateTime", "value": stamp, "timestamp": stamp}},
        ]  # fmt: skip
    set_at = talq.timestamp(since_s)
    for one in functions:
        for name, value in one.items():
            if isinstance(value, dict) and "value" in value:
                one[name] = {"timestamp": set_at, **value}
    return {
        "address": gateway or talq.NIL,
        "name": f"gateway-{site.site.name}",
        "class": GATEWAY_CLASS,
        "functions": functions,
    }


def device(source: Device, cms: str, site: plan.Plan) -> dict[str, Any]:
    """A device of the site, with everything that is known of it, as this CMS may see it."""
    asset = source.asset
    known: dict[str, dict[str, Any]] = {}
    set_at = talq.timestamp(source.since_s)
    for function, attributes in _configuration(source, cms, site).items():
        known[function] = {
            name: {"type": kind, "value": value, "timestamp": set_at}
            for name, (kind, value) in attributes.items()
        }
    if source.planned and source.calendar_s:
        known[source.planned]["calendarID"]["timestamp"] = talq.timestamp(source.calendar_s)
    for (function, name), value in source.values.items():
        known.setdefault(function, {})[name] = value.body
    name = _KIND_CLASSES[asset.kind]
    functions = [
        {"id": function, "type": FUNCTION_TYPES[function], **known.get(function, {})}
        for function in _CLASSES[name]
    ]
    return {
        "address": source.address, "name": asset.asset_id, "class": name, "functions": functions,
    }  # fmt: skip


def _configuration(
    source: Device, cms: str, site: plan.Plan
) -> dict[str, dict[str, tuple[str, Any]]]:
    """What is configured, not measured: function to attribute to (type, value)."""
    asset = source.asset
    place = {"latitude": asset.lat, "longitude": asset.lon}
    found: dict[str, dict[str, tuple[str, Any]]] = {
        "basic": {
            "assetId": ("AttributeString", asset.asset_id),
            "serial": ("AttributeString", asset.node_id),
            "hwType": ("AttributeString", "esp32"),
            "swType": ("AttributeString", "lamplighter"),
            "swVersion": ("AttributeString", SW_VERSION),
            "location": ("AttributeLocation", place),
            "commandConfirmation": ("AttributeBoolean", False),
        },
        "link": {
            "physicalAddress": ("AttributeString", asset.node_id),
            "communicationType": ("AttributeString", "mqtt"),
        },
        "node": {
            "nodeId": ("AttributeString", asset.node_id),
            "channel": ("AttributeInteger", asset.channel),
        },
        "controller": assets.controller(asset, SW_VERSION),
    }
    calendar = source.calendar_id if source.cms in ("", cms) else ""
    cell = {"onLevel": ("AttributeFloat", programs.CELL_LUX[0]),
            "offLevel": ("AttributeFloat", programs.CELL_LUX[1])}  # fmt: skip
    if source.is_lamp:
        found["lamp"] = {
            "lampTypeId": ("AttributeString", asset.lamp_type_id or ""),
            "calendarID": ("AttributeString", calendar),
            "defaultLightState": ("AttributeLevelState", {"name": "LevelState", "value": 100}),
        }
        found["photocell"] = cell
        found["luminaire"] = assets.luminaire(asset, source.lamp_type)
    elif asset.kind in plan.STATION_KINDS:
        found |= stations.configuration(asset, source.address, site)
        if source.planned:
            found[source.planned]["calendarID"] = ("AttributeString", calendar)
            found["photocell"] = cell
    return found


def asset_of(
    body: Mapping[str, Any], node_id: str, kind: plan.Kind, site: plan.Plan
) -> plan.Asset:
    """The asset of a device that a CMS commissions; what it does not say is the site's first."""
    told = {
        name: value.get("value")
        for function in body.get("functions") or () for name, value in function.items()
        if isinstance(value, Mapping)
    }  # fmt: skip
    name = str(told.get("assetId") or body["name"])
    place = told.get("location") or {}
    types = {one.id for one in site.lamp_types}
    lamp_type = told.get("lampTypeId")
    first = site.lamp_types[0].id if site.lamp_types else None
    return plan.Asset(
        asset_id=name, node_id=node_id, channel=0, kind=kind,
        names=plan.Names(name, name, name, name),
        lat=float(place.get("latitude", site.site.lat)),
        lon=float(place.get("longitude", site.site.lon)),
        feeder_id=site.feeders[0].id if site.feeders else "",
        street_id=site.streets[0].id if site.streets else "",
        lamp_type_id=(lamp_type if lamp_type in types else first) if kind == "lamp" else None,
        cabinet_id=site.cabinets[0].id if kind == "cabinet" and site.cabinets else None,
    )  # fmt: skip


def hardware(body: Mapping[str, Any]) -> str:
    """The node id that a device names as its serial or physical address."""
    for function in body.get("functions") or ():
        for name in ("serial", "physicalAddress"):
            value = (function.get(name) or {}).get("value")
            if isinstance(value, str) and value:
                return value.lower()
    return ""
