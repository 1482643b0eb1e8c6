"""No float on a node: on an ESP32 it would have 24 bits, and a date of this century needs 30."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("protocol/wire", "protocol/schedule", "protocol/mqtt", "firmware", "firmware/drivers")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]
_MAKERS = {"float", "sqrt", "sin", "cos", "acos", "atan2", "log", "exp", "time"}


def floats(source: str) -> Iterator[tuple[int, str]]:
    """(line, what) of everything that is or makes a float."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, repr(node.value)
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "a division that is not whole"
        elif isinstance(node, ast.Import) and any(name.name == "math" for name in node.names):
            yield node.lineno, "math"
        elif isinstance(node, ast.Call):
            made = node.func
            name = made.attr if isinstance(made, ast.Attribute) else getattr(made, "id", "")
            if name in _MAKERS:
                yield node.lineno, f"{name}()"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_device_source_has_no_float(path: Path) -> None:
    assert list(floats(path.read_text())) == []


def test_every_way_to_a_float_is_found() -> None:
    source = "import math\na = 1.5\nb = a / 2\nb /= 3\nc = float(7)\nd = time.time()\ne = 1e3\n"
    assert [line for line, _ in sorted(floats(source))] == [1, 2, 3, 4, 5, 6, 7]
