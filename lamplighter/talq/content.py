"""Bodies made from the tables: values, functions, devices, classes. All pure.

A function is made with the attributes that are asked for, each with a value that its facts allow,
so that a checker can announce everything that a profile makes mandatory, and read it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from protocol import talq
from protocol.talq import tables

Body = dict[str, Any]
UUID = "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"
_PLAIN: Body = {
    "string": "a", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "any": "a",
    "date-time": "2026-11-21T16:20:00.000Z", "date": "2026-11-21", "time": "22:30:00",
    "uri": "urn:lamplighter:example", "uuid": UUID,
}  # fmt: skip
# Scalars whose pattern no plain text fits.
_OF_PATTERN = {"gDay": "---05", "gMonthDay": "--12-24"}
_DEPTH_MAX = 12


def minimal(kind: str, depth: int = 0) -> Any:
    """The smallest body of a kind that the tables allow."""
    if kind.startswith("["):
        return [minimal(kind[1:-1], depth + 1)]
    made = {
        name: _value(tables.properties(kind)[name], depth + 1) for name in tables.required(kind)
    }
    selector = tables.discriminator(kind)
    if selector:
        made[selector] = kind
    return made


def attribute(function_type: str, name: str, at_s: float | None = None) -> Body:
    """An attribute of a function with a value; at_s: POSIX seconds of its timestamp."""
    kind = tables.properties(function_type)[name].type
    made: Body = minimal(kind)
    known = tables.properties(kind)
    if "type" in known:
        made["type"] = kind
    if "value" in known and "value" not in made:
        made["value"] = _value(known["value"], 1)
    if name in talq.attribute_resources():
        made.pop("value", None)  # A value would name a resource that nobody was sent (D9).
    if at_s is not None and "timestamp" in known:
        made["timestamp"] = talq.timestamp(at_s)
    return made


def function(kind: str, names: Iterable[str], at_s: float | None = None) -> Body:
    """A function with these attributes; events are no part of a body."""
    known = tables.properties(kind)
    made: Body = {"id": kind[0].lower() + kind[1:], "type": kind}
    for name in (*tables.required(kind), *names):
        if name in made or name not in known or known[name].scope == "event":
            continue
        if known[name].type in tables.schemas():
            made[name] = attribute(kind, name, at_s)
    return made


def described(functions: Iterable[Body], events: Iterable[talq.Mark] = ()) -> list[Body]:
    """How a class describes these functions."""
    told = list(events)
    return [
        {
            "functionId": one["id"], "type": one["type"],
            "attributes": [{"name": n} for n, v in one.items() if isinstance(v, dict)],
            "events": [{"type": mark.name} for mark in told if mark.of == one["type"]],
        }
        for one in functions
    ]  # fmt: skip


def device(address: str, name: str, class_name: str, functions: list[Body]) -> Body:
    """A device."""
    return {"address": address, "name": name, "class": class_name, "functions": functions}


def _value(fact: tables.Fact, depth: int) -> Any:
    if fact.enum:
        return sorted(fact.enum)[0]
    if fact.minimum is not None:
        return int(fact.minimum)
    if fact.one_of or fact.any_of:
        return minimal((fact.one_of or fact.any_of)[0], depth)
    name = fact.type.split(" | ", maxsplit=1)[0]
    if name.startswith("["):
        return [_value(fact.of, depth)] if fact.items_min and fact.of else []
    if name in _PLAIN:
        return _PLAIN[name]
    if depth > _DEPTH_MAX:
        return {}
    schema = tables.schemas()[name]
    if schema.scalar:
        return _OF_PATTERN.get(name) or _value(schema.scalar, depth)
    concrete = sorted(tables.descendants(name))
    return minimal(concrete[0] if concrete and tables.discriminator(name) else name, depth)
