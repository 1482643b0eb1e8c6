"""Holds plain objects against the tables; each schema becomes a function once, when first used."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from . import tables
from .addresses import read_uuid
from .errors import Fault
from .rules import rule_faults
from .tables import Fact, Schema
from .times import read_date, read_time_s, read_timestamp_ms

# More faults than this help nobody, and a hostile body could ask for millions.
FAULTS_MAX = 20

Faults = list[Fault]
Checker = Callable[[Any, str, Faults], None]

_WORDS: dict[type, str] = {
    str: "a string", int: "an integer", float: "a number", bool: "a boolean",
    dict: "an object", list: "a list", type(None): "null",
}  # fmt: skip
_FORMATS: dict[str, Callable[[str], object]] = {
    "date-time": read_timestamp_ms, "date": read_date, "time": read_time_s, "uuid": read_uuid,
}  # fmt: skip


def check(kind: str, value: Any, *, partial: bool = False) -> list[Fault]:
    """What is wrong with a plain object of a kind: a schema's name, or `[Name]` for a list.

    partial: a PATCH body, where devices and functions show only what changes.
    """
    faults: Faults = []
    _checker(kind, partial)(value, "", faults)
    if not faults and not partial:
        faults += rule_faults(kind, value)
    return faults[:FAULTS_MAX]


@cache
def _checker(kind: str, partial: bool) -> Checker:
    return _of_fact(Fact(kind), partial)


def _add(faults: Faults, where: str, what: str, status: int = 400) -> None:
    if len(faults) < FAULTS_MAX:
        key = "payloadError" if status == 400 else "resourceConflict"
        faults.append(Fault(status, key, what, where))


def _said(value: Any) -> str:
    return _WORDS.get(type(value), "something else")


def _of_fact(fact: Fact, partial: bool) -> Checker:
    """The check of one property: its type, then its bounds."""
    plain = _of_type(fact, partial)
    bounds = _bounds(fact)
    if not bounds and not fact.nullable:
        return plain

    def whole(value: Any, where: str, faults: Faults) -> None:
        if value is None and fact.nullable:
            return
        before = len(faults)
        plain(value, where, faults)
        if len(faults) == before:
            for bound in bounds:
                bound(value, where, faults)

    return whole


def _of_type(fact: Fact, partial: bool) -> Checker:
    name = fact.type
    if " | " in name:
        return _either([_checker(part, partial) for part in name.split(" | ")])
    if name.startswith("["):
        return _list(fact.of or Fact(name[1:-1]), partial)
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in _FORMATS:
        return _format(name, _FORMATS[name])
    schema = tables.schemas()[name]
    if schema.scalar:
        return _of_fact(schema.scalar, partial)
    return _lazy_object(schema, partial)


def _simple(kinds: tuple[type, ...], word: str) -> Checker:
    def look(value: Any, where: str, faults: Faults) -> None:
        # type() and not isinstance(): a boolean is no number here.
        if type(value) not in kinds:
            _add(faults, where, f"{word} is expected, not {_said(value)}")

    return look


def _anything(value: Any, where: str, faults: Faults) -> None:
    """Takes all: the tables say nothing about it."""


_SIMPLE: dict[str, Checker] = {
    "string": _simple((str,), "a string"),
    "uri": _simple((str,), "a string"),
    "integer": _simple((int,), "an integer"),
    "number": _simple((int, float), "a number"),
    "boolean": _simple((bool,), "a boolean"),
    "object": _simple((dict,), "an object"),
    "any": _anything,
}


def _format(name: str, read: Callable[[str], object]) -> Checker:
    def look(value: Any, where: str, faults: Faults) -> None:
        if type(value) is not str:
            _add(faults, where, f"a {name} is expected, not {_said(value)}")
            return
        try:
            read(value)
        except (ValueError, OverflowError):
            _add(faults, where, f"not a {name}")

    return look


def _either(choices: list[Checker]) -> Checker:
    def look(value: Any, where: str, faults: Faults) -> None:
        for choice in choices:
            tried: Faults = []
            choice(value, where, tried)
            if not tried:
                return
        _add(faults, where, "none of the allowed forms")

    return look


def _list(item: Fact, partial: bool) -> Checker:
    look_item = _of_fact(item, partial)

    def look(value: Any, where: str, faults: Faults) -> None:
        if type(value) is not list:
            _add(faults, where, f"a list is expected, not {_said(value)}")
            return
        start = f"{where}." if where else ""
        for number, one in enumerate(value):
            look_item(one, f"{start}{number}", faults)
            if len(faults) >= FAULTS_MAX:
                return

    return look


def _bounds(fact: Fact) -> list[Checker]:
    """The checks beyond the type; each runs only on a value of the right type."""
    made: list[tuple[Callable[[Any], bool], str]] = []
    if fact.minimum is not None:
        low = fact.minimum
        made.append((lambda value: value >= low, f"at least {low:g}"))
    if fact.maximum is not None:
        high = fact.maximum
        made.append((lambda value: value <= high, f"at most {high:g}"))
    if fact.enum is not None:
        known = fact.enum
        made.append((lambda value: value in known, f"one of {', '.join(sorted(known)[:12])}"))
    if fact.pattern:
        found = re.compile(fact.pattern, re.ASCII).search
        made.append((lambda value: found(value) is not None, "of the pattern of its schema"))
    if fact.items_min is not None:
        fewest = fact.items_min
        made.append((lambda value: len(value) >= fewest, f"at least {fewest} items"))
    if fact.items_max is not None:
        most = fact.items_max
        made.append((lambda value: len(value) <= most, f"at most {most} items"))
    if fact.unique:
        made.append((lambda value: len({repr(v) for v in value}) == len(value), "all different"))
    return [_bound(holds, words) for holds, words in made]


def _bound(holds: Callable[[Any], bool], words: str) -> Checker:
    def look(value: Any, where: str, faults: Faults) -> None:
        if not holds(value):
            _add(faults, where, f"must be {words}")

    return look


def _lazy_object(schema: Schema, partial: bool) -> Checker:
    """An object's check, made at its first use: schemas may hold themselves, and most sleep."""

    def look(value: Any, where: str, faults: Faults) -> None:
        if type(value) is not dict:
            _add(faults, where, f"an object is expected, not {_said(value)}")
            return
        name = schema.name
        selector = tables.discriminator(name)
        if selector:
            told = value.get(selector)
            if type(told) is str and told in tables.descendants(name):
                name = told
            elif not _may_be(schema, told):
                _add(faults, _under(where, selector), f"must be {name} or what extends it")
                return
        _object(name, partial)(value, where, faults)

    return look


