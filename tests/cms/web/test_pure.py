"""Runs the tests of what the pages compute without a browser, in the bundled node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import hatch_build

HERE = Path(__file__).resolve().parent
FILES = sorted((HERE / "lib").glob("*.test.ts"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.stem))
def test_what_pages_compute_holds_in_node(path: Path) -> None:
    npm, environment = hatch_build.node_environment()
    node = str(npm.parents[4] / "bin" / "node")
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout, "no test ran"


def test_every_file_of_pure_tests_is_found() -> None:
    assert len(FILES) >= 5
