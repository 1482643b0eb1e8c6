"""Rows of the database as devices, lamps, bays and commands, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from protocol import worldclock

from . import assets, commands
from .assets import Around, Device
from .site import Site
from .store import Unit, tables

_IN_MAX = 500  # SQLite takes some tens of thousands of values; PostgreSQL plans few better.


def _parts(values: Iterable[str]) -> Iterable[list[str]]:
    listed = list(values)
    for at in range(0, len(listed), _IN_MAX):
        yield listed[at : at + _IN_MAX]


def _device(row: Mapping[str, Any]) -> Device:
    return Device(
        row["address"], row["gateway"], row["asset_id"], dict(row["newest"]), list(row["faults"])
    )


class Street:
    """What the database knows of the street."""

    def __init__(self, site: Site, clock: worldclock.Clock) -> None:
        self.site = site
        self.clock = clock

    def now_ms(self) -> int:
        """Domain time, POSIX ms."""
        return int(self.clock.now_s() * 1000)

    # Devices.

    async def all_devices(self, unit: Unit) -> dict[str, Device]:
        """Every device that serves an asset, by asset id."""
        c = tables.devices.c
        rows = await unit.rows(sa.select(c.address, c.gateway, c.asset_id, c.newest, c.faults))
        return {row["asset_id"]: _device(row) for row in rows}

    async def by_address(self, unit: Unit, addresses: Iterable[str]) -> dict[str, Device]:
        """Some devices, by TALQ address."""
        return await self._some(unit, tables.devices.c.address, addresses, "address")

    async def by_asset(self, unit: Unit, asset_ids: Iterable[str]) -> dict[str, Device]:
        """Some devices, by asset id."""
        return await self._some(unit, tables.devices.c.asset_id, asset_ids, "asset_id")

    async def _some(
        self, unit: Unit, column: sa.Column[str], values: Iterable[str], key: str
    ) -> dict[str, Device]:
        c = tables.devices.c
        found: dict[str, Device] = {}
        for part in _parts(values):
            query = sa.select(c.address, c.gateway, c.asset_id, c.newest, c.faults)
            for row in await unit.rows(query.where(column.in_(part))):
                found[row[key]] = _device(row)
        return found

    async def save(self, unit: Unit, devices: Iterable[Device]) -> None:
        """Newest values and faults of known devices."""
        statement = (
            tables.devices.update()
            .where(tables.devices.c.address == sa.bindparam("at"))
            .values(newest=sa.bindparam("newest"), faults=sa.bindparam("faults"))
        )
        rows = [{"at": d.address, "newest": d.newest, "faults": d.faults} for d in devices]
        await unit.run(statement, rows)

    # Resources.

    async def around(self, unit: Unit, devices: Mapping[str, Device]) -> dict[str, Around]:
        """What stands around lamps: their override in force, calendar and groups."""
        c = tables.lamp_calendars.c
        calendars: dict[str, str] = {}
        wanted = list(devices) if len(devices) <= _IN_MAX else None
        query = sa.select(c.asset_id, c.calendar_id)
        if wanted is not None:
            query = query.where(c.asset_id.in_(wanted))
        for row in await unit.rows(query):
            calendars[row["asset_id"]] = row["calendar_id"]
        member: dict[str, list[str]] = {}
        for row in await unit.rows(sa.select(tables.groups)):
            for lamp_id in row["lamp_ids"]:
                member.setdefault(lamp_id, []).append(row["id"])
        found = {}
        for asset_id, device in devices.items():
            target = device.value("lamp.targetLightCommand")
            ref = target.get("ref") if isinstance(target, Mapping) else None
            found[asset_id] = Around(
                commands.override_of(ref), calendars.get(asset_id) or None,
                tuple(member.get(asset_id, ())),
            )  # fmt: skip
        return found

    def resource(self, device: Device, around: Mapping[str, Around]) -> tuple[str, Any]:
        """(lamp or bay, the resource) of a device that serves an asset of the plan."""
        asset = self.site.assets[device.asset_id]
        now_s = self.clock.now_s()
        if asset.kind == "bay":
            return "bay", assets.bay(self.site, asset, device, now_s)
        known = around.get(device.asset_id, Around())
        return "lamp", assets.lamp(self.site, asset, device, known, now_s)

    async def settle(self, unit: Unit, devices: Mapping[str, Device]) -> None:
        """Store changed devices (by asset id), tell the pages, and move commands on."""
        await self.save(unit, devices.values())
        known = {k: d for k, d in devices.items() if k in self.site.assets}
        around = await self.around(unit, known)
        for device in known.values():
            unit.tell(*self.resource(device, around))
        lamps = {k: d for k, d in known.items() if k in self.site.lamps}
        await self._move_overrides(unit, lamps)
        feeding = {a.asset_id for a in self.site.cabinet_nodes.values()}
        cabinets = {k: d for k, d in devices.items() if k in feeding}
        await self._move_assignments(unit, {**lamps, **cabinets})

    async def is_held(self, unit: Unit, body: Mapping[str, Any]) -> bool:
        """Whether an override of its rank lives on one of its lamps."""
        o, r = tables.overrides.c, tables.override_lamps.c
        query = (
            sa.select(o.id, o.body)
            .join_from(tables.override_lamps, tables.overrides, o.id == r.override_id)
            .where(o.state.in_(commands.LIVING), r.asset_id.in_(body["all_lamp_ids"]))
        )
        return any(row["body"]["rank"] == body["rank"] for row in await unit.rows(query))

    async def _move_overrides(self, unit: Unit, lamps: Mapping[str, Device]) -> None:
        o, r = tables.overrides.c, tables.override_lamps.c
        query = (
            sa.select(o.id, o.body, r.asset_id, r.stage, r.why)
            .join_from(tables.override_lamps, tables.overrides, o.id == r.override_id)
            .where(o.state.in_(commands.LIVING), r.asset_id.in_(list(lamps)))
        )
        moved: set[str] = set()
        for row in await unit.rows(query) if lamps else ():
            device = lamps[row["asset_id"]]
            light = assets.light_percent(self.site, self.site.lamps[device.asset_id], device)
            body = {**row["body"], "id": row["id"]}
            stage = commands.stage_of(row["stage"], body, device, light)
            why = commands.why(stage, body, device)
            expected = self.site.expected_on(
                self.site.lamps[device.asset_id].feeder_id, self.clock.now_s()
            )
            if why == "silent" and not expected:
                why = "unpowered"
            if row["why"] == commands.REPLACED:
                why = commands.REPLACED
            if (stage, why) == (row["stage"], row["why"]):
                continue
            moved.add(row["id"])
            await unit.run(
                tables.override_lamps.update()
                .where(r.override_id == row["id"], r.asset_id == row["asset_id"])
                .values(stage=stage, why=why)
            )
        for override_id in moved:
            await self.tell_override(unit, override_id)

    async def _move_assignments(self, unit: Unit, lamps: Mapping[str, Device]) -> None:
        a, r = tables.assignments.c, tables.assignment_lamps.c
        query = (
            sa.select(a.id, a.calendar_id, a.created_ms, r.asset_id, r.why)
            .join_from(tables.assignment_lamps, tables.assignments, a.id == r.assignment_id)
            .where(r.stage < commands.ACKNOWLEDGED, r.asset_id.in_(list(lamps)))
        )
        moved: set[str] = set()
        for row in await unit.rows(query) if lamps else ():
            device = lamps[row["asset_id"]]
            done = commands.stored(device, row["calendar_id"], row["created_ms"])
            why = "silent" if device.value("node.contact") == "silent" and not done else None
            if not done and why == row["why"]:
                continue
            moved.add(row["id"])
            change: dict[str, Any] = {"why": why}
            if done:
                change["stage"] = commands.ACKNOWLEDGED
            await unit.run(
                tables.assignment_lamps.update()
                .where(r.assignment_id == row["id"], r.asset_id == row["asset_id"])
                .values(**change)
            )
        for assignment_id in moved:
            await self.tell_assignment(unit, assignment_id)

    # Commands.

    async def tell_override(self, unit: Unit, override_id: str) -> None:
        """Settle the state of an override by its lamps, and tell it."""
        row = (await unit.rows(_override_query(override_id)))[0]
        lamps = await self._lamps_of(unit, tables.override_lamps, [override_id])
        stages = [(lamp["stage"], lamp["why"]) for lamp in lamps[override_id]]
        now_ms = self.now_ms()
        state = commands.override_state(row["state"], stages, now_ms, row["expires_ms"])
        if state != row["state"]:
            await unit.run(
                tables.overrides.update()
                .where(tables.overrides.c.id == override_id)
                .values(state=state)
            )
        told = self._override({**row, "state": state}, lamps[override_id])
        unit.tell("progress", {"kind": "override", **told})

    async def overrides(self, unit: Unit, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Overrides of the API, of a query over the table."""
        rows = await unit.rows(query)
        lamps = await self._lamps_of(unit, tables.override_lamps, [row["id"] for row in rows])
        return [self._override(row, lamps[row["id"]]) for row in rows]

    def _override(self, row: Mapping[str, Any], lamps: list[Mapping[str, Any]]) -> dict[str, Any]:
        body = row["body"]
        stages = [lamp["stage"] for lamp in lamps]
        counted = commands.counts(stages)
        return {
            "id": row["id"],
            "lamp_ids": body["lamp_ids"],
            "group_ids": body["group_ids"],
            "level_percent": body["level_percent"],
            "starts_at": self.site.rfc3339(row["starts_ms"] / 1000),
            "expires_at": self.site.rfc3339(row["expires_ms"] / 1000),
            "rank": body["rank"],
            "reason": body["reason"],
            "by": body["by"],
            "created_at": self.site.rfc3339(row["created_ms"] / 1000),
            "state": row["state"],
            "reached": counted["seen"],
            "total": len(lamps),
            "stages": counted,
            "lamps": [
                {"lamp_id": r["asset_id"], "stage": commands.STAGES[r["stage"]], "why": r["why"]}
                for r in lamps
            ],
        }

    async def _lamps_of(
        self, unit: Unit, table: sa.Table, ids: list[str]
    ) -> dict[str, list[Mapping[str, Any]]]:
        key = table.c.override_id if "override_id" in table.c else table.c.assignment_id
        found: dict[str, list[Mapping[str, Any]]] = {name: [] for name in ids}
        query = sa.select(table).where(key.in_(ids)).order_by(table.c.asset_id)
        for row in await unit.rows(query) if ids else ():
            found[row[key.name]].append(row)
        return found

    async def tell_assignment(self, unit: Unit, assignment_id: str) -> None:
        """Tell how far an assignment has come."""
        query = sa.select(tables.assignments).where(tables.assignments.c.id == assignment_id)
        for told in await self.assignments(unit, query):
            unit.tell("progress", {"kind": "assignment", **told})

    async def assignments(self, unit: Unit, query: sa.Select[Any]) -> list[dict[str, Any]]:
        """Assignments of the API, of a query over the table."""
        rows = await unit.rows(query)
        lamps = await self._lamps_of(unit, tables.assignment_lamps, [row["id"] for row in rows])
        found = []
        for row in rows:
            mine = lamps[row["id"]]
            stages = [lamp["stage"] for lamp in mine]
            waiting = [r for r in mine if r["stage"] < commands.ACKNOWLEDGED and r["why"]]
            found.append({
                "id": row["id"],
                "calendar_id": row["calendar_id"],
                "lamp_ids": row["body"]["lamp_ids"],
                "group_ids": row["body"]["group_ids"],
                "cabinet_ids": row["body"].get("cabinet_ids", []),
                "by": row["body"]["by"],
                "created_at": self.site.rfc3339(row["created_ms"] / 1000),
                "state": commands.assignment_state(stages, len(waiting)),
                "reached": commands.counts(stages)["acknowledged"],
                "total": len(mine),
                "failed": [{"lamp_id": r["asset_id"], "why": r["why"]} for r in waiting],
            })  # fmt: skip
        return found


def _override_query(override_id: str) -> sa.Select[Any]:
    return sa.select(tables.overrides).where(tables.overrides.c.id == override_id)
