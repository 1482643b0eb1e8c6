"""Rows of the message table in a linked image: one string each instead of a class.

A class of its own takes 400 bytes of a node's RAM, a string that lies in ROM 56. So

- `Hello(boot_count=1)` becomes `Message(boot_count=1, row_type=2)`,
- `isinstance(message, Hello)` becomes `message.TYPE == 2`, and `Hello.TYPE` becomes 2,
- `register(…)` becomes the table of strings that `protocol/wire/message.py` reads.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from protocol import wire

from .reach import Place, origin
from .sources import Module, Row, number_of

MESSAGE: Place = ("protocol.wire.message", "Message")
TABLE: Place = ("protocol.wire.message", "ROWS")
# A node reads every row from this type on; of the others it makes those that it names.
_READ_FROM = 0x40
# These come to some kinds of nodes only, which name them; to others their numbers are unknown.
_READ_IF_NAMED = (wire.SetOutput.TYPE,)


class LinkError(Exception):
    """A source does what a linked image cannot; the text names file and line."""


def find_rows(modules: Mapping[str, Module]) -> None:
    """Fill `rows` of each module: classes that derive from Message and have KINDS."""
    for module in modules.values():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name)
                and (module.name, base.id) != MESSAGE
                and module.imported.get(base.id) == MESSAGE
                for base in node.bases
            ):
                module.rows[node.name] = _row(node, module, modules)


def _row(node: ast.ClassDef, module: Module, modules: Mapping[str, Module]) -> Row:
    said = {
        target.id: inner.value
        for inner in node.body
        if isinstance(inner, ast.Assign)
        for target in inner.targets
        if isinstance(target, ast.Name)
    }
    number = number_of(said["TYPE"], module, modules)
    assert number is not None
    tail = ast.literal_eval(said["TAIL"]) if "TAIL" in said else ""
    return Row(number, ast.literal_eval(said["KINDS"]), ast.literal_eval(said["FIELDS"]), tail)


def row_of(node: ast.expr, module: Module, modules: Mapping[str, Module]) -> Row | None:
    """The row that an expression names."""
    place = _place(node, module, modules)
    return modules[place[0]].rows.get(place[1]) if place else None


def _place(node: ast.expr, module: Module, modules: Mapping[str, Module]) -> Place | None:
    if isinstance(node, ast.Name):
        return origin((module.name, node.id), modules)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        where, name = module.imported.get(node.value.id, ("", ""))
        return origin((f"{where}.{name}", node.attr), modules)
    return None


def table_text(
    module: Module, found: set[Place], table: str, attribute: Callable[[str], str]
) -> str:
    """The statement that fills the table with a module's rows; `attribute` renames fields."""
    return f"{table}.update({{{', '.join(_entries(module, found, attribute))}}})"


def _entries(module: Module, found: set[Place], attribute: Callable[[str], str]) -> Iterator[str]:
    for name, row in module.rows.items():
        always = row.number >= _READ_FROM and row.number not in _READ_IF_NAMED
        if not always and (module.name, name) not in found:
            continue
        layout = "<" + "".join(map(wire.struct_letter, row.kinds))
        fields = [attribute(f) if f else "" for f in (row.tail, *row.fields)]
        yield f'{row.number}: "{" ".join([row.kinds, layout, *fields])}"'
