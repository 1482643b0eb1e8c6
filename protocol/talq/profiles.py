"""What a profile makes mandatory for a side, read from the marks of the tables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from . import tables
from .operations import operations


class Mark(NamedTuple):
    """One thing that must be there: kind is operation, service, function, attribute or event.

    name: the operation id, service name, function type, or name of the attribute or event.
    of: the function type that an attribute or event belongs to, else empty.
    """

    kind: str
    name: str
    of: str = ""


@cache
def marks(side: str, profile: str) -> tuple[Mark, ...]:
    """What "cms" or "gateway" must have for one profile.

    An attribute or event counts where its function is there, mandatory itself or not; so a
    caller that lacks an optional function skips what is `of` it.
    """
    return tuple(_marks(side, profile))


def is_mandatory(must: tuple[str, ...], side: str, profile: str) -> bool:
    """Whether lines as the tables write them (`lighting cms gateway`, `* cms`) name a side."""
    for line in must:
        name, *sides = line.split(" ")
        if name in ("*", profile):
            return side in sides
    return False


def _marks(side: str, profile: str) -> Iterator[Mark]:
    for operation in operations(side):
        if is_mandatory(operation.must, side, profile):
            yield Mark("operation", operation.operation_id)
    for name in sorted(tables.official()):
        schema = tables.official()[name]
        if schema.base == "Service" and is_mandatory(schema.must, side, profile):
            yield Mark("service", name)
        if "Function" not in tables.lineage(name)[1:]:
            continue
        if is_mandatory(schema.must, side, profile):
            yield Mark("function", name)
        for key, fact in schema.own.items():
            if is_mandatory(fact.must, side, profile):
                yield Mark("event" if fact.scope == "event" else "attribute", key, name)
