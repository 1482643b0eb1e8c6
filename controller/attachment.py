"""What one CMS gave the gateway: resources, loggers, what it set on devices, what it sent away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol import plan, talq

from . import announce, assets
from .devices import Device
from .loggers import Logger

PROGRAMS_MAX, CALENDARS_MAX, LOGGERS_MAX, GROUPS_MAX = 256, 64, 16, 1024
# Types are a few hundred even in a city; a peer that sends more means something else.
TYPES_MAX = 1000
LIMITS = {
    "control-programs": PROGRAMS_MAX, "calendars": CALENDARS_MAX, "logger-configs": LOGGERS_MAX,
    "groups": GROUPS_MAX, **dict.fromkeys(talq.TYPES, TYPES_MAX),
}  # fmt: skip


@dataclass
class Configured:
    """What a CMS set on one device: attributes by function, and functions that a PUT left out."""

    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {"functions": self.functions, "without": sorted(self.without)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Configured:
        """As it was stored."""
        return cls(dict(said["functions"]), set(said["without"]))

    def over(self, body: dict[str, Any]) -> dict[str, Any]:
        """A device's body with what was set on it."""
        functions = [
            {**f, **self.functions.get(f["id"], {})}
            for f in body["functions"] if f["id"] not in self.without
        ]  # fmt: skip
        known = {f["id"] for f in functions}
        functions += [
            {"id": name, **said} for name, said in self.functions.items()
            if name not in known and name not in self.without
        ]  # fmt: skip
        return {**body, "functions": functions}


class Attachment:
    """One CMS by its base URI, over the devices of the gateway."""

    def __init__(self, uri: str, devices: Mapping[str, Device], site: plan.Plan) -> None:
        self.uri = uri
        self.gateway_address = ""
        self.loggers: dict[str, Logger] = {}
        self.configured: dict[str, Configured] = {}
        self.absent: set[str] = set()
        self.packages: dict[str, dict[str, Any]] = {}  # Installed, by package id.
        self.fetching: dict[str, dict[str, Any]] = {}  # Begun before a restart.
        self._devices = devices
        self._site = site
        self.catalogue = talq.Catalogue(talq.Others(self._exists, self._referrers), LIMITS)
        for collection, bodies in assets.types(site):
            for body in bodies:
                self.catalogue.restore(collection, body["address"], body)

    @property
    def programs(self) -> dict[str, dict[str, Any]]:
        """Control programs by id."""
        return self.catalogue.tables["control-programs"]

    @property
    def calendars(self) -> dict[str, dict[str, Any]]:
        """Calendars by id."""
        return self.catalogue.tables["calendars"]

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Groups by address."""
        return self.catalogue.tables["groups"]

    def sees(self, address: str) -> bool:
        """Whether this CMS has the device."""
        return address in self._devices and address not in self.absent

    def devices(self) -> Iterator[Device]:
        """The devices that this CMS has."""
        return (d for address, d in self._devices.items() if address not in self.absent)

    def body(self, device: Device) -> dict[str, Any]:
        """A device as this CMS is shown it."""
        body = announce.device(device, self.uri, self._site)
        said = self.configured.get(device.address)
        return said.over(body) if said else body

    def attribute(self, device: Device, function: str, name: str) -> Any:
        """The value that this CMS set on an attribute; None when it set none."""
        said = self.configured.get(device.address)
        found = said.functions.get(function, {}).get(name) if said else None
        return found.get("value") if isinstance(found, Mapping) else None

    def _exists(self, resource: str, address: str) -> bool:
        """Whether a group, logger or program may name this (G1, D9)."""
        if resource != "devices":
            return False
        try:
            found = talq.split_address(address)
        except ValueError:
            return False
        if found.device == self.gateway_address and self.gateway_address:
            return True
        if not self.sees(found.device):
            return False
        if not found.function:
            return True
        body = self.body(self._devices[found.device])
        functions = {f["id"]: f for f in body["functions"]}
        if found.function not in functions:
            return False
        function = functions[found.function]
        known = talq.scope_of(str(function.get("type")), found.attribute)
        return not found.attribute or found.attribute in function or bool(known)

    def _referrers(self, resource: str, address: str) -> Iterator[tuple[str, str]]:
        """Devices whose attributes name a resource."""
        if resource == "calendars":
            for device in self.devices():
                if device.cms == self.uri and device.calendar_id == address:
                    yield "devices", device.address
        elif resource in talq.TYPES:
            for device in self.devices():
                named = talq.device_references(self.body(device))
                if any((f.resource, f.address) == (resource, address) for f in named):
                    yield "devices", device.address
