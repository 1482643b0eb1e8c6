"""The specification and the vectors are those of the table."""

from __future__ import annotations

from tools import wire_doc


def test_the_specification_and_the_vectors_come_from_the_table() -> None:
    assert wire_doc.main(["--check"]) == 0
