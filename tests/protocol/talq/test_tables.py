"""The tables hold the facts of the official files, and our own additions."""

from __future__ import annotations

import pytest
from talq_examples import official_files

from protocol import talq
from tools import talq_facts


def test_tables_are_what_the_official_files_say() -> None:
    oas = official_files()
    if oas is None:
        pytest.skip("the official files are not on this machine (LAMPLIGHTER_TALQ_OAS)")
    assert talq_facts.main(["--oas", str(oas), "--check"]) == 0


def test_facts_carry_unit_and_scope() -> None:
    facts = talq.properties_of("LampMonitorFunction")
    assert (facts["activePower"].type, facts["activePower"].unit, facts["activePower"].scope) == (
        "AttributeFloat", "Watts", "measurement",
    )  # fmt: skip
    assert facts["id"].type == "string"


def test_every_function_and_attribute_extends_its_root() -> None:
    assert len(talq.derived("Function")) > 57
    assert talq.derived("Attribute") >= {"AttributeString", "AttributeLevelState"}
    assert "LamplighterNodeFunction" in talq.derived("Function")


def test_attributes_of_our_function_say_their_scope() -> None:
    facts = talq.properties_of("LamplighterNodeFunction")
    scopes = {name: fact.scope for name, fact in facts.items() if name not in ("id", "type")}
    assert set(scopes.values()) == {"configuration", "measurement", "operational"}
    assert [n for n, s in scopes.items() if s == "operational"] == ["recalibrate"]
    assert {n for n, s in scopes.items() if s == "configuration"} == {
        "nodeId",
        "channel",
        "closed",
        "maintenance",
    }
