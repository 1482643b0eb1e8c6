"""Builds self-contained OpenAPI documents from the tables: the full one, and one for clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import tables
from .operations import Operation, Parameter, operations
from .requests import API_VERSION, VERSION_HEADER
from .tables import Fact

Json = dict[str, Any]

_PAGING = ("pagination-totalCount", "pagination-count", "pagination-offset",
           "pagination-defaultLimit")  # fmt: skip
_PLAIN: dict[str, Json] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "any": {},
    "date-time": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "uri": {"type": "string", "format": "uri"},
    "uuid": {"type": "string", "format": "uuid"},
}
_TITLES = {"cms": "TALQ CMS of Lamplighter", "gateway": "TALQ gateway of Lamplighter"}


def openapi(side: str) -> Json:
    """The OpenAPI 3.0 document of one side's server: the structure of the official one, whole.

    Where our codec takes more than the official schemas allow, the document stays official.
    """
    document = _document(side, _full_schema, answers=True)
    names = [name for name in tables.official() if "." not in name]
    document["components"]["schemas"] = {name: _full_schema(name) for name in sorted(names)}
    return document


def transport(side: str) -> Json:
    """The same for generating clients: bodies that depend on a discriminator are plain objects.

    The codec encodes and checks them, so a client only has to carry them; formats, bounds and
    enumerations are left to the codec too, and so are the bodies of answers: a stranger's broken
    answer then meets `decode`, not generated code. What is then unreachable is left out.
    """
    return _document(side, _lean_schema, answers=False)


def _document(side: str, schema_of: Callable[[str], Json], answers: bool) -> Json:
    paths: Json = {}
    kinds = ["TALQErrorMessage"] if answers else []
    for operation in operations(side):
        verb = _verb(operation, answers)
        verb["responses"] = _answers(operation, answers)
        paths.setdefault(operation.path, {})[operation.method.lower()] = verb
        kinds += [operation.request] if operation.request else []
        kinds += [operation.response] if operation.response and answers else []
    return {
        "openapi": "3.0.3",
        "info": {"title": _TITLES[side], "version": API_VERSION},
        "paths": paths,
        "components": {"schemas": _reachable(kinds, schema_of)},
    }


def _verb(operation: Operation, official: bool) -> Json:
    verb: Json = {
        "operationId": operation.operation_id,
        "tags": [operation.path.split("/")[1]],
        "parameters": _parameters(operation, official),
    }
    if operation.request:
        verb["requestBody"] = {"required": True, "content": _content(operation.request)}
    return verb


def _answers(operation: Operation, with_bodies: bool) -> Json:
    made: Json = {}
    for status, kind, paged in operation.answers:
        answer: Json = {"description": "done" if status < 300 else "refused"}
        if kind and with_bodies:
            answer["content"] = _content(kind)
        if kind == "integer" and with_bodies:
            answer["content"]["text/plain"] = {"schema": _type(kind)}
        if paged:
            answer["headers"] = {name: {"schema": {"type": "integer"}} for name in _PAGING}
        made[str(status)] = answer
    return made


def _content(kind: str) -> Json:
    return {"application/json": {"schema": _type(kind)}}


def _parameters(operation: Operation, official: bool) -> list[Json]:
    """Clients (not official) may leave out what the first announcement and T4 leave out."""
    uuid = {"type": "string", "format": "uuid"}
    rows = [
        _parameter("header", VERSION_HEADER, {"type": "string"}, True),
        _parameter("query", "clientAddress", uuid, official),
    ]
    if operation.caused or not official:
        rows.append(_parameter("query", "talqRequestId", uuid, True))
        rows.append(_parameter("query", "talqOriginRequestId", uuid, False))
    for name in operation.parameters:
        schema = uuid if official and name == "deviceAddress" else {"type": "string"}
        rows.append(_parameter("path", name, schema, True))
    return rows + [_query(parameter) for parameter in operation.query]


def _query(parameter: Parameter) -> Json:
    return _parameter("query", parameter.name, _type(parameter.type), False)


def _parameter(place: str, name: str, schema: Json, needed: bool) -> Json:
    return {"in": place, "name": name, "required": needed, "schema": schema}


def _type(name: str) -> Json:
    """The schema of a type as the tables write it."""
    if " | " in name:
        return {"anyOf": [_type(part) for part in name.split(" | ")]}
    if name.startswith("["):
        return {"type": "array", "items": _type(name[1:-1])}
    if name in _PLAIN:
        return dict(_PLAIN[name])
    return {"$ref": f"#/components/schemas/{_component(name)}"}


def _component(name: str) -> str:
    """`LogReport.entries` as `LogReportEntries`: generated class names want no dots."""
    head, *rest = name.split(".")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _full_type(fact: Fact) -> Json:
    if fact.any_of or fact.one_of:
        key, names = ("anyOf", fact.any_of) if fact.any_of else ("oneOf", fact.one_of)
        return {key: [_type(name) for name in names]}
    if fact.of is not None or fact.type.startswith("["):
        return {"type": "array", "items": _full_fact(fact.of or Fact(fact.type[1:-1]))}
    if "." in fact.type:
        return _full_schema(fact.type)
    return _type(fact.type)


def _full_fact(fact: Fact) -> Json:
    made = _full_type(fact)
    told = {
        "format": fact.format or None,
        "minimum": fact.minimum,
        "maximum": fact.maximum,
        "pattern": fact.pattern or None,
        "enum": sorted(fact.enum) if fact.enum else None,
        "minItems": fact.items_min,
        "maxItems": fact.items_max,
        "uniqueItems": fact.unique or None,
        "nullable": fact.nullable or None,
        "readOnly": fact.read_only or None,
        "default": fact.default,
        "deprecated": bool(fact.deprecated) or None,
        "x-unit": fact.unit or None,
        "x-scope": fact.scope or None,
    }
    told = {key: value for key, value in told.items() if value is not None}
    if "$ref" in made and told:
        # Beside a $ref everything else is ignored in OpenAPI 3.0.
        made = {"allOf": [made]}
    return made | told


def _full_schema(name: str) -> Json:
    schema = tables.official()[name]
    if schema.scalar:
        return _full_fact(schema.scalar)
    own: Json = {"type": "object"}
    if schema.required:
        own["required"] = list(schema.required)
    own["properties"] = {key: _full_fact(fact) for key, fact in schema.own.items()}
    if schema.discriminator:
        own["discriminator"] = {"propertyName": schema.discriminator}
    return {"allOf": [_type(schema.base), own]} if schema.base else own


_FREE: Json = {"type": "object", "additionalProperties": True}
_WIRE = {"uuid": "string", "uri": "string", "date-time": "string", "date": "string",
         "time": "string"}  # fmt: skip


def _lean_type(name: str) -> Json:
    """A type as a client carries it: text stays the text that the codec made."""
    if name.startswith("["):
        return {"type": "array", "items": _lean_type(name[1:-1])}
    if " | " in name:
        return {}
    if name in _PLAIN:
        return dict(_PLAIN[_WIRE.get(name, name)])
    schema = tables.schemas()[name]
    if schema.scalar:
        return _lean_type(schema.scalar.type)
    if tables.discriminator(name):
        return dict(_FREE)
    return _type(name)


def _lean_fact(fact: Fact) -> Json:
    # An object that may be null is free too: generated code cannot tell null from absent.
    return {} if fact.nullable else _lean_type(fact.type)


def _lean_schema(name: str) -> Json:
    schema = tables.schemas()[name]
    if schema.scalar:
        return _lean_type(schema.scalar.type)
    if tables.discriminator(name):
        return dict(_FREE)
    made: Json = {"type": "object"}
    required = [key for key in tables.required(name) if not _is_patched(name, key)]
    if required:
        made["required"] = required
    made["properties"] = {k: _lean_fact(f) for k, f in tables.properties(name).items()}
    return made


def _is_patched(name: str, key: str) -> bool:
    """A PATCH may leave them out, and both directions share one schema."""
    return name == "Device" and key != "address"


def _reachable(kinds: Iterable[str], schema_of: Callable[[str], Json]) -> Json:
    """The schemas that these kinds need, by component name, in alphabetical order."""
    names = {_component(name): name for name in tables.schemas()}
    made: Json = {}
    waiting = [_component(kind.strip("[]")) for kind in kinds if kind not in _PLAIN]
    while waiting:
        component = waiting.pop()
        if component not in made:
            made[component] = schema_of(names[component])
            waiting += _references(made[component])
    return dict(sorted(made.items()))


def _references(value: Any) -> list[str]:
    """Component names referred to anywhere inside."""
    found: list[str] = []
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if isinstance(one.get("$ref"), str):
                found.append(one["$ref"].rsplit("/", 1)[-1])
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, str) and one.startswith("#/components/schemas/"):
            found.append(one.rsplit("/", 1)[-1])
    return found
