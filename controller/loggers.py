"""Which values and events a logger records, and when it reports them, by its configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from protocol import talq

from .recording import Recording
from .translate import Value

EVENT, PERIODIC, ON_CHANGE = "EventRecordingMode", "PeriodicRecordingMode", "VendorRecordingMode"
SCHEDULED = "ScheduledReportingMode"
_PERIOD_S_MIN = 1.0
_DAY_S = 86_400
_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_DURATION = re.compile(f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?")
_NOTHING = object()


@dataclass(frozen=True)
class Sources:
    """Devices, functions and attributes of an address list, groups opened (L1, G2)."""

    addresses: frozenset[str]

    def holds(self, device: str, function: str = "", name: str = "") -> bool:
        """Whether the list names it, or something that it is part of."""
        found = self.addresses
        return (
            device in found
            or f"{device}/{function}" in found
            or f"{device}/{function}/{name}" in found
        )

    def touches(self, device: str) -> bool:
        """Whether the list names the device or some part of it."""
        return device in self.addresses or any(
            address.startswith(f"{device}/") for address in self.addresses
        )


@dataclass
class Logger:
    """One configured logger. `last` holds what was told, by device and (function, attribute)."""

    config: Mapping[str, Any]
    white: Sources | None = None  # None: all but the black list (L1).
    black: Sources = field(default_factory=lambda: Sources(frozenset()))
    next_sample_s: float = 0.0
    last: dict[str, dict[tuple[str, str], object]] = field(default_factory=dict)
    recording: bool = True  # Whether its active periods let it record now (L6).
    recording_of: Recording | None = None  # What decides that, made when first asked.
    address: str = field(init=False)
    mode: str = field(init=False)  # EVENT, PERIODIC, ON_CHANGE or another kind.
    _is_particular: bool = field(init=False)  # Whether it hears devices differently.
    _wanted: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.address = str(self.config["address"])
        self.mode = str((self.config.get("recordingMode") or {}).get("type"))
        self._is_particular = self.white is not None or bool(self.black.addresses)

    @property
    def is_periodic(self) -> bool:
        """Whether it takes samples."""
        return self.mode == PERIODIC

    @property
    def active_periods(self) -> list[Any]:
        """When it may record; none: always (L6)."""
        return list((self.config.get("recordingMode") or {}).get("activePeriods") or ())

    def hears(self, device: str, function: str = "", name: str = "") -> bool:
        """Whether a device, function or attribute is among its sources."""
        if not self.recording:
            return False
        if self.white is not None and not self.white.holds(device, function, name):
            return False
        return not self.black.holds(device, function, name)

    def records_event(self, device: str, function: str, event_type: str) -> bool:
        """Whether it records this event of this device."""
        if self.mode != EVENT or not self.hears(device, function):
            return False
        rule = self.config["recordingMode"].get("sourceEvents") or {}
        white, black = rule.get("whiteList"), rule.get("blackList")
        if white is None and black is None:
            return False
        return (white is None or event_type in white) and event_type not in (black or ())

    def records_value(self, device: str, value: Value) -> bool:
        """Whether it is interested in this value of this device."""
        if self.mode not in (PERIODIC, ON_CHANGE) or not self.recording:
            return False
        place = (device if self._is_particular else "", *value.place)
        wants = self._wanted.get(place)
        if wants is None:
            function, name = value.place
            wants = self.hears(device, function, name) and self._wants(value)
            self._wanted[place] = wants
        return wants

    def _wants(self, value: Value) -> bool:
        """By its content; a vendor's logger without one records everything."""
        content = self.config["recordingMode"].get("content")
        if content is None:
            return self.mode == ON_CHANGE
        return any(_matches(row, value) for row in content)

    def news(self, device: str, values: Iterable[Value]) -> list[Value]:
        """Of a device's new values those that this on-change logger tells, remembered as told."""
        if self.mode != ON_CHANGE or not self.recording:
            return []
        last = self.last.setdefault(device, {})
        found = []
        for value in values:
            changed = value.always or last.get(value.place, _NOTHING) != value.value
            if changed and self.records_value(device, value):
                last[value.place] = value.value
                found.append(value)
        return found

    # Samples of a periodic logger.

    def period_s(self) -> float:
        """The sampling period of its first profile, seconds."""
        profiles = self.config["recordingMode"].get("samplingProfiles")
        return _period_s(profiles[0] if profiles else {})

    def due(self, now_s: float) -> bool:
        """Whether a sample of any of its profiles is due; the next one is then set."""
        if self.mode != PERIODIC:
            return False
        if not self.next_sample_s:
            self.next_sample_s = self._next_s(now_s)
        if now_s < self.next_sample_s:
            return False
        self.next_sample_s = self._next_s(now_s)
        return True

    def _next_s(self, now_s: float) -> float:
        profiles = self.config["recordingMode"].get("samplingProfiles") or ()
        return min((_next_of(profile, now_s) for profile in profiles), default=float("inf"))

    # When what was recorded is reported.

    def wait_s(self, second: int, chance: float) -> float:
        """How long a report waits from now on, in domain seconds.

        second: of the local day. chance: from 0 to 1, for the random part of scheduled times.
        """
        mode = self.config.get("reportingMode") or {}
        if mode.get("type") != SCHEDULED:
            return float(mode.get("delay") or 0)
        times = [talq.read_time_s(text) for text in mode.get("times") or ()]
        if not times:
            return float("inf")
        ahead_s = min((time_s - second) % _DAY_S or _DAY_S for time_s in times)
        return ahead_s + chance * float(mode.get("randomTime") or 0)