def _may_be(schema: Schema, told: Any) -> bool:
    """Whether an object that calls itself `told` may stand where `schema` is asked.

    At a root anything may stand: vendors extend it (T10); a closed root has an enumeration.
    Missing names are told by the check of what is required.
    """
    return told is None or told == schema.name or not schema.base or type(told) is not str


def _under(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _required(name: str, partial: bool) -> tuple[str, ...]:
    """What must be there; in a PATCH a device needs its address, a function its id and type."""
    if partial and name == "Device":
        return ("address",)
    if partial and "Function" in tables.lineage(name):
        return tables.required("Function")
    return tables.required(name)


@cache
def _object(name: str, partial: bool) -> Checker:
    known = {key: _of_fact(fact, partial) for key, fact in tables.properties(name).items()}
    required = _required(name, partial)
    # The list of active periods takes bare ActivePeriods too, so what one lacks is not a wrong
    # shape; it cannot be carried out (422).
    missing_status = 422 if "ActivePeriod" in tables.lineage(name)[1:] else 400

    def look(value: Any, where: str, faults: Faults) -> None:
        for key in required:
            if key not in value:
                _add(faults, _under(where, key), "is missing", missing_status)
        for key, one in value.items():
            checker = known.get(key)
            if checker is not None:
                checker(one, _under(where, key), faults)

    return look
