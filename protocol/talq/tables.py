"""Reads the tables of the model, once and only when they are first needed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

SIDES = ("cms", "gateway")


@dataclass(frozen=True, slots=True)
class Fact:
    """What one property, list item or plain value may be (model/README.md)."""

    type: str
    unit: str = ""
    scope: str = ""
    minimum: float | None = None
    maximum: float | None = None
    enum: frozenset[str] | None = None
    pattern: str = ""
    items_min: int | None = None
    items_max: int | None = None
    unique: bool = False
    nullable: bool = False
    read_only: bool = False
    deprecated: str = ""
    format: str = ""
    default: Any = None
    must: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    of: Fact | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """One schema: its own properties and what it extends."""

    name: str
    base: str = ""
    discriminator: str = ""
    required: tuple[str, ...] = ()
    own: dict[str, Fact] = field(default_factory=dict)
    scalar: Fact | None = None
    must: tuple[str, ...] = ()


_TO_FIELD = {"min": "minimum", "max": "maximum"}


def _fact(row: Any) -> Fact:
    if isinstance(row, str):
        return Fact(row)
    named = {_TO_FIELD.get(key, key): value for key, value in row.items()}
    inner = named["type"].removeprefix("[").removesuffix("]")
    if "of" in named:
        named["of"] = _fact({"type": inner, **named["of"]})
    if "enum" in named:
        named["enum"] = frozenset(named["enum"])
    for key in ("must", "any_of", "one_of"):
        named[key] = tuple(named.get(key, ()))
    return Fact(**named)


def _schema(name: str, row: dict[str, Any]) -> Schema:
    return Schema(
        name,
        row.get("base", ""),
        row.get("discriminator", ""),
        tuple(row.get("required", ())),
        {key: _fact(value) for key, value in row.get("is", {}).items()},
        _fact(row["scalar"]) if "scalar" in row else None,
        tuple(row.get("must", ())),
    )


def _read(file_name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath("model", file_name).read_text("utf-8")
    return tomllib.loads(text)


@cache
def official() -> dict[str, Schema]:
    """The schemas of the official files by name; a dotted name is an object inside another."""
    return {name: _schema(name, row) for name, row in _read("schemas.toml").items()}


@cache
def schemas() -> dict[str, Schema]:
    """Every schema by name: the official ones, with ours in their place or beside them."""
    return official() | {name: _schema(name, row) for name, row in _read("ours.toml").items()}


@cache
def rows_of_operations(side: str) -> dict[str, dict[str, Any]]:
    """All official operations of one side's server, by operation id."""
    if side not in SIDES:
        raise ValueError(f"side is one of {SIDES}, not {side!r}")
    return _read(f"operations_{side}.toml")


@cache
def lineage(name: str) -> tuple[str, ...]:
    """The schema itself, then what it extends, up to the root."""
    schema = schemas().get(name)
    if schema is None or not schema.base:
        return (name,)
    return (name, *lineage(schema.base))


@cache
def descendants(name: str) -> frozenset[str]:
    """Names of the schemas that extend `name`, at any depth, without itself."""
    return frozenset(n for n in schemas() if n != name and name in lineage(n))


@cache
def properties(name: str) -> dict[str, Fact]:
    """All properties of a schema, those of its bases first."""
    found: dict[str, Fact] = {}
    for step in reversed(lineage(name)):
        found |= schemas()[step].own
    return found


@cache
def required(name: str) -> tuple[str, ...]:
    """Names that must be there, those of the bases first."""
    found: dict[str, None] = {}
    for step in reversed(lineage(name)):
        found |= dict.fromkeys(schemas()[step].required)
    return tuple(found)


@cache
def discriminator(name: str) -> str:
    """The property that names the derived schema, or nothing."""
    for step in lineage(name):
        if schemas()[step].discriminator:
            return schemas()[step].discriminator
    return ""
