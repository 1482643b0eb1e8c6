"""The JSON examples of protocol/talq/README.md, for the tests that hold the page true."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from protocol.talq import tables

ROOT = Path(__file__).resolve().parent.parent
_PAGE = ROOT / "protocol" / "talq" / "README.md"
_BLOCK = re.compile(r"```json (\S+)\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, bytes]]:
    """(kind, body) of every JSON block of the page, in order."""
    return [(kind, body.encode()) for kind, body in _BLOCK.findall(_PAGE.read_text("utf-8"))]


def official_files() -> Path | None:
    """Where the official OpenAPI files are on this machine, if they are."""
    told = os.environ.get("LAMPLIGHTER_TALQ_OAS")
    place = Path(told) if told else ROOT.parent / "shared" / "talq" / "oas"
    return place if (place / "talq-data-model-2-7-1-online.json").is_file() else None


_PLAIN: dict[str, Any] = {
    "string": "a", "integer": 1, "number": 1.5, "boolean": True, "object": {}, "any": {},
    "date-time": "2026-11-21T16:20:00.000Z", "date": "2026-11-21", "time": "22:30:00",
    "uri": "urn:example:a", "uuid": "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01",
}  # fmt: skip
_OF_PATTERN = {"gDay": "---05", "gMonthDay": "--12-24"}


def minimal(kind: str, **given: Any) -> Any:
    """The smallest body of a kind that the tables allow, with some properties given."""
    if kind.startswith("["):
        return [minimal(kind[1:-1], **given)]
    made = {
        name: _value(tables.properties(kind)[name])
        for name in tables.required(kind)
        if name not in given
    }
    selector = tables.discriminator(kind)
    if selector and selector in made:
        made[selector] = kind
    return {**made, **given}


def _value(fact: tables.Fact) -> Any:
    if fact.enum:
        return sorted(fact.enum)[0]
    if fact.minimum is not None:
        return int(fact.minimum)
    name = fact.type.split(" | ", maxsplit=1)[0]
    if name.startswith("["):
        return []
    if name in _PLAIN:
        return _PLAIN[name]
    schema = tables.schemas()[name]
    if schema.scalar:
        return _OF_PATTERN.get(name) or _value(schema.scalar)
    concrete = sorted(tables.descendants(name))
    return minimal(concrete[0] if concrete and tables.discriminator(name) else name)
