"""Devices of a gateway: announced, changed, read, taken away; each gateway has only its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from protocol import talq

from .. import fleet
from ..store import tables
from .classes_io import classes
from .desired_io import Desired
from .intake_io import Intake
from .resources_io import refuse_dangling
from .turn import Handler, Turn

_PAGE_DEFAULT = 100


class Devices:
    """Handlers of the devices."""

    def __init__(self, intake: Intake, desired: Desired) -> None:
        self._intake = intake
        self._desired = desired

    def handlers(self) -> dict[str, Handler]:
        """By operation id."""
        return {
            "addDevices": self._add,
            "updateDevices": self._replace,
            "updateDevice": self._replace,
            "partialUpdateDevices": self._patch,
            "partialUpdateDevice": self._patch,
            "deleteDevice": self._remove,
            "getDevices": self._list,
            "getDevice": self._get,
            "getDeviceFunction": self._function,
            "getDeviceAttribute": self._attribute,
        }

    async def _add(self, turn: Turn) -> talq.Answer:
        await self._judge(turn, turn.bodies)
        asset_ids = await self._intake.announce(turn.unit, turn.sender, turn.bodies)
        await self._desired.for_lamps(turn.unit, asset_ids)
        await self._desired.for_bays(turn.unit, asset_ids)
        return talq.Answer(201, turn.call.body)

    async def _replace(self, turn: Turn) -> talq.Answer:
        """PUT: what is not sent is gone (T13)."""
        await self._change(turn, whole=True)
        return talq.Answer(200, turn.call.body)

    async def _patch(self, turn: Turn) -> talq.Answer:
        await self._change(turn, whole=False)
        return talq.Answer(200)

    async def _change(self, turn: Turn, *, whole: bool) -> None:
        address = turn.call.path.get("deviceAddress")
        bodies = turn.bodies
        if address is not None:
            bodies = [{**turn.call.body, "address": address}]
        known = await self._known(turn, [str(body["address"]) for body in bodies])
        after: dict[str, dict[str, Any]] = {}
        for body in bodies:
            name = str(body["address"])
            before = after.get(name, known[name])
            after[name] = dict(body) if whole else fleet.merged(before, body)
        # A class is announced after the gateway's own first values (B2).
        if turn.gateway["stage"] == fleet.ATTACHED:
            await self._judge(turn, list(after.values()))
        own = after.pop(turn.sender, None)
        if own is not None:
            g = tables.gateways
            await turn.unit.run(g.update().where(g.c.address == turn.sender).values(device=own))
        said = [body for body in bodies if body["address"] != turn.sender]
        moved = await self._intake.change(turn.unit, after, said, whole=whole)
        if moved:
            await self._desired.for_moved(turn.unit, moved)

    async def _judge(self, turn: Turn, bodies: list[dict[str, Any]]) -> None:
        """TalqError 422 for what fits no class of the gateway or names what is not here."""
        here = await classes(turn)
        faults = []
        for number, body in enumerate(bodies):
            described = here.get(body["class"])
            if described is None:
                text = f"class {body['class']!r} was not announced"
                refs = (("device-classes", str(body["class"])),)
                faults.append(
                    talq.Fault(422, "relatedResourceNotFound", text, f"{number}.class", refs)
                )
            else:
                faults += talq.misfits(body, described, f"{number}.")
        if faults:
            raise talq.TalqError.of(faults[:20])
        await refuse_dangling(turn, bodies)

    async def _known(self, turn: Turn, addresses: list[str]) -> dict[str, Mapping[str, Any]]:
        """Bodies of devices of the sender; TalqError 404 for one that is not its."""
        found: dict[str, Mapping[str, Any]] = {turn.sender: turn.gateway["device"]}
        found |= await self._intake.bodies(turn.unit, turn.sender, addresses)
        for number, address in enumerate(addresses):
            if address not in found:
                error = talq.not_here("Device", address)
                fault = error.faults[0]
                raise talq.TalqError(404, fault.key, fault.description, f"{number}.address")
        return found

    async def _remove(self, turn: Turn) -> talq.Answer:
        """A device that is gone; the gateway's own: it starts over (B7)."""
        address = turn.call.path["deviceAddress"]
        body = (await self._known(turn, [address]))[address]
        d = tables.devices
        if address != turn.sender:
            await turn.unit.run(d.delete().where(d.c.address == address))
            return talq.Answer(200, body)
        for table in (tables.calls, tables.device_classes, tables.talq_resources):
            await turn.unit.run(table.delete().where(table.c.gateway == address))
        await turn.unit.run(d.update().where(d.c.gateway == address).values(body={}))
        g = tables.gateways
        await turn.unit.run(g.delete().where(g.c.address == address))
        return talq.Answer(200, body)

    async def _list(self, turn: Turn) -> talq.Answer:
        d = tables.devices.c
        query = sa.select(d.body).where(d.gateway == turn.sender).order_by(d.address)
        rows = await turn.unit.rows(query)
        bodies = [turn.gateway["device"], *(row["body"] for row in rows if row["body"])]
        wanted = turn.call.listed.get("deviceClasses")
        if wanted:
            bodies = [body for body in bodies if body.get("class") in wanted]
        return talq.paged(turn.call, bodies, _PAGE_DEFAULT)

    async def _body(self, turn: Turn) -> Mapping[str, Any]:
        address = turn.call.path["deviceAddress"]
        return (await self._known(turn, [address]))[address]

    async def _get(self, turn: Turn) -> talq.Answer:
        return talq.Answer(200, await self._body(turn))

    async def _function(self, turn: Turn) -> talq.Answer:
        found = talq.function_of(await self._body(turn), turn.call.path["functionId"])
        return talq.Answer(200, talq.in_scope(found, turn.call.query.get("attributeScope")))

    async def _attribute(self, turn: Turn) -> talq.Answer:
        function = talq.function_of(await self._body(turn), turn.call.path["functionId"])
        return talq.Answer(200, talq.attribute_of(function, turn.call.path["attributeName"]))
