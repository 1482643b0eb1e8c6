"""Checks of a CMS, one for each operation, attribute and event that its profiles make mandatory.

Attributes: it gives back what we announced. Events: it takes a report of one. Services: it took
them in the bootstrap. Operations: it answers, and by the schema.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from typing import Any

from protocol import talq

from . import content
from .offer import is_event, marks
from .results import Failed, NotTestable, Row
from .run_io import expect, row
from .sides import PlayedGateway

Body = dict[str, Any]
# The rules have changed them since, from our side or from its.
_CHANGED = (
    "hwType", "gatewayRetryPeriod", "cmsRetryPeriod", "gatewayNumberOfRetries",
    "cmsNumberOfRetries",
)  # fmt: skip
_LOGGER = "lamplighter-talq-check"


class CmsMarks:
    """One row for each mark of the announced profiles."""

    def __init__(self, gateway: PlayedGateway, profiles: tuple[str, ...]) -> None:
        self.gateway = gateway
        self.cms = gateway.cms
        self.marks = marks(profiles, ("cms",))
        self._known: dict[tuple[str, str], Body] = {}

    async def rows(self) -> list[Row]:
        """All rows, in groups."""
        self._known = {}
        for device in [self.gateway.own(), *self.gateway.devices]:
            reply = await self.cms.call("getDevice", device["address"])
            if reply.status == 200 and isinstance(reply.body, dict):
                functions = reply.body["functions"]
                self._known |= {(device["address"], one["type"]): one for one in functions}
        found = []
        for kind, group in (
            ("operation", "Mandatory operations"), ("service", "Mandatory services"),
            ("function", "Mandatory functions"), ("attribute", "Mandatory attributes"),
            ("event", "Mandatory events"),
        ):  # fmt: skip
            for mark in (one for one in self.marks if one.kind == kind):
                check = getattr(self, f"_{kind}")
                one = functools.partial(check, mark)
                found.append(await row(group, mark.name, mark.of, one))
        return found

    async def _operation(self, mark: talq.Mark) -> str | None:
        used = [one for one in self.cms._journal.outgoing() if one.operation == mark.name]
        good = [one for one in used if 200 <= one.status < 300]
        faults = [problem for one in good for problem in one.problems]
        if faults:
            raise Failed("\n".join(dict.fromkeys(faults)))
        if good:
            return f"{len(good)} answers"
        reply = await self._ask(mark.name)
        expect(reply, 200, 201, 204, what=mark.name)
        return None

    async def _ask(self, name: str) -> Any:
        """A request that must be served, of an operation that no rule has used."""
        operation = next(one for one in talq.operations("cms") if one.operation_id == name)
        collection = operation.path.strip("/").split("/")[0]
        if collection in talq.COLLECTIONS and operation.method != "GET":
            return await self._resource(operation, collection)
        if name == "updateDevices":
            return await self.cms.call(name, body=self.gateway.devices[-1:])
        if not operation.parameters:
            return await self.cms.call(name)
        if collection == "devices" and operation.method == "GET":
            device = self.gateway.devices[0]
            path = (device["address"], device["functions"][0]["id"], "assetId")
            return await self.cms.call(name, *path[: len(operation.parameters)])
        address = await self._there(collection)
        if address is None:
            raise NotTestable(f"it has no {collection} that we could name")
        return await self.cms.call(name, address)

    async def _there(self, collection: str) -> str | None:
        """The address of something of a collection, made when we may make it."""
        row_of = talq.COLLECTIONS.get(collection)
        sent = self.gateway.memory.table(collection)
        if sent:
            return next(iter(sent))
        add = _operation(collection, "POST")
        if row_of is None or not add:
            return None
        body = {**content.minimal(row_of.schema), row_of.key: f"check-{collection}"}
        expect(await self.cms.call(add, body=[body]), 201, 409, what=add)
        return f"check-{collection}"

    async def _resource(self, operation: talq.Operation, collection: str) -> Any:
        known = talq.COLLECTIONS[collection]
        address = f"check-{operation.operation_id}"
        body = {**content.minimal(known.schema), known.key: address}
        if operation.method != "POST":
            add = _operation(collection, "POST")
            expect(await self.cms.call(add, body=[body]), 201, 409, what=add)
        path = (address,) if operation.parameters else ()
        listed = (operation.request or "").startswith("[")
        return await self.cms.call(operation.operation_id, *path, body=[body] if listed else body)

    async def _service(self, mark: talq.Mark) -> str:
        if mark.name not in {one["name"] for one in self.gateway.services}:
            raise Failed("was not among the services that it took")
        return "taken in the bootstrap"

    async def _function(self, mark: talq.Mark) -> None:
        if mark.name not in {kind for _, kind in self._known} and mark.name != "GatewayFunction":
            raise Failed("was announced, and no device that it gives back has it")

    async def _attribute(self, mark: talq.Mark) -> str | None:
        carriers = list(self._carriers(mark.of))
        if not carriers:
            raise NotTestable(f"no played device has {mark.of} with a value of it")
        for address, kind, sent in carriers:
            if not isinstance(sent.get(mark.name), dict):
                continue
            found = self._known.get((address, kind), {}).get(mark.name)
            if not isinstance(found, dict):
                raise Failed(f"{kind}.{mark.name} was announced and is not given back")
            if found.get("value") != sent[mark.name].get("value") and mark.name not in _CHANGED:
                told = f"{sent[mark.name].get('value')!r}, given back as {found.get('value')!r}"
                raise Failed(f"{kind}.{mark.name} was announced as {told}")
            return kind
        raise NotTestable(f"{mark.name} is no attribute with a value")

    def _carriers(self, kind: str) -> Iterator[tuple[str, str, Body]]:
        for device in [self.gateway.own(), *self.gateway.devices]:
            for function in device["functions"]:
                if function["type"] in {kind, *talq.derived(kind)}:
                    yield device["address"], function["type"], function

    async def _event(self, mark: talq.Mark) -> None:
        if not is_event(mark.name):
            raise NotTestable("the official files name no such type of event")
        sources = [
            (device["address"], function["id"])
            for device in [self.gateway.own(), *self.gateway.devices]
            for function in device["functions"]
            if function["type"] in {mark.of, *talq.derived(mark.of)}
        ]
        if not sources:
            raise NotTestable(f"no played device has {mark.of}")
        data = {
            "type": "EventLogData", "srcAddress": "/".join(sources[0]), "eventType": mark.name,
            "timestamp": talq.timestamp(time.time()),
        }  # fmt: skip
        logger = next(iter(self.gateway.memory.table("logger-configs")), _LOGGER)
        body = {"address": logger, "entries": [{"data": data}]}
        expect(await self.cms.call("sendLogReport", body=body), 201)


def _operation(collection: str, method: str) -> str:
    for one in talq.operations("cms"):
        if one.path == f"/{collection}" and one.method == method:
            return one.operation_id
    return ""
