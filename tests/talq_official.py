"""The official files of TALQ, when they are on this machine, and what of them is structure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from talq_examples import official_files

REASON = "the official files are not there (LAMPLIGHTER_TALQ_OAS names their folder)"
_MODEL = "talq-data-model-2-7-1-online.json"
_SAID = {"type", "format", "minimum", "maximum", "minItems", "maxItems", "pattern", "enum",
         "uniqueItems", "nullable", "readOnly", "default"}  # fmt: skip


def present() -> bool:
    """Whether the official files can be read."""
    return official_files() is not None


@cache
def _text(name: str) -> str:
    folder = official_files()
    assert folder is not None
    return (folder / name).read_text("utf-8").replace(f"./{_MODEL}#", "#")


def bundled(side: str) -> dict[str, Any]:
    """One official document with its external references brought in."""
    document: dict[str, Any] = json.loads(_text(f"talq-api-{side}-2-7-1-online.json"))
    document["components"] = json.loads(_text(_MODEL))["components"]
    return document


def structure(document: dict[str, Any]) -> dict[str, Any]:
    """Every fact of a document that is structure, by its place."""
    found: dict[str, Any] = {}
    for path, verbs in document["paths"].items():
        for method, verb in verbs.items():
            found |= _operation(f"{method.upper()} {path}", verb)
    for name, schema in document["components"]["schemas"].items():
        found |= dict(_schema(name, schema))
    return found


def _operation(where: str, verb: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {f"{where} id": verb["operationId"]}
    for parameter in verb["parameters"]:
        place = f"{where} {parameter['in']} {parameter['name']}"
        found[f"{place} required"] = bool(parameter.get("required"))
        found |= dict(_schema(place, parameter["schema"]))
    for kind, content in verb.get("requestBody", {}).get("content", {}).items():
        found |= dict(_schema(f"{where} takes {kind}", content["schema"]))
    for status, answer in verb["responses"].items():
        found[f"{where} {status}"] = True
        for kind, content in answer.get("content", {}).items():
            found |= dict(_schema(f"{where} {status} {kind}", content["schema"]))
        for name, header in answer.get("headers", {}).items():
            found |= dict(_schema(f"{where} {status} header {name}", header["schema"]))
    return found


def _schema(where: str, schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """A reference and what stands beside it are one, however the document nests them."""
    parts = [schema, *schema.get("allOf", ())]
    has_more = any({"$ref", "anyOf", "oneOf"} & part.keys() for part in parts)
    for part in parts:
        for key in _SAID & part.keys():
            if key == "type" and has_more:
                continue
            value = sorted(part[key]) if key == "enum" else part[key]
            yield f"{where} {key}", value
        if "$ref" in part:
            yield f"{where} is {part['$ref'].rsplit('/', 1)[-1]}", True
        for name in part.get("required", ()):
            yield f"{where} needs {name}", True
        if "discriminator" in part:
            yield f"{where} discriminator", part["discriminator"]["propertyName"]
        if "items" in part:
            yield from _schema(f"{where}[]", part["items"])
        for union in ("anyOf", "oneOf"):
            for choice in part.get(union, ()):
                told = sorted(f"{key}={value}" for key, value in _schema("", choice))
                yield f"{where} {union} {', '.join(told)}", True
        for name, inner in part.get("properties", {}).items():
            yield f"{where}.{name}", True
            yield from _schema(f"{where}.{name}", inner)


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """One line for each fact in which two documents differ."""
    mine, official = structure(ours), structure(theirs)
    lines = [f"only ours: {key} = {mine[key]!r}" for key in mine.keys() - official.keys()]
    lines += [f"missing: {key} = {official[key]!r}" for key in official.keys() - mine.keys()]
    lines += [
        f"{key}: ours {mine[key]!r}, theirs {official[key]!r}"
        for key in mine.keys() & official.keys()
        if mine[key] != official[key]
    ]
    return sorted(lines)
