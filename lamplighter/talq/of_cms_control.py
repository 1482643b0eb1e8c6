"""Checks of what a CMS sent us while we were attached: groups, programs, commands, packages.

An operator of that CMS causes these. What came is judged; what did not come is not testable, so
whoever wants the whole table assigns a calendar and gives an override during the check.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

from protocol import talq

from .results import Failed, NotTestable
from .run_io import Check, expect
from .sides import PlayedGateway
from .wire_io import Exchange

Body = dict[str, Any]
_NOTHING = "nothing of the kind came; only an operator of that CMS can cause it"
_LIMITS = {"calendars": "maximumCalendars", "control-programs": "maximumPrograms"}


class CmsControl:
    """Judges the journal."""

    def __init__(self, gateway: PlayedGateway) -> None:
        self.gateway = gateway
        self.cms = gateway.cms
        self.journal = gateway.played.journal

    def checks(self) -> dict[str, Check]:
        """By rule."""
        return {
            "G1": self._groups, "C2": self._calendars, "C3": self._offset, "C5": self._programs,
            "C9": self._overrides, "C10": self._assigned, "C11": self._told, "C13": self._limits,
            "P1": self._packages,
        }  # fmt: skip

    def _came(self, *operations: str) -> list[Exchange]:
        found = self.journal.incoming(*operations)
        if not found:
            raise NotTestable(_NOTHING)
        faults = [problem for one in found for problem in one.problems]
        if faults:
            raise Failed("\n".join(dict.fromkeys(faults)))
        return found

    async def _groups(self) -> str:
        self._came("addGroups", "updateGroups", "updateGroup")
        groups = self.gateway.memory.table("groups")
        devices = self.gateway.memory.table("devices")
        for name, group in groups.items():
            for member in group.get("members") or ():
                here = groups if member["resource"] == "groups" else devices
                if talq.device_of(member["address"]) not in here:
                    raise Failed(f"group {name} has a member that we were not sent: {member}")
            self._acyclic(name, ())
        return f"{len(groups)} groups"

    def _acyclic(self, name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise Failed(f"groups in a circle: {' > '.join((*above, name))}")
        group = self.gateway.memory.table("groups").get(name, {})
        for member in group.get("members") or ():
            if member["resource"] == "groups":
                self._acyclic(member["address"], (*above, name))

    async def _calendars(self) -> str:
        came = self._came("addCalendars", "updateCalendars", "updateCalendar")
        programs = self.gateway.memory.table("control-programs")
        for exchange in came:
            for calendar in _bodies(exchange):
                rules = calendar.get("rules") or ()
                named = [calendar.get("defaultProgram"), *(rule["program"] for rule in rules)]
                unknown = [name for name in named if name and name not in programs]
                if unknown:
                    text = f"calendar {calendar['id']} names programs that we were not sent"
                    raise Failed(f"{text}: {unknown}")
        return f"{len(came)} requests"

    async def _offset(self) -> str:
        self._came("addCalendars", "updateCalendars", "updateCalendar")
        return "it took our services with dayOffset 12; what it shows of it is its operator's"

    async def _programs(self) -> str:
        came = self._came("addControlPrograms", "updateControlPrograms", "updateControlProgram")
        for exchange in came:
            for program in _bodies(exchange):
                steps = [step["startTime"] for step in program.get("fixedTimeControls") or ()]
                times = [talq.read_time_s(step) for step in steps]
                if any(b <= a for a, b in itertools.pairwise(times)):
                    raise Failed(f"program {program['id']} has the times {steps}")
        return f"{len(came)} requests"

    async def _overrides(self) -> str:
        came = self._came("sendCommand")
        devices = {
            body["address"]
            for one in self.journal.outgoing()
            if one.operation == "addDevices" and one.status == 201
            for body in one.body
        }
        for exchange in came:
            for reference in (exchange.body or {}).get("addresses") or ():
                where = talq.device_of(reference["address"])
                if reference["resource"] == "devices" and where not in devices:
                    raise Failed(f"an override of a device that we never announced: {reference}")
        released = sum("targetCommand" not in (one.body or {}) for one in came)
        return f"{len(came)} commands, {released} of them releases"

    async def _assigned(self) -> str:
        came = self._came("assignCommand")
        for exchange in came:
            entity = (exchange.body or {}).get("entity") or {}
            here = self.gateway.memory.table(str(entity.get("resource")))
            if entity.get("address") and entity["address"] not in here:
                raise Failed(f"an assignment of {entity}, which we were not sent")
        return f"{len(came)} assignments"

    async def _told(self) -> str:
        came = self._came("sendCommand", "assignCommand")
        device = self.gateway.devices[0]
        value = {"type": "AttributeString", "value": "told",
                 "timestamp": talq.timestamp(time.time())}  # fmt: skip
        function = {**{k: device["functions"][0][k] for k in ("id", "type")}, "hwType": value}
        body = [{"address": device["address"], "functions": [function]}]
        reply = await self.cms.call("partialUpdateDevices", body=body, origin=came[-1].request_id)
        expect(reply, 200, what="the outcome of its command, with talqOriginRequestId")
        return f"answer to {came[-1].operation}"

    async def _limits(self) -> str:
        self._came("addCalendars", "addControlPrograms")
        services = {one["name"]: one for one in self.gateway.services}
        control = services.get("ControlService", {})
        for collection, limit in _LIMITS.items():
            number = len(self.gateway.memory.table(collection))
            if number > control.get(limit, number):
                raise Failed(f"{number} {collection}, though we announced {control[limit]}")
        return "within what we announced"

    async def _packages(self) -> str:
        came = self._came("upgradeDataPackages")
        return f"{len(came)} requests"


def _bodies(exchange: Exchange) -> list[Body]:
    return exchange.body if isinstance(exchange.body, list) else [exchange.body]
