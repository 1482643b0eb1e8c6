"""What gateways report, stored: values, and events exactly once, in the transaction of the 201."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from protocol import talq

from .. import alarms, assets, fleet
from ..assets import Device
from ..reports import Report
from ..store import Unit, tables
from ..street_io import Street

# SQLite takes some tens of thousands of values in one statement; PostgreSQL plans few better.
_ROWS_MAX = 500


class Intake:
    """Reports and patches of one site."""

    def __init__(self, street: Street) -> None:
        self._street = street

    async def known(self, unit: Unit, addresses: Iterable[str]) -> dict[str, Device]:
        """Devices by TALQ address."""
        return await self._street.by_address(unit, addresses)

    async def store(
        self, unit: Unit, reports: Sequence[tuple[str, Report]], known: Mapping[str, Device]
    ) -> None:
        """Reports of gateways, in order, that were judged before."""
        changed: dict[str, Device] = {}
        measured: list[dict[str, Any]] = []
        for _, report in reports:
            is_periodic = report.logger == fleet.PERIODIC_LOGGER
            for address, key, name, value, value_ms, at_ms in report.values:
                device = known.get(address)
                if device is None:
                    continue  # The gateway's own device: it has no place on the street.
                fleet.keep_value(device, key, value, value_ms, at_ms)
                changed[device.asset_id] = device
                if is_periodic and name in fleet.MEASURED and type(value) in (int, float):
                    measured.append(
                        {"device": address, "name": name, "at_ms": at_ms, "value": value}
                    )
        await unit.insert_new(tables.measurements, measured)
        for gateway, report in reports:
            await self._events(unit, gateway, report.events, known, changed)
        for device in changed.values():
            await self._shines_again(unit, device)
        if changed:
            await self._street.settle(unit, changed)

    def judge(self, report: Report, known: Mapping[str, Device], gateway: str) -> None:
        """TalqError 422 when a report names a device that its gateway does not have (T9)."""
        strangers = [
            a for a in report.devices
            if a != gateway and (a not in known or known[a].gateway != gateway)
        ]  # fmt: skip
        if strangers:
            raise talq.TalqError(
                422, "relatedResourceNotFound", f"no device {strangers[0]!r} of this gateway",
                "entries", tuple(("devices", a) for a in sorted(strangers)),
            )  # fmt: skip

    async def _events(
        self,
        unit: Unit,
        gateway: str,
        rows: Sequence[Mapping[str, Any]],
        known: Mapping[str, Device],
        changed: dict[str, Device],
    ) -> None:
        """Store events once, and let each that is new tell and move what it moves."""
        now_ms = self._street.now_ms()
        stored = []
        for row in rows:
            device = known.get(row["device"])
            asset_id = device.asset_id if device else gateway
            stored.append({
                "gateway": gateway, "source": row["source"], "type": row["type"],
                "at_ms": row["at_ms"], "flag": row["flag"],
                "kind": fleet.event_of(row, asset_id).kind, "asset_id": asset_id,
                "received_ms": now_ms, "info": row["info"],
            })  # fmt: skip
        by_asset = {device.asset_id: device for device in known.values()}
        for row in await unit.insert_fresh(tables.events, stored):
            unit.tell("event", event_resource(self._street, row))
            event = fleet.event_of(row, row["asset_id"])
            device = by_asset.get(event.asset_id)
            if device is not None and event.kind in alarms.LASTING and event.started is not None:
                device.faults = [kind for kind in device.faults if kind != event.kind]
                if event.started:
                    device.faults.append(event.kind)
                changed[event.asset_id] = device
            await self._alarm(unit, event)

    async def _shines_again(self, unit: Unit, device: Device) -> None:
        """End a lamp's failure that its node cannot end: it lost its memory with its power."""
        asset = self._street.site.lamps.get(device.asset_id)
        if asset is None or not any(kind in assets.LAMP_FAULTS for kind in device.faults):
            return
        light = assets.light_percent(self._street.site, asset, device)
        measured_ms = device.newest.get("monitor.activePower", [None, 0])[1]
        asked = assets.level(device.value("lamp.feedbackLightCommand"))
        if not light or not asked or not alarms.shines(light, asked):
            return
        a = tables.alarms.c
        rows = await unit.rows(
            sa.select(a.id, a.started_ms).where(
                a.ended_ms.is_(None), a.asset_id == device.asset_id,
                a.kind.in_(assets.LAMP_FAULTS),
            )
        )  # fmt: skip
        if any(row["started_ms"] >= measured_ms for row in rows):
            return
        device.faults = [kind for kind in device.faults if kind not in assets.LAMP_FAULTS]
        for row in rows:
            change = tables.alarms.update().where(a.id == row["id"])
            await unit.run(change.values(ended_ms=measured_ms))
            await tell_alarm(unit, self._street, row["id"])

    async def _alarm(self, unit: Unit, event: alarms.Event) -> None:
        a = tables.alarms.c
        rows = await unit.rows(
            sa.select(a.id, a.kind, a.asset_id).where(
                a.ended_ms.is_(None), a.asset_id == event.asset_id
            )
        )
        asset = self._street.site.assets.get(event.asset_id)
        expected_on = asset is None or self._street.site.expected_on(
            asset.feeder_id, event.at_ms / 1000
        )
        maintained = asset is not None and await self._maintained(unit, asset.feeder_id)
        decided = alarms.decide(rows, event, expected_on=expected_on, maintained=maintained)
        if isinstance(decided, alarms.Closed):
            change = tables.alarms.update().where(a.id == decided.number)
            await unit.run(change.values(ended_ms=decided.ended_ms))
            await tell_alarm(unit, self._street, decided.number)
        elif isinstance(decided, alarms.Opened):
            done = await unit.run(
                tables.alarms.insert().values(
                    kind=decided.kind, severity=decided.severity, asset_id=decided.asset_id,
                    started_ms=decided.started_ms,
                )
            )  # fmt: skip
            key = done.inserted_primary_key
            assert key is not None
            await tell_alarm(unit, self._street, int(key[0]))

    async def _maintained(self, unit: Unit, feeder_id: str) -> bool:
        """Whether somebody works on the cabinet that feeds this cable."""
        site = self._street.site
        node = site.cabinet_nodes.get(site.feeders[feeder_id].cabinet_id)
        devices = await self._street.by_asset(unit, [node.asset_id]) if node else {}
        return any(alarms.MAINTENANCE in device.faults for device in devices.values())

    async def change(
        self,
        unit: Unit,
        after: Mapping[str, Mapping[str, Any]],
        said: Sequence[Mapping[str, Any]],
        *,
        whole: bool,
    ) -> set[str]:
        """Devices of a gateway as they are now, by address; said: what was sent of them (T13).

        whole: functions that were not sent are gone, and so is what is known of them. Assets
        that have another device now than before, as of two boxes that hang exchanged.
        """
        known = await self._street.by_address(unit, after)
        now_ms = self._street.now_ms()
        statement = (
            tables.devices.update()
            .where(tables.devices.c.address == sa.bindparam("at"))
            .values(body=sa.bindparam("whole"), asset_id=sa.bindparam("asset"))
        )
        served = {address: fleet.asset_id_of(body) for address, body in after.items()}
        await unit.run(
            statement, [{"at": a, "whole": b, "asset": served[a]} for a, b in after.items()]
        )
        moved: set[str] = set()
        for address, device in known.items():
            if device.asset_id != served[address]:
                moved |= {device.asset_id, served[address]}
                device.asset_id = served[address]
        for body in said:
            device = known[str(body["address"])]
            functions = list(body.get("functions") or ())
            if whole:
                kept = tuple(f"{function['id']}." for function in functions)
                device.newest = {k: v for k, v in device.newest.items() if k.startswith(kept)}
            fleet.keep_functions(device, functions, now_ms)
        await self._street.settle(unit, {d.asset_id: d for d in known.values()})
        return moved

    async def bodies(
        self, unit: Unit, gateway: str, addresses: Iterable[str]
    ) -> dict[str, Mapping[str, Any]]:
        """Bodies of the devices that a gateway has announced, by address."""
        rows = await self._rows(unit, addresses)
        return {
            address: row["body"] for address, row in rows.items()
            if row["gateway"] == gateway and row["body"]
        }  # fmt: skip

    async def _rows(self, unit: Unit, addresses: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        d = tables.devices.c
        found: dict[str, Mapping[str, Any]] = {}
        wanted = list(addresses)
        for at in range(0, len(wanted), _ROWS_MAX):
            query = sa.select(d.address, d.gateway, d.body)
            for row in await unit.rows(query.where(d.address.in_(wanted[at : at + _ROWS_MAX]))):
                found[row["address"]] = row
        return found

    async def announce(
        self, unit: Unit, gateway: str, bodies: Sequence[Mapping[str, Any]]
    ) -> set[str]:
        """New devices, all or none (T9); TalqError 409 for one that is here. Their asset ids."""
        addresses = [str(body["address"]) for body in bodies]
        rows = await self._rows(unit, addresses)
        # One without a body was taken away, or its gateway starts over: it may come by any.
        here = [a for a, row in rows.items() if row["body"]]
        if here:
            text = f"{here[0]!r} is here already"
            raise talq.TalqError(
                409, "resourceConflict", text, "", tuple(("devices", a) for a in here)
            )
        known = await self._street.by_address(unit, addresses)
        changed: dict[str, Device] = {}
        if len(set(addresses)) < len(addresses):
            raise talq.TalqError(422, "resourceConflict", "an address comes twice")
        stored = []
        for address, body in zip(addresses, bodies, strict=True):
            asset_id = fleet.asset_id_of(body)
            device = known.get(address) or Device(address, gateway, asset_id)
            device.gateway = gateway
            fleet.keep_functions(device, list(body.get("functions") or ()), self._street.now_ms())
            stored.append({
                "address": address, "gateway": gateway, "asset_id": asset_id,
                "body": body, "newest": device.newest, "faults": device.faults,
            })  # fmt: skip
            changed[asset_id] = device
        await unit.put_all(tables.devices, stored)
        await self._street.settle(unit, changed)
        return set(changed)


def event_resource(street: Street, row: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the API."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "asset_id": row["asset_id"],
        "at": street.site.rfc3339(row["at_ms"] / 1000),
        "received_at": street.site.rfc3339(row["received_ms"] / 1000),
        "started": None if row["flag"] < 0 else bool(row["flag"]),
        "info": row["info"],
    }


def alarm_resource(street: Street, row: Mapping[str, Any]) -> dict[str, Any]:
    """An alarm of the API."""

    def at(name: str) -> str | None:
        return None if row[name] is None else street.site.rfc3339(row[name] / 1000)

    return {
        "id": row["id"],
        "kind": row["kind"],
        "severity": row["severity"],
        "asset_id": row["asset_id"],
        "started_at": at("started_ms"),
        "ended_at": at("ended_ms"),
        "acknowledged_by": row["acknowledged_by"],
        "acknowledged_at": at("acknowledged_ms"),
    }


async def tell_alarm(unit: Unit, street: Street, number: int) -> dict[str, Any]:
    """Tell the pages how an alarm stands now."""
    row = (await unit.rows(sa.select(tables.alarms).where(tables.alarms.c.id == number)))[0]
    told = alarm_resource(street, row)
    unit.tell("alarm", told)
    return told
