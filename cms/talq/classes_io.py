"""Device classes of a gateway: they may grow, never shrink (B6)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from protocol import talq

from .. import fleet
from ..store import tables
from .turn import Handler, Turn


class Classes:
    """Handlers of the device classes."""

    def handlers(self) -> dict[str, Handler]:
        """By operation id."""
        return {
            "addDeviceClasses": self._add,
            "updateDeviceClasses": self._replace,
            "updateDeviceClass": self._replace,
            "deleteDeviceClass": self._remove,
        }

    async def _add(self, turn: Turn) -> talq.Answer:
        here = await classes(turn)
        known = [body["name"] for body in turn.bodies if body["name"] in here]
        # During the bootstrap a gateway may repeat a step that broke off.
        if known and turn.gateway["stage"] == fleet.ATTACHED:
            refs = tuple(("device-classes", name) for name in known)
            raise talq.TalqError(409, "resourceConflict", f"{known[0]!r} is here", "", refs)
        await self._keep(turn, here)
        return talq.Answer(201, turn.call.body)

    async def _replace(self, turn: Turn) -> talq.Answer:
        here = await classes(turn)
        named = turn.call.path.get("className")
        if named is not None and turn.call.body["name"] != named:
            raise talq.TalqError(400, "payloadError", "is not that of the path", "name")
        for body in turn.bodies:
            if body["name"] not in here:
                raise talq.not_here("DeviceClass", body["name"])
        await self._keep(turn, here)
        return talq.Answer(200, turn.call.body)

    async def _keep(self, turn: Turn, here: dict[str, dict[str, Any]]) -> None:
        faults = []
        for number, body in enumerate(turn.bodies):
            lost = talq.narrowed(here.get(body["name"], {}), body)
            if lost:
                text = f"a class only grows, this one loses {', '.join(lost[:5])}"
                faults.append(talq.Fault(422, "resourceConflict", text, str(number)))
        if faults:
            raise talq.TalqError.of(faults)
        for body in turn.bodies:
            row = {"gateway": turn.sender, "name": body["name"], "body": body}
            await turn.unit.put(tables.device_classes, row)

    async def _remove(self, turn: Turn) -> talq.Answer:
        name = turn.call.path["className"]
        here = await classes(turn)
        if name not in here:
            raise talq.not_here("DeviceClass", name)
        d = tables.devices.c
        mine = sa.select(d.address, d.body).where(d.gateway == turn.sender)
        users = [
            row["address"] for row in await turn.unit.rows(mine)
            if row["body"].get("class") == name
        ]  # fmt: skip
        if turn.gateway["device"].get("class") == name:
            users.insert(0, turn.sender)
        if users:
            refs = tuple(("devices", address) for address in users[:20])
            raise talq.TalqError(422, "deletingResourceIsReferred", "devices are of it", "", refs)
        c = tables.device_classes
        await turn.unit.run(c.delete().where(c.c.gateway == turn.sender, c.c.name == name))
        return talq.Answer(200, here[name])


async def classes(turn: Turn) -> dict[str, dict[str, Any]]:
    """The sender's classes by name."""
    c = tables.device_classes.c
    query = sa.select(c.name, c.body).where(c.gateway == turn.sender)
    return {row["name"]: row["body"] for row in await turn.unit.rows(query)}
