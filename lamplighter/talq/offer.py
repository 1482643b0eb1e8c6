"""What a played gateway offers: everything that the profiles make mandatory, on either side.

A device for each profile holds its mandatory functions; one more holds every other function of
which a CMS must know attributes. Each is of a class that describes all of it, events too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from protocol import talq
from protocol.talq import tables

from . import content

Body = dict[str, Any]
PROFILES = (
    "lighting", "smartParking", "environmentalMonitoring", "lightingAssetManagement",
    "cabinetControl",
)  # fmt: skip
SIDES = ("cms", "gateway")
_LIMITS = {
    "dayOffset": 12, "maximumCalendars": 50, "maximumPrograms": 100, "maxProgramsPerCalendar": 20,
    "maxSwitchPointsPerProgram": 50, "maxActivePeriodsPerProgram": 10,
    "programSecondsSupported": True,
}  # fmt: skip


class Offer(NamedTuple):
    """Services, classes and devices, as they are announced."""

    services: list[Body]
    classes: list[Body]
    devices: list[Body]


def profiles_of(services: Iterable[Body]) -> list[str]:
    """The profiles that a gateway's services announce."""
    for service in services:
        if service.get("name") == "ConfigurationService":
            return [str(name) for name in service.get("supportedProfiles") or ()]
    return []


def marks(profiles: Iterable[str], sides: Iterable[str] = SIDES) -> list[talq.Mark]:
    """What these profiles make mandatory, once each."""
    return list(
        dict.fromkeys(m for side in sides for name in profiles for m in talq.marks(side, name))
    )


def is_event(name: str) -> bool:
    """Whether an event that a function lists has a type; the official files forget three."""
    scalar = tables.schemas()["EventType"].scalar
    return scalar is not None and name in (scalar.enum or ())


def offer(profiles: tuple[str, ...], uri: str, at_s: float) -> Offer:
    """uri: tells one gateway's devices from another's; at_s: POSIX s, of all values."""
    devices, classes = [], []
    whole = marks(profiles)
    shown: set[str] = {"GatewayFunction"}
    wanted: list[tuple[str, list[str]]] = []
    for profile in profiles:
        kinds = [m.name for m in marks([profile]) if m.kind == "function"]
        wanted.append((profile, [kind for kind in kinds if kind != "GatewayFunction"]))
        shown |= set(kinds)
    rest = sorted({m.of for m in whole if m.of and "Function" in tables.lineage(m.of)} - shown)
    rest = [kind for kind in rest if kind != "Function"]
    if rest:
        wanted.append(("others", ["BasicFunction", *rest]))
    for name, kinds in wanted:
        functions = [_function(kind, whole, at_s) for kind in dict.fromkeys(kinds)]
        events = [mark for mark in whole if mark.kind == "event" and is_event(mark.name)]
        classes.append(
            {"name": f"played-{name}", "functions": content.described(functions, events)}
        )
        address = str(uuid5(NAMESPACE_URL, f"{uri}#{name}"))
        devices.append(content.device(address, f"played {name}", f"played-{name}", functions))
    return Offer(_services(profiles), classes, devices)


def _function(kind: str, whole: list[talq.Mark], at_s: float) -> Body:
    names = [m.name for m in whole if m.kind == "attribute" and m.of in tables.lineage(kind)]
    return content.function(kind, dict.fromkeys(names), at_s)


def _services(profiles: tuple[str, ...]) -> list[Body]:
    found = []
    for mark in marks(profiles):
        if mark.kind == "service":
            service = content.minimal(mark.name)
            known = tables.properties(mark.name)
            service |= {name: value for name, value in _LIMITS.items() if name in known}
            if mark.name == "ConfigurationService":
                service["supportedProfiles"] = list(profiles)
            found.append(service)
    return found
