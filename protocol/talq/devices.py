"""Parts of a device's body: its functions, their attributes, and which scope each has (D3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import tables
from .errors import TalqError, not_here

Body = Mapping[str, Any]
SCOPES = ("configuration", "operational", "measurement", "event")


def function_of(device: Body, function_id: str) -> Body:
    """One function of a device. TalqError 404."""
    for function in device.get("functions") or ():
        if function.get("id") == function_id:
            return function  # type: ignore[no-any-return]  # a body of JSON
    raise not_here("Function", function_id)


def attribute_of(function: Body, name: str) -> Body:
    """One attribute of a function. TalqError 404."""
    found = function.get(name)
    if not isinstance(found, Mapping):
        raise not_here("Attribute", name)
    return found


def scope_of(function_type: str, name: str) -> str:
    """The scope of a known attribute; empty for a vendor's."""
    if function_type not in tables.schemas():
        return ""
    fact = tables.properties(function_type).get(name)
    return fact.scope if fact else ""


def in_scope(function: Body, wanted: str | None) -> Body:
    """The function with the attributes of one scope, or whole. TalqError 400 for a strange one."""
    if wanted is None:
        return function
    if wanted not in SCOPES:
        text = f"one of {', '.join(SCOPES)}"
        raise TalqError(400, "parameterValueNotValid", text, "attributeScope")
    kind = str(function.get("type"))
    return {
        name: value for name, value in function.items()
        if not isinstance(value, Mapping) or scope_of(kind, name) == wanted
    }  # fmt: skip
