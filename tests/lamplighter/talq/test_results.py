"""Rows as a table, as JSON and as JUnit XML."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from lamplighter.talq import results
from lamplighter.talq.results import Row

ROWS = [
    Row("Transport", "T1", "slash", results.PASSED),
    Row("Transport", "T2", "asked for", results.FAILED, "answered 200\nsecond line \x00 ]]> &"),
    Row("Control", "C7", "night", results.NOT_TESTABLE, "it needs a night"),
    Row("Mandatory attributes", "serial", "SomeFunction", results.NOT_ANNOUNCED, "no class"),
    Row("Mandatory attributes", "level", "SomeFunction", results.NOT_ANNOUNCED, "no class"),
]


def test_the_table_tells_what_was_seen_and_sums_up() -> None:
    text = results.table(ROWS)
    assert "answered 200" in text
    assert "it needs a night" in text
    assert "not announced  SomeFunction: 2" in text
    assert "serial" not in text
    assert text.endswith("1 passed, 1 failed, 2 not announced, 1 not testable")


def test_json_has_every_row_and_what_was_checked() -> None:
    said = json.loads(results.as_json(ROWS, {"url": "http://a"}))
    assert said["url"] == "http://a"
    assert said["counts"]["failed"] == 1
    assert [Row(**row) for row in said["rows"]] == ROWS


def test_junit_is_xml_whatever_the_other_side_has_sent() -> None:
    root = ET.fromstring(results.as_junit(ROWS, "TALQ cms"))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("5", "1", "3")
    failures = root.findall(".//failure")
    assert len(failures) == 1
    assert failures[0].get("message") == "answered 200"
    assert "second line" in (failures[0].text or "")
    assert [suite.get("name") for suite in root] == [
        "Transport", "Control", "Mandatory attributes",
    ]  # fmt: skip
