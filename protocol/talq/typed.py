"""The same facts as msgspec types: what they accept, `check` accepts too, many times faster.

They say yes or no. A yes is final; after a no, `check` decides and says what is wrong, for it also
takes what only it can judge: vendors' functions, rules with other status codes, PATCH bodies.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from keyword import iskeyword
from typing import Annotated, Any, Literal, Union

import msgspec

from . import tables
from .tables import Fact, Schema

# What stands where the types cannot judge: nobody can send this text, so `check` decides.
_NEVER: Any = Literal[(secrets.token_hex(32),)]
_PLAIN: dict[str, Any] = {
    "string": str, "uri": str, "integer": int, "number": float, "boolean": bool,
    "object": dict[str, Any], "any": Any, "date": date,
    "date-time": Annotated[datetime, msgspec.Meta(tz=True)],
    "time": Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")],
    "uuid": Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")],
}  # fmt: skip


def accepts(kind: str, value: Any) -> bool:
    """Whether a plain object is surely of a kind: a schema's name, or `[Name]` for a list."""
    try:
        msgspec.convert(value, _kind(kind))
    except (msgspec.ValidationError, RecursionError):
        return False
    return True


def read(kind: str, data: bytes) -> Any:
    """The body as structs, which cost a fraction of dicts; None when `decode` has to decide.

    Structs have what the tables know, by its names; a body with more than that is not read here,
    so none of it nests deeper than the tables do.
    """
    try:
        made = _decoder(kind).decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    # As many colons written again as were read: no key came twice, none was left out.
    if b"\\u" in data or msgspec.json.encode(made).count(b":") != data.count(b":"):
        return None
    return made


@cache
def _decoder(kind: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_kind(kind))


@cache
def _kind(kind: str) -> Any:
    return _type(Fact(kind), frozenset())


def _type(fact: Fact, inside: frozenset[str]) -> Any:
    made = _bare(fact, inside)
    bounds = _bounds(fact)
    if bounds is None:
        return _NEVER
    if bounds and made is not _NEVER:
        made = Annotated[made, msgspec.Meta(**bounds)]
    return made | None if fact.nullable and made is not _NEVER else made


def _bare(fact: Fact, inside: frozenset[str]) -> Any:
    name = fact.type
    if fact.enum is not None:
        return Literal[tuple(sorted(fact.enum))]
    if " | " in name:
        return _NEVER
    if name.startswith("["):
        return list[_type(fact.of or Fact(name[1:-1]), inside)]  # type: ignore[misc]  # made here
    if name in _PLAIN:
        return _PLAIN[name]
    schema = tables.schemas()[name]
    if schema.scalar:
        return _type(schema.scalar, inside)
    return _object(schema, inside)


def _bounds(fact: Fact) -> dict[str, Any] | None:
    """Bounds as msgspec words them; None when it has no word for one."""
    if fact.unique:
        return None
    told = {
        "ge": fact.minimum, "le": fact.maximum, "pattern": fact.pattern or None,
        "min_length": fact.items_min, "max_length": fact.items_max,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value is not None}


def _object(schema: Schema, inside: frozenset[str]) -> Any:
    """A struct, or a union of structs told apart by the discriminator."""
    selector = tables.discriminator(schema.name)
    if schema.name in inside:
        return _NEVER
    if not selector:
        return _struct(schema.name, "", inside)
    names = sorted({schema.name, *tables.descendants(schema.name)})
    if len(names) == 1:
        # A tag that nothing has to tell apart may be missing; as a field it may not.
        named = {selector: Fact("string", enum=frozenset(names))}
        return _struct(schema.name, "", inside, named)
    kinds = tuple(_struct(name, selector, inside) for name in names)
    return Union[kinds]  # noqa: UP007 # a union of what was just made


def _struct(
    name: str, selector: str, inside: frozenset[str], named: Mapping[str, Fact] | None = None
) -> Any:
    inside = inside | {name}
    facts = {key: fact for key, fact in tables.properties(name).items() if key != selector}
    facts |= named or {}
    renamed = {
        key if key.isidentifier() and not iskeyword(key) else f"f{number}": key
        for number, key in enumerate(facts)
    }
    required = tables.required(name)
    fields: list[Any] = []
    for own, key in renamed.items():
        of = _type(facts[key], inside)
        if key in required:
            fields.append((own, of))
        else:
            fields.append((own, of | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct(
        "Of" + name.replace(".", ""), fields, rename=renamed, kw_only=True, gc=False,
        tag=name if selector else None, tag_field=selector or None,
    )  # fmt: skip
