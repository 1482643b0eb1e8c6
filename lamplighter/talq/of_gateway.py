"""Checks of a gateway: we are the CMS it was given. Bootstrap and transport."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from protocol import talq

from .offer import profiles_of
from .results import Failed, NotAnnounced
from .run_io import Check, expect
from .sides import FIRST, Attached, PlayedCms, gateway_function
from .transport import Target, Write
from .wire_io import Exchange

Body = dict[str, Any]
SILENT = {
    "B8": "the gateway must be given a second CMS",
    "C7": "it needs a night in which the clocks change",
    "C8": "a light must be watched",
    "G2": "it needs two groups and a light that is watched",
    "L6": "it needs a day and a night",
}
_ORDER = ("addDevices", "addDeviceClasses", "partialUpdateDevice", "announceServices",
          "addDeviceClasses")  # fmt: skip
_SAME = {"partialUpdateDevices": "partialUpdateDevice", "updateDevice": "partialUpdateDevice",
         "updateDeviceClasses": "addDeviceClasses"}  # fmt: skip


class GatewayCheck:
    """One run over an attached gateway; `began`: where its bootstrap starts in the journal."""

    def __init__(self, cms: PlayedCms, gateway: Attached, began: int = 0) -> None:
        self.cms = cms
        self.gateway = gateway
        self.call = gateway.caller.call
        self.journal = cms.played.journal
        self._came = self._of_bootstrap(began)
        self.calendar = f"check-{uuid4()}"

    def bootstrap(self) -> dict[str, Check]:
        """B1 to B6, seen in what came."""
        return {
            "B1": self._announced, "B2": self._class_and_values, "B3": self._told,
            "B4": self._services, "B5": self._nothing_else, "B6": self._grew,
        }  # fmt: skip

    def transport(self) -> dict[str, Check]:
        """T1 to T14."""
        return {
            **self._target().checks(), "T11": self._quoted, "T12": self._own_only,
            "T13": self._merged, "T14": self._read_only,
        }  # fmt: skip

    async def prepare(self) -> None:
        """A calendar that the transport's rules write to."""
        await self.call("addCalendars", body=[self._calendar(self.calendar)])

    async def now_s(self) -> float:
        """The gateway's time, POSIX s: it may live in a simulated one. Ours, if it tells none."""
        for function in self._own_sent()["functions"]:
            if "currentTime" in function:
                path = (self.gateway.address, function["id"], "currentTime")
                reply = await self.call("getDeviceAttribute", *path)
                told = reply.body.get("value") if isinstance(reply.body, dict) else None
                if isinstance(told, str):
                    return talq.read_timestamp_ms(told) / 1000
        return time.time()

    def _calendar(self, name: str) -> Body:
        return {"id": name, "ownerCMS": self.cms.address, "rules": []}

    def _target(self) -> Target:
        bad = {**self._calendar(str(uuid4())), "rules": [{"program": "never-sent"}]}
        return Target(
            self.gateway.caller, ("getDevices",),
            lambda: Write("updateCalendars", (), [self._calendar(self.calendar)]),
            "addCalendars", self._calendar, bad, "getCalendar",
        )  # fmt: skip

    # Bootstrap.

    def _of_bootstrap(self, began: int) -> list[Exchange]:
        """What came from its last announcement to the end of its bootstrap, in order."""
        found: list[Exchange] = []
        for one in self.journal.exchanges[began:]:
            first = one.operation == "addDevices" and _is_first(one)
            mine = one.query.get("clientAddress") == self.gateway.address
            if one.ours or not (first or mine):
                continue
            if first and one.status == 201 and not _is_of(one, self.gateway):
                continue
            found = [one] if first and one.status == 201 else [*found, one]
        return found

    async def _announced(self) -> None:
        first = self._came[0] if self._came else None
        if first is None or not _is_first(first):
            raise Failed("no announcement was seen")
        device = first.body[0]
        function = gateway_function(device)
        for name in ("gatewayAddress", "cmsAddress"):
            value = (function.get(name) or {}).get("value")
            if value not in (None, "", talq.NIL):
                raise Failed(
                    f"{name} is {value!r} in the first announcement; expected none or NIL"
                )
        if first.problems:
            raise Failed("; ".join(first.problems))

    async def _class_and_values(self) -> None:
        steps = _steps(self._came)
        if steps[: len(_ORDER)] != list(_ORDER):
            raise Failed(f"the order was {steps[:8]}; expected {list(_ORDER)}")
        own = gateway_function(self._own_sent())
        if (own.get("gatewayAddress") or {}).get("value") != self.gateway.address:
            raise Failed(f"its values do not hold the address that it was given: {own}")
        faults = talq.misfits(self._own_sent(), self._class_of(self._own_sent()))
        if faults:
            raise Failed("; ".join(fault.description for fault in faults))

    def _own_sent(self) -> Body:
        return self.gateway.memory.table("devices")[self.gateway.address]

    def _class_of(self, device: Body) -> Body:
        found = self.gateway.memory.table("device-classes").get(str(device.get("class")))
        if found is None:
            raise Failed(
                f"{device.get('name')} is of class {device.get('class')!r}, never announced"
            )
        return found

    async def _told(self) -> None:
        expect(await self.cms.tell(self.gateway), 200, 202, what="PATCH of its device")
        device = expect(await self.call("getDevice", self.gateway.address), 200)
        value = (gateway_function(device).get("cmsAddress") or {}).get("value")
        if value != self.cms.address:
            raise Failed(f"cmsAddress was set to {self.cms.address} and is read as {value!r}")

    async def _services(self) -> str:
        services = self.gateway.memory.table("services")
        if "ConfigurationService" not in services:
            raise Failed(f"no ConfigurationService among {sorted(services)}")
        profiles = profiles_of(services.values())
        if not profiles:
            raise Failed("ConfigurationService names no supportedProfiles")
        if self._came and _steps(self._came)[: len(_ORDER)] != list(_ORDER):
            raise Failed("services and remaining classes did not end the bootstrap")
        return f"{', '.join(profiles)}; {', '.join(sorted(services))}"

    async def _nothing_else(self) -> None:
        early = [
            one for one in self._came[1:]
            if one.operation not in FIRST and one.status == 403 and not _is_first(one)
        ]  # fmt: skip
        if early:
            told = ", ".join(sorted({one.operation for one in early}))
            raise Failed(f"before its bootstrap ended it sent: {told}")

    async def _grew(self) -> str:
        changed = [
            one for one in self.journal.incoming("updateDeviceClass", "updateDeviceClasses")
            if one.status == 200
        ]  # fmt: skip
        known: dict[str, Body] = {}
        for one in self.journal.incoming("addDeviceClasses", *{c.operation for c in changed}):
            for body in _bodies(one):
                lost = talq.narrowed(known.get(body["name"], body), body)
                if lost:
                    raise Failed(f"the class {body['name']!r} lost {lost}")
                known[body["name"]] = body
        return f"{len(known)} classes, {len(changed)} changes"

    # Transport.

    async def _quoted(self) -> None:
        name = f"id/of 100% ü?#& {uuid4()}"
        expect(await self.call("addCalendars", body=[self._calendar(name)]), 201, what=name)
        if expect(await self.call("getCalendar", name), 200, what=name).get("id") != name:
            raise Failed(f"{name!r} came back with another id")
        expect(await self.call("deleteCalendar", name), 200, what=f"DELETE of {name}")

    async def _own_only(self) -> str:
        listed = expect(await self.call("getCalendars"), 200)
        strange = [one["id"] for one in listed if one.get("ownerCMS") != self.cms.address]
        if strange:
            raise Failed(f"it shows another CMS's calendars: {strange[:5]}")
        devices = expect(await self.call("getDevices"), 200)
        gateways = [one["address"] for one in devices if gateway_function(one)]
        if gateways != [self.gateway.address]:
            raise Failed(f"it shows gateway functions other than ours: {gateways}")
        tls = self.gateway.caller.base_uri.startswith("https")
        return "mutual TLS" if tls else "plain HTTP: mutual TLS was not checked"

    async def _own(self) -> Body:
        device = expect(await self.call("getDevice", self.gateway.address), 200)
        return gateway_function(device)

    async def _merged(self) -> None:
        before = await self._own()
        value = {"type": "AttributeFloat", "value": 7.0}
        function = {"id": before["id"], "type": "GatewayFunction", "cmsRetryPeriod": value}
        body = {"address": self.gateway.address, "functions": [function]}
        expect(await self.call("partialUpdateDevice", self.gateway.address, body=body), 200, 202)
        after = await self._own()
        if (after.get("cmsRetryPeriod") or {}).get("value") != 7.0:
            raise Failed(f"cmsRetryPeriod was set to 7 and is {after.get('cmsRetryPeriod')}")
        lost = [name for name in before if name not in after]
        if lost:
            raise Failed(f"PATCH of one attribute lost {lost}")
        await self.cms.tell(self.gateway)

    async def _read_only(self) -> str:
        for device in self.gateway.memory.table("devices").values():
            for function in device["functions"]:
                known = talq.properties_of(function["type"])
                for name, value in function.items():
                    fact = known.get(name)
                    if fact and fact.scope == "measurement" and fact.type == "AttributeFloat":
                        return await self._ignored(device["address"], function, name, value)
        raise NotAnnounced("none of its devices has a measurement")

    async def _ignored(self, address: str, function: Body, name: str, value: Body) -> str:
        sent = {"type": "AttributeFloat", "value": 123456.5}
        part = {"id": function["id"], "type": function["type"], name: sent}
        body = {"address": address, "functions": [part]}
        expect(await self.call("partialUpdateDevice", address, body=body), 200, 202, what=name)
        found = expect(await self.call("getDeviceAttribute", address, function["id"], name), 200)
        if found.get("value") == sent["value"]:
            raise Failed(f"{name} is a measurement, and a CMS could set it")
        return f"{function['type']}.{name}"


def _is_first(one: Exchange) -> bool:
    return one.query.get("clientAddress") in (None, "", talq.NIL)


def _is_of(one: Exchange, gateway: Attached) -> bool:
    bodies = one.answer if isinstance(one.answer, list) else []
    return any(body.get("address") == gateway.address for body in bodies)


def _steps(came: Sequence[Exchange]) -> list[str]:
    """The operations that succeeded, each once in a row."""
    found: list[str] = []
    for one in came:
        name = _SAME.get(one.operation, one.operation)
        if one.status < 300 and (not found or found[-1] != name):
            found.append(name)
    return found


def _bodies(one: Exchange) -> list[Body]:
    return one.body if isinstance(one.body, list) else [one.body or {}]
