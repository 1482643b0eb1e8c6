"""Keeps the timestamps of one source unique, so that an entry is known by them for ever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protocol import talq

_CLASH_MS = 1000  # Nodes tell whole seconds; what is older than this was another moment.
_PLACES_MAX = 100_000  # Sources and names; beyond it the oldest are forgotten.


class Stamps:
    """The last timestamp of each source and name."""

    def __init__(self) -> None:
        self._last_ms: dict[tuple[str, str], int] = {}

    def unique(self, entry: Mapping[str, Any], at_ms: int) -> int:
        """Move the entry's time (POSIX ms) on by 1 ms where it clashes; its time then."""
        data = entry["data"]
        name = data.get("attributeName") or data.get("eventType")
        place = (data["srcAddress"], str(name))
        last_ms = self._last_ms.pop(place, None)
        if last_ms is not None and 0 <= last_ms - at_ms < _CLASH_MS:
            at_ms = last_ms + 1
            data["timestamp"] = talq.timestamp_ms(at_ms)
            if "attributeValue" in data:
                data["attributeValue"] = {**data["attributeValue"], "timestamp": data["timestamp"]}
        self._last_ms[place] = at_ms
        if len(self._last_ms) > _PLACES_MAX:
            del self._last_ms[next(iter(self._last_ms))]
        return at_ms
