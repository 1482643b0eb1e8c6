"""Both documents hold themselves, and say what the codec holds."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
from talq_examples import examples

from protocol import talq

SIDES = ("cms", "gateway")
FORMS = (talq.openapi, talq.transport)


def references(document: dict[str, Any]) -> set[str]:
    return set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(document)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("form", FORMS)
def test_a_document_refers_only_to_itself_and_to_all_it_holds(form: Any, side: str) -> None:
    document = form(side)
    used = {kind.strip("[]") for o in talq.implemented(side) for kind in (o.request,) if kind}
    assert references(document) | used >= set(document["components"]["schemas"])
    assert references(document) <= set(document["components"]["schemas"])


@pytest.mark.parametrize("side", SIDES)
def test_a_document_lists_exactly_what_is_implemented(side: str) -> None:
    listed = {
        (method.upper(), path)
        for path, verbs in talq.openapi(side)["paths"].items()
        for method in verbs
    }
    assert listed == {(o.method, o.path) for o in talq.implemented(side)}


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema knows a union with null."""
    if isinstance(value, list):
        return [as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: as_json_schema(one) for key, one in value.items() if key != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if value.get("nullable") is True else made


@pytest.mark.parametrize(("kind", "body"), examples())
def test_an_independent_reader_takes_our_examples_too(kind: str, body: bytes) -> None:
    name = kind.strip("[]")
    side = next(s for s in SIDES if name in talq.openapi(s)["components"]["schemas"])
    document = as_json_schema(talq.openapi(side))
    reader = jsonschema.Draft7Validator({"$ref": f"#/components/schemas/{name}", **document})
    value = json.loads(body)
    for one in value if kind.startswith("[") else [value]:
        assert not [error.message for error in reader.iter_errors(one)]


def test_the_lean_form_leaves_function_bodies_free() -> None:
    for side in SIDES:
        schemas = talq.transport(side)["components"]["schemas"]
        assert len(schemas) < 60
        assert schemas["Device"]["properties"]["functions"]["items"]["additionalProperties"]
