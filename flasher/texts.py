"""Texts of a file that is loaded for a moment, cut from one long text when they are used.

MicroPython keeps a text of at most ten bytes as a name, for ever: a file with a hundred of them
would leave them in memory when it has gone, and a node has room for three hundred names in all.
A longer text goes with its file, but takes an object of 16 or 32 bytes as long as that is there.
Of one text for all, in the image, only what is cut from it is in memory, as long as it is used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .outside import interned_names
from .sources import Function, parse

_NAME_BYTES_MAX = 10  # MICROPY_ALLOC_PARSE_INTERN_STRING_LEN in MicroPython's py/mpconfig.h.


def cut_texts(text: str, table: str) -> str:
    """The text of a linked module whose texts are slices of one, a global named `table`.

    Its first line has imports or nothing, and no other line moves. `table` is a name that it does
    not use.
    """
    module = parse("cold.py", text)
    words = list(_cut(module.tree, top=True))
    whole = ""
    for word in sorted({word for _, word in words}, key=lambda w: (-len(w), w)):
        if word not in whole:
            whole += word
    whole = whole.ljust(_NAME_BYTES_MAX + 1)  # Else it were a name itself.
    for node, word in words:
        at = whole.index(word)
        module.replace(node, f"{table}[{at}:{at + len(word)}]")
    if words:
        module.insert(1, 0, f"{table} = {whole!r}" + "; " * (not text.startswith("\n")))
    return module.text()


def _cut(node: ast.AST, *, top: bool) -> Iterator[tuple[ast.Constant, str]]:
    """Texts that would become names, and long ones that only live in functions.

    In a tuple of constants they are objects of the file, whatever is done.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant):
            word = child.value
            if not isinstance(word, str) or isinstance(node, ast.Expr):
                continue
            short = len(word.encode()) <= _NAME_BYTES_MAX
            if word not in interned_names() if short else not top:
                yield child, word
        elif not isinstance(child, ast.JoinedStr) and not _is_constant(child):
            yield from _cut(child, top=top and not isinstance(child, Function))


def _is_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Tuple) and all(
        isinstance(one, ast.Constant) or _is_constant(one) for one in node.elts
    )
