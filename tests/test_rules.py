"""Every numbered rule (T1 to P2) is held by a test whose name carries its number."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent
COUNTS = {"T": 14, "B": 9, "D": 9, "G": 2, "C": 13, "L": 6, "P": 2}
RULES = [f"{letter}{at}" for letter, count in COUNTS.items() for at in range(1, count + 1)]
NUMBER = re.compile(r"(?<=_)([tbdgclp])(\d+)(?=_|$)")


def rules_named(name: str) -> set[str]:
    """The rules whose number stands in the name of a test."""
    found = {letter.upper() + number for letter, number in NUMBER.findall(name)}
    return found & set(RULES)


def by_rule() -> dict[str, list[str]]:
    """Rule -> the tests (file::name) that carry its number."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for rule in rules_named(node.name) if node.name.startswith("test_") else ():
                found[rule].append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def test_the_numbers_of_rules_are_found_in_names_and_nothing_else() -> None:
    assert rules_named("test_t9_one_bad_element_rejects_all_c13") == {"T9", "C13"}
    assert rules_named("test_a_b1_announcement_and_t15_and_l7_and_at4_once") == {"B1"}


def test_every_numbered_rule_has_a_test_that_carries_its_number() -> None:
    found = by_rule()
    for rule in RULES:
        print(f"{rule:4}", *found[rule] or ["NO TEST"], sep="\n     ")
    missing = [rule for rule in RULES if not found[rule]]
    assert not missing, f"no test carries {missing}"
