"""Links the device sources of one kind into one small module: numbers, short names, strings.

MicroPython keeps every name of a program in RAM, a dictionary for every module and a slot in it
for every import. On a node with 111 kB that was 35 kB (docs/decisions/0002-node-heap.md). So the
image holds one module for each kind of node, made of the device files that it needs, in which

1. integer constants stand as numbers where they are used, words of tables as their positions;
2. what no such node can ever use is left out, and so is what only the type checker reads;
3. names of ours become names that MicroPython has in ROM anyway, or short ones: globals and
   attributes each one for one, arguments by their position. Names that others know stay;
4. rows of the message table are strings (rows.py).

Each file keeps its lines, so that `Linked.place` finds the source of a line in a traceback
(`flash.py place`).
"""

from __future__ import annotations

import ast
import bisect
import builtins
import functools
import itertools
import keyword
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .outside import interned_names, outside_names
from .reach import Place, reachable, used_attributes
from .rows import find_rows
from .shorten import Editor, Names, globals_of
from .sources import ARGUMENTS, Function, Module, find_constants, nodes, parse, resolve_imports
from .squeeze import squeezed
from .texts import cut_texts


@dataclass(frozen=True)
class Linked:
    """One module: its text, and where that comes from.

    starts: (first line, path) of each file, before lines that say nothing were left out; names:
    {short: name}; lines: the number of each line of the text before.
    """

    text: str
    starts: tuple[tuple[int, str], ...]
    names: Mapping[str, str]
    lines: tuple[int, ...]

    def place(self, line: int) -> tuple[str, int]:
        """The file and line that a line of the text comes from."""
        line = self.lines[max(1, min(line, len(self.lines))) - 1]
        index = max(0, bisect.bisect_right([start for start, _ in self.starts], line) - 1)
        start, path = self.starts[index]
        return path, line - start + 1


def link(
    sources: Mapping[str, str], apart: Mapping[str, str], entries: Collection[Place]
) -> Linked:
    """Link sources (path: text) to what the entries need; entries keep their names.

    So do names in the files of `apart`, which stay alone.
    """
    modules = {m.name: m for m in map(parse, sources, sources.values())}
    for module in modules.values():
        resolve_imports(module)
    modules = _imported(modules, entries)
    find_constants(modules)
    find_rows(modules)
    found = reachable(modules, entries)
    keep = set(outside_names()) | {"const"}
    for text in apart.values():
        for node in ast.walk(ast.parse(text)):
            keep.update(_identifiers(node), _defined(node))
            if isinstance(node, Function | ast.ClassDef):
                keep.add(node.name)
    names = _short_names(modules, found, keep, entries)
    asked = used_attributes(modules, found)
    outside: set[str] = set()
    parts: list[str] = []
    starts = []
    ordered = list(_in_order(modules))
    for module in ordered:
        Editor(module, modules, names, found, asked, outside).edit()
    parts.append("; ".join(sorted(outside)))
    line = 2
    for module in ordered:
        text = module.text()
        starts.append((line, module.path))
        parts.append(text.rstrip("\n"))
        line += parts[-1].count("\n") + 1
    told = {short: f"{place[0]}.{place[1]}" for place, short in names.globals.items()}
    for name, one in sorted(names.attributes.items()):
        told["." + one] = f"{told['.' + one]}|{name}" if "." + one in told else name
    text, lines = squeezed("\n".join(parts) + "\n")
    return Linked(text, tuple(starts), told, lines)


def _imported(modules: Mapping[str, Module], entries: Collection[Place]) -> dict[str, Module]:
    """The modules that entries import, and what those do; all others have no part in it."""
    wanted = [where for where, _ in entries]
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in found or name not in modules:
            continue
        found.add(name)
        for where, inner in modules[name].imported.values():
            wanted += [where, f"{where}.{inner}"]
    return {name: module for name, module in modules.items() if name in found}


def link_cold(
    sources: Mapping[str, str], apart: Mapping[str, str], entries: Collection[Place]
) -> str:
    """The text of what is loaded for a moment and leaves few names behind."""
    text = link(sources, apart, entries).text
    return cut_texts(text, next(_fresh(set(re.findall(r"\w+", text)))))


