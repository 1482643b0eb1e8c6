"""Bytes to checked plain objects and back: the only way JSON of TALQ comes in or goes out."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from .check import FAULTS_MAX, check
from .errors import TalqError
from .rules import rule_faults
from .typed import accepts, read

# Deeper bodies mean nothing in TALQ, and deep ones would cost a recursion each to walk.
_DEPTH_MAX = 40
_NO_BRACKETS = bytes(sorted(set(range(256)) - set(b"{}[]")))


def decode(kind: str, data: bytes, *, partial: bool = False) -> Any:
    """The checked object in a body: dicts and lists, unknown parts kept (T10).

    kind: a schema's name, or `[Name]` for a list. partial: the body of a PATCH.
    Raises TalqError: 400 for a wrong shape, 422 for the well-formed but impossible.
    """
    value = read_json(data)
    if partial or not accepts(kind, value):
        faults = check(kind, value, partial=partial)
    else:
        faults = rule_faults(kind, value)
    if faults:
        raise TalqError.of(faults[:FAULTS_MAX])
    return value


def decode_struct(kind: str, data: bytes) -> Any:
    """The checked body as structs (typed.read), or as `decode` gives it when they cannot tell."""
    made = read(kind, data)
    return decode(kind, data) if made is None else made


def read_json(data: bytes) -> Any:
    """Strict JSON: no NaN, no duplicate key, no number beyond a double. Raises TalqError 400."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TalqError(400, "payloadError", f"no JSON: {error}") from error
    if _looks_deep(data) and _is_deep(value):
        raise TalqError(400, "payloadError", f"nested deeper than {_DEPTH_MAX}")
    # Every key has a colon. When no more are seen in the bytes than in what was read and written
    # again, no key was lost for coming twice; an escaped colon could make up for one.
    if data.count(b":") != msgspec.json.encode(value).count(b":") or b"\\u" in data:
        _refuse_duplicates(data)
    return value


def _looks_deep(data: bytes) -> bool:
    """Whether brackets seem to nest too deep; those inside of strings confuse it."""
    brackets = data.translate(None, _NO_BRACKETS)
    for _ in range(_DEPTH_MAX):
        # Each round takes away the innermost pairs.
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return False
    return True


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEPTH_MAX + 1):
        inner: list[Any] = []
        for one in level:
            if type(one) is dict:
                inner += one.values()
            elif type(one) is list:
                inner += one
        level = inner
    return bool(level)


def _refuse_duplicates(data: bytes) -> None:
    def pairs(found: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in found]
        for name in names:
            if names.count(name) > 1:
                raise TalqError(400, "payloadError", "a key that comes twice", name)

    try:
        json.loads(data, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise TalqError(400, "payloadError", f"no JSON: {error}") from error


def encode(value: Any) -> bytes:
    """JSON of a plain object. ValueError for NaN and infinity, TypeError for what is not plain."""
    _refuse_unplain(value)
    return msgspec.json.encode(value)


def _refuse_unplain(value: Any) -> None:
    kind = type(value)
    if kind is dict:
        for key, one in value.items():
            if type(key) is not str:
                raise TypeError("a key of an object is a string")
            _refuse_unplain(one)
    elif kind is list or kind is tuple:
        for one in value:
            _refuse_unplain(one)
    elif kind is float:
        if not math.isfinite(value):
            raise ValueError("JSON has no NaN and no infinity")
    elif kind not in _PLAIN:
        raise TypeError(f"{kind.__name__} is not plain JSON")


_PLAIN = frozenset((str, int, bool, type(None)))
