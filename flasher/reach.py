"""What of the device sources a node can ever use: the rest is not put into its image."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping

from .sources import Function, Module, number_of

# Calls that do nothing but make a value: an assignment of one may be left out.
_MAKERS = {"const", "len", "bytes", "calcsize", "index", "get", "getattr", "enumerate"}

Place = tuple[str, str]
REGISTER: Place = ("protocol.wire.message", "register")


def reachable(modules: Mapping[str, Module], entries: Collection[Place]) -> set[Place]:
    """(module, global name) of every definition that is used, from the entries on."""
    definitions = {name: _definitions(module) for name, module in modules.items()}
    for module in modules.values():
        module.defined |= set(definitions[module.name])
    found: set[Place] = set()
    waiting = [place for place in entries if place[0] in modules]
    for module in modules.values():
        for node in module.tree.body:
            if not removable(node) and not registers(node, module):
                waiting += _uses(node, module, modules)
    while waiting:
        place = waiting.pop()
        if place in found:
            continue
        found.add(place)
        definition = definitions[place[0]].get(place[1])
        if definition is not None:
            waiting += _uses(definition, modules[place[0]], modules)
    return found


def registers(node: ast.stmt, module: Module) -> bool:
    """Whether a statement registers rows of the message table (see rows.py)."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    function = node.value.func
    return isinstance(function, ast.Name) and module.imported.get(function.id) == REGISTER


def removable(node: ast.stmt) -> bool:
    """Whether a statement at the top of a module only defines something."""
    if isinstance(node, Function | ast.ClassDef):
        return True
    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return value is not None and all(
        isinstance(inner.func, ast.Name | ast.Attribute)
        and (inner.func.id if isinstance(inner.func, ast.Name) else inner.func.attr) in _MAKERS
        for inner in ast.walk(value)
        if isinstance(inner, ast.Call)
    )


def _definitions(module: Module) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in module.tree.body:
        if isinstance(node, Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for inner in ast.walk(target):
                    if isinstance(inner, ast.Name):
                        found[inner.id] = node
    return found


def walk_values(
    node: ast.AST, leave_out: Callable[[ast.AST], bool] = lambda _: False
) -> Iterator[ast.AST]:
    """Every node below, but for annotations and what is to be left out."""
    if leave_out(node):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, ast.AST):
                yield from walk_values(inner, leave_out)


def _uses(node: ast.stmt, module: Module, modules: Mapping[str, Module]) -> Iterator[Place]:
    def folded(inner: ast.AST) -> bool:
        return isinstance(inner, ast.Call) and number_of(inner, module, modules) is not None

    for inner in walk_values(node, folded):
        place: Place | None = None
        if isinstance(inner, ast.Name):
            place = (module.name, inner.id)
        elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
            where, name = module.imported.get(inner.value.id, ("", ""))
            place = (f"{where}.{name}", inner.attr)
        place = origin(place, modules) if place else None
        if place is not None:
            yield place


def origin(place: Place, modules: Mapping[str, Module]) -> Place | None:
    """Where a global is defined, through imports; None when it is not in these modules."""
    at: Place | None = place
    while at is not None and at[0] in modules:
        module = modules[at[0]]
        if at[1] in module.defined or at[1] in module.constants:
            return at
        at = module.imported.get(at[1])
    return None


def used_attributes(modules: Mapping[str, Module], found: set[Place]) -> set[str]:
    """Every attribute name that reachable code asks for."""
    names: set[str] = set()
    for module in modules.values():
        definitions = _definitions(module)
        for node in module.tree.body:
            own = [name for name, other in definitions.items() if other is node]
            unused = removable(node) and not any((module.name, name) in found for name in own)
            if unused or registers(node, module):
                continue
            names |= {n.attr for n in walk_values(node) if isinstance(n, ast.Attribute)}
    return names
