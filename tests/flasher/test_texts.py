"""Texts of a cold file are slices of one, and mean what they meant."""

from __future__ import annotations

import ast
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flasher.outside import interned_names
from flasher.texts import cut_texts

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=14)


def value_of(text: str) -> Any:
    found: dict[str, Any] = {}
    exec(text, found)
    return found["said"]


@given(st.lists(_TEXTS, max_size=12), st.sampled_from(["", "import os; import sys"]))
def test_a_file_of_slices_says_what_it_said(words: list[str], first: str) -> None:
    text = f"{first}\ndef one(word={(words or [''])[0]!r}):\n    return [word, *{words!r}]\n"
    text += f"said = one(), {{word: word for word in {words!r}}}, {tuple(words)!r}\n"
    cut = cut_texts(text, "T")
    assert value_of(cut) == value_of(text)
    assert cut.count("\n") == text.count("\n")


def test_no_text_stays_but_names_of_micropython_and_what_the_file_keeps_anyway() -> None:
    text = (
        "\ndef one():\n    return 'only while it is used'\n"
        "said = ['percent', 'lx', 'print', 'kept with the file', b'lx', ('a', ('mw', 2)), one()]\n"
    )
    cut = cut_texts(text, "T")
    tree = ast.parse(cut)
    in_tuples = {"a", "mw"}
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert "print" in interned_names()
    (whole,) = [word for word in texts if "percent" in word]
    assert texts - {whole} == in_tuples | {"print", "kept with the file"}
    assert len(whole) == len("percent" + "lx" + "only while it is used")
    assert value_of(cut) == value_of(text)
