"""Bays that somebody has closed: Closed while nobody stands there, else Forbidden Vehicle."""

from __future__ import annotations

from collections.abc import Iterable

from .devices import Device
from .translate import Value

OCCUPANCY = ("bay", "occupancy")
CLOSED, FORBIDDEN_VEHICLE, VACANT, OCCUPIED = "Closed", "Forbidden Vehicle", "Vacant", "Occupied"
_OF_CLOSED = {VACANT: CLOSED, OCCUPIED: FORBIDDEN_VEHICLE}
_OF_OPEN = {told: found for found, told in _OF_CLOSED.items()}


def judged(value: Value, closed: bool) -> Value:
    """An occupancy as it is told of a bay that is closed or not; any other value as it is."""
    if value.place != OCCUPANCY:
        return value
    found = _OF_OPEN.get(value.value, value.value)
    return value._replace(value=_OF_CLOSED.get(found, found) if closed else found)


def forbidden(before: Value | None, after: Value | None) -> bool | None:
    """Whether forbidden parking began (True) or ended (False); None: neither."""
    was, now = (v is not None and v.value == FORBIDDEN_VEHICLE for v in (before, after))
    return None if was == now else now


def free(devices: Iterable[Device]) -> int:
    """How many bays are vacant."""
    found = (device.values.get(OCCUPANCY) for device in devices)
    return sum(value is not None and value.value == VACANT for value in found)
