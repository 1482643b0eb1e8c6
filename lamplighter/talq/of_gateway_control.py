"""Checks of a gateway's control: groups, programs, calendars, overrides, assignments, packages.

Lamps are dimmed for some seconds and given back to what they did before.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

from protocol import talq

from .of_gateway import GatewayCheck
from .results import Failed, NotAnnounced
from .run_io import Check, expect, refused
from .wire_io import Reply

Body = dict[str, Any]
_TAKES_S_MAX = 20.0
_EXPIRES_S = 600
_LEVEL = 37
# More of something than this is not sent to see whether a limit holds.
_LIMIT_TRIED_MAX = 2000
_PERIODS: dict[str, Body] = {
    "AbsoluteActivePeriod": {"startTime": "17:00:00", "endTime": "07:00:00"},
    "AstroClockActivePeriod": {"sunsetOffset": -5, "sunriseOffset": 10},
}
_CONDITIONS: dict[str, Body] = {
    "ccDate": {"dates": [{"start": "--12-24", "end": "--12-31"}]},
    "ccDay": {"days": [{"start": 6, "end": 7}]},
}


class GatewayControl:
    """Checks on the first lamp that it announced."""

    def __init__(self, first: GatewayCheck) -> None:
        self.first = first
        self.cms = first.cms
        self.gateway = first.gateway
        self.call = first.call
        self.journal = first.journal
        self.program = f"check-{uuid4()}"
        self._override: Reply | None = None

    def checks(self) -> dict[str, Check]:
        """By rule."""
        return {
            "G1": self._groups, "C5": self._programs, "C4": self._periods, "C6": self._effects,
            "C2": self._calendars, "C3": self._offset, "D8": self._referred, "D9": self._unknown,
            "C13": self._limits, "C10": self._assigned, "C9": self._overridden,
            "C12": self._three, "C11": self._told, "C1": self._released, "P1": self._packages,
        }  # fmt: skip

    def _service(self, name: str) -> Body:
        found: Body | None = self.gateway.memory.table("services").get(name)
        if found is None:
            raise NotAnnounced(f"it has no {name}")
        return found

    def _lamp(self) -> tuple[str, str]:
        """Address and function of a lamp."""
        for address, device in self.gateway.memory.table("devices").items():
            for function in device["functions"]:
                if function["type"] == "LampActuatorFunction":
                    return address, function["id"]
        raise NotAnnounced("it announced no lamp")

    # Groups, programs, calendars.

    async def _groups(self) -> str:
        devices = [a for a in self.gateway.memory.table("devices") if a != self.gateway.address]
        if "GroupManagementService" not in self.gateway.memory.table("services") or not devices:
            raise NotAnnounced("it has no GroupManagementService, or no device")
        name, outer = f"check {uuid4()}", f"outer {uuid4()}"
        function = self.gateway.memory.table("devices")[devices[0]]["functions"][0]["id"]
        member = {"resource": "devices", "address": devices[0]}
        part = {"resource": "devices", "address": f"{devices[0]}/{function}"}
        group = {"address": name, "ownerCMS": self.cms.address, "members": [member]}
        nested = {**group, "address": outer, "members": [{"resource": "groups", "address": name}]}
        expect(await self.call("addGroups", body=[group]), 201, what="a group")
        expect(await self.call("addGroups", body=[nested]), 201, what="a group in a group")
        circle = [{"resource": "groups", "address": outer}]
        refused(await self.call("addGroupMembers", name, body=circle), "groups in a circle")
        reply = await self.call("addGroupMembers", name, body=[part])
        expect(reply, 200, what="a function as a member")
        number = expect(await self.call("getGroupMembersCount", name), 200)
        if number != 2:
            raise Failed(f"a group of two has the count {number}")
        path = (name, part["resource"], part["address"])
        expect(await self.call("deleteGroupMember", *path), 200, what="a member with / removed")
        refused(await self.call("deleteGroup", name), "DELETE of a group that is in another")
        for one in (outer, name):
            expect(await self.call("deleteGroup", one), 200)
        return "a device, a function, a group as members"

    def _one(self, name: str, **more: Any) -> Body:
        step = {"startTime": "22:00:00", "command": _state(60)}
        return {
            "type": "ControlProgramOne", "id": name, "ownerCMS": self.cms.address,
            "activePeriods": [], "fixedTimeControls": [step], **more,
        }  # fmt: skip

    async def _programs(self) -> None:
        self._service("ControlService")
        steps = [{"startTime": at, "command": _state(60)} for at in ("06:00:00", "22:00:00")]
        program = self._one(self.program, fixedTimeControls=steps)
        expect(await self.call("addControlPrograms", body=[program]), 201)
        found = expect(await self.call("getControlProgram", self.program), 200)
        if [step["startTime"] for step in found["fixedTimeControls"]] != ["06:00:00", "22:00:00"]:
            raise Failed(f"the times came back as {found['fixedTimeControls']}")
        for wrong in (steps[::-1], [steps[0], steps[0]]):
            body = self._one(str(uuid4()), fixedTimeControls=wrong)
            reply = await self.call("addControlPrograms", body=[body])
            expect(reply, 422, what=f"the times {[step['startTime'] for step in wrong]}")

    async def _kept(self, what: str, program: Body) -> None:
        expect(await self.call("addControlPrograms", body=[program]), 201, what=what)
        expect(await self.call("deleteControlProgram", program["id"]), 200)

    def _supports(self, name: str) -> bool:
        return name in (self._service("ControlService").get("supportedTypes") or ())

    async def _periods(self) -> str:
        self._service("ControlService")
        tried = []
        for name, body in _PERIODS.items():
            if self._supports(name):
                program = self._one(str(uuid4()), activePeriods=[{"name": name, **body}])
                await self._kept(name, program)
                tried.append(name)
        if not tried:
            raise NotAnnounced("supportedTypes names no active period that needs no sensor")
        bare = self._one(str(uuid4()), activePeriods=[{"name": "AbsoluteActivePeriod"}])
        refused(await self.call("addControlPrograms", body=[bare]), "a period without its times")
        return ", ".join(tried)

    async def _effects(self) -> str:
        tried = []
        if self._supports("AstroClockTimeControl"):
            control = {"offset": -30, "solarEventType": "sunset", "operation": "Max",
                       "command": _state(80)}  # fmt: skip
            await self._kept("astro", self._one(str(uuid4()), astroClockTimeControls=[control]))
            tried.append("AstroClockTimeControl")
        if self._supports("DynamicControl"):
            for operation in ("Set", "Max", "Min", "Add", "Sub", "Mul"):
                effect: Body = {
                    "type": "FixedControlEffect", "operation": operation, "holdTime": 30,
                    "source": {"sensor": {"sensorAddresses": []}}, "command": _state(80),
                }  # fmt: skip
                program = self._one(str(uuid4()), dynamicControls=[{"effect": effect}])
                await self._kept(f"a dynamic control with {operation}", program)
            tried.append("DynamicControl")
        if not tried:
            raise NotAnnounced("supportedTypes names neither astro-clock nor dynamic controls")
        return ", ".join(tried)

    def _calendar(self, name: str, **more: Any) -> Body:
        return {"id": name, "ownerCMS": self.cms.address, "defaultProgram": self.program,
                "rules": [], **more}  # fmt: skip

    async def _calendars(self) -> str:
        self._service("ControlService")
        tried = [name for name in _CONDITIONS if self._supports(name)]
        rules: list[Body] = [
            {"startDate": "--12-24", "endDate": "--01-02", "program": self.program},
            {"startDate": "2026-07-01", "endDate": "2026-08-31", "program": self.program},
        ]
        rules += [
            {"program": self.program, "condition": {"type": name, **_CONDITIONS[name]}}
            for name in tried
        ]
        body = self._calendar(self.program, rules=rules)
        expect(await self.call("addCalendars", body=[body]), 201)
        found = expect(await self.call("getCalendar", self.program), 200)
        if len(found["rules"]) != len(rules):
            raise Failed(f"{len(rules)} rules were sent, {len(found['rules'])} came back")
        return ", ".join(["dates", *tried])

    async def _offset(self) -> str:
        service = self._service("ControlService")
        if "dayOffset" not in service:
            raise NotAnnounced("its ControlService names no dayOffset")
        return f"dayOffset {service['dayOffset']}"

    async def _referred(self) -> None:
        reply = await self.call("deleteControlProgram", self.program)
        expect(reply, 422, key="deletingResourceIsReferred", what="DELETE of a program in use")

    async def _unknown(self) -> None:
        body = self._calendar(str(uuid4()), defaultProgram="never-sent")
        reply = await self.call("addCalendars", body=[body])
        expect(reply, 422, key="relatedResourceNotFound", what="a program that was never sent")
        command = {"addresses": [{"resource": "devices", "address": str(uuid4())}]}
        reply = await self.call("sendCommand", body=command)
        expect(reply, 422, key="overrideAddressNotValid", what="an override of an unknown device")

    async def _limits(self) -> str:
        limit = self._service("ControlService").get("maximumCalendars")
        if not limit or limit > _LIMIT_TRIED_MAX:
            raise NotAnnounced(f"maximumCalendars is {limit}")
        bodies = [self._calendar(f"{uuid4()}") for _ in range(limit + 1)]
        reply = await self.call("addCalendars", body=bodies)
        expect(reply, 422, key="serviceConstraintExceeded", what=f"{limit + 1} calendars")
        return f"maximumCalendars {limit}"

    # Lamps.

    async def _assigned(self) -> str:
        lamp, _ = self._lamp()
        here = [{"resource": "devices", "address": lamp}]
        entity = {"resource": "calendars", "address": self.program}
        for what, body, key in (
            ("no such calendar", {"addresses": here, "entity": {**entity, "address": "none"}},
             "assignmentEntityNotValid"),
            ("no such device", {"addresses": [{**here[0], "address": str(uuid4())}],
                                "entity": entity}, "assignmentAddressNotValid"),
        ):  # fmt: skip
            reply = await self.call("assignCommand", body=body)
            expect(reply, 422, key=key, what=what)
        function = next(
            f for f in self.gateway.memory.table("devices")[lamp]["functions"]
            if f["type"] == "LampActuatorFunction"
        )  # fmt: skip
        before = (function.get("calendarID") or {}).get("value") or ""
        expect(await self.call("assignCommand", body={"addresses": here, "entity": entity}),
               201, 202)  # fmt: skip
        await self._reads(lamp, function["id"], "calendarID", self.program)
        away = {"addresses": here, "entity": {**entity, "address": ""}}
        expect(await self.call("assignCommand", body=away), 201, 202, what="taken away")
        await self._reads(lamp, function["id"], "calendarID", "")
        return f"before the check its calendar was {before!r}"

    async def _reads(self, lamp: str, function: str, name: str, wanted: str) -> None:
        end_s = time.monotonic() + _TAKES_S_MAX
        found: Any = None
        while time.monotonic() < end_s:
            reply = await self.call("getDeviceAttribute", lamp, function, name)
            found = expect(reply, 200).get("value") or ""
            if found == wanted:
                return
            await asyncio.sleep(0.5)
        raise Failed(f"{name} is {found!r} after {_TAKES_S_MAX:.0f} s; expected {wanted!r}")

    async def _feedback(self, lamp: str) -> Body:
        """feedbackLightCommand's value, empty when there is none."""
        reply = await self.call("getDeviceAttribute", *lamp.split("/"), "feedbackLightCommand")
        body: Body = expect(reply, 200).get("value") or {}
        return body

    async def _overridden(self) -> str:
        lamp, function = self._lamp()
        now_s = await self.first.now_s()
        command = {
            **_state(_LEVEL), "reason": "override", "cmsRefId": f"check:{self.program}",
            "start": talq.timestamp(now_s - 1),
            "expiration": talq.timestamp(now_s + _EXPIRES_S),
        }  # fmt: skip
        here = [{"resource": "devices", "address": lamp}]
        reply = await self.call("sendCommand", body={"addresses": here, "targetCommand": command})
        expect(reply, 201, 202)
        self._override = reply
        began_s = time.monotonic()
        found: Body = {}
        while time.monotonic() < began_s + _TAKES_S_MAX:
            found = await self._feedback(f"{lamp}/{function}")
            if (found.get("state") or {}).get("value") == _LEVEL:
                if found.get("reason") != "override":
                    raise Failed(f"in effect is {found}; its reason is not override")
                return f"in effect after {time.monotonic() - began_s:.1f} s"
            await asyncio.sleep(0.5)
        raise Failed(f"{_TAKES_S_MAX:.0f} s after an override to {_LEVEL} in effect is {found}")

    async def _three(self) -> str:
        lamp, function = self._lamp()
        body = expect(await self.call("getDeviceFunction", lamp, function), 200)
        names = ("targetLightCommand", "feedbackLightCommand", "actualLightState")
        lost = [name for name in names if "value" not in (body.get(name) or {})]
        if lost:
            raise Failed(f"while overridden it has no value for {lost}")
        for name in names:
            if not body[name].get("timestamp"):
                raise Failed(f"{name} has no timestamp")
        return f"physically {body['actualLightState']['value'].get('value')}"

    async def _told(self) -> str:
        if self._override is None:
            raise NotAnnounced("no override was accepted")
        if self._override.status == 201:
            return "201: done at once"
        wanted = self._override.request_id
        found = await self.cms.played.until(
            lambda: [one for one in self.journal.incoming() if one.origin == wanted],
            _TAKES_S_MAX,
        )
        if not found:
            raise Failed(f"202, and no PATCH with talqOriginRequestId={wanted} came")
        return f"{found[0].operation}"

    async def _released(self) -> str:
        lamp, function = self._lamp()
        body = {"addresses": [{"resource": "devices", "address": lamp}]}
        expect(await self.call("sendCommand", body=body), 201, 202, what="a release")
        reply = await self.call("getDeviceAttribute", lamp, function, "defaultLightState")
        default = (expect(reply, 200).get("value") or {}).get("value")
        end_s = time.monotonic() + _TAKES_S_MAX
        found: Body = {}
        while time.monotonic() < end_s:
            found = await self._feedback(f"{lamp}/{function}")
            # Its calendar was taken away before (C10), so that nothing but the default is left.
            level = (found.get("state") or {}).get("value")
            if found.get("reason") != "override" and level == default:
                return f"override, then default: {found.get('reason')} {level}"
            await asyncio.sleep(0.5)
        said = f"{_TAKES_S_MAX:.0f} s after the release of an override in effect is {found}"
        raise Failed(f"{said}; without a calendar defaultLightState {default} holds")

    async def _packages(self) -> str:
        self._service("DataPackageService")
        package = {
            "ownerCMS": self.cms.address, "packageId": f"check-{uuid4()}", "releaseId": "0.0.0",
            "downloadUri": "http://127.0.0.1:9/no-such-package",
        }  # fmt: skip
        since = len(self.journal.exchanges)
        reply = await self.call("upgradeDataPackages", body=[package])
        if 400 <= reply.status < 500:
            return f"a package that is not there was refused at once: {reply.said()}"
        expect(reply, 200)
        found = await self.cms.played.until(lambda: self._failure(since), _TAKES_S_MAX)
        if not found:
            raise Failed("a package that cannot be fetched, and no changeReleaseFailure came")
        return "changeReleaseFailure"

    def _failure(self, since: int) -> bool:
        return any(
            entry["data"].get("eventType") == "changeReleaseFailure"
            for one in self.journal.incoming("sendLogReport", since=since)
            if one.status == 201
            for entry in one.body["entries"]
        )


def _state(level: float) -> Body:
    return {"state": {"name": "LevelState", "value": level}}
