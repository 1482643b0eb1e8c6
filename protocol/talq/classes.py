"""Device classes: whether a device fits one (D1), and whether one only grew (B6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .errors import Fault

Body = Mapping[str, Any]
_PARTS = ("attributes", "vendorAttributes", "events", "vendorEvents")


def misfits(device: Body, described: Body, where: str = "") -> list[Fault]:
    """What of a device its class does not describe: functions by id and type.

    Attributes are not held against it: what a vendor adds is kept and given back (T10).
    """
    known = {row["functionId"]: row["type"] for row in described.get("functions") or ()}
    faults = []
    for number, function in enumerate(device.get("functions") or ()):
        field = f"{where}functions.{number}"
        kind = known.get(function["id"])
        if kind is None:
            text = f"the class {described['name']!r} has no function {function['id']!r}"
            faults.append(Fault(422, "resourceConflict", text, f"{field}.id"))
        elif kind != function["type"]:
            text = f"the class {described['name']!r} says {kind} for {function['id']!r}"
            faults.append(Fault(422, "resourceConflict", text, f"{field}.type"))
    return faults


def narrowed(before: Body, after: Body) -> list[str]:
    """What a class no longer has, in words; nothing when it only grew."""
    return list(_lost(before, after))


def _lost(before: Body, after: Body) -> Iterator[str]:
    now = {row["functionId"]: row for row in after.get("functions") or ()}
    for row in before.get("functions") or ():
        found = now.get(row["functionId"])
        if found is None:
            yield f"function {row['functionId']!r}"
        elif found["type"] != row["type"]:
            yield f"type {row['type']} of {row['functionId']!r}"
        else:
            for part in _PARTS:
                here = {_name(one) for one in found.get(part) or ()}
                for one in row.get(part) or ():
                    if _name(one) not in here:
                        yield f"{part} {_name(one)!r} of {row['functionId']!r}"


def _name(one: Body) -> Any:
    return one.get("name", one.get("type"))
