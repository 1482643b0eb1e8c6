"""Which values and events a logger records, by its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from protocol import talq

from .translate import Value

EVENT, PERIODIC, ON_CHANGE = "EventRecordingMode", "PeriodicRecordingMode", "VendorRecordingMode"
_PERIOD_S_MIN = 1.0
_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_DURATION = re.compile(f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")
_NOTHING = object()


@dataclass
class Logger:
    """One configured logger. `last` holds what was told, by device and (function, attribute)."""

    config: Mapping[str, Any]
    sources: frozenset[str] | None = None  # None: all but `not_sources` (L1).
    not_sources: frozenset[str] = frozenset()
    next_sample_s: float = 0.0
    last: dict[str, dict[tuple[str, str], object]] = field(default_factory=dict)
    address: str = field(init=False)
    mode: str = field(init=False)  # EVENT, PERIODIC, ON_CHANGE or another kind.
    _wanted: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = str(self.config["address"])
        self.mode = str((self.config.get("recordingMode") or {}).get("type"))

    def hears(self, device: str) -> bool:
        """Whether a device is among its sources."""
        if self.sources is not None and device not in self.sources:
            return False
        return device not in self.not_sources

    def records_event(self, device: str, event_type: str) -> bool:
        """Whether it records this event of this device."""
        if self.mode != EVENT or not self.hears(device):
            return False
        rule = self.config["recordingMode"].get("sourceEvents") or {}
        white, black = rule.get("whiteList"), rule.get("blackList")
        if white is None and black is None:
            return False
        return (white is None or event_type in white) and event_type not in (black or ())

    def records_value(self, device: str, value: Value) -> bool:
        """Whether it is interested in this value of this device."""
        if self.mode not in (PERIODIC, ON_CHANGE) or not self.hears(device):
            return False
        return self._wants(value)

    def _wants(self, value: Value) -> bool:
        content = self.config["recordingMode"].get("content") or ()
        return any(_matches(row, value) for row in content)

    def news(self, device: str, values: Iterable[Value]) -> list[Value]:
        """Of a device's new values those that this on-change logger tells, remembered as told."""
        if self.mode != ON_CHANGE or not self.hears(device):
            return []
        last = self.last.setdefault(device, {})
        wanted = self._wanted
        found = []
        for value in values:
            place = value.place
            wants = wanted.get(place)
            if wants is None:
                wants = wanted[place] = self._wants(value)
            if wants and (value.always or last.get(place, _NOTHING) != value.value):
                last[place] = value.value
                found.append(value)
        return found

    def period_s(self) -> float:
        """The sampling period of a periodic logger, seconds."""
        profiles = self.config["recordingMode"].get("samplingProfiles")
        text = profiles[0].get("samplingPeriod", "PT15M") if profiles else "PT15M"
        return max(_PERIOD_S_MIN, duration_s(str(text)))

    def due(self, now_s: float) -> bool:
        """Whether a sample is due; the next one is then set, on whole periods of the day."""
        if self.mode != PERIODIC:
            return False
        period_s = self.period_s()
        if not self.next_sample_s:
            self.next_sample_s = (now_s // period_s + 1) * period_s
        if now_s < self.next_sample_s:
            return False
        self.next_sample_s = (now_s // period_s + 1) * period_s
        return True


def logger_of(config: Mapping[str, Any]) -> Logger:
    """A logger with its sources worked out (devices of any address form)."""
    rule = config.get("sourceAddresses") or {}
    white, black = rule.get("whiteList"), rule.get("blackList")
    sources: frozenset[str] | None = None
    if white is not None:
        sources = _devices(white)
    elif black is None:
        sources = frozenset()
    return Logger(config, sources, _devices(black or ()))


def _devices(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(talq.split_address(address).device for address in addresses)


def _matches(row: Mapping[str, Any], value: Value) -> bool:
    function = row.get("function") or {}
    wanted = function.get("functionType")
    if wanted is not None and wanted != value.function_type:
        return False
    names = [attribute.get("name") for attribute in function.get("attributes") or ()]
    return not names or value.name in names


def duration_s(text: str) -> float:
    """Seconds of an ISO 8601 duration of days, hours, minutes and seconds; 0.0 when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return 0.0
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
