"""Lines that say nothing are left out; all that a program does stays, each line at its number."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasher.squeeze import squeezed

TEXT = '''import os

pass  # It was a constant.


def one():
    # A word.
    pass
    text = """

    pass
    # no comment
"""

    return (text,

            os)
class Empty:
    pass
    pass


if os: pass
else:
    pass

    one()
'''
LINES = st.sampled_from(
    ("", "# word", "pass", "pass  # word", "x = 1", "if x:\n    pass", "x = (\n\n    2)",
     "def f():\n    # word\n    pass\n\n    pass", 'y = """\n# no\n\n"""',
     "try:\n    x\nexcept OSError:\n    pass\nelse:\n    pass\n    x")
)  # fmt: skip


def said(text: str) -> str:
    """What a program says, without the `pass` that stand beside something."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for name, block in ast.iter_fields(node):
            if isinstance(block, list) and any(isinstance(one, ast.Pass) for one in block):
                left = [one for one in block if not isinstance(one, ast.Pass)]
                setattr(node, name, left or [ast.Pass()])
    return ast.dump(tree)


def judged(text: str) -> str:
    small, lines = squeezed(text)
    assert said(small) == said(text)
    before, after = text.split("\n"), small.split("\n")
    assert [before[number - 1] for number in lines] == after[: len(lines)]
    assert after[len(lines) :] == [""]
    assert lines[0] == 1
    return small


def test_what_says_something_stays_with_its_number() -> None:
    small = judged(TEXT)
    assert small.count("\n") == 14
    assert small.count("pass") == 3, "one in the string, one in the class, one behind the if"
    assert "# A word." not in small


@given(st.lists(LINES, min_size=1, max_size=12))
def test_any_program_says_the_same(parts: list[str]) -> None:
    judged("x = 0\n" + "\n".join(parts) + "\n")


def test_a_text_that_is_no_program_is_told() -> None:
    with pytest.raises(SyntaxError):
        squeezed("def :\n")
