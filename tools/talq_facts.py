"""Takes the facts of TALQ 2.7.1 out of the official OpenAPI files into protocol/talq/model/*.toml.

python -m tools.talq_facts --oas DIR          write the tables
python -m tools.talq_facts --oas DIR --check  exit 1 if the tables differ from the files

Facts are names, types, units, scopes, bounds, enumerations, what is required, and the operations.
No sentence is copied. The form of the tables is told in protocol/talq/model/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

MODEL = Path(__file__).resolve().parent.parent / "protocol" / "talq" / "model"
FILE_NAME = "talq-{}-2-7-1-online.json"
SIDES = ("cms", "gateway")
PROFILES = (
    "lighting", "smartParking", "environmentalMonitoring", "lightingAssetManagement",
    "cabinetControl", "wasteManagement", "smartTraffic", "daliD4iLuminaireTalqZhaga",
    "daliD4iSensorsTalqZhaga",
)  # fmt: skip
_FORMATS = {"date-time", "date", "time", "uri", "uuid"}
_KEPT = {
    "minimum": "min", "maximum": "max", "minItems": "items_min", "maxItems": "items_max",
    "pattern": "pattern", "enum": "enum", "nullable": "nullable", "readOnly": "read_only",
    "uniqueItems": "unique", "default": "default",
}  # fmt: skip
_MARKS = {
    "x-talq-unit": "unit", "x-talq-scope": "scope", "x-talq-deprecated-by": "deprecated",
}  # fmt: skip

Schema = dict[str, Any]


class Facts:
    """Flattens one data model; objects inside objects become tables of their own."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self.schemas = schemas
        self.tables: dict[str, dict[str, Any]] = {}
        for name, schema in schemas.items():
            self._table(name, schema)

    def _table(self, name: str, schema: Schema) -> None:
        """Adds the table of one schema under `name`."""
        base, parts = None, [schema]
        if "allOf" in schema:
            base = _ref(schema["allOf"][0])
            parts = [*schema["allOf"][1:], {k: v for k, v in schema.items() if k != "allOf"}]
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for part in parts:
            properties.update(part.get("properties", {}))
            required += [r for r in part.get("required", []) if r not in required]
        if base is None and not properties and schema.get("type") != "object":
            self.tables[name] = {"scalar": self._value(name, schema)}
            return
        table: dict[str, Any] = {}
        if base:
            table["base"] = base
        if "discriminator" in schema:
            table["discriminator"] = schema["discriminator"]["propertyName"]
        if required:
            table["required"] = required
        must = marks(parts)
        if must:
            table["must"] = must
        self.tables[name] = table
        table["properties"] = {
            key: self._value(f"{name}.{key}", value) for key, value in properties.items()
        }

    def _value(self, path: str, schema: Schema) -> dict[str, Any]:
        """One property: its type in words of the tables, its bounds and marks."""
        parts = [*schema.get("allOf", []), schema]
        fact: dict[str, Any] = {"type": self._type(path, parts)}
        for part in parts:
            for theirs, ours in (_KEPT | _MARKS).items():
                if theirs in part and part[theirs] != "None":
                    fact[ours] = _plain(part[theirs], ours)
            if part.get("format", "date") not in _FORMATS:
                fact["format"] = part["format"]
            for form, ours in (("anyOf", "any_of"), ("oneOf", "one_of")):
                if form in part and " | " not in fact["type"]:
                    fact[ours] = [_ref(choice) for choice in part[form]]
        must = marks(parts)
        if must:
            fact["must"] = must
        if schema.get("type") == "array":
            inner = self._value(path, schema["items"])
            fact["type"] = f"[{inner.pop('type')}]"
            if inner:
                fact["of"] = inner
        return fact

    def _type(self, path: str, parts: list[Schema]) -> str:
        for part in parts:
            if "$ref" in part:
                return _ref(part)
            if "anyOf" in part or "oneOf" in part:
                return self._union(path, part.get("anyOf") or part["oneOf"])
        schema = parts[-1]
        if "properties" in schema:
            self._table(path, schema)
            return path
        kind, form = schema.get("type", "any"), schema.get("format")
        if kind == "string" and form in _FORMATS:
            return str(form)
        return str(kind)

    def _union(self, path: str, choices: list[Schema]) -> str:
        """A union; choices that share a discriminated base are that base."""
        names = [self._type(path, [choice]) for choice in choices]
        bases = {self._root(name) for name in names}
        return bases.pop() if len(bases) == 1 else " | ".join(names)

    def _root(self, name: str) -> str:
        schema = self.schemas.get(name, {})
        base = _ref(schema["allOf"][0]) if "allOf" in schema else None
        return self._root(base) if base else name


def marks(parts: list[Schema]) -> list[str]:
    """For which profiles something is mandatory: `lighting cms gateway`, `* gateway` for all."""
    told: dict[str, list[str]] = {}
    for part in parts:
        for profiles in part.get("x-talq-profiles", ()):
            for profile, sides in profiles.items():
                told[profile] = [
                    ours for theirs, ours in (("cms", "cms"), ("gw", "gateway"))
                    if sides.get(theirs) == "M"
                ]  # fmt: skip
    unknown = told.keys() - set(PROFILES)
    if unknown:
        raise ValueError(f"profiles that PROFILES does not know: {unknown}")
    lines = {p: " ".join(told.get(p, ())) for p in PROFILES}
    if len(set(lines.values())) == 1:
        sides = lines[PROFILES[0]]
        return [f"* {sides}"] if sides else []
    return [f"{profile} {sides}" for profile, sides in lines.items() if sides]


