"""The tool takes facts out of OpenAPI files; tried on small ones of our own."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools import talq_facts

SCHEMAS: dict[str, Any] = {
    "Root": {
        "type": "object",
        "required": ["type"],
        "description": "A sentence that must not be copied.",
        "discriminator": {"propertyName": "type"},
        "properties": {"type": {"type": "string"}},
    },
    "Leaf": {
        "allOf": [
            {"$ref": "#/components/schemas/Root"},
            {
                "required": ["level"],
                "properties": {
                    "level": {
                        "allOf": [
                            {"$ref": "#/components/schemas/Percent"},
                            {"x-talq-unit": "Percent", "x-talq-scope": "Measurement"},
                        ]
                    },
                    "either": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/Root"},
                            {"$ref": "#/components/schemas/Leaf"},
                        ]
                    },
                    "day": {
                        "anyOf": [
                            {"type": "string", "format": "date"},
                            {"$ref": "#/components/schemas/Percent"},
                        ]
                    },
                    "parts": {
                        "type": "array",
                        "maxItems": 2,
                        "items": {"type": "object", "properties": {"a-b": {"type": "number"}}},
                    },
                },
            },
        ]
    },
    "Percent": {"type": "integer", "minimum": 0, "maximum": 100},
}


def test_facts_are_flat_and_hold_no_sentence() -> None:
    text = talq_facts.model_text(talq_facts.Facts(SCHEMAS).tables, "0")
    assert "sentence" not in text
    assert tomllib.loads(text) == {
        "Root": {"discriminator": "type", "required": ["type"], "is": {"type": "string"}},
        "Leaf": {
            "base": "Root",
            "required": ["level"],
            "is": {
                "level": {"type": "Percent", "unit": "Percent", "scope": "measurement"},
                "either": {"type": "Root", "one_of": ["Root", "Leaf"]},
                "day": "date | Percent",
                "parts": {"type": "[Leaf.parts]", "items_max": 2},
            },
        },
        "Leaf.parts": {"is": {"a-b": "number"}},
        "Percent": {"scalar": {"type": "integer", "min": 0, "max": 100}},
    }


@pytest.fixture
def oas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three small official files, and an empty place for the tables."""
    monkeypatch.setattr(talq_facts, "MODEL", tmp_path / "model")
    error = {"type": "array", "items": {"$ref": "x.json#/components/schemas/Root"}}
    verb = {
        "operationId": "getRoots",
        "parameters": [
            {"in": "query", "name": "clientAddress", "schema": {"type": "string"}},
            {"in": "query", "name": "limit", "schema": {"type": "integer"}},
        ],
        "responses": {
            "200": {"content": {"application/json": {"schema": error}}, "headers": {"n": {}}},
            "404": {},
        },
    }
    files = {
        "data-model": {"info": {"version": "2.7.1"}, "components": {"schemas": SCHEMAS}},
        "api-cms": {"paths": {"/roots": {"get": verb}}},
        "api-gateway": {"paths": {}},
    }
    for name, content in files.items():
        path = tmp_path / talq_facts.FILE_NAME.format(name)
        path.write_text(json.dumps(content), "utf-8")
    return tmp_path


def test_tables_are_written_once_and_then_current(oas: Path) -> None:
    assert talq_facts.main(["--oas", str(oas), "--check"]) == 1
    assert talq_facts.main(["--oas", str(oas)]) == 0
    assert talq_facts.main(["--oas", str(oas), "--check"]) == 0
    rows = tomllib.loads((oas / "model" / "operations_cms.toml").read_text("utf-8"))
    assert rows == {
        "getRoots": {
            "method": "GET",
            "path": "/roots",
            "query": ["integer limit"],
            "statuses": ["200 [Root] paged", "404"],
        }
    }


def test_a_changed_table_is_noticed(oas: Path) -> None:
    talq_facts.main(["--oas", str(oas)])
    with (oas / "model" / "schemas.toml").open("a", encoding="utf-8") as file:
        file.write("[More]\n")
    assert talq_facts.main(["--oas", str(oas), "--check"]) == 1


def test_missing_official_files_are_exit_3(tmp_path: Path) -> None:
    assert talq_facts.main(["--oas", str(tmp_path)]) == 3
