"""Checks of a CMS that we are attached to: classes, devices, logs, restarts, and its commands."""

from __future__ import annotations

import copy
import time
from typing import Any
from uuid import uuid4

from protocol import talq

from .results import Failed, NotTestable
from .run_io import Check, expect, refused
from .sides import PlayedGateway, name_asset

Body = dict[str, Any]
_COMES_S_MAX = 10.0
_OPERATOR = "nothing of the kind came; only an operator of that CMS can cause it"
_LOGGER = "lamplighter-talq-check"
_ENTRIES = 100


class CmsData:
    """Checks after the bootstrap."""

    def __init__(self, gateway: PlayedGateway) -> None:
        self.gateway = gateway
        self.cms = gateway.cms
        self.journal = gateway.played.journal

    def checks(self) -> dict[str, Check]:
        """By rule; B9 and B7 end it, for they take the attachment away."""
        return {
            "B6": self._grows, "D3": self._read, "D5": self._paged, "D6": self._changed,
            "D8": self._referred, "D9": self._unknown, "L1": self._loggers, "L2": self._twice,
            "L3": self._large, "L5": self._lasting, "B9": self._restart, "B7": self._resync,
        }  # fmt: skip

    @property
    def _first(self) -> Body:
        return self.gateway.devices[0]

    # Classes and devices.

    async def _grows(self) -> None:
        source = self.gateway.classes[0]
        name = f"growing {uuid4()}"
        small = {"name": name, "functions": source["functions"][:1]}
        wide = {"name": name, "functions": source["functions"][:2]}
        expect(await self.cms.call("addDeviceClasses", body=[small]), 201)
        expect(await self.cms.call("updateDeviceClass", name, body=wide), 200, what="wider")
        reply = await self.cms.call("updateDeviceClass", name, body=small)
        refused(reply, "a class that shrinks")
        device = copy.deepcopy({**self._first, "address": str(uuid4()), "name": "grown"})
        device["functions"] = device["functions"][:2]
        name_asset(device, "grown")
        expect(await self.cms.call("addDevices", body=[device]), 201)
        patch = {"address": device["address"], "class": name, "functions": []}
        path = device["address"]
        expect(await self.cms.call("partialUpdateDevice", path, body=patch), 200, what="its class")
        if expect(await self.cms.call("getDevice", path), 200).get("class") != name:
            raise Failed("PATCH did not change the class of a device")
        expect(await self.cms.call("deleteDevice", path), 200)
        expect(await self.cms.call("deleteDeviceClass", name), 200)

    async def _read(self) -> None:
        address = self._first["address"]
        whole = expect(await self.cms.call("getDevice", address), 200)
        if len(whole["functions"]) != len(self._first["functions"]):
            raise Failed("the device has not the functions that were announced")
        sent = next(f for f in self._first["functions"] if f["type"] == "BasicFunction")
        found = expect(await self.cms.call("getDeviceFunction", address, sent["id"]), 200)
        name = next(name for name, value in sent.items() if isinstance(value, dict))
        one = expect(await self.cms.call("getDeviceAttribute", address, sent["id"], name), 200)
        if one != found.get(name) or one.get("value") != sent[name].get("value"):
            raise Failed(f"{name} was announced as {sent[name]} and is read as {one}")
        if not one.get("timestamp"):
            raise Failed(f"{name} has no timestamp")
        query = {"attributeScope": "event"}
        scoped = await self.cms.call("getDeviceFunction", address, sent["id"], query=query)
        if name in expect(scoped, 200, what="attributeScope=event"):
            raise Failed(f"attributeScope=event gives {name}, which is no event")
        strange = await self.cms.call(
            "getDeviceFunction", address, sent["id"], query={"attributeScope": "nothing"}
        )
        expect(strange, 400, what="attributeScope=nothing")
        expect(await self.cms.call("getDeviceFunction", address, "nothing"), 404)
        expect(await self.cms.call("getDeviceAttribute", address, sent["id"], "nothing"), 404)

    async def _paged(self) -> None:
        whole = expect(await self.cms.call("getDevices"), 200)
        reply = await self.cms.call("getDevices", query={"offset": 1, "limit": 2})
        page = expect(reply, 200)
        if [one["address"] for one in page] != [one["address"] for one in whole[1:3]]:
            raise Failed("offset=1 and limit=2 do not give the second and third of the full list")
        told = {name.lower(): value for name, value in reply.headers.items()}
        wanted = {"pagination-totalcount": len(whole), "pagination-count": len(page),
                  "pagination-offset": 1}  # fmt: skip
        wrong = {name: told.get(name) for name, value in wanted.items()
                 if told.get(name) != str(value)}  # fmt: skip
        if wrong or "pagination-defaultlimit" not in told:
            raise Failed(f"the paging headers are {wrong or told}; expected {wanted}")
        expect(await self.cms.call("getDevices", query={"limit": "many"}), 400)

    async def _changed(self) -> None:
        address = self._first["address"]
        sent = next(f for f in self._first["functions"] if f["type"] == "BasicFunction")
        value = {"type": "AttributeString", "value": f"changed {uuid4()}",
                 "timestamp": talq.timestamp(time.time())}  # fmt: skip
        function = {"id": sent["id"], "type": sent["type"], "hwType": value}
        body = [{"address": address, "functions": [function]}]
        expect(await self.cms.call("partialUpdateDevices", body=body), 200)
        found = await self.cms.call("getDeviceAttribute", address, sent["id"], "hwType")
        if expect(found, 200).get("value") != value["value"]:
            raise Failed(f"hwType was patched to {value['value']!r} and is {found.body}")

    async def _referred(self) -> None:
        name = self._first["class"]
        reply = await self.cms.call("deleteDeviceClass", name)
        expect(reply, 422, key="deletingResourceIsReferred", what=f"DELETE of the class {name}")

    async def _unknown(self) -> None:
        lamps = [f for f in self._first["functions"] if f["type"] == "LampActuatorFunction"]
        if not lamps:
            raise NotTestable("no profile with lamps is checked")
        value = {"type": "AttributeString", "value": str(uuid4())}
        function = {"id": lamps[0]["id"], "type": lamps[0]["type"], "lampTypeId": value}
        body = {"address": self._first["address"], "functions": [function]}
        reply = await self.cms.call("partialUpdateDevice", self._first["address"], body=body)
        expect(reply, 422, key="relatedResourceNotFound", what="a lamp type that was never sent")
        entry = self._entry("invalidAddress", None, address=self.gateway.address)
        expect(await self._report([entry]), 201, what="the event invalidAddress")

    # Logs.

    def _entry(self, event: str, flag: bool | None, *, address: str = "") -> Body:
        source = address or f"{self._first['address']}/{self._first['functions'][0]['id']}"
        data: Body = {
            "type": "EventLogData", "srcAddress": source, "eventType": event,
            "timestamp": talq.timestamp(time.time()),
        }  # fmt: skip
        if flag is not None:
            data["startEndFlag"] = flag
        return {"data": data}

    async def _report(self, entries: list[Body]) -> Any:
        loggers = list(self.gateway.memory.table("logger-configs")) or [_LOGGER]
        body = {"address": loggers[0], "entries": entries}
        return await self.cms.call("sendLogReport", body=body)

    async def _loggers(self) -> str:
        memory = self.gateway.memory
        found = await self.gateway.played.until(
            lambda: memory.table("logger-configs"), _COMES_S_MAX
        )
        if not found:
            raise NotTestable(_OPERATOR)
        faults = [
            fault
            for one in self.journal.incoming("addLoggerConfig", "updateLoggerConfig")
            for fault in one.problems
        ]
        if faults:
            raise Failed("\n".join(faults))
        names = ", ".join(f"{k}: {v['recordingMode']['type']}" for k, v in found.items())
        expect(await self.cms.call("getLoggerConfig", next(iter(found))), 200)
        return names

    async def _twice(self) -> None:
        entries = [self._entry("lampFailure", True)]
        for what in ("a report", "the same report, sent again as after a lost answer"):
            expect(await self._report(entries), 201, what=what)

    async def _large(self) -> None:
        now_s = time.time()
        for part in range(3):
            entries = [self._entry("deviceReset", None) for _ in range(_ENTRIES)]
            for number, entry in enumerate(entries):
                at_s = now_s - part - number / _ENTRIES
                entry["data"]["timestamp"] = talq.timestamp(at_s)
            expect(await self._report(entries), 201, what=f"part {part + 1} of a large log")
        bad = [self._entry("deviceReset", None), self._entry("deviceReset", None, address="no")]
        reply = await self._report(bad)
        expect(reply, 400, 422, what="a report with an entry of an unknown device")

    async def _lasting(self) -> None:
        for flag in (True, False):
            reply = await self._report([self._entry("communicationFailure", flag)])
            expect(reply, 201, what=f"startEndFlag {flag}")

    # Restarts.

    async def _restart(self) -> None:
        since = len(self.journal.exchanges)
        await self.gateway.played.stop()
        await self.gateway.played.serve(self.gateway.carry_out)
        again = self.gateway.played.caller(self.gateway.cms_uri)
        again.sender = self.gateway.address
        own = await again.call("getDevice", self.gateway.address)
        expect(own, 200, what="our device after our restart")
        for one in self.journal.incoming("deleteDevice", since=since):
            raise Failed(f"it asked for a resync after our restart: {one.line()}")

    async def _resync(self) -> None:
        gateway, device = self.gateway, self._first["address"]
        former = gateway.address
        expect(await self.cms.call("deleteDevice", former), 200, what="DELETE of our own device")
        reply = await self.cms.call("getDevice", device)
        refused(reply, "a request of a gateway that it was to forget")
        replies = await gateway.bootstrap()
        expect(replies[0], 201, what="the announcement after the resync")
        expect(replies[-1], 201, what="the bootstrap after the resync")
        listed = expect(await self.cms.call("getDevices"), 200)
        wanted = {gateway.address, *(one["address"] for one in gateway.devices)}
        found = {one["address"] for one in listed}
        if found != wanted:
            strange = sorted(found ^ wanted)[:5]
            raise Failed(f"after the resync the devices differ from what was announced: {strange}")