def logger_of(
    config: Mapping[str, Any], groups: Mapping[str, Any] = MappingProxyType({})
) -> Logger:
    """A logger with its sources worked out: groups as they are now (G2)."""
    rule = config.get("sourceAddresses") or {}
    white, black = rule.get("whiteList"), rule.get("blackList")
    sources = None if white is None else _sources(white, groups)
    if white is None and black is None:
        sources = Sources(frozenset())
    return Logger(config, sources, _sources(black or (), groups))


def _sources(rows: Iterable[Mapping[str, Any]], groups: Mapping[str, Any]) -> Sources:
    found: set[str] = set()
    for row in rows:
        if str(row["resource"]).strip("/") == "groups":
            found |= {address for _, address in talq.members(groups, str(row["address"]))}
        else:
            found.add(str(row["address"]))
    return Sources(frozenset(found))


def _matches(row: Mapping[str, Any], value: Value) -> bool:
    function = row.get("function") or {}
    for key, own in (("functionType", value.function_type), ("functionId", value.place[0])):
        wanted = function.get(key)
        if wanted is not None and wanted != own:
            return False
    scope = row.get("attributeScope")
    if scope is not None and talq.scope_of(value.function_type, value.name) != scope:
        return False
    names = [attribute.get("name") for attribute in function.get("attributes") or ()]
    return not names or value.name in names


def _next_of(profile: Mapping[str, Any], now_s: float) -> float:
    """The next sample of a profile after now, POSIX seconds; infinite when there is none."""
    start_s = _moment_s(profile.get("samplingStartTime"), 0.0)
    end_s = _moment_s(profile.get("samplingEndTime"), float("inf"))
    if start_s and "samplingPeriod" not in profile:
        next_s = start_s if start_s > now_s else float("inf")
    else:
        period_s = _period_s(profile)
        next_s = max(start_s, start_s + ((now_s - start_s) // period_s + 1) * period_s)
    return next_s if next_s <= end_s else float("inf")


def _period_s(profile: Mapping[str, Any]) -> float:
    return max(_PERIOD_S_MIN, duration_s(str(profile.get("samplingPeriod", "PT15M"))))


def _moment_s(text: object, default_s: float) -> float:
    return talq.read_timestamp_ms(text) / 1000 if isinstance(text, str) else default_s


def duration_s(text: str) -> float:
    """Seconds of an ISO 8601 duration of days, hours, minutes and seconds; 0.0 when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return 0.0
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
