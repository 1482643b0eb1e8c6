"""Bytes to checked plain objects and back: the only way JSON of TALQ comes in or goes out."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from .check import check
from .errors import TalqError

# Deeper bodies mean nothing in TALQ, and deep ones would cost a recursion each to walk.
_DEPTH_MAX = 40
_KEY_ENDS = re.compile(rb'"[ \t\r\n]*:')


def decode(kind: str, data: bytes, *, partial: bool = False) -> Any:
    """The checked object in a body: dicts and lists, unknown parts kept (T10).

    kind: a schema's name, or `[Name]` for a list. partial: the body of a PATCH.
    Raises TalqError: 400 for a wrong shape, 422 for the well-formed but impossible.
    """
    value = read_json(data)
    faults = check(kind, value, partial=partial)
    if faults:
        raise TalqError.of(faults)
    return value


def read_json(data: bytes) -> Any:
    """Strict JSON: no NaN, no duplicate key, no number beyond a double. Raises TalqError 400."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TalqError(400, "payloadError", f"no JSON: {error}") from error
    keys = _walk(value, 0)
    # Every key ends in quote and colon. When as many are seen in the bytes as there are keys,
    # none came twice; when more are seen (text may look like that too) a slow reader decides.
    if len(_KEY_ENDS.findall(data)) != keys:
        _refuse_duplicates(data)
    return value


def _walk(value: Any, depth: int) -> int:
    """How many keys there are. Refuses what is too deep and what overflowed to infinity."""
    if depth > _DEPTH_MAX:
        raise TalqError(400, "payloadError", f"nested deeper than {_DEPTH_MAX}")
    kind = type(value)
    if kind is dict:
        return len(value) + sum(
            _walk(one, depth + 1) for one in value.values() if type(one) in _HOLDERS
        )
    if kind is list:
        return sum(_walk(one, depth + 1) for one in value if type(one) in _HOLDERS)
    if kind is float and not math.isfinite(value):
        raise TalqError(400, "payloadError", "a number beyond what a double holds")
    return 0


_HOLDERS = frozenset((dict, list, float))


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
