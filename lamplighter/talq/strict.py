"""What a played CMS refuses of a gateway, beyond shapes: classes, references, reports. Pure.

Each judge has the number of its rule, so that a test can leave one out and see a checker find it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from protocol import talq

from .memory import Memory

Body = dict[str, Any]
_WHOLE = ("addDevices", "updateDevices", "updateDevice")


def judge(memory: Memory, call: talq.Call, lenient: Iterable[str] = ()) -> None:
    """TalqError for a request that breaks a rule; lenient: rules that are not held."""
    for rule, one in _JUDGES:
        if rule not in lenient:
            one(memory, call)


def _bodies(call: talq.Call) -> list[Body]:
    return call.body if isinstance(call.body, list) else [call.body or {}]


def _of_class(memory: Memory, call: talq.Call) -> None:
    """D1: a device is of an announced class, and as that says."""
    if call.operation.operation_id not in _WHOLE:
        return
    for body in _bodies(call):
        kind = memory.table("device-classes").get(str(body.get("class")))
        if kind is None:
            text = f"the class {body.get('class')!r} was not announced"
            raise talq.TalqError(422, "relatedResourceNotFound", text, "class")
        faults = talq.misfits(body, kind)
        if faults:
            raise talq.TalqError.of(faults)


def _never_shrinks(memory: Memory, call: talq.Call) -> None:
    """B6: a class only grows."""
    if call.operation.operation_id not in ("updateDeviceClass", "updateDeviceClasses"):
        return
    for body in _bodies(call):
        before = memory.table("device-classes").get(str(body["name"]))
        lost = talq.narrowed(before, body) if before else []
        if lost:
            raise talq.TalqError(422, "resourceConflict", f"a class keeps its {lost[0]}")


def _not_referred(memory: Memory, call: talq.Call) -> None:
    """D8: what is referred to stays."""
    if call.operation.operation_id != "deleteDeviceClass":
        return
    users = [
        ("devices", address)
        for address, body in memory.table("devices").items()
        if body.get("class") == next(iter(call.path.values()))
    ]
    if users:
        text = "devices are of it"
        raise talq.TalqError(422, "deletingResourceIsReferred", text, "", tuple(users[:20]))


def _known(memory: Memory, call: talq.Call) -> None:
    """D9: a device names only resources that we were sent."""
    if not call.operation.path.startswith("/devices") or call.operation.method == "GET":
        return
    resources = talq.attribute_resources()
    for body in _bodies(call):
        for function in body.get("functions") or ():
            for name in function.keys() & resources.keys():
                value = (function[name] or {}).get("value")
                if value and value not in memory.table(resources[name]):
                    text = f"no {resources[name]} {value!r} was sent"
                    raise talq.TalqError(422, "relatedResourceNotFound", text, name)


def _sources(memory: Memory, call: talq.Call) -> None:
    """L3, T9: all entries of a report are of devices that we know."""
    if call.operation.operation_id != "sendLogReport":
        return
    for entry in call.body["entries"]:
        device = str(entry["data"]["srcAddress"]).split("/")[0]
        if device not in memory.table("devices"):
            raise talq.TalqError(422, "relatedResourceNotFound", f"no device {device!r}")


_JUDGES: tuple[tuple[str, Callable[[Memory, talq.Call], None]], ...] = (
    ("D1", _of_class),
    ("B6", _never_shrinks),
    ("D8", _not_referred),
    ("D9", _known),
    ("L3", _sources),
)
RULES = tuple(rule for rule, _ in _JUDGES)
