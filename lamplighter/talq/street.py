"""What a played gateway does with what a CMS sends: it judges it, and its lamps obey at once.

Levels take no time and nothing fails; there is no schedule, so that without an override a lamp
shows its default. Enough to see every answer and every stage of a CMS.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from protocol import talq

from .memory import Body, Memory

_LIMITS = {"maximumCalendars": "calendars", "maximumPrograms": "control-programs"}
_DEFAULT = {"state": {"name": "LevelState", "value": 100}, "reason": "default"}
_SAMPLED = ("AttributeFloat", "AttributeInteger", "AttributePercent")
_ENTRIES_MAX = 200


class Street(Memory):
    """Devices as announced, and what a CMS gave."""

    def __init__(self, tables: dict[str, dict[str, Body]]) -> None:
        super().__init__()
        self.tables = tables
        others = talq.Others(self._exists, self._referrers)
        control = tables.get("services", {}).get("ControlService", {})
        limits = {path: control[name] for name, path in _LIMITS.items() if name in control}
        self._catalogue = talq.Catalogue(others, limits)
        self.tables |= self._catalogue.tables

    def answer(self, call: talq.Call) -> talq.Answer:
        """As Memory does, after judging what is sent (D8, D9, G1, C10, C13, T14)."""
        collection, *rest = call.operation.path.strip("/").split("/")
        method = call.operation.method
        if call.operation.operation_id == "sendCommand":
            self._override(call.body)
        elif call.operation.operation_id == "assignCommand":
            self._assign(call.body)
        elif call.operation.operation_id == "getLogReport":
            address = next(iter(call.path.values()))
            super().answer(call)
            return talq.Answer(200, {"address": address, "entries": self.sample()})
        elif collection == "devices" and method == "PATCH":
            call = self._without_measurements(call)
        elif collection in talq.COLLECTIONS and method != "GET" and collection != "logger-configs":
            return self._judged(collection, rest, call)
        return super().answer(call)

    def _exists(self, resource: str, address: str) -> bool:
        if resource == "devices":
            return talq.device_of(address) in self.table("devices")
        return address in self.tables.get(resource, {})

    def _referrers(self, resource: str, address: str) -> Iterator[tuple[str, str]]:
        for own, device in self.table("devices").items():
            found = talq.device_references(device)
            if any((one.resource, one.address) == (resource, address) for one in found):
                yield "devices", own

    def _judged(self, collection: str, rest: list[str], call: talq.Call) -> talq.Answer:
        values = list(call.path.values())
        if rest[1:2] == ["members"]:
            group = self._catalogue.get("groups", values[0])
            before = list(group.get("members") or ())
            answer = super().answer(call)
            after = {**group, "members": list(group.get("members") or ())}
            group["members"] = before
            self._catalogue.replace("groups", [after])
            return answer
        if call.operation.method == "DELETE":
            gone, _ = self._catalogue.remove(collection, values[0])
            return talq.Answer(200, gone)
        key = talq.COLLECTIONS[collection].key
        bodies = call.body if isinstance(call.body, list) else [{**call.body, key: values[0]}]
        if call.operation.method == "POST":
            self._catalogue.add(collection, bodies)
            return talq.Answer(201, call.body)
        self._catalogue.replace(collection, bodies)
        return talq.Answer(200, call.body)

    # Lamps.

    def _lamps(self, references: list[Body], key: str) -> list[Body]:
        """The lamp functions that are named; TalqError 422 when something is not here."""
        found = []
        for number, reference in enumerate(references):
            resource, address = reference["resource"].strip("/"), reference["address"]
            if not self._exists(resource, address):
                raise talq.TalqError(422, key, f"no {address!r} is here", f"addresses.{number}")
            inner = (
                talq.members(self.table("groups"), address)
                if resource == "groups"
                else [(resource, address)]
            )
            for _, one in inner:
                device, _, function = one.partition("/")
                found += [
                    f for f in self.table("devices")[device]["functions"]
                    if f["type"] == "LampActuatorFunction" and function in ("", f["id"])
                ]  # fmt: skip
        return found

    def _override(self, body: Body) -> None:
        lamps = self._lamps(body.get("addresses") or [], "overrideAddressNotValid")
        command = body.get("targetCommand")
        stamp = talq.timestamp(time.time())
        for lamp in lamps:
            default = (lamp.get("defaultLightState") or {}).get("value")
            now = {"reason": "override", **command} if command else {**_DEFAULT}
            if not command and default:
                now["state"] = default
            told = {"type": "AttributeCommand", "value": now, "timestamp": stamp}
            lamp["targetLightCommand"] = lamp["feedbackLightCommand"] = told
            lamp["actualLightState"] = {
                "type": "AttributeLevelState", "value": now["state"], "timestamp": stamp,
            }  # fmt: skip

    def _assign(self, body: Body) -> None:
        entity = body["entity"]
        if entity["address"] and not self._exists(entity["resource"], entity["address"]):
            text = f"no {entity['address']!r} is here"
            raise talq.TalqError(422, "assignmentEntityNotValid", text, "entity.address")
        stamp = talq.timestamp(time.time())
        for lamp in self._lamps(body["addresses"], "assignmentAddressNotValid"):
            if entity["resource"] == "calendars":
                lamp["calendarID"] = {
                    "type": "AttributeString", "value": entity["address"], "timestamp": stamp,
                }  # fmt: skip

    # Measurements.

    def _without_measurements(self, call: talq.Call) -> talq.Call:
        """T14: what a CMS sends of measurements is accepted and ignored."""
        if not call.operation.path.endswith(("/devices", "{deviceAddress}")):
            return call
        bodies = call.body if isinstance(call.body, list) else [call.body]
        kept = [
            {**body, "functions": [_settable(one) for one in body.get("functions") or ()]}
            for body in bodies
        ]
        return call._replace(body=kept if isinstance(call.body, list) else kept[0])

    def sample(self) -> list[Body]:
        """L4: a fresh sample of every measurement."""
        stamp = talq.timestamp(time.time())
        found = []
        for address, device in self.table("devices").items():
            for function in device["functions"]:
                for name, value in _measured(function):
                    data = {
                        "type": "AttributeLogData", "srcAddress": f"{address}/{function['id']}",
                        "timestamp": stamp, "attributeName": name,
                        "attributeValue": {**value, "timestamp": stamp},
                    }  # fmt: skip
                    found.append({"data": data})
        return found[:_ENTRIES_MAX]


def _settable(function: Body) -> Body:
    measured = {name for name, _ in _measured(function)}
    return {name: value for name, value in function.items() if name not in measured}


def _measured(function: Body) -> Iterator[tuple[str, Body]]:
    for name, value in function.items():
        scope = talq.scope_of(str(function.get("type")), name)
        if scope == "measurement" and isinstance(value, dict) and value.get("type") in _SAMPLED:
            yield name, value
