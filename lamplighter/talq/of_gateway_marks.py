"""Checks of a gateway, one for each operation, service, function, attribute and event that its
profiles make mandatory: what it must serve, announce, and describe in its classes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from protocol import talq

from . import content
from .of_gateway import GatewayCheck
from .offer import is_event, marks
from .results import NOT_TESTABLE, PASSED, Failed, NotAnnounced, NotTestable, Row
from .run_io import expect, row
from .wire_io import Exchange

Body = dict[str, Any]
_OPERATIONS = "Mandatory operations"


class GatewayMarks:
    """One row for each mark of the profiles that it announces."""

    def __init__(self, first: GatewayCheck, profiles: tuple[str, ...]) -> None:
        self.gateway = first.gateway
        self.call = first.call
        self.journal = first.journal
        self.cms = first.cms
        self.marks = marks(profiles, ("gateway",))

    async def rows(self) -> list[Row]:
        """All rows, in groups."""
        found = []
        for kind, group in (
            ("operation", _OPERATIONS), ("service", "Mandatory services"),
            ("function", "Mandatory functions"), ("attribute", "Mandatory attributes"),
            ("event", "Mandatory events"),
        ):  # fmt: skip
            for mark in (one for one in self.marks if one.kind == kind):
                check = functools.partial(getattr(self, f"_{kind}"), mark)
                found.append(await row(group, mark.name, mark.of, check))
        return found

    def settled(self, rows: list[Row]) -> list[Row]:
        """The rows, with operations that only the last rules have used."""
        return [
            one._replace(state=PASSED, seen="served")
            if one.group == _OPERATIONS and one.state == NOT_TESTABLE and self._good(one.name)
            else one
            for one in rows
        ]

    def _good(self, name: str) -> list[Exchange]:
        return [one for one in self.journal.outgoing() if one.operation == name
                and 200 <= one.status < 300]  # fmt: skip

    async def _operation(self, mark: talq.Mark) -> str | None:
        good = self._good(mark.name)
        faults = [problem for one in good for problem in one.problems]
        if faults:
            raise Failed("\n".join(dict.fromkeys(faults)))
        if good:
            return f"{len(good)} answers"
        reply = await self._ask(mark.name)
        if reply is None:
            raise NotTestable("nothing is here to which it could be done without harm")
        expect(reply, 200, 201, 202, what=mark.name)
        return None

    async def _ask(self, name: str) -> Any:
        """A request that must be served, of an operation that no rule has used."""
        operation = next(one for one in talq.operations("gateway") if one.operation_id == name)
        collection = operation.path.strip("/").split("/")[0]
        if operation.method == "GET":
            return await self._get(operation, collection)
        if collection == "devices":
            return await self._device(operation)
        if collection in talq.COLLECTIONS:
            return await self._resource(operation, collection)
        return None

    async def _get(self, operation: talq.Operation, collection: str) -> Any:
        if not operation.parameters:
            return await self.call(operation.operation_id)
        table = self.gateway.memory.table(collection)
        if collection == "devices":
            own = self._own()
            function = next(f for f in own["functions"] if f["type"] == "GatewayFunction")
            path = (own["address"], function["id"], "gatewayUri")
            return await self.call(operation.operation_id, *path[: len(operation.parameters)])
        if collection in talq.COLLECTIONS:
            address = await self._added(collection)
            return await self.call(operation.operation_id, address) if address else None
        return await self.call(operation.operation_id, next(iter(table))) if table else None

    def _own(self) -> Body:
        own: Body = self.gateway.memory.table("devices")[self.gateway.address]
        return own

    async def _device(self, operation: talq.Operation) -> Any:
        """What changes devices is tried on the gateway's own, with what it has."""
        own = self._own()
        function = next(f for f in own["functions"] if f["type"] == "GatewayFunction")
        value = {"type": "AttributeInteger", "value": 3}
        part = {"id": function["id"], "type": function["type"], "cmsNumberOfRetries": value}
        paths = {
            "partialUpdateDevices": ((), [{"address": own["address"], "functions": [part]}]),
            "partialUpdateFunction": ((own["address"], function["id"]), part),
            "partialUpdateAttribute": (
                (own["address"], function["id"], "cmsNumberOfRetries"), value,
            ),
            "updateDevices": ((), [expect(await self.call("getDevice", own["address"]), 200)]),
        }  # fmt: skip
        if operation.operation_id not in paths:
            return None
        path, body = paths[operation.operation_id]
        return await self.call(operation.operation_id, *path, body=body)

    async def _added(self, collection: str) -> str:
        """The address of something that we add, empty where we cannot."""
        add = _operation(collection, "POST")
        if not add:
            return ""
        body = self._body(collection)
        reply = await self.call(add, body=[body] if add != "addLoggerConfig" else body)
        expect(reply, 201, what=add)
        return str(body[talq.COLLECTIONS[collection].key])

    def _body(self, collection: str) -> Body:
        known = talq.COLLECTIONS[collection]
        schema = "ControlProgramOne" if known.schema == "ControlProgram" else known.schema
        body: Body = {**content.minimal(schema), known.key: f"check-{uuid4()}"}
        if collection == "logger-configs":
            mode = {"type": "EventRecordingMode", "sourceEvents": {"blackList": []}}
            body |= {
                "sourceAddresses": {"blackList": []}, "recordingMode": mode,
                "reportingMode": {"type": "ImmediateReportingMode", "delay": 0},
            }  # fmt: skip
        if "ownerCMS" in talq.properties_of(schema):
            body["ownerCMS"] = self.cms.address
        return body

    async def _resource(self, operation: talq.Operation, collection: str) -> Any:
        if operation.method == "POST":
            body = self._body(collection)
            listed = (operation.request or "").startswith("[")
            return await self.call(operation.operation_id, body=[body] if listed else body)
        address = await self._added(collection)
        if not address:
            return None
        body = {**self._body(collection), talq.COLLECTIONS[collection].key: address}
        path = (address,) if operation.parameters else ()
        listed = (operation.request or "").startswith("[")
        sent = None if operation.request is None else [body] if listed else body
        return await self.call(operation.operation_id, *path, body=sent)

    async def _service(self, mark: talq.Mark) -> None:
        if mark.name not in self.gateway.memory.table("services"):
            raise Failed("is not among its services")

    def _described(self, kind: str) -> Iterator[Body]:
        """How its classes describe a function, or one that extends it."""
        kinds = {kind, *talq.derived(kind)}
        for body in self.gateway.memory.table("device-classes").values():
            yield from (one for one in body["functions"] if one["type"] in kinds)

    async def _function(self, mark: talq.Mark) -> None:
        if not any(True for _ in self._described(mark.name)):
            raise Failed("no class that it announced has it")

    async def _attribute(self, mark: talq.Mark) -> None:
        if not isinstance(talq.properties_of(mark.of)[mark.name].type, str) or mark.name == "type":
            raise NotTestable("it is no attribute with a value")
        described = list(self._described(mark.of))
        if not described:
            raise NotAnnounced(f"no class that it announced has {mark.of}")
        lacks = [
            one["functionId"] for one in described
            if mark.name not in {a["name"] for a in one.get("attributes") or ()}
        ]  # fmt: skip
        if lacks:
            raise Failed(f"{mark.of}.{mark.name} is not described for {', '.join(lacks)}")

    async def _event(self, mark: talq.Mark) -> None:
        if not is_event(mark.name):
            raise NotTestable("the official files name no such type of event")
        described = list(self._described(mark.of))
        if not described:
            raise NotAnnounced(f"no class that it announced has {mark.of}")
        lacks = [
            one["functionId"] for one in described
            if mark.name not in {e["type"] for e in one.get("events") or ()}
        ]  # fmt: skip
        if lacks:
            raise Failed(f"{mark.of}.{mark.name} is not described for {', '.join(lacks)}")


def _operation(collection: str, method: str) -> str:
    for one in talq.operations("gateway"):
        if one.path == f"/{collection}" and one.method == method:
            return one.operation_id
    return ""
