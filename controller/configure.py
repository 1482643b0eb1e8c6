"""Devices as a CMS sets them: attributes, whole devices, new ones and ones sent away.

Read-only attributes are taken and left as they are (T14); what we do not know is kept and given
back (T10); what names a resource must name one that is here (D9). Every method raises
talq.TalqError and has then changed nothing (T9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from protocol import plan, talq

from . import announce
from .attachment import Attachment, Configured
from .devices import Device
from .effects import Now
from .gateway import Gateway

Body = Mapping[str, Any]
_READ_ONLY = ("measurement", "event")
_RESETS = ("reboot", "factoryReset", "configurationReset")
# What of a device its node is configured by.
_OF_NODES = ("defaultLightState", "maxDuration")


class _Setting(NamedTuple):
    """One attribute to be set."""

    device: str
    function: str
    kind: str
    name: str
    value: dict[str, Any]


class Operation(NamedTuple):
    """An operational attribute that was set: it is to be done, not kept."""

    device: Device
    function: str
    name: str
    value: Any


class Configure:
    """The devices of one CMS."""

    def __init__(self, gateway: Gateway, cms: str) -> None:
        self._gateway = gateway
        self._cms = cms

    @property
    def own(self) -> Attachment:
        """What this CMS gave us."""
        return self._gateway.attachment(self._cms)

    def patch(self, bodies: list[dict[str, Any]], now: Now, *, whole: bool) -> list[Operation]:
        """PATCH (or PUT: whole) devices; what is operational is returned, to be done."""
        settings: list[_Setting] = []
        faults: list[talq.Fault] = []
        for number, body in enumerate(bodies):
            address = str(body["address"])
            if address != self.own.gateway_address and not self.own.sees(address):
                fault = talq.not_here("Device", address).faults[0]
                raise talq.TalqError(404, fault.key, fault.description, f"{number}.address")
            faults += self._misfits(address, body, f"{number}.")
            settings += self._settings(body)
        faults += self._dangling(bodies)
        if faults:
            raise talq.TalqError.of(faults[:20])
        if whole:
            self._begin_anew(bodies)
        self._bring_back(bodies)
        operations = [o for one in settings for o in self._apply(one, now)]
        for address in {str(body["address"]) for body in bodies}:
            self._store(address)
            device = self._gateway.devices.get(address)
            if device is not None:
                if whole and device.asset.kind in (
                    "lamp",
                    "bay",
                ):  # What it was set to before is gone.
                    self._gateway.configured(device, now)
                self._gateway.beside.reconsider(device, now)
        return operations

    def set(
        self, device: Device, function: str, name: str, value: dict[str, Any], now: Now
    ) -> None:
        """Set one configuration attribute that was judged before."""
        kind = announce.FUNCTION_TYPES.get(function, "")
        for _ in self._apply(_Setting(device.address, function, kind, name, value), now):
            raise AssertionError("only configuration is set like that")
        self._store(device.address)

    def _misfits(self, address: str, body: Body, where: str) -> Iterator[talq.Fault]:
        """Known functions keep their type; further ones are a vendor's (T10)."""
        shown = self._shown(address)
        known = {f["id"]: str(f["type"]) for f in shown["functions"]}
        for name in announce.class_functions(str(shown["class"])):  # A PUT may have left it out.
            known.setdefault(name, announce.FUNCTION_TYPES[name])
        for number, function in enumerate(body.get("functions") or ()):
            kind, field = str(function["type"]), f"{where}functions.{number}"
            if function["id"] in known:
                if known[function["id"]] != kind:
                    text = f"{function['id']!r} is a {known[function['id']]}"
                    yield talq.Fault(422, "resourceConflict", text, f"{field}.type")
            elif kind in talq.derived("Function") and kind != "LamplighterNodeFunction":
                text = f"the class of the device has no function {function['id']!r}"
                yield talq.Fault(422, "relatedResourceNotFound", text, f"{field}.id")
        told = body.get("class")
        if told is not None and told != shown["class"]:
            text = f"it is of the class {shown['class']!r}"
            yield talq.Fault(422, "relatedResourceNotFound", text, f"{where}class")

    def _shown(self, address: str) -> dict[str, Any]:
        if address == self.own.gateway_address:
            names = announce.class_functions(announce.GATEWAY_CLASS)
            functions = [{"id": f, "type": announce.FUNCTION_TYPES[f]} for f in names]
            return {"functions": functions, "class": announce.GATEWAY_CLASS}
        return self.own.body(self._gateway.devices[address])

    def _dangling(self, bodies: list[dict[str, Any]]) -> Iterator[talq.Fault]:
        for number, body in enumerate(bodies):
            for found in talq.device_references(dict(body)):
                if not self.own.catalogue.exists(found.resource, found.address):
                    refs = ((found.resource, found.address),)
                    yield talq.Fault(
                        422, "relatedResourceNotFound", f"no {found.address!r} is here",
                        f"{number}.{found.field}", refs,
                    )  # fmt: skip

    def _settings(self, body: Body) -> Iterator[_Setting]:
        for function in body.get("functions") or ():
            kind = str(function["type"])
            for name, value in function.items():
                if name in ("id", "type"):
                    continue
                if isinstance(value, Mapping) and talq.scope_of(kind, name) in _READ_ONLY:
                    continue
                yield _Setting(str(body["address"]), str(function["id"]), kind, name, value)

    def _begin_anew(self, bodies: list[dict[str, Any]]) -> None:
        """PUT: what was set before is gone, and so are functions that are not sent (T13)."""
        for body in bodies:
            sent = {str(f["id"]) for f in body.get("functions") or ()}
            self.own.configured.pop(str(body["address"]), None)
            known = {str(f["id"]) for f in self._shown(str(body["address"]))["functions"]}
            self.own.configured[str(body["address"])] = Configured({}, known - sent)

    def _bring_back(self, bodies: list[dict[str, Any]]) -> None:
        """A function that is sent is there again, also when it brings no attribute (T13)."""
        for body in bodies:
            said = self.own.configured.get(str(body["address"]))
            if said is not None:
                said.without -= {str(f["id"]) for f in body.get("functions") or ()}

    def _apply(self, one: _Setting, now: Now) -> Iterator[Operation]:
        said = self.own.configured.setdefault(one.device, Configured())
        held = said.functions.setdefault(one.function, {"type": one.kind})
        device = self._gateway.devices.get(one.device)
        if device is not None and talq.scope_of(one.kind, one.name) == "operational":
            confirmed = (held.get("commandConfirmation") or {}).get("value") is True
            if one.name not in _RESETS or confirmed:
                yield Operation(device, one.function, one.name, one.value.get("value"))
            return
        if isinstance(one.value, dict) and "type" in one.value:
            stamped = {"timestamp": talq.timestamp(now.domain_s), **one.value}
            held[one.name] = stamped
        else:
            held[one.name] = one.value
        if device is not None and one.name in _OF_NODES:
            self._gateway.configured(device, now)

    def _store(self, address: str) -> None:
        said = self.own.configured.get(address)
        if said is not None:
            kept = talq.encode(said.to_json())
            self._gateway.effects.store("resource", self._cms, "configured", address, kept)

    # Devices that come and go (D2).

    def add(self, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Commission devices by the serial or physical address of their hardware; as they are."""
        found: list[Device | plan.Asset] = []
        seen: set[tuple[str, str]] = set()
        for number, body in enumerate(bodies):
            one = self._found(body, number)
            asset = one if isinstance(one, plan.Asset) else one.asset
            hardware = (asset.node_id, asset.kind)
            if one is asset and hardware in seen:
                text = f"the node {asset.node_id} is in the list already"
                raise talq.TalqError(409, "resourceConflict", text, f"{number}.functions")
            seen.add(hardware)
            found.append(one)
        made = []
        for body, device in zip(bodies, found, strict=True):
            if isinstance(device, plan.Asset):
                address = str(body["address"])
                device = self._gateway.registry.add(
                    device, None if address == talq.NIL else address
                )
                kept = talq.encode({**body, "address": device.address})
                self._gateway.effects.store(
                    "resource", self._cms, "commissioned", device.address, kept
                )
            self.own.absent.discard(device.address)
            self._gateway.effects.store("resource_gone", self._cms, "absent", device.address)
            made.append(self.own.body(device))
        return made

    def _found(self, body: dict[str, Any], number: int) -> Device | plan.Asset:
        """The device that is meant, or the asset of a new one. TalqError 409, 422."""
        kind = announce.CLASS_KINDS.get(str(body["class"]))
        if kind is None:
            text = f"no class {body['class']!r} is announced"
            refs = (("device-classes", str(body["class"])),)
            raise talq.TalqError(422, "relatedResourceNotFound", text, f"{number}.class", refs)
        node_id = announce.hardware(body)
        if not plan.is_node_id(node_id):
            text = "serial or physicalAddress must be the 12 hex digits of a node"
            raise talq.TalqError(422, "resourceConflict", text, f"{number}.functions")
        address = str(body["address"])
        for device in self._gateway.registry.by_node.get(node_id, ()):
            if device.asset.kind == kind:
                other = address not in (talq.NIL, device.address)
                if address != talq.NIL and (other or self.own.sees(device.address)):
                    refs = (("devices", device.address),)
                    text = f"the node {node_id} is {device.address}"
                    raise talq.TalqError(409, "resourceConflict", text, f"{number}.address", refs)
                return device
        if address in self._gateway.devices or address == self.own.gateway_address:
            text, refs = "is another device", (("devices", address),)
            raise talq.TalqError(409, "resourceConflict", text, f"{number}.address", refs)
        return announce.asset_of(body, node_id, kind, self._gateway.site)

    def remove(self, address: str) -> dict[str, Any]:
        """This CMS no longer has the device. TalqError 404, 422 while something refers to it."""
        if not self.own.sees(address):
            raise talq.not_here("Device", address)
        device = self._gateway.devices[address]
        users = tuple(self.own.catalogue.referrers("devices", address))[:20]
        if users:
            raise talq.TalqError(422, "deletingResourceIsReferred", "is referred to", "", users)
        body = self.own.body(device)
        self.own.absent.add(address)
        self.own.configured.pop(address, None)
        self._gateway.effects.store("resource_gone", self._cms, "configured", address)
        self._gateway.effects.store("resource", self._cms, "absent", address, b"{}")
        return body
