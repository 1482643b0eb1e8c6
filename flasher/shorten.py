"""The edits that make one device source small: see link.py for what and why."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from .reach import Place, origin, registers, removable
from .rows import MESSAGE, TABLE, LinkError, row_of, table_text
from .sources import ARGUMENTS, Function, Module, Row, constant_of, number_of, pairs, text_of

# What a field engineer reads of a node that does not start, and in its console.
_SAID_ERRORS = ("SettingsError", "Wrong")


@dataclass(frozen=True)
class Names:
    """Short names: of attributes and keywords, and of globals by (module, name).

    `kept` are names that somebody outside knows.
    """

    kept: Collection[str]
    attributes: Mapping[str, str]
    globals: Mapping[Place, str]


class Editor(ast.NodeVisitor):
    """Walks one module and notes its edits.

    `_scopes` holds, for the functions and classes around a node, what their names become.
    """

    def __init__(
        self,
        module: Module,
        modules: Mapping[str, Module],
        names: Names,
        found: set[Place],
        asked: set[str],
        outside: set[str],
    ) -> None:
        self._module = module
        self._modules = modules
        self._names = names
        self._found = found
        self._asked = asked
        self._outside = outside
        self._scopes: list[dict[str, str]] = []
        self._inside = False  # A function.

    def edit(self) -> None:
        """Note every edit of the module; imports from outside go to the set of them."""
        for node in self._module.tree.body:
            if registers(node, self._module):
                table = self._names.globals.get(TABLE)
                text = "pass"  # What was asked for handles no message.
                if table is not None:
                    text = table_text(self._module, self._found, table, self._attribute)
                self._module.replace(node, text)
            elif removable(node) and not self._is_used(node):
                self._module.replace(node, "pass")
            else:
                self.visit(node)

    def _is_used(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.ClassDef) and node.name in self._module.rows:
            return False
        if isinstance(node, Function | ast.ClassDef):
            return (self._module.name, node.name) in self._found
        return any((self._module.name, name) in self._found for name in globals_of(node))

    def visit_Expr(self, node: ast.Expr) -> None:
        """A docstring says nothing at run time."""
        if isinstance(node.value, ast.Constant):
            self._module.replace(node, "pass")
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """An import from outside stands once, at the top of the whole; in a function it stays."""
        if self._inside:
            return
        self._outside.add(ast.unparse(node))
        self._module.replace(node, "pass")

    def visit_Global(self, node: ast.Global) -> None:
        """Names of a linked module are others; what changes is kept in an object."""
        raise LinkError(f"{self._module.path}: global {', '.join(node.names)} cannot be linked")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """What comes from our own files is in the same module now.

        What is imported in a function is loaded when that runs, so such imports stay there.
        """
        said = []
        for alias in node.names:
            here = alias.asname or alias.name
            if here in self._module.defined and here != "const":  # That one is folded away.
                raise LinkError(f"{self._module.path}: {here} is both defined and imported")
            where, name = self._module.imported[here]
            if where in self._modules and (
                f"{where}.{name}" in self._modules or self._ours(where, name)
            ):
                continue  # All others are files that stay alone, or nobody's of ours.
            said.append(f"from {where} import {ast.unparse(alias)}")
        if not self._inside:
            self._outside.update(said)
        self._module.replace(node, "; ".join(said) if self._inside and said else "pass")

    def _ours(self, where: str, name: str) -> bool:
        return name == "const" or origin((where, name), self._modules) is not None

    def visit_Assign(self, node: ast.Assign) -> None:
        """Drop an assignment of nothing but constants."""
        found = list(pairs(node.targets[0], node.value))
        top = node in self._module.tree.body
        if top and found and all(self._is_folded(name) for name, _ in found):
            self._module.replace(node, "pass")
            return
        self.generic_visit(node)

    def _is_folded(self, name: str) -> bool:
        """Whether its value stands in its place everywhere; names that others ask for stay."""
        text = name in self._module.texts and name not in self._names.kept
        return text or name in self._module.constants

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A declaration without a value says nothing at run time; a type never does."""
        if node.value is None:
            self._module.replace(node, "pass")
            return
        self.visit(node.target)
        self.visit(node.value)
        target, kind = node.target, node.annotation
        self._module.edits.append(
            (target.end_lineno or 0, target.end_col_offset or 0, kind.end_lineno or 0,
             kind.end_col_offset or 0, "")
        )  # fmt: skip

    def _attribute(self, name: str) -> str:
        return self._names.attributes.get(name, name)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Asserts tell the type checker what the sources know."""
        self._module.replace(node, "pass")

    def visit_Raise(self, node: ast.Raise) -> None:
        """Nobody reads on a node what an error of ours says, but for what it lacks to start."""
        call = node.exc
        if isinstance(call, ast.Call) and self._is_own_error(call.func):
            for one in call.args:
                if _is_text(one):
                    self._module.replace(one, '""')
                else:
                    self.visit(one)
            self.visit(call.func)
            return
        self.generic_visit(node)

    def _is_own_error(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            place = origin((self._module.name, node.id), self._modules)
            return place is not None and place[1] not in _SAID_ERRORS
        return False

    def _row(self, node: ast.expr) -> Row | None:
        name = node.value if isinstance(node, ast.Attribute) else node
        if isinstance(name, ast.Name) and any(name.id in scope for scope in self._scopes):
            return None
        return row_of(node, self._module, self._modules)

    def visit_Call(self, node: ast.Call) -> None:
        """A word looked up in a table of words is a number; rows are made by their number."""
        number = number_of(node, self._module, self._modules)
        made = self._row(node.func)
        asks = isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        asked = self._row(node.args[1]) if asks else None
        if number is not None:
            self._module.replace(node, str(number))
        elif asked is not None:
            self._is_row(node, asked)
        elif made is not None:
            self._module.replace(node.func, self._names.globals[MESSAGE])
            said = [*node.args, *(keyword.value for keyword in node.keywords)]
            last = max(((n.end_lineno or 0, n.end_col_offset or 0) for n in said), default=None)
            text = f"{self._attribute('row_type')}={made.number}"
            if last is None:
                self._module.insert(node.end_lineno or 0, (node.end_col_offset or 0) - 1, text)
            else:
                self._module.insert(*last, ", " + text)
            for inner in (*node.args, *node.keywords):
                self.visit(inner)
        else:
            self.generic_visit(node)

    def _is_row(self, node: ast.Call, row: Row) -> None:
        """Write `isinstance(x, Row)` as a comparison of numbers."""
        what = node.args[0]
        first = (node.lineno, node.col_offset, what.lineno, what.col_offset, "(")
        last = (what.end_lineno or 0, what.end_col_offset or 0)
        end = (node.end_lineno or 0, node.end_col_offset or 0)
        text = f".{self._attribute('TYPE')} == {row.number})"
        self._module.edits += [first, (*last, *end, text)]
        self.visit(what)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """Something of another file by its own name; else an attribute."""
        base = node.value
        row = self._row(base) if node.attr == "TYPE" else None
        if row is not None:
            self._module.replace(node, str(row.number))
            return
        if isinstance(base, ast.Name) and not any(base.id in scope for scope in self._scopes):
            where, name = self._module.imported.get(base.id, ("", ""))
            room = self._modules.get(f"{where}.{name}")
            if room is not None:
                self._put(node, origin((room.name, node.attr), self._modules))
                return
        self.visit(base)
        new = self._names.attributes.get(node.attr)
        if new:
            assert node.end_lineno is not None
            assert node.end_col_offset is not None
            column = node.end_col_offset - len(node.attr)
            self._module.rename_at(node.end_lineno, column, node.attr, new)

    def _put(self, node: ast.expr, place: Place | None) -> None:
        """Write a global's number or its short name."""
        if place is None:
            return
        if place[1] in self._modules[place[0]].rows:
            where = f"{self._module.path}:{node.lineno}"
            raise LinkError(f"{where}: a row may be made, asked for its TYPE or by isinstance")
        home = self._modules[place[0]]
        number = constant_of(place[1], home, self._modules)
        text = text_of(place[1], home, self._modules)
        if number is not None:
            self._module.replace(node, f"({number})" if number < 0 else str(number))
        elif text is not None and place[1] not in self._names.kept:
            self._module.replace(node, repr(text))
        elif place in self._names.globals:
            self._module.replace(node, self._names.globals[place])

    def visit_Name(self, node: ast.Name) -> None:
        """An argument, a name of a class, or a global; locals are no names at run time."""
        for scope in reversed(self._scopes):
            if node.id in scope:
                if scope[node.id] != node.id:
                    self._module.replace(node, scope[node.id])
                return
        self._put(node, origin((self._module.name, node.id), self._modules))

    def visit_keyword(self, node: ast.keyword) -> None:
        """`name=value` in a call."""
        if node.arg and node.arg in self._names.attributes:
            new = self._names.attributes[node.arg]
            self._module.rename_at(node.lineno, node.col_offset, node.arg, new)
        self.visit(node.value)

    def _own_name(self, name: str) -> str:
        """What a class or function is called where it is defined."""
        if self._scopes:
            return self._attribute(name)
        return self._names.globals.get((self._module.name, name), name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class: its name, its bases, its body without what nobody calls."""
        column = node.col_offset + len("class ")
        self._module.rename_at(node.lineno, column, node.name, self._own_name(node.name))
        for base in node.bases:
            self.visit(base)
        names = {n for inner in node.body for n in globals_of(inner)}
        self._scopes.append({n: self._attribute(n) for n in names})
        for inner in node.body:
            if isinstance(inner, Function) and self._never_called(inner.name):
                self._module.replace(inner, "pass")
            else:
                self.visit(inner)
        self._scopes.pop()

    def _never_called(self, name: str) -> bool:
        named = name in self._names.attributes
        return not name.startswith("__") and name not in self._asked and named

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function: its name, its arguments, its body; annotations are left alone."""
        self._function(node, "def ")

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """The same for a coroutine."""
        self._function(node, "async def ")

    def _function(self, node: Function, start: str) -> None:
        column = node.col_offset + len(start)
        self._module.rename_at(node.lineno, column, node.name, self._own_name(node.name))
        a = node.args
        for default in [*a.defaults, *(d for d in a.kw_defaults if d)]:
            self.visit(default)
        for decorator in node.decorator_list:
            self.visit(decorator)
        scope = {name: name for name in stored(node)}
        fresh = iter(ARGUMENTS)
        for one in [*a.posonlyargs, *a.args, *a.kwonlyargs]:
            known = one.arg == "self" or one.arg in self._names.kept
            new = one.arg if known else self._names.attributes.get(one.arg)
            scope[one.arg] = new or next(fresh)
            self._module.rename_at(one.lineno, one.col_offset, one.arg, scope[one.arg])
        for other in (a.vararg, a.kwarg):
            if other:
                scope[other.arg] = other.arg
        # A class's names are not seen from inside its functions.
        outer, self._scopes = self._scopes, [scope]
        was_inside, self._inside = self._inside, True
        for inner in node.body:
            self.visit(inner)
        self._scopes, self._inside = outer, was_inside


def _is_text(node: ast.expr) -> bool:
    """Whether an argument is a text, or is made into one."""
    if isinstance(node, ast.Call):
        made = node.func
        if isinstance(made, ast.Attribute):
            return made.attr == "format" and isinstance(made.value, ast.Constant)
        return isinstance(made, ast.Name) and made.id == "str"
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def stored(node: ast.AST) -> set[str]:
    """Names that a function's own body assigns."""
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            names.add(inner.id)
        elif isinstance(inner, ast.ExceptHandler) and inner.name:
            names.add(inner.name)
    return names


def globals_of(node: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top of a module or a class assigns."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    for target in targets:
        for inner in ast.walk(target):
            if isinstance(inner, ast.Name):
                yield inner.id
