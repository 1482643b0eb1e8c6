"""Takes the lines that say nothing out of a linked text.

A linker leaves many: comments, and `pass` where there was a constant or what nobody calls. They
are not in the bytecode, but steps over them are: MicroPython notes for each statement how many
lines it is from the one before, in one byte up to three lines, in two beyond.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

_SILENT = {
    tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


def squeezed(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without them, and of each line that stays its number before; the first stays."""
    idle = {node.lineno for node in _idle(ast.parse(text))}
    stay = {1}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        first, last = token.start[0], token.end[0]
        if token.type not in _SILENT and not (token.string == "pass" and first in idle):
            stay.update(range(first, last + 1))
    lines = text.split("\n")
    numbers = tuple(sorted(number for number in stay if number <= len(lines)))
    return "\n".join(lines[number - 1] for number in numbers) + "\n", numbers


def _idle(tree: ast.AST) -> Iterator[ast.Pass]:
    """Every `pass` that its block can do without."""
    for node in ast.walk(tree):
        for _, block in ast.iter_fields(node):
            if not isinstance(block, list):
                continue
            found = [one for one in block if isinstance(one, ast.Pass)]
            yield from found[1:] if len(found) == len(block) else found
