"""Both documents hold themselves, and say what the codec holds."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import jsonschema
import pytest
import talq_official
from talq_examples import examples

from protocol import talq

SIDES = ("cms", "gateway")
FORMS = (talq.openapi, talq.transport)


def references(document: dict[str, Any]) -> set[str]:
    return set(re.findall(r"#/components/schemas/([^\"]+)", json.dumps(document)))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("form", FORMS)
def test_a_document_refers_only_to_itself(form: Any, side: str) -> None:
    document = form(side)
    assert references(document) <= set(document["components"]["schemas"])


@pytest.mark.skipif(not talq_official.present(), reason=talq_official.REASON)
@pytest.mark.parametrize("side", SIDES)
def test_the_served_structure_equals_the_official_one(side: str) -> None:
    official = talq_official.bundled(side)
    assert len(talq_official.structure(official)) > 5000
    found = talq_official.differences(talq.openapi(side), official)
    print(f"{side}: {len(found)} differences", *found, sep="\n")
    assert not found


def _changed(change: str) -> dict[str, Any]:
    document = copy.deepcopy(talq.openapi("gateway"))
    schemas = document["components"]["schemas"]
    devices = document["paths"]["/devices"]
    match change:
        case "operation":
            del devices["get"]
        case "status":
            del devices["get"]["responses"]["400"]
        case "parameter":
            devices["get"]["parameters"].pop()
        case "bound":
            schemas["ccDay"]["allOf"][1]["properties"]["days"]["maxItems"] = 8
        case "required":
            schemas["Group"]["required"].remove("members")
        case "enumeration":
            schemas["EventType"]["enum"].append("lampStolen")
        case "format":
            del schemas["Location"]["properties"]["latitude"]["format"]
        case "property":
            schemas["Location"]["properties"]["depth"] = {"type": "number"}
    return document


@pytest.mark.parametrize(
    "change",
    ["operation", "status", "parameter", "bound", "required", "enumeration", "format", "property"],
)
def test_the_comparison_sees_every_kind_of_change(change: str) -> None:
    assert talq_official.differences(_changed(change), talq.openapi("gateway"))


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable`; JSON Schema knows a union with null, but no discriminator.

    Without one, the modes of a logger are alike in what they require: oneOf becomes anyOf.
    """
    if isinstance(value, list):
        return [as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {
        "anyOf" if key == "oneOf" else key: as_json_schema(one)
        for key, one in value.items()
        if key != "nullable"
    }
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
