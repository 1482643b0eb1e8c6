"""What gateways are to be told: loggers, programs, calendars, assignments, overrides.

Each is queued in the database in the unit that changes it, so nothing that an operator was
answered is lost; after the bootstrap of a gateway everything still in force is queued for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from protocol import talq

from .. import commands, drivers, fleet, programs, stations
from ..assets import Device
from ..store import Unit, tables
from ..street_io import Street

_EVENTS, _PERIODIC, _LIVE = "lamplighter-events", fleet.PERIODIC_LOGGER, "lamplighter-live"
_PERIOD = "PT15M"
# At most so many lamps in one command: a gateway answers one in well under its time limit.
_LAMPS_MAX = 1000


def _loggers(owner: str, now_s: float) -> list[dict[str, Any]]:
    """The three loggers that we configure on every gateway (protocol/talq/README.md)."""
    nodes = {"functionType": "LamplighterNodeFunction"}
    measured = ("LampMonitorFunction", "ParkingSensorFunction")
    live = {
        "LampActuatorFunction": ("targetLightCommand", "feedbackLightCommand", "actualLightState"),
        "LampMonitorFunction": (*fleet.MEASURED, *drivers.MONITORED),
        "PresenceSensorFunction": ("presenceStatus",),
        "ParkingSensorFunction": ("occupancy",),
        **stations.WATCHED,
    }
    recordings: dict[str, dict[str, Any]] = {
        # What lamps do comes with the live values; as events it would come twice.
        _EVENTS: {
            "type": "EventRecordingMode", "sourceEvents": {"blackList": ["lightStateChange"]},
        },
        _PERIODIC: {
            "type": "PeriodicRecordingMode",
            "content": [
                {"attributeScope": "measurement", "function": {"functionType": kind}}
                for kind in measured
            ],
            "samplingProfiles": [
                {"samplingStartTime": talq.timestamp(now_s // 900 * 900),
                 "samplingPeriod": _PERIOD}
            ],
        },
        _LIVE: {
            "type": "VendorRecordingMode",
            "content": [
                *({"function": {"functionType": kind, "attributes": [{"name": n} for n in names]}}
                  for kind, names in live.items()),
                {"attributeScope": "measurement", "function": nodes},
            ],
        },
    }  # fmt: skip
    mode = {"type": "ImmediateReportingMode", "delay": 0, "numberOfRetries": 3}
    return [
        {"address": name, "ownerCMS": owner, "sourceAddresses": {"blackList": []},
         "recordingMode": recording, "reportingMode": mode}
        for name, recording in recordings.items()
    ]  # fmt: skip


class Desired:
    """Queues calls for gateways."""

    def __init__(self, street: Street, owner: str) -> None:
        self._street = street
        self._owner = owner

    def loggers(self) -> list[dict[str, Any]]:
        """The loggers that every gateway is given."""
        return _loggers(self._owner, self._street.clock.now_s())

    async def gateways(self, unit: Unit) -> list[str]:
        """Addresses of the gateways whose bootstrap has ended."""
        g = tables.gateways.c
        query = sa.select(g.address).where(g.stage == fleet.ATTACHED)
        return [row["address"] for row in await unit.rows(query)]

    async def base(self, unit: Unit, gateway: str) -> None:
        """What a gateway is to know as soon as its bootstrap has ended."""
        for body in self.loggers():
            await unit.call(gateway, "addLoggerConfig", [], body, None)
        for row in await unit.rows(sa.select(tables.programs)):
            await self._program_to(unit, gateway, row["id"], row["body"])
        for row in await unit.rows(sa.select(tables.calendars)):
            await self._calendar_to(unit, gateway, row["id"], row["body"])

    async def for_lamps(self, unit: Unit, lamp_ids: set[str]) -> None:
        """What is in force for lamps that a gateway has just announced."""
        by_assignment: dict[tuple[str, str], list[str]] = {}
        for row in await unit.rows(sa.select(tables.lamp_calendars)):
            if row["asset_id"] in lamp_ids:
                key = (row["assignment_id"], row["calendar_id"])
                by_assignment.setdefault(key, []).append(row["asset_id"])
        for (assignment_id, calendar_id), mine in by_assignment.items():
            await self.assign(unit, assignment_id, calendar_id, mine)
        o = tables.overrides.c
        living = sa.select(tables.overrides).where(o.state.in_(commands.LIVING))
        for row in await unit.rows(living.order_by(o.created_ms)):
            if row["body"].get("held"):
                continue
            wanted = [x for x in row["body"]["all_lamp_ids"] if x in lamp_ids]
            said = {**row["body"], "id": row["id"], "all_lamp_ids": wanted, **_times(row)}
            await self.override(unit, said)

    async def for_moved(self, unit: Unit, asset_ids: set[str]) -> None:
        """Assets whose devices were exchanged: what is in force follows the pole, not the box."""
        o = tables.overrides.c
        lamps = sorted(name for name in asset_ids if name in self._street.site.lamps)
        for row in await unit.rows(sa.select(o.id, o.body).where(o.state.in_(commands.LIVING))):
            if not row["body"].get("held") and set(lamps) & set(row["body"]["all_lamp_ids"]):
                # Its boxes hold it, wherever they count now; the right ones get it again below.
                await self.release(unit, {**row["body"], "id": row["id"], "all_lamp_ids": lamps})
        await self.for_lamps(unit, asset_ids)
        await self.for_bays(unit, asset_ids)

    async def begin(self, unit: Unit, row: Mapping[str, Any]) -> None:
        """An override that waited here for its start; it may have been released meanwhile."""
        o = tables.overrides
        body = {**row["body"], "held": False}
        mine = sa.and_(o.c.id == row["id"], o.c.state.in_(commands.LIVING))
        done = await unit.run(o.update().where(mine).values(body=body))
        if done.rowcount:
            await self.override(unit, {**body, "id": row["id"], **_times(row)})

    async def program(self, unit: Unit, name: str, body: object) -> None:
        """A new or changed program, for every gateway."""
        for gateway in await self.gateways(unit):
            await self._program_to(unit, gateway, name, body)

    async def _program_to(self, unit: Unit, gateway: str, name: str, body: object) -> None:
        said = programs.talq_program(name, body, self._owner)
        await unit.call(gateway, "addControlPrograms", [], [said], None)

    async def calendar(self, unit: Unit, name: str, body: object) -> None:
        """A new or changed calendar, for every gateway."""
        for gateway in await self.gateways(unit):
            await self._calendar_to(unit, gateway, name, body)

    async def _calendar_to(self, unit: Unit, gateway: str, name: str, body: object) -> None:
        said = programs.talq_calendar(name, body, self._owner)
        await unit.call(gateway, "addCalendars", [], [said], None)

    async def forget(self, unit: Unit, operation: str, name: str) -> None:
        """A deleted program or calendar, for every gateway."""
        for gateway in await self.gateways(unit):
            await unit.call(gateway, operation, [name], None, None)

    async def package(
        self, unit: Unit, gateway: str, package_id: str, release_id: str, download_uri: str
    ) -> dict[str, Any]:
        """A release for a gateway to install; its body."""
        body = {
            "ownerCMS": self._owner, "packageId": package_id, "releaseId": release_id,
            "downloadUri": download_uri,
        }  # fmt: skip
        await unit.call(gateway, "upgradeDataPackages", [], [body], None)
        return body

    async def _lamps(self, unit: Unit, lamp_ids: Iterable[str]) -> dict[str, list[Device]]:
        """Devices of lamps by their gateway."""
        found: dict[str, list[Device]] = {}
        for device in (await self._street.by_asset(unit, lamp_ids)).values():
            found.setdefault(device.gateway, []).append(device)
        return found

    async def assign(
        self, unit: Unit, assignment_id: str, calendar_id: str, lamp_ids: Iterable[str]
    ) -> None:
        """A calendar for lamps; an empty id takes it away."""
        for gateway, devices in (await self._lamps(unit, lamp_ids)).items():
            for part in _parts(devices):
                body = {
                    "addresses": _addresses(part),
                    "entity": {"resource": "calendars", "address": calendar_id},
                    "cmsRefId": f"assignment:{assignment_id}",
                }
                about = {"assignment": assignment_id, "lamps": [d.asset_id for d in part]}
                await unit.call(gateway, "assignCommand", [], body, about)

    async def close(self, unit: Unit, device: Device, closed: bool) -> None:
        """Close a bay, or open it again."""
        body = {"type": "AttributeBoolean", "value": closed}
        path = [device.address, "node", "closed"]
        await unit.call(device.gateway, "partialUpdateAttribute", path, body, None)

    async def for_bays(self, unit: Unit, asset_ids: set[str]) -> None:
        """Bays that are closed, of those that a gateway has just announced."""
        bays = [name for name in asset_ids if name in self._street.site.bays]
        for device in (await self._street.by_asset(unit, bays)).values():
            if device.value("node.closed") is True:
                await self.close(unit, device, True)

    async def override(self, unit: Unit, said: Mapping[str, Any]) -> None:
        """An override for its lamps; said: a stored body with id, starts_ms, expires_ms."""
        command = {
            "state": {"name": "LevelState", "value": said["level_percent"]},
            "reason": "override",
            "cmsRefId": commands.reference(said["rank"], said["id"]),
            "start": talq.timestamp_ms(said["starts_ms"]),
            "expiration": talq.timestamp_ms(said["expires_ms"]),
        }
        for gateway, devices in (await self._lamps(unit, said["all_lamp_ids"])).items():
            for part in _parts(devices):
                about = {"override": said["id"], "lamps": [d.asset_id for d in part]}
                body = {"addresses": _addresses(part), "targetCommand": command}
                await unit.call(gateway, "sendCommand", [], body, about)

    async def release(self, unit: Unit, said: Mapping[str, Any]) -> None:
        """The end of an override before its time."""
        ref = commands.reference(said["rank"], said["id"])
        for gateway, devices in (await self._lamps(unit, said["all_lamp_ids"])).items():
            for part in _parts(devices):
                body = {"addresses": _addresses(part), "cmsRefId": ref}
                await unit.call(gateway, "sendCommand", [], body, None)


def _times(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"starts_ms": row["starts_ms"], "expires_ms": row["expires_ms"]}


def _addresses(devices: list[Device]) -> list[dict[str, str]]:
    return [{"resource": "devices", "address": device.address} for device in devices]


def _parts(devices: list[Device]) -> list[list[Device]]:
    return [devices[at : at + _LAMPS_MAX] for at in range(0, len(devices), _LAMPS_MAX)]
