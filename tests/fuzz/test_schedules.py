"""10,000 fault schedules for each core: light wins, floors hold; planted bugs are found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz.planted import PLANTED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEDULES = 10_000


def run(core: str, *more: int) -> str:
    """What so many schedules of a core come to."""
    words = [sys.executable, str(HERE / "schedules.py"), core, str(SCHEDULES), *map(str, more)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("core", ["lamp", "bay", "time", "events"])
def test_every_schedule_of_faults_is_survived(
    core: str, record_property: Callable[[str, object], None]
) -> None:
    assert run(core, 1) == f"held {SCHEDULES}"
    record_property("schedules", (core, SCHEDULES))


@pytest.mark.parametrize("number", range(len(PLANTED)))
def test_a_planted_bug_is_found(number: int) -> None:
    said = run(PLANTED[number][0], 1, number)
    assert said.startswith("broken "), f"{PLANTED[number][1]}: {PLANTED[number][3].strip()}"


def test_every_planted_bug_is_told_of() -> None:
    text = (ROOT / "docs" / "planted-bugs.md").read_text()
    rows = [
        line for line in text.splitlines() if line.startswith("| ") and line[2:4].strip().isdigit()
    ]
    assert len(rows) == len(PLANTED) == 10
    for row, (core, module, *_) in zip(rows, PLANTED, strict=True):
        assert f"| {core} |" in row
        assert f"`{module.replace('.', '/')}.py`" in row
