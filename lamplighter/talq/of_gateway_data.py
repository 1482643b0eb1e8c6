"""Checks of a gateway that is attached to us: devices, loggers, restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from protocol import talq

from .of_gateway import GatewayCheck
from .results import Failed, NotAnnounced, NotTestable
from .run_io import Check, expect
from .sides import Attached
from .wire_io import Exchange

Body = dict[str, Any]
_COMES_S_MAX = 20.0
_AWAY_S = 3.0
_SETTLES_S = 4.0
_PERIOD = "PT2S"


class GatewayData:
    """Checks after the bootstrap."""

    def __init__(self, first: GatewayCheck, wait_s: float) -> None:
        self.first = first
        self.cms = first.cms
        self.gateway = first.gateway
        self.call = first.call
        self.journal = first.journal
        self.wait_s = wait_s
        self.events = f"check-events-{uuid4()}"
        self.periodic = f"check-periodic-{uuid4()}"

    def checks(self) -> dict[str, Check]:
        """By rule, without those of `last`."""
        return {
            "D1": self._devices, "D2": self._created, "D3": self._read, "D4": self._on_demand,
            "D5": self._paged, "D6": self._changed, "D7": self._confirmed,
            "L1": self._loggers, "L2": self._retried,
            "L3": self._parts, "L4": self._at_once, "L5": self._lasting,
        }  # fmt: skip

    def last(self) -> dict[str, Check]:
        """What disturbs the attachment."""
        return {"B9": self._restart, "B7": self._resync}

    def others(self) -> Iterator[Body]:
        """Its devices without its own."""
        for address, device in self.gateway.memory.table("devices").items():
            if address != self.gateway.address:
                yield device

    async def arrived(self) -> None:
        """Until its devices have come, and no more come."""
        number = -1
        while number != len(self.gateway.memory.table("devices")):
            number = len(self.gateway.memory.table("devices"))
            await asyncio.sleep(1.0)

    async def _devices(self) -> str:
        faults = []
        for device in self.others():
            kind = self.gateway.memory.table("device-classes").get(str(device.get("class")))
            if kind is None:
                faults.append(
                    f"{device['address']} is of {device.get('class')!r}, never announced"
                )
                continue
            faults += [fault.description for fault in talq.misfits(device, kind)]
        if faults:
            raise Failed("\n".join(faults[:10]))
        number = len(list(self.others()))
        if not number:
            raise NotAnnounced("it announced no device but itself")
        return f"{number} devices"

    async def _created(self) -> str:
        services = self.gateway.memory.table("services")
        if not services.get("ConfigurationService", {}).get("commissioningSupported"):
            raise NotAnnounced("commissioningSupported is not true")
        known = self._some()
        expect(await self.call("addDevices", body=[known]), 409, what="a device that it has")
        reply = await self.call("addDevices", body=[{**known, "address": talq.NIL}])
        body = expect(reply, 201, what="the same with the NIL address")
        found = body[0].get("address") if body else None
        if found != known["address"]:
            raise Failed(f"the device that it has as {known['address']} is answered as {found}")
        return "known by what it is; hardware that it does not know was not tried"

    def _some(self) -> Body:
        for device in self.others():
            return device
        raise NotAnnounced("it announced no device but itself")

    async def _read(self) -> None:
        sent = self._some()
        whole = expect(await self.call("getDevice", sent["address"]), 200)
        if {f["id"] for f in whole["functions"]} != {f["id"] for f in sent["functions"]}:
            raise Failed("the device has not the functions that it announced")
        for function in whole["functions"]:
            found = await self.call("getDeviceFunction", sent["address"], function["id"])
            expect(found, 200)
            for scope in ("configuration", "measurement", "operational"):
                await self._scoped(sent["address"], function, scope)
            for name, value in function.items():
                if isinstance(value, dict) and "value" in value and not value.get("timestamp"):
                    raise Failed(f"{function['type']}.{name} has no timestamp")
        strange = {"attributeScope": "nothing"}
        one = whole["functions"][0]["id"]
        reply = await self.call("getDeviceFunction", sent["address"], one, query=strange)
        expect(reply, 400, what="attributeScope=nothing")
        expect(await self.call("getDeviceFunction", sent["address"], "nothing"), 404)
        expect(await self.call("getDeviceAttribute", sent["address"], one, "nothing"), 404)

    async def _scoped(self, address: str, function: Body, scope: str) -> None:
        query = {"attributeScope": scope}
        reply = await self.call("getDeviceFunction", address, function["id"], query=query)
        found = expect(reply, 200, what=f"attributeScope={scope}")
        known = talq.properties_of(function["type"])
        for name in found:
            if name in known and known[name].scope and known[name].scope != scope:
                raise Failed(f"attributeScope={scope} gives {name}, which is {known[name].scope}")

    async def _on_demand(self) -> str:
        for device in self.others():
            for function in device["functions"]:
                known = talq.properties_of(function["type"])
                for name in function:
                    if name in known and known[name].scope == "measurement":
                        reply = await self.call(
                            "getDeviceAttribute", device["address"], function["id"], name
                        )
                        value = expect(reply, 200, what=name)
                        if "value" in value and not value.get("timestamp"):
                            raise Failed(f"{name} does not say how old it is")
                        return f"{function['type']}.{name}: {value.get('timestamp')}"
        raise NotAnnounced("none of its devices has a measurement")

    async def _paged(self) -> None:
        services = self.gateway.memory.table("services")
        if not services.get("ConfigurationService", {}).get("devicesPaginationSupported"):
            raise NotAnnounced("devicesPaginationSupported is not true")
        whole = expect(await self.call("getDevices"), 200)
        reply = await self.call("getDevices", query={"offset": 1, "limit": 2})
        page = expect(reply, 200)
        if [one["address"] for one in page] != [one["address"] for one in whole[1:3]]:
            raise Failed("offset=1 and limit=2 do not give the second and third of the full list")
        told = {name.lower(): value for name, value in reply.headers.items()}
        wanted = {"pagination-totalcount": len(whole), "pagination-count": len(page),
                  "pagination-offset": 1}  # fmt: skip
        wrong = {n: told.get(n) for n, value in wanted.items() if told.get(n) != str(value)}
        if wrong or "pagination-defaultlimit" not in told:
            raise Failed(f"the paging headers are {wrong or told}; expected {wanted}")

    async def _changed(self) -> str:
        for device in self.others():
            for function in device["functions"]:
                if function["type"] == "BasicFunction" and "assetId" in function:
                    before = function["assetId"]
                    await self._set(device["address"], function, f"check {uuid4()}")
                    await self._set(device["address"], function, before.get("value") or "")
                    return "BasicFunction.assetId"
        raise NotTestable("no device with an assetId, which we could change and set back")

    async def _set(self, address: str, function: Body, value: str) -> None:
        sent = {"type": "AttributeString", "value": value}
        part = {"id": function["id"], "type": function["type"], "assetId": sent}
        body = {"address": address, "functions": [part]}
        expect(await self.call("partialUpdateDevice", address, body=body), 200, 202)
        found = await self.call("getDeviceAttribute", address, function["id"], "assetId")
        if expect(found, 200).get("value") != value:
            raise Failed(f"assetId was set to {value!r} and is {found.body}")

    async def _confirmed(self) -> str:
        for device in self.others():
            for function in device["functions"]:
                if "commandConfirmation" in function and "reboot" in function:
                    part = {
                        "id": function["id"], "type": function["type"],
                        "commandConfirmation": {"type": "AttributeBoolean", "value": False},
                        "reboot": {"type": "AttributeBoolean", "value": True},
                    }  # fmt: skip
                    since = len(self.journal.exchanges)
                    body = {"address": device["address"], "functions": [part]}
                    reply = await self.call("partialUpdateDevice", device["address"], body=body)
                    expect(reply, 200, 202)
                    await asyncio.sleep(_SETTLES_S)
                    if any(e.get("eventType") == "deviceReset" for e in self._data(since)):
                        raise Failed("it rebooted though commandConfirmation is false")
                    return str(device["address"])
        raise NotAnnounced("no device has reboot and commandConfirmation")

    # Logs.

    def _data(self, since: int, logger: str = "") -> list[Body]:
        """The entries that we acknowledged since, in order."""
        return [
            entry["data"]
            for one in self.journal.incoming("sendLogReport", since=since)
            if one.status == 201 and logger in ("", one.body["address"])
            for entry in one.body["entries"]
        ]

    def _config(self, name: str, mode: Body) -> Body:
        return {
            "address": name, "ownerCMS": self.cms.address, "sourceAddresses": {"blackList": []},
            "recordingMode": mode,
            "reportingMode": {"type": "ImmediateReportingMode", "delay": 0, "numberOfRetries": 3},
        }  # fmt: skip

    async def _loggers(self) -> str:
        mode: Body = {"type": "EventRecordingMode", "sourceEvents": {"blackList": []}}
        events = self._config(self.events, mode)
        expect(await self.call("addLoggerConfig", body=events), 201, what="an event logger")
        expect(await self.call("addLoggerConfig", body=events), 409, what="the same again")
        if expect(await self.call("getLoggerConfig", self.events), 200)["address"] != self.events:
            raise Failed("the logger came back with another address")
        now_s = await self.first.now_s()
        mode = {
            "type": "PeriodicRecordingMode", "content": self._content(),
            "samplingProfiles": [
                {"samplingStartTime": talq.timestamp(now_s), "samplingPeriod": _PERIOD}
            ],
        }  # fmt: skip
        since = len(self.journal.exchanges)
        reply = await self.call("addLoggerConfig", body=self._config(self.periodic, mode))
        expect(reply, 201, what="a periodic logger")
        found = await self.cms.played.until(lambda: self._data(since, self.periodic), _COMES_S_MAX)
        if not found:
            raise Failed(f"the periodic logger reported nothing within {_COMES_S_MAX:.0f} s")
        self._schema(since)
        return f"{len(found)} entries"

    def _content(self) -> list[Body]:
        """What the periodic logger records: the measurements of every function that has some."""
        kinds = dict.fromkeys(
            function["type"]
            for device in self.others()
            for function in device["functions"]
            if any(fact.scope == "measurement" for fact in
                   talq.properties_of(function["type"]).values())
        )  # fmt: skip
        if not kinds:
            raise NotAnnounced("none of its devices has a measurement")
        return [
            {"attributeScope": "measurement", "function": {"functionType": kind}} for kind in kinds
        ]

    def _schema(self, since: int) -> None:
        faults = [
            problem
            for one in self.journal.incoming("sendLogReport", since=since)
            for problem in one.problems
        ]
        if faults:
            raise Failed("\n".join(dict.fromkeys(faults)))

    async def _retried(self) -> str:
        refused: list[Exchange] = []
        since = len(self.journal.exchanges)

        def away(call: talq.Call) -> talq.Answer | None:
            mine = call.operation.operation_id == "sendLogReport"
            if not mine or call.body["address"] != self.periodic:
                return None
            return talq.Answer(503, [{"key": "genericError", "description": "a check"}])

        self.cms.played.instead.append(away)
        try:
            refused = await self.cms.played.until(
                lambda: [one for one in self._reports(since) if one.status == 503], _COMES_S_MAX
            )
        finally:
            self.cms.played.instead.remove(away)
        if not refused:
            raise NotTestable("no report came that we could refuse")
        lost = [_key(entry["data"]) for entry in refused[0].body["entries"]]
        missing = await self.cms.played.until(
            lambda: not self._missing(lost, since) or None, self.wait_s
        )
        if missing is None:
            raise Failed(f"unacknowledged entries never came again: {self._missing(lost, since)}")
        keys = [_key(data) for data in self._data(since, self.periodic)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise Failed(f"acknowledged, and sent again: {twice[:5]}")
        return f"{len(lost)} entries were sent again, each acknowledged once"

    def _reports(self, since: int) -> list[Exchange]:
        return [
            one for one in self.journal.incoming("sendLogReport", since=since)
            if isinstance(one.body, dict) and one.body.get("address") == self.periodic
        ]  # fmt: skip

    def _missing(self, keys: list[str], since: int) -> list[str]:
        here = {_key(data) for data in self._data(since, self.periodic)}
        return [key for key in keys if key not in here]

    async def _parts(self) -> str:
        sizes = [len(one.body["entries"]) for one in self.journal.incoming("sendLogReport")
                 if one.status == 201]  # fmt: skip
        if not sizes:
            raise NotTestable("no report came")
        return f"{len(sizes)} reports, at most {max(sizes)} entries"

    async def _at_once(self) -> str:
        reply = await self.call("getLogReport", self.periodic)
        entries = expect(reply, 200)["entries"]
        newest = [talq.read_timestamp_ms(entry["data"]["timestamp"]) for entry in entries]
        if not newest:
            raise Failed("a periodic logger is read without a fresh sample")
        return f"{len(newest)} entries"

    async def _lasting(self) -> str:
        flagged = [data for data in self._data(0) if "startEndFlag" in data]
        open_now: set[tuple[str, str]] = set()
        for data in flagged:
            key = (data["srcAddress"], data["eventType"])
            if data["startEndFlag"]:
                open_now.add(key)
            open_now.discard(key) if not data["startEndFlag"] else None
        if not flagged:
            raise NotTestable("no event with a duration arose during the check")
        return f"{len(flagged)} events, {len(open_now)} still lasting"

    # Restarts.

    async def _restart(self) -> None:
        played = self.cms.played
        await played.stop()
        await asyncio.sleep(_AWAY_S)
        since = len(self.journal.exchanges)
        await played.serve(self.cms.carry_out)
        await asyncio.sleep(_SETTLES_S)
        for one in self.journal.incoming("addDevices", "addDeviceClasses", since=since):
            raise Failed(f"after our restart it began a new bootstrap: {one.line()}")
        expect(await self.call("getDevices"), 200, what="its devices after our restart")

    async def _resync(self) -> str:
        former = self.gateway
        began = len(self.journal.exchanges)
        reply = await self.call("deleteDevice", former.address)
        expect(reply, 200, 202, what="DELETE of its own device")

        def again() -> Attached | None:
            announced = [one for one in self.journal.incoming("addDevices", since=began)
                         if one.status == 201]  # fmt: skip
            found = [one for one in self.cms.gateways.values() if one.uri == former.uri]
            return found[0] if announced and found and found[0].ready else None

        began_s = time.monotonic()
        found: Attached | None = await self.cms.played.until(again, self.wait_s)
        if found is None:
            raise Failed(f"no new bootstrap within {self.wait_s:.0f} s")
        self.gateway = found
        reply = await found.caller.call("getCalendar", self.first.calendar)
        expect(reply, 404, what="a calendar from before the resync")
        return f"attached again after {time.monotonic() - began_s:.1f} s"


def _key(data: Body) -> str:
    """What tells one entry from another."""
    name = data.get("attributeName") or data.get("eventType")
    return f"{data['srcAddress']} {name} {data.get('timestamp')}"
