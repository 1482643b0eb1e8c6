"""The house rules, as far as a machine can hold them (CONTRIBUTING.md lists them).

Each test walks every source file of ours. A failure names the file, the line and the rule, so
that nobody has to know this file to mend it.
"""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("lamplighter", "protocol", "firmware", "controller", "cms", "hardware_sim", "flasher")
BUILT = ("protocol/talq/client_cms/", "protocol/talq/client_gateway/", "cms/web/")

# Who may import whom: the one direction of the architecture (docs/architecture.md).
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "protocol": ("protocol",),
    "firmware": ("firmware", "protocol.wire", "protocol.schedule", "protocol.mqtt"),
    "controller": ("controller", "protocol"),
    "cms": ("cms", "protocol"),
    "hardware_sim": ("hardware_sim", "protocol", "firmware", "flasher"),
    "flasher": ("flasher", "protocol", "firmware"),
    "lamplighter": PROGRAMS,
}

# Files that hold decisions only. They are fed inputs and the time, and do no I/O.
PURE = (
    "protocol/wire/*.py",
    "protocol/schedule/*.py",
    "protocol/mqtt/*.py",
    "firmware/node.py",
    "firmware/lamp.py",
    "firmware/motion.py",
    "firmware/parking.py",
    "firmware/monitor.py",
    "firmware/happenings.py",
    "controller/gateway.py",
    "controller/nodes.py",
    "controller/compile.py",
    "controller/translate.py",
    "controller/loggers.py",
    "controller/dispatch.py",
    "controller/outbox.py",
    "cms/assets.py",
    "cms/programs.py",
    "cms/parking.py",
    "cms/alarms.py",
    "cms/energy.py",
    "cms/fleet.py",
)
IMPURE_MODULES = {
    "asyncio", "socket", "time", "random", "logging", "sqlite3", "machine", "select",
    "threading", "httpx", "os",
}  # fmt: skip
CLOCK_READERS = {"time", "datetime.now", "monotonic", "utcnow"}

# A quantity without its unit is a fault waiting for a reader (STYLE: units last in names).
NEEDS_UNIT = {
    "timeout", "delay", "interval", "duration", "power", "energy", "voltage", "age",
    "temperature", "ramp", "hold",
}  # fmt: skip

FUNCTION_LINES_MAX = 50
FILE_LINES_MAX = 400
LINE_LENGTH_MAX = 99
PARAMETERS_MAX = 6


def tracked(*suffixes: str) -> list[Path]:
    """Source files of ours that git knows or would add, as paths relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [
        Path(name)
        for name in sorted(set(listed))
        if name.endswith(suffixes) and (ROOT / name).is_file() and not name.startswith(BUILT)
    ]


SOURCES = [p for p in tracked(".py") if p.parts[0] in PROGRAMS]
ALL_PYTHON = tracked(".py")


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), str(path))


def rooms() -> set[str]:
    """Every package of ours, as a dotted name."""
    return {".".join(p.parent.parts) for p in SOURCES if p.name == "__init__.py"}


def imports(path: Path) -> Iterator[tuple[int, str, list[str], int]]:
    """(line, module, names, level) of each import statement of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, [], 0
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "", [a.name for a in node.names], node.level


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def say(faults: list[str]) -> None:
    assert not faults, "\n" + "\n".join(faults)


def imported_rooms(path: Path) -> Iterator[tuple[int, str]]:
    """First-party modules that a file names absolutely, with `from a import b` read as a.b."""
    known = rooms()
    for line, module, names, level in imports(path):
        if level or module.split(".")[0] not in PROGRAMS:
            continue
        deeper = [f"{module}.{name}" for name in names if f"{module}.{name}" in known]
        for target in deeper or [module]:
            yield line, target


def test_imports_go_one_way() -> None:
    faults = []
    for path in SOURCES:
        allowed = MAY_IMPORT[path.parts[0]]
        for line, target in imported_rooms(path):
            if not any(target == a or target.startswith(a + ".") for a in allowed):
                faults.append(f"{path}:{line}: {path.parts[0]} may not import {target}")
    say(faults)


def test_other_rooms_are_entered_by_their_door() -> None:
    known = rooms()
    faults = []
    for path in SOURCES:
        for line, target in imported_rooms(path):
            if target not in known and path.parts[0] != "lamplighter":
                faults.append(f"{path}:{line}: {target} is inside a room; import the room")
    say(faults)


def test_inside_a_room_imports_are_relative() -> None:
    faults = []
    for path in SOURCES:
        room = path.parts[0]
        if room == "protocol":
            room = ".".join(path.parts[:2])
        for line, target in imported_rooms(path):
            if target == room or target.startswith(room + "."):
                faults.append(f"{path}:{line}: {target} is this room; import it relatively")
    say(faults)


def test_a_door_holds_a_sign_and_no_logic() -> None:
    faults = []
    for path in (p for p in SOURCES if p.name == "__init__.py"):
        body = tree(path).body
        if not body or ast.get_docstring(tree(path)) is None:
            faults.append(f"{path}:1: a room's door begins with what the room is for")
        for node in body[1:]:
            if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign):
                faults.append(f"{path}:{node.lineno}: only re-exports and __all__ stand here")
    say(faults)


def test_the_protocol_door_imports_nothing() -> None:
    assert not list(imports(Path("protocol/__init__.py")))