def _in_order(modules: Mapping[str, Module]) -> Iterator[Module]:
    """Modules as Python would run them: what is imported comes first."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[Module]:
        if name in done or name not in modules:
            return
        done.add(name)
        for node in modules[name].tree.body:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    where, inner = modules[name].imported[alias.asname or alias.name]
                    yield from visit(where)
                    yield from visit(f"{where}.{inner}")
        yield modules[name]

    for name in sorted(modules):
        yield from visit(name)


def _fresh(taken: Collection[str]) -> Iterator[str]:
    """Names for ours: first those that MicroPython holds in ROM anyway, then short new ones."""
    builtin = set(dir(builtins)) | set(keyword.kwlist)
    for name in sorted(interned_names(), key=lambda n: (len(n), n)):
        plain = name.isidentifier() and not name.startswith("_")
        if plain and name not in taken and name not in builtin:
            yield name
    for size in itertools.count(1):
        for letters in itertools.product(string.ascii_letters, repeat=size):
            name = "".join(letters)
            if name not in taken and name not in builtin and name not in interned_names():
                yield name


def _short_names(
    modules: Mapping[str, Module], found: set[Place], keep: set[str], entries: Collection[Place]
) -> Names:
    """Short names for attributes, and for globals; a keyword argument shares with no global."""
    uses: Counter[str] = Counter()
    attributes: set[str] = set()
    seen: set[str] = set()
    arguments: set[str] = set()
    variables: set[str] = set()  # A global of such a name would be hidden in a function.
    used = {where for where, _ in found}
    for module in modules.values():
        if module.name not in used:
            continue  # Its names would take those that lie in ROM from others.
        keep |= _asked_by_string(module.tree)
        for node in nodes(module.tree):
            seen |= set(_identifiers(node))
            attributes |= set(_defined(node))
            if isinstance(node, ast.Attribute):
                uses[node.attr] += 1
            elif isinstance(node, ast.arg):
                arguments.add(node.arg)
            elif isinstance(node, ast.Name):
                variables.add(node.id)
    # Calls that rows.py writes have this keyword, whether or not a source has it.
    attributes |= arguments & {"row_type"}
    attributes = {n for n in attributes - keep if not n.startswith("__")}
    asked = {name for _, name in entries}
    keep |= asked
    # A name that our sources ask of something outside stays what it is there.
    taken = (seen - attributes) | set(ARGUMENTS) | (keep - outside_names()) | asked
    shared = sorted(attributes & arguments)
    fresh = _fresh(taken)
    short = {name: next(fresh) for name in shared}
    taken |= set(short.values())
    rest = sorted(attributes - set(shared), key=lambda n: (-uses[n], n))
    short |= _coloured(rest, _fresh(taken), _together(modules, used))
    fresh = _fresh(taken | variables)
    places = {place: place[1] if place in entries else next(fresh) for place in sorted(found)}
    return Names(keep, short, places)


def _together(modules: Mapping[str, Module], used: Collection[str]) -> dict[str, set[str]]:
    """For each attribute the others that an object may have beside it.

    What an object has stands in its class or in a class that this is made from. What is only ever
    put on an object from elsewhere may stand beside anything.
    """
    classes: dict[str, list[ast.ClassDef]] = {}  # Two modules may have one of the same name.
    for name in sorted(used):
        for node in nodes(modules[name].tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(node)
    every = [node for alike in classes.values() for node in alike]
    everything = {attribute for node in every for attribute in _members(node)}
    beside: dict[str, set[str]] = {}
    for one in every:
        found, bases = set(_members(one)), list(one.bases)
        while bases:
            base = bases.pop()
            word = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            for node in classes.get(word, ()):
                found |= _members(node)
                bases += node.bases
        for attribute in found:
            beside.setdefault(attribute, set()).update(found)
    for name in used:
        for other in nodes(modules[name].tree):
            if isinstance(other, ast.Attribute) and other.attr not in everything:
                beside[other.attr] = set(everything)
    return beside


@functools.cache
def _members(node: ast.ClassDef) -> frozenset[str]:
    """Names that a class gives to its objects: its own, and what its functions put on `self`."""
    found = {name for inner in node.body for name in _defined_in(inner)}
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and _is_self(inner.value):
            found.add(inner.attr)
    return frozenset(found)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _defined_in(node: ast.stmt) -> Iterator[str]:
    yield from globals_of(node)
    if isinstance(node, Function):
        yield node.name


def _coloured(
    names: Iterable[str], fresh: Iterator[str], beside: Mapping[str, set[str]]
) -> dict[str, str]:
    """A short name for each; two that no object has both of may share one (greedy colouring)."""
    short: dict[str, str] = {}
    known: list[str] = []
    for name in names:
        others = beside.get(name)
        taken = set(known) if others is None else set()
        for other, one in short.items():
            if others is None or other in others or name in beside.get(other, {name}):
                taken.add(one)
        free = next((one for one in known if one not in taken), None)
        if free is None:
            free = next(fresh)
            known.append(free)
        short[name] = free
    return short


def _asked_by_string(tree: ast.Module) -> set[str]:
    """Attribute names that stand as strings in getattr and setattr: they cannot change."""
    return {
        node.args[1].value
        for node in nodes(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "setattr", "hasattr")
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and isinstance(node.args[1].value, str)
    }


def _identifiers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.alias):
        yield from node.name.split(".")


def _defined(node: ast.AST) -> Iterator[str]:
    """Names of attributes, methods and keywords that a node makes."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg
    elif isinstance(node, ast.ClassDef):
        for inner in node.body:
            yield from globals_of(inner)
            if isinstance(inner, Function):
                yield inner.name
