"""The lines of a script: what each may say, checked before anything is done.

    {"call": "addCalendars", "path": [], "query": {}, "body": [...], "expect": 201, "keep": "made"}
    {"wait_for": {"operation": "sendLogReport", "seconds": 30}}
    {"set": {"answer": {"operation": "sendLogReport", "status": 503, "times": 2}}}
    {"sleep_s": 1.5}

A text `${gateway}`, `${cms}` or `${name.path.0}` stands for an address or for a part of a kept
answer. Lines that are empty or begin with # are skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_STEPS = {
    "call": {"call", "path", "query", "body", "expect", "keep", "headers"},
    "wait_for": {"wait_for", "keep"},
    "set": {"set"},
    "sleep_s": {"sleep_s"},
}
_NAME = re.compile(r"\$\{([^}]+)\}")


class ScriptError(ValueError):
    """A line that is no step; the text says which and why."""


def read(line: str, number: int) -> dict[str, Any] | None:
    """One step, None for a line without one. ScriptError."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    try:
        step = json.loads(text)
    except ValueError as error:
        raise ScriptError(f"line {number}: no JSON: {error}") from error
    if not isinstance(step, dict):
        raise ScriptError(f"line {number}: an object is expected")
    kinds = [kind for kind in _STEPS if kind in step]
    if len(kinds) != 1:
        raise ScriptError(f"line {number}: one of {', '.join(_STEPS)} is expected")
    strange = sorted(set(step) - _STEPS[kinds[0]])
    if strange:
        raise ScriptError(f"line {number}: {kinds[0]} has no {', '.join(strange)}")
    _check(kinds[0], step, number)
    return step


def _check(kind: str, step: Mapping[str, Any], number: int) -> None:
    types: dict[str, type | tuple[type, ...]] = {
        "call": str, "path": list, "query": dict, "headers": dict, "expect": (int, list),
        "keep": str, "wait_for": dict, "set": dict, "sleep_s": (int, float),
    }  # fmt: skip
    for name, value in step.items():
        if name in types and not isinstance(value, types[name]):
            raise ScriptError(f"line {number}: {name} is {value!r}")
    if kind == "wait_for" and not isinstance(step["wait_for"].get("operation"), str):
        raise ScriptError(f"line {number}: wait_for names an operation")
    answer = step.get("set", {}).get("answer", {})
    if kind == "set" and not (isinstance(answer, dict) and isinstance(answer.get("status"), int)):
        raise ScriptError(f"line {number}: set has an answer with operation and status")


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """A part of a step with its ${names} replaced. ScriptError for an unknown one."""
    if isinstance(value, dict):
        return {key: filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    whole = _NAME.fullmatch(value)
    if whole:
        return _find(whole[1], known)
    return _NAME.sub(lambda match: str(_find(match[1], known)), value)


def _find(name: str, known: Mapping[str, Any]) -> Any:
    found: Any = known
    for part in name.split("."):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (LookupError, TypeError, ValueError) as error:
            raise ScriptError(f"${{{name}}}: there is no {part!r}") from error
    return found