def pure_files() -> list[Path]:
    return [p for p in SOURCES if any(p.match(pattern) for pattern in PURE)]


def test_pure_cores_do_no_input_or_output() -> None:
    faults = []
    for path in pure_files():
        for line, module, _, level in imports(path):
            if not level and module.split(".")[0] in IMPURE_MODULES:
                faults.append(f"{path}:{line}: a pure core may not import {module}")
    say(faults)


def test_only_shells_read_a_clock() -> None:
    faults = []
    for path in pure_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "datetime.now", "datetime.datetime.now", "date.today", "datetime.utcnow",
                "ticks_ms", "monotonic",
            }:  # fmt: skip
                faults.append(f"{path}:{node.lineno}: a core is told the time, it does not ask")
    say(faults)


def test_quantities_carry_their_unit_in_the_name() -> None:
    faults = []
    for path in SOURCES:
        if "migrations" in path.parts or path.match("hardware_sim/board/*.py"):
            continue  # Board modules copy the names of MicroPython's own modules.
        for node in ast.walk(tree(path)):
            names: list[str] = []
            line = getattr(node, "lineno", 0)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                a = node.args
                names = [x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs]]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names = [node.target.id]
            faults += [
                f"{path}:{line}: {name!r} lacks its unit (…_s, …_ms, …_w)"
                for name in names
                if name in NEEDS_UNIT
            ]
    say(faults)


def test_functions_stay_short_and_take_few_parameters() -> None:
    """Migrations are apart: they are written by a tool and never change again."""
    faults = []
    for path in ALL_PYTHON:
        for function in functions(path):
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > FUNCTION_LINES_MAX and "versions" not in path.parts:
                faults.append(f"{path}:{function.lineno}: {function.name} has {lines} lines")
            a = function.args
            names = [x.arg for x in [*a.posonlyargs, *a.args, *a.kwonlyargs]]
            count = len([n for n in names if n not in ("self", "cls")])
            # Of a route and of a command each parameter is one that its user names.
            route = path.parts[0] == "cms" and "api" in path.parts
            command = any("command" in ast.unparse(d) for d in function.decorator_list)
            if count > PARAMETERS_MAX and not (route or command):
                faults.append(f"{path}:{function.lineno}: {function.name} takes {count}")
    say(faults)


def test_files_and_lines_stay_short() -> None:
    faults = []
    for path in ALL_PYTHON:
        lines = (ROOT / path).read_text().splitlines()
        if len(lines) > FILE_LINES_MAX:
            faults.append(f"{path}: {len(lines)} lines, at most {FILE_LINES_MAX}")
        faults += [
            f"{path}:{number}: {len(line)} characters"
            for number, line in enumerate(lines, 1)
            if len(line) > LINE_LENGTH_MAX
        ]
    say(faults)


def test_every_module_says_what_it_is() -> None:
    say([f"{p}:1: no docstring" for p in SOURCES if ast.get_docstring(tree(p)) is None])


def test_a_test_name_is_a_sentence() -> None:
    faults = []
    for path in (p for p in ALL_PYTHON if p.parts[0] == "tests"):
        for function in functions(path):
            if function.name.startswith("test_") and len(function.name.split("_")) < 4:
                faults.append(f"{path}:{function.lineno}: {function.name} says too little")
    say(faults)


def test_tests_mirror_the_modules_they_test() -> None:
    free = {"story", "device", "golden", "fuzz"}
    faults = []
    for path in (p for p in ALL_PYTHON if p.match("tests/**/test_*.py")):
        inner = path.relative_to("tests")
        if len(inner.parts) == 1 or inner.parts[0] in free:
            continue
        target = inner.parent / inner.name.removeprefix("test_")
        if not (ROOT / target).exists() and not (ROOT / target.with_suffix("")).is_dir():
            faults.append(f"{path}: no module {target}; a test of the whole lives in tests/story")
    say(faults)


def test_broad_excepts_stand_only_in_supervisors() -> None:
    supervisors = {
        Path("firmware/boot.py"),
        Path("firmware/main.py"),
        Path("lamplighter/supervise.py"),
    }
    faults = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and path not in supervisors:
                named = ast.unparse(node.type) if node.type else ""
                if named in ("", "Exception", "BaseException"):
                    faults.append(f"{path}:{node.lineno}: name what is caught")
    say(faults)


def test_an_ignored_check_gives_its_reason() -> None:
    pattern = re.compile(r"#\s*(type: ignore|noqa|pragma)(\[[^\]]*\]|: ?[A-Z0-9, ]+)?\s*(.*)$")
    faults = []
    for path in SOURCES:
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = pattern.search(line)
            if match and len(match.group(3).split()) < 3:
                faults.append(f"{path}:{number}: say why after the ignore")
    say(faults)


@pytest.mark.parametrize("program", ["controller", "cms"])
def test_every_setting_is_documented(program: str) -> None:
    path = ROOT / program / "settings.py"
    if not path.exists():
        pytest.skip(f"{program} has no settings yet")
    names = re.findall(r'^\s+Setting\(\s*"([a-z0-9_.]+)"', path.read_text(), re.MULTILINE)
    page = (ROOT / "docs" / "settings.md").read_text()
    assert names, f"{program}/settings.py holds a table of Setting(...) rows"
    say([f"docs/settings.md: {name} is missing" for name in names if f"`{name}`" not in page])


def test_the_programs_of_the_distribution_are_the_rooms_of_the_house() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PROGRAMS)
