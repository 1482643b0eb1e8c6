"""The commands of a CMS, overrides and assignments, judged whole before anything changes (T9).

Every method raises talq.TalqError and has then changed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from protocol import talq

from . import compile as compiler
from . import external, translate
from .attachment import Attachment
from .configure import Configure
from .devices import RANKS, Device, Override
from .effects import Now
from .gateway import Gateway
from .inputs import Trigger
from .library import Library
from .outputs import Order
from .station_words import OUTPUTS

LAMP_FUNCTION = "lamp"
RAMP_S_MAX = 3600.0
END_S = translate.EPOCH_S + 65536 * translate.DAY_S  # Frames count days in 16 bits.


class Control:
    """Commands of one CMS."""

    def __init__(self, gateway: Gateway, cms: str) -> None:
        self._gateway = gateway
        self._cms = cms

    @property
    def _own(self) -> Attachment:
        return self._gateway.attachment(self._cms)

    # Overrides (C9).

    def override(self, said: Mapping[str, Any], origin: str, now: Now) -> None:
        """Take or release overrides; the nodes hear of it after it is on disk."""
        targets = list(
            self._targets(said.get("addresses") or (), "addresses", "overrideAddressNotValid")
        )
        stations = {t.device.address: t for t in targets if t.is_output}
        lamps = [t for t in targets if not t.is_output]
        devices = self._lit(lamps, "overrideAddressNotValid")
        command = said.get("targetCommand")
        if command is None:
            for target in stations.values():
                ref = said.get("cmsRefId")
                self._gateway.beside.outputs.release(target.device, self._cms, ref, now)
            for device in devices:
                self._release(device, said.get("cmsRefId"), origin, now)
            return
        starts_s, expires_s, ramp_s = _times(command, now)
        orders = self._orders(stations.values(), command, (starts_s, expires_s), origin)
        if orders and not devices:
            self._order(orders, now)
            return
        rank, ref = _ranked(str(command.get("cmsRefId") or ""))
        try:
            level = compiler.level_of("targetCommand", command)
        except compiler.NotForNodesError as error:
            raise talq.TalqError(
                422, "overrideCommandNotValid", str(error), error.field
            ) from error
        if not said.get("addresses"):
            self._external(command, Trigger(level, round(ramp_s), 0, starts_s, expires_s))
            return
        for device in devices:
            number = device.next_number()
            override = Override(
                number, rank, level, starts_s, expires_s, round(ramp_s * 10), ref, origin,
                self._cms, asked_ms=now.tick_ms,
            )  # fmt: skip
            self._keep(device, override, now)
        self._order(orders, now)

    def _orders(
        self, targets: Iterable[_Target], command: Mapping[str, Any],
        times_s: tuple[float, float], origin: str,
    ) -> list[tuple[Device, Order]]:  # fmt: skip
        """The orders for outputs; of a group those that can do it. TalqError 422."""
        found = []
        for target in targets:
            try:
                on, text = self._gateway.beside.outputs.judge(target.device, command)
            except ValueError as error:
                if target.of_group:
                    continue
                raise talq.TalqError(
                    422, "overrideCommandNotValid", str(error), "targetCommand.state"
                ) from error
            order = Order(on, text, *times_s, dict(command), self._cms, origin)
            found.append((target.device, order))
        return found

    def _order(self, orders: Iterable[tuple[Device, Order]], now: Now) -> None:
        for device, order in orders:
            self._gateway.beside.outputs.order(device, order, now)

    def _external(self, command: Mapping[str, Any], trigger: Trigger) -> None:
        """A command of an external sensor: for the lamps whose programs listen to it (C6)."""
        _, from_s = compiler.ramps_of("targetCommand", command)
        programs = self._own.programs.values()
        trigger = trigger._replace(ramp_from_s=from_s)
        kept = external.take(self._gateway.inputs, programs, command, trigger)
        self._gateway.effects.store("resource", self._cms, external.KIND, *kept)

    def _keep(self, device: Device, override: Override, now: Now) -> None:
        before = device.overrides.get(override.rank)
        if before is not None and before is not override:
            device.node.drop(before.command_id)
            override.replaces(before)
        device.overrides[override.rank] = override
        o = override
        self._gateway.effects.store(
            "override", device.address, o.rank, o.number, o.level_percent, o.starts_s, o.expires_s,
            o.ramp_ds, o.cms_ref_id, o.origin, o.cms, int(o.released),
        )  # fmt: skip
        self._gateway.push(device, now)

    def _release(self, device: Device, ref: object, origin: str, now: Now) -> None:
        for override in list(device.overrides.values()):
            if override.cms != self._cms or (ref and override.cms_ref_id != ref):
                continue  # A CMS ends what it began itself.
            device.node.drop(override.command_id)
            override.released, override.done, override.command_id = True, False, 0
            override.origin, override.asked_ms = origin, now.tick_ms
            self._keep(device, override, now)

    def _planned(self, rows: Iterable[Mapping[str, Any]], where: str, key: str) -> list[Device]:
        """The lamps and contactors that addresses mean; of a group those that are (C10, G2)."""
        found: dict[str, Device] = {}
        for target in self._targets(rows, where, key):
            planned = target.device.planned
            if planned and target.function in ("", planned):
                found[target.device.address] = target.device
            elif not target.of_group:
                raise target.refused(key, "takes no calendar")
        return list(found.values())

    def _lit(self, targets: Iterable[_Target], key: str) -> list[Device]:
        found: dict[str, Device] = {}
        for target in targets:
            device, function = target.device, target.function
            if device.is_lamp and function in ("", LAMP_FUNCTION):
                found[device.address] = device
            elif not target.of_group:
                raise target.refused(key, "is not a lamp")
        return list(found.values())

    def _targets(
        self, rows: Iterable[Mapping[str, Any]], where: str, key: str
    ) -> Iterator[_Target]:
        """Devices and functions that addresses mean, groups opened now; TalqError 422."""
        for index, row in enumerate(rows):
            resource, text = str(row["resource"]).strip("/"), str(row["address"])
            field = f"{where}[{index}].address"
            if resource != "groups":
                yield self._target(resource, text, field, key, of_group=False)
                continue
            if text not in self._own.groups:
                raise talq.TalqError(422, key, f"no group {text!r}", field, (("groups", text),))
            for inner, address in talq.members(self._own.groups, text):
                yield self._target(inner, address, field, key, of_group=True)

    def _target(
        self, resource: str, text: str, field: str, key: str, *, of_group: bool
    ) -> _Target:
        address, _, rest = text.partition("/")
        device = self._gateway.devices.get(address)
        if resource != "devices" or device is None or not self._own.sees(address):
            raise talq.TalqError(
                422, key, f"{text!r} is not a device here", field, ((resource, text),)
            )
        return _Target(device, rest.partition("/")[0], text, field, of_group)

    # Assignments (C10).

    def assign(self, said: Mapping[str, Any], origin: str, now: Now) -> None:
        """Give a calendar or a type to devices, or take it away."""
        entity = said.get("entity") or {"resource": "calendars", "address": ""}
        resource, name = str(entity["resource"]).strip("/"), str(entity["address"])
        if resource != "calendars" and resource not in talq.TYPES:
            raise talq.TalqError(
                422, "assignmentEntityNotValid", f"{resource} are not assigned here",
                "entity.resource",
            )  # fmt: skip
        if name and not self._own.catalogue.exists(resource, name):
            text, refs = f"no {name!r} in {resource}", ((resource, name),)
            raise talq.TalqError(422, "assignmentEntityNotValid", text, "entity.address", refs)
        rows = said.get("addresses") or ()
        if resource != "calendars":
            self._assign_type(resource, name, rows, now)
            return
        planned = self._planned(rows, "addresses", "assignmentAddressNotValid")
        library = Library(self._gateway, self._cms)
        for device in planned:
            if not name and device.calendar_id and device.cms != self._cms:
                # A CMS takes away what it gave itself: nothing is to be done, and that is told.
                self._gateway.effects.patches += [(self._cms, origin, device.address)] * bool(
                    origin
                )
                continue
            device.calendar_id, device.cms = name, self._cms
            device.calendar_s, device.calendar_origin = now.domain_s, origin
            self._gateway.effects.store(
                "assignment", device.address, self._cms, name, now.domain_s, origin
            )
            library.compiled(device, now)

    def _assign_type(
        self, resource: str, name: str, rows: Iterable[Mapping[str, Any]], now: Now
    ) -> None:
        key = "assignmentAddressNotValid"
        (attribute,) = (a for a, path in talq.attribute_resources().items() if path == resource)
        chosen: list[tuple[Device, str]] = []
        for target in self._targets(rows, "addresses", key):
            functions = [
                f["id"] for f in self._own.body(target.device)["functions"]
                if target.function in ("", f["id"])
                and talq.scope_of(str(f["type"]), attribute) == "configuration"
            ]  # fmt: skip
            if not functions and not target.of_group:
                raise target.refused(key, f"has no {attribute}")
            chosen += [(target.device, function) for function in functions]
        configure = Configure(self._gateway, self._cms)
        value = {"type": "AttributeString", "value": name}
        for device, function in chosen:
            configure.set(device, function, attribute, value, now)

    def assigned(self) -> list[dict[str, Any]]:
        """What is assigned now, as one command for each calendar and type."""
        by_entity: dict[tuple[str, str], list[str]] = {}
        for device in self._own.devices():
            if device.cms == self._cms and device.calendar_id:
                entity = ("calendars", device.calendar_id)
                by_entity.setdefault(entity, []).append(device.address)
            said = self._own.configured.get(device.address)
            functions = said.functions.items() if said else ()
            for found in talq.device_references(
                {"functions": [{"id": name, **values} for name, values in functions]}
            ):
                by_entity.setdefault(found[:2], []).append(device.address)
        return [
            {"entity": {"resource": resource, "address": name},
             "addresses": [{"resource": "devices", "address": a} for a in addresses]}
            for (resource, name), addresses in by_entity.items()
        ]  # fmt: skip


class _Target(NamedTuple):
    """A device, or one function of it, that a command names itself or through a group."""

    device: Device
    function: str
    text: str
    field: str
    of_group: bool

    @property
    def is_output(self) -> bool:
        """Whether a contactor or a sign is meant."""
        output = OUTPUTS.get(self.device.asset.kind)
        return output is not None and self.function in ("", output)

    def refused(self, key: str, why: str) -> talq.TalqError:
        refs = (("devices", self.text),)
        return talq.TalqError(422, key, f"{self.text!r} {why}", self.field, refs)


def _ranked(ref: str) -> tuple[str, str]:
    """(rank, cmsRefId) of an override's reference; ordinary without a rank word."""
    word = ref.partition(":")[0]
    return (word if word in RANKS else RANKS[0]), ref


def _times(command: Mapping[str, Any], now: Now) -> tuple[float, float, float]:
    """Start, expiry (POSIX seconds) and ramp (seconds) of a command; TalqError."""
    starts_s, expires_s = _time_s(command.get("start")), _time_s(command.get("expiration"))
    ramp_s = float(command.get("rampToLevelTime") or 0)
    said, field = "", ""
    if expires_s and expires_s <= max(starts_s, now.domain_s):
        said, field = "is over already", "expiration"
    elif max(starts_s, expires_s) >= END_S:
        field = "start" if starts_s >= END_S else "expiration"
        said = "is beyond the days that a node can count"
    elif ramp_s < 0:
        said, field = "is less than 0", "rampToLevelTime"
    if said:
        raise talq.TalqError(422, "overrideCommandNotValid", said, f"targetCommand.{field}")
    return starts_s, expires_s, min(RAMP_S_MAX, ramp_s)


def _time_s(text: object) -> float:
    """POSIX seconds of a timestamp; 0.0 when there is none."""
    return talq.read_timestamp_ms(text) / 1000 if isinstance(text, str) and text else 0.0
