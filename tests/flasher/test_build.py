"""The image: what is in it, how large, and that it is the same each time."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

import flasher
from flasher.build import APART, COLD, KINDS, ROOT, device_files

MICROPYTHON = str(Path(sys.executable).parent / "micropython")
LIST = """
import os, sys, vfs
with open(sys.argv[1], "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
def walk(path):
    for name, kind, *_ in os.ilistdir(path):
        if kind == 0x4000:
            walk(path + "/" + name)
        else:
            print(path + "/" + name)
walk("/rom")
"""


@functools.cache
def application() -> flasher.Image:
    """Built once for the tests of this file."""
    return flasher.build_application()


def test_an_image_is_the_same_each_time_and_small() -> None:
    one, other = application(), flasher.build_application()
    assert one.data == other.data
    assert one.digest == other.digest
    assert len(one.digest) == 64
    assert len(one.data) <= 200 * 1024  # The goal of the smallest board.
    assert len(one.data) % 16 == 0  # Encrypted flash takes no less.


def test_micropython_finds_every_file_of_the_image(tmp_path: Path) -> None:
    image = application()
    (tmp_path / "image.romfs").write_bytes(image.data)
    (tmp_path / "list.py").write_text(LIST)
    words = [MICROPYTHON, str(tmp_path / "list.py"), str(tmp_path / "image.romfs")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(f"/rom/{name}" for name in image.files)
    programmes = {f"firmware/{kind}_main.py" for kind in KINDS}
    files = {"main.py", "firmware/__init__.py", "firmware/drivers/__init__.py"}
    wanted = files | programmes | set(APART) | {path for path, _ in COLD}
    assert set(image.files) == {path.removesuffix(".py") + ".mpy" for path in wanted}


@pytest.mark.parametrize("kind", KINDS)
def test_a_programme_holds_its_own_kind_only(kind: str) -> None:
    linked = application().linked[f"firmware/{kind}_main.py"]
    names = set(linked.names.values())
    lamp = {"firmware.lamp.Lamp", "protocol.schedule.evaluate.Evaluator"}
    bay = {"firmware.parking.Bay", "firmware.drivers.qmc5883l.Qmc5883l",
           "firmware.drivers.xm125.Xm125"}  # fmt: skip
    station = {"firmware.station.Station", "firmware.drivers.modbus.Modbus"}
    own = {"lamp": lamp, "bay": bay, "station": station}[kind]
    assert own <= names
    assert not (lamp | bay | station) - own & names
    classes = [n for n in ast.walk(ast.parse(linked.text)) if isinstance(n, ast.ClassDef)]
    assert len(classes) < 56


def test_every_device_source_is_considered() -> None:
    found = {str(path) for path in device_files()}
    assert {"firmware/node.py", "protocol/wire/session.py", "firmware/drivers/bl0942.py"} <= found
    assert not [name for name in found if "planning" in name or "controller_end" in name]
    assert all((ROOT / name).exists() for name in found)


def test_a_source_that_does_not_compile_is_named() -> None:
    with pytest.raises(flasher.BuildError, match=r"wrong\.py"):
        flasher.build_romfs([("wrong.py", "def f(:\n")])


def test_an_image_too_large_for_its_partition_is_refused_with_its_size() -> None:
    large = "DATA = " + repr(bytes(range(256)) * 3000)
    with pytest.raises(flasher.BuildError, match="bytes, at most 524288 fit"):
        flasher.build_romfs([("large.py", large)])


def test_files_in_folders_are_found_again(tmp_path: Path) -> None:
    image = flasher.build_romfs([("a/b/c.py", "X = 1\n"), ("a/d.py", ""), ("e.py", "")])
    assert image.files == ("a/b/c.mpy", "a/d.mpy", "e.mpy")
    (tmp_path / "image.romfs").write_bytes(image.data)
    (tmp_path / "list.py").write_text(LIST)
    words = [MICROPYTHON, str(tmp_path / "list.py"), str(tmp_path / "image.romfs")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["/rom/a/b/c.mpy", "/rom/a/d.mpy", "/rom/e.mpy"]


def test_no_variable_of_a_function_hides_a_global_of_a_node() -> None:
    for one in application().linked.values():
        tree = ast.parse(one.text)
        made = {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert made
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                stored = {
                    node.id
                    for node in ast.walk(function)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                }
                told = {n for node in ast.walk(function) if isinstance(node, ast.Global)
                        for n in node.names}  # fmt: skip
                assert not (stored - told) & made, function.name
