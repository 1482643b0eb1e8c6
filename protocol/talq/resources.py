"""Which resources are kept as they are sent, how they are named, and what they refer to (D8, D9).

Two tables: COLLECTIONS, each with the usual operations, and where a body names other resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from . import tables
from .addresses import split_address


class Collection(NamedTuple):
    """A kind of resource: its path, the schema of one, the property that names one."""

    path: str
    schema: str
    key: str


class Reference(NamedTuple):
    """Something named in a body: which resource, its address, and where it stands.

    not `strict`: what is not here is an external sensor, which is no resource.
    """

    resource: str
    address: str
    field: str
    strict: bool = True


COLLECTIONS = {
    row.path: row
    for row in (
        Collection("calendars", "Calendar", "id"),
        Collection("control-programs", "ControlProgram", "id"),
        Collection("groups", "Group", "address"),
        Collection("logger-configs", "LoggerConfig", "address"),
        Collection("lamp-types", "LampType", "address"),
        Collection("luminaire-types", "LuminaireType", "address"),
        Collection("bracket-types", "BracketType", "address"),
        Collection("driver-types", "DriverType", "address"),
        Collection("controller-types", "ControllerType", "address"),
        Collection("control-device-dali-part103-types", "ControlDeviceDaliPart103Type", "address"),
        Collection("control-gear-dali-part102-types", "ControlGearDaliPart102Type", "address"),
        Collection("luminaire-data-dali-part251-types", "LuminaireDataDaliPart251Type", "address"),
        Collection("energy-data-dali-part252-types", "EnergyDataDaliPart252Type", "address"),
        Collection(
            "diagnostics-and-maintenance-data-dali-part253-types",
            "DiagnosticsAndMaintenanceDataDaliPart253Type",
            "address",
        ),
        Collection(
            "luminaire-mounted-control-device-dali-part351-types",
            "LuminaireMountedControlDeviceDaliPart351Type",
            "address",
        ),
    )
}
TYPES = tuple(path for path, row in COLLECTIONS.items() if row.schema.endswith("Type"))

# Attributes of functions that name a resource; those of the type resources follow their schemas.
_NAMED = {"lampTypeId": "lamp-types", "calendarID": "calendars"}


@cache
def attribute_resources() -> dict[str, str]:
    """Attribute name to the collection that its value is an address in."""
    found = dict(_NAMED)
    for path in TYPES:
        schema = COLLECTIONS[path].schema
        found[f"{schema[0].lower()}{schema[1:]}Address"] = path
    known = {name for kind in tables.descendants("Function") for name in tables.properties(kind)}
    return {name: path for name, path in found.items() if name in known}


def references(kind: str, body: dict[str, Any]) -> Iterator[Reference]:
    """What a checked body of a kind names; what is empty names nothing."""
    find = _FINDERS.get(kind, _nothing)
    return (reference for reference in find(body) if reference.address)


def device_references(body: dict[str, Any]) -> Iterator[Reference]:
    """What the attributes of a device's functions name."""
    for number, function in enumerate(body.get("functions") or ()):
        for name, path in attribute_resources().items():
            attribute = function.get(name)
            if isinstance(attribute, dict) and isinstance(attribute.get("value"), str):
                where = f"functions.{number}.{name}"
                if attribute["value"]:
                    yield Reference(path, attribute["value"], where)


def listed(found: Any, field: str) -> Iterator[Reference]:
    """ResourceReferences of a list."""
    for number, one in enumerate(found or ()):
        yield Reference(one["resource"].strip("/"), one["address"], f"{field}.{number}")


def device_of(address: str) -> str:
    """The device of an address `device[/function[/attribute]]`, or all of what is none."""
    try:
        return split_address(address).device
    except ValueError:
        return address


def _nothing(body: dict[str, Any]) -> Iterator[Reference]:
    return iter(())


def _calendar(body: dict[str, Any]) -> Iterator[Reference]:
    if body.get("defaultProgram"):
        yield Reference("control-programs", body["defaultProgram"], "defaultProgram")
    for number, rule in enumerate(body.get("rules") or ()):
        yield Reference("control-programs", rule["program"], f"rules.{number}.program")


def _program(body: dict[str, Any]) -> Iterator[Reference]:
    """Sensors of periods and dynamic controls; external sensors are no resources."""
    for number, period in enumerate(body.get("activePeriods") or ()):
        yield from _sensors(period, f"activePeriods.{number}")
        if isinstance(period.get("reference"), dict):
            yield from listed([period["reference"]], f"activePeriods.{number}.reference")
    for number, control in enumerate(body.get("dynamicControls") or ()):
        effect = control.get("effect") or {}
        if effect.get("type") == "FixedControlEffect":
            yield from _sensors(
                effect.get("source") or {}, f"dynamicControls.{number}.effect.source"
            )


def _sensors(holder: dict[str, Any], field: str) -> Iterator[Reference]:
    sensor = holder.get("sensor")
    addresses = sensor.get("sensorAddresses") if isinstance(sensor, dict) else None
    for address in addresses or ():
        yield Reference("devices", address, f"{field}.sensor.sensorAddresses")


def _group(body: dict[str, Any]) -> Iterator[Reference]:
    yield from listed(body.get("members"), "members")


def _logger(body: dict[str, Any]) -> Iterator[Reference]:
    sources = body.get("sourceAddresses") or {}
    for name in ("whiteList", "blackList"):
        yield from listed(sources.get(name), f"sourceAddresses.{name}")


_FINDERS = {
    "Calendar": _calendar,
    "ControlProgram": _program,
    "Group": _group,
    "LoggerConfig": _logger,
    "Device": device_references,
}
