"""What stands beside the lamps: bays that may be closed, stations and their outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from protocol import wire

from . import parking, stations, translate
from .attachment import Attachment
from .devices import Device
from .effects import Effects, Now
from .outputs import Outputs
from .records import Records
from .station_words import MAINTENANCE
from .translate import Value

_HAND = ("segment", "localOverride")


class Beside:
    """Bays and stations of the gateway; `tell` keeps values of a device and tells loggers."""

    def __init__(
        self,
        devices: Mapping[str, Device],
        attachments: Mapping[str, Attachment],
        records: Records,
        effects: Effects,
        tell: Callable[[Device, list[Value], Now], None],
    ) -> None:
        self.outputs = Outputs(devices, effects, lambda: parking.free(devices.values()))
        self._attachments = attachments
        self._records = records
        self._tell = tell

    def bay(self, device: Device, values: list[Value], now: Now) -> None:
        """What a bay said."""
        closed = self._asked(device, "closed")
        before = device.values.get(parking.OCCUPANCY)
        self._tell(device, [parking.judged(value, closed) for value in values], now)
        change = parking.forbidden(before, device.values.get(parking.OCCUPANCY))
        if change is not None:
            self._event(device, ("bay", translate.FORBIDDEN), change, now)

    def station(self, device: Device, message: wire.Readings, at_ms: int, now: Now) -> None:
        """What a station said."""
        command = self.outputs.command(device, now.domain_s)
        read = stations.read(message)
        values = stations.values(device.asset.kind, read, command, at_ms)
        values += stations.strongest(device.values, values, at_ms)
        self._tell(device, values, now)
        self.reconsider(device, now)

    def reconsider(self, device: Device, now: Now) -> None:
        """A CMS may have closed a bay or begun to work on a cabinet."""
        at_ms = int(now.domain_s * 1000)
        known = device.values.get(parking.OCCUPANCY)
        if known is not None:
            new = parking.judged(known, self._asked(device, "closed"))
            if new.value != known.value:
                self.bay(device, [new._replace(at_ms=at_ms)], now)
        if device.asset.kind != "cabinet":
            return
        hand = device.values.get(_HAND)
        active = self._asked(device, "maintenance")
        active = active or (hand is not None and hand.value != "NONE")
        before = device.values.get(MAINTENANCE)
        if active != (before is not None and before.value):
            self._tell(device, [Value(MAINTENANCE, "Boolean", active, at_ms)], now)
            self._event(device, MAINTENANCE, active, now)

    def _asked(self, device: Device, name: str) -> bool:
        """Whether any CMS has set this flag on the device."""
        told = (one.attribute(device, "node", name) for one in self._attachments.values())
        return any(value is True for value in told)

    def _event(self, device: Device, place: tuple[str, str], started: bool, now: Now) -> None:
        source, at_ms = f"{device.address}/{place[0]}", int(now.domain_s * 1000)
        entry = translate.gateway_entry(source, place[1], "", at_ms, started)
        self._records.event(device.address, entry)