def _ref(schema: Schema) -> str:
    return str(schema["$ref"].rsplit("/", 1)[-1])


def _plain(value: Any, ours: str) -> Any:
    return value.lower() if ours == "scope" else value


def operations(document: Schema) -> list[dict[str, Any]]:
    """The operations of one side, in the order of their paths."""
    found = []
    for path, verbs in document["paths"].items():
        for method, verb in verbs.items():
            row = {"id": verb["operationId"], "method": method.upper(), "path": path}
            body = verb.get("requestBody")
            if body:
                row["request"] = _body(body["content"])
            query = [
                ("[string] " if q["schema"]["type"] == "array" else q["schema"]["type"] + " ")
                + q["name"]
                for q in verb["parameters"]
                if q["in"] == "query" and q["name"] not in _EVERYWHERE
            ]
            if query:
                row["query"] = query
            row["statuses"] = [_status(code, answer) for code, answer in verb["responses"].items()]
            must = marks([verb])
            if must:
                row["must"] = must
            _expect_the_usual(verb, method, path)
            found.append(row)
    return found


_EVERYWHERE = ("clientAddress", "talqRequestId", "talqOriginRequestId")


def _expect_the_usual(verb: Schema, method: str, path: str) -> None:
    """What the tables leave out because it is always so; ValueError where it is not."""
    names = {q["name"] for q in verb["parameters"]}
    caused = {"talqRequestId", "talqOriginRequestId"}
    if bool(names & caused) != (method != "get") or not names >= {"clientAddress"}:
        raise ValueError(f"{method} {path}: unusual parameters {names}")
    for parameter in verb["parameters"]:
        if parameter["in"] == "path":
            is_uuid = parameter["schema"].get("format") == "uuid"
            if is_uuid != (parameter["name"] == "deviceAddress"):
                raise ValueError(f"{method} {path}: unusual {parameter['name']}")


def _status(code: str, answer: Schema) -> str:
    """`200`, `200 [Device]`, or `200 [Device] paged` when paging headers may come with it."""
    words = [code]
    if "content" in answer:
        words.append(_body(answer["content"]))
    if answer.get("headers"):
        words.append("paged")
    return " ".join(words)


def _body(content: Schema) -> str:
    schema = content["application/json"]["schema"]
    if schema.get("type") == "array":
        return f"[{_ref(schema['items'])}]"
    return _ref(schema) if "$ref" in schema else str(schema["type"])


def toml(value: Any) -> str:
    """One value in TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    bare = key.replace("_", "a").replace("-", "a")
    return key if bare.isascii() and bare.isalnum() else json.dumps(key)


_HEAD = "# Written by tools/talq_facts.py from the official files of TALQ {}. Do not edit.\n"


def model_text(tables: dict[str, dict[str, Any]], version: str) -> str:
    """All schemas as one TOML document: a section for each, a line for each property."""
    lines = [_HEAD.format(version)]
    for name, table in tables.items():
        lines.append(f"[{_key(name)}]")
        for key, value in table.items():
            if key == "properties":
                lines += [f"is.{_key(n)} = {_short(fact)}" for n, fact in value.items()]
            else:
                lines.append(f"{key} = {_short(value) if key == 'scalar' else toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _short(fact: dict[str, Any]) -> str:
    """A fact that is only a type is written as that type."""
    return toml(fact["type"]) if len(fact) == 1 else toml(fact)


def operations_text(rows: list[dict[str, Any]], version: str) -> str:
    """One line for each operation."""
    lines = [_HEAD.format(version)]
    for row in rows:
        rest = {key: value for key, value in row.items() if key != "id"}
        lines.append(f"{_key(row['id'])} = {toml(rest)}")
    return "\n".join(lines) + "\n"


def texts(oas: Path) -> dict[str, str]:
    """File name to text, for every table that the official files give."""
    model = json.loads((oas / FILE_NAME.format("data-model")).read_text("utf-8"))
    version = model["info"]["version"]
    made = {"schemas.toml": model_text(Facts(model["components"]["schemas"]).tables, version)}
    for side in SIDES:
        document = json.loads((oas / FILE_NAME.format(f"api-{side}")).read_text("utf-8"))
        made[f"operations_{side}.toml"] = operations_text(operations(document), version)
    return made


def main(arguments: list[str] | None = None) -> int:
    """0 done, 1 tables differ, 3 the official files are not there."""
    parser = argparse.ArgumentParser(description="facts of TALQ into tables")
    parser.add_argument("--oas", type=Path, required=True, help="where the official files are")
    parser.add_argument("--check", action="store_true", help="compare only")
    asked = parser.parse_args(arguments)
    if not (asked.oas / FILE_NAME.format("data-model")).is_file():
        print(f"{asked.oas}: the official files are not there", file=sys.stderr)
        return 3
    different = []
    for name, text in texts(asked.oas).items():
        path = MODEL / name
        if not path.is_file() or path.read_text("utf-8") != text:
            different.append(name)
            if not asked.check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    if different and asked.check:
        print(f"tables differ from the official files: {', '.join(different)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
