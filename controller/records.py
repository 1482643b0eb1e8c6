"""What is recorded for each CMS: values and events that its loggers want, into its outbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from protocol import talq

from . import translate
from .attachment import Attachment
from .devices import Device
from .effects import Effects
from .loggers import EVENT, Logger
from .outbox import Stamps
from .translate import Value

# Active periods of loggers are looked at so often, in seconds of the world.
_PERIODS_LOOK_S = 10.0


class Records:
    """The loggers of all CMSs over the devices; `allowed` says whether one may record now."""

    def __init__(
        self,
        attachments: Mapping[str, Attachment],
        devices: Mapping[str, Device],
        effects: Effects,
    ) -> None:
        self.stamps = Stamps()
        self.allowed: Callable[[Logger, float], bool] = lambda logger, now_s: True
        self._attachments = attachments
        self._devices = devices
        self._effects = effects
        self._looked_s = 0.0

    @property
    def takes_events(self) -> bool:
        """Whether any CMS records events."""
        loggers = (x for a in self._attachments.values() for x in a.loggers.values())
        return any(logger.mode == EVENT for logger in loggers)

    def values(self, address: str, values: list[Value]) -> None:
        """New values of a device, for the loggers that tell changes."""
        for cms, attachment in self._attachments.items():
            if address in attachment.absent:
                continue
            for logger in attachment.loggers.values():
                self._put_values(cms, logger, address, logger.news(address, values))

    def event(self, address: str, entry: dict[str, Any]) -> None:
        """An event of a device."""
        for cms, attachment in self._attachments.items():
            if address not in attachment.absent:
                self._put_event(cms, attachment, entry)

    def own(self, cms: str, entry: dict[str, Any]) -> None:
        """An event of the gateway itself, for one CMS."""
        attachment = self._attachments.get(cms)
        if attachment is not None:
            self._put_event(cms, attachment, entry)

    def all(self, cms: str, logger: Logger) -> None:
        """A logger is new: what is known is news to it."""
        for device in self._attachments[cms].devices():
            found = logger.news(device.address, device.values.values())
            self._put_values(cms, logger, device.address, found)

    def sample(self, cms: str, logger: Logger) -> None:
        """Record what a periodic logger wants of every device."""
        for device in self._attachments[cms].devices():
            wanted = [v for v in device.values.values()
                      if logger.records_value(device.address, v)]  # fmt: skip
            self._put_values(cms, logger, device.address, wanted)

    def tick(self, now_s: float) -> None:
        """Samples that are due, and loggers whose active periods begin or end (L6)."""
        look = abs(now_s - self._looked_s) >= _PERIODS_LOOK_S
        if look:
            self._looked_s = now_s
        for cms, attachment in self._attachments.items():
            for logger in attachment.loggers.values():
                if look:
                    logger.recording = self.allowed(logger, now_s)
                if logger.due(now_s):
                    self.sample(cms, logger)

    def _put_values(self, cms: str, logger: Logger, address: str, values: Iterable[Value]) -> None:
        for value in values:
            entry = translate.attribute_entry(address, value)
            self._record(cms, logger.address, entry, value.at_ms)

    def _put_event(self, cms: str, attachment: Attachment, entry: dict[str, Any]) -> None:
        data = entry["data"]
        source = talq.split_address(data["srcAddress"])
        at_ms = talq.read_timestamp_ms(data["timestamp"])
        for logger in attachment.loggers.values():
            if logger.records_event(source.device, source.function, data["eventType"]):
                self._record(cms, logger.address, {"data": dict(data)}, at_ms)

    def _record(self, cms: str, logger: str, entry: dict[str, Any], at_ms: int) -> None:
        """Put an entry of this time into the outbox of a CMS."""
        self.stamps.unique(cms, entry, at_ms)
        # Its numbers are the wire's, all finite: what else `talq.encode` looks for is not here.
        self._effects.store("outbox", cms, logger, msgspec.json.encode(entry))
