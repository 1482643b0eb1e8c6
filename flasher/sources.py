"""Device sources as trees: what their imports stand for, and which of their names are integers."""

from __future__ import annotations

import ast
import functools
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*$")
# Words of these files are only compared with each other: in an image numbers serve as well, and a
# word that MicroPython does not know costs a name.
_TOKENS = ("protocol.wire.errors", "protocol.wire.transitions")
# What arguments are called in an image: names that MicroPython has anyway and that are no globals.
ARGUMENTS = [
    f"__{word}__"
    for word in (
        "call", "class", "delitem", "dir", "enter", "eq", "exit", "ge", "getattr", "getitem", "gt",
        "hash", "init", "int", "iter", "le", "len", "lt", "main", "new", "next", "repr", "setitem",
        "str", "add", "contains",
    )
]  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Row:
    """A row of the message table: its number, and what its class says."""

    number: int
    kinds: str
    fields: tuple[str, ...]
    tail: str


@dataclass
class Module:
    """One source file: its dotted name, its tree, and what its imports stand for."""

    path: str
    name: str
    package: bool
    source: str
    tree: ast.Module
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str | bytes] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    edits: list[tuple[int, int, int, int, str]] = field(default_factory=list)

    def replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        """Put other text in the place of a node, with its decorators."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        first = node.lineno
        if isinstance(node, Function | ast.ClassDef) and node.decorator_list:
            first = node.decorator_list[0].lineno
        self.edits.append((first, node.col_offset, node.end_lineno, node.end_col_offset, text))

    def insert(self, line: int, column: int, text: str) -> None:
        """Put text between two characters."""
        self.edits.append((line, column, line, column, text))

    def rename_at(self, line: int, column: int, old: str, new: str) -> None:
        """Put a name in the place of another."""
        self.edits.append((line, column, line, column + len(old), new))

    def text(self) -> str:
        """The source with all edits done; lines keep their numbers."""
        lines = [line.encode() for line in self.source.split("\n")]
        for line, column, end_line, end_column, new in sorted(self.edits, reverse=True):
            tail = lines[end_line - 1][end_column:]
            lines[line - 1] = lines[line - 1][:column] + new.encode() + tail
            for index in range(line, end_line):
                lines[index] = b""
        return b"\n".join(lines).decode()


def parse(path: str, source: str) -> Module:
    package = path.endswith("__init__.py")
    dotted = path.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    return Module(path, dotted, package, source, _tree(path, source))


@functools.cache
def _tree(path: str, source: str) -> ast.Module:
    """Nobody changes a tree, and an image is linked of the same files a dozen times."""
    return ast.parse(source, path)


def resolve_imports(module: Module) -> None:
    """Fill `imported`: local name -> (module, name in it)."""
    for node in _imports(module.tree):
        for alias in node.names:
            module.imported[alias.asname or alias.name] = (_origin(module, node), alias.name)


@functools.cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All nodes of a file, gone through once for all images."""
    return tuple(ast.walk(tree))


@functools.cache
def _imports(tree: ast.Module) -> tuple[ast.ImportFrom, ...]:
    return tuple(node for node in nodes(tree) if isinstance(node, ast.ImportFrom))


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    up = node.level - 1 if module.package else node.level
    base = parts[: len(parts) - up]
    return ".".join([*base, *([node.module] if node.module else [])])


@functools.cache
def _changed(tree: ast.Module) -> frozenset[str]:
    """Names that are stored more than once, wherever in the module: no constants."""
    seen = Counter(
        node.id
        for node in nodes(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    return frozenset(name for name, times in seen.items() if times > 1)


def find_constants(modules: Mapping[str, Module]) -> None:
    """Integers and texts assigned once at the top of a module; integers also made of others."""
    for _ in range(4):  # A constant may be made of one that is made of one.
        for module in modules.values():
            changed = _changed(module.tree)
            for node in module.tree.body:
                if isinstance(node, ast.Assign) and len(node.targets) == 1:
                    for name, value in pairs(node.targets[0], node.value):
                        if not _CONSTANT.match(name):
                            continue
                        number = number_of(value, module, modules)
                        if number is None and module.name in _TOKENS and _is_word(value):
                            number = len(module.constants) + 1
                        if name in module.constants:
                            continue
                        if number is not None:
                            module.constants[name] = number
                        elif isinstance(value, ast.Constant):
                            if isinstance(value.value, str | bytes) and name not in changed:
                                module.texts[name] = value.value
                        elif isinstance(value, ast.Tuple):
                            words = [w.value for w in value.elts if isinstance(w, ast.Constant)]
                            if len(words) == len(value.elts):
                                module.tables[name] = tuple(map(str, words))


def _is_word(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            yield from pairs(one, other)


def number_of(node: ast.expr, module: Module, modules: Mapping[str, Module]) -> int | None:
    """The integer an expression of literals and constants stands for."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        return number_of(node.args[0], module, modules)
    if isinstance(node, ast.Name):
        return constant_of(node.id, module, modules)
    if isinstance(node, ast.Call):
        return _looked_up(node, module, modules)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number_of(node.operand, module, modules)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp):
        left, right = (number_of(side, module, modules) for side in (node.left, node.right))
        if left is not None and right is not None:
            expression = ast.Expression(
                ast.BinOp(ast.Constant(left), node.op, ast.Constant(right))
            )
            value = eval(compile(ast.fix_missing_locations(expression), "", "eval"))
            return value if type(value) is int else None
    return None


def _looked_up(node: ast.Call, module: Module, modules: Mapping[str, Module]) -> int | None:
    """`TABLE.index("word")` and `len(TABLE)` of a table of words; the size of a layout."""
    if len(node.args) != 1:
        return None
    if isinstance(node.args[0], ast.Name) and ast.unparse(node.func) == "struct.calcsize":
        layout = text_of(node.args[0].id, module, modules)
        return struct.calcsize(layout) if isinstance(layout, str) and layout[:1] == "<" else None
    if isinstance(node.func, ast.Name) and node.func.id == "len":
        words = table_of(node.args[0], module, modules)
        return None if words is None else len(words)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "index":
        words = table_of(node.func.value, module, modules)
        word = node.args[0]
        if words is not None and isinstance(word, ast.Constant):
            return words.index(word.value)
    return None


def table_of(
    node: ast.expr, module: Module, modules: Mapping[str, Module]
) -> tuple[str, ...] | None:
    """The words of a table that an expression names."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        where, name = module.imported.get(node.value.id, ("", ""))
        room = modules.get(f"{where}.{name}")
        return table_of(ast.Name(node.attr), room, modules) if room else None
    if isinstance(node, ast.Name):
        if node.id in module.tables:
            return module.tables[node.id]
        where, name = module.imported.get(node.id, ("", ""))
        if where in modules and where != module.name:
            return table_of(ast.Name(name), modules[where], modules)
    return None


def constant_of(name: str, module: Module, modules: Mapping[str, Module]) -> int | None:
    """The integer that a global name of a module stands for, through its imports."""
    home, own = _home(name, module, modules)
    return home.constants.get(own)


def text_of(name: str, module: Module, modules: Mapping[str, Module]) -> str | bytes | None:
    """The text that a global name of a module stands for, through its imports."""
    home, own = _home(name, module, modules)
    return home.texts.get(own)


def _home(name: str, module: Module, modules: Mapping[str, Module]) -> tuple[Module, str]:
    """The module that a name comes from, as far as it is one of ours, and its name there."""
    while name not in module.constants and name not in module.texts and name in module.imported:
        where, inner = module.imported[name]
        if where not in modules or where == module.name:
            break
        module, name = modules[where], inner
    return module, name
