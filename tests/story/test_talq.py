"""The checker from outside, against our own CMS and controller (and so they against it)."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import free_port
from story.city import ROOT, City

CHECKER = free_port()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A demo whose controller is given the checker as a second CMS."""
    folder = tmp_path_factory.mktemp("talq")
    made = City(folder, "--cms", f"http://127.0.0.1:{CHECKER}", lamps=3, bays=1)
    made.start()
    yield made
    made.stop()


def check(folder: Path, url: str, side: str, port: int, *more: str) -> dict[str, Any]:
    """Run it as anyone would; what it says as JSON, with its exit code and its table."""
    told, junit = folder / "rows.json", folder / "rows.xml"
    words = [
        sys.executable, "-m", "lamplighter", "talq", "check", url, "--as", side,
        "--listen", f"127.0.0.1:{port}", "--json", str(told), "--junit", str(junit), *more,
    ]  # fmt: skip
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    said: dict[str, Any] = json.loads(told.read_text())
    root = ET.fromstring(junit.read_text())
    assert int(root.get("tests", "0")) == len(said["rows"])
    assert int(root.get("failures", "-1")) == said["counts"]["failed"]
    return {**said, "code": done.returncode, "table": done.stdout}


def by_state(said: dict[str, Any], state: str) -> dict[str, str]:
    return {row["name"]: row["seen"] for row in said["rows"] if row["state"] == state}


def test_our_cms_passes_as_a_gateway_sees_it(city: City, tmp_path: Path) -> None:
    said = check(tmp_path, city.ready["cms_talq"], "gateway", free_port())
    assert by_state(said, "failed") == {}
    assert said["code"] == 0
    assert "L1" in by_state(said, "passed"), "our CMS configures loggers by itself"
    assert said["counts"]["passed"] > 600


def test_our_controller_passes_as_a_cms_sees_it(city: City, tmp_path: Path) -> None:
    said = check(tmp_path, city.ready["gateway_talq"], "cms", CHECKER)
    assert by_state(said, "failed") == {}
    assert said["code"] == 0
    passed = by_state(said, "passed")
    assert {"B7", "B9", "C9", "C10", "C11", "L1", "L2", "L4"} <= passed.keys()


def test_the_wrong_side_is_said_and_checked_all_the_same(city: City, tmp_path: Path) -> None:
    said = check(tmp_path, city.ready["cms_talq"], "cms", free_port(), "--profile", "smartParking")
    assert "stands a cms" in said["table"]
    assert said["checked"] == "cms"


def test_an_endpoint_that_is_not_there_is_exit_code_three() -> None:
    words = [
        sys.executable, "-m", "lamplighter", "talq", "check", f"http://127.0.0.1:{free_port()}",
        "--as", "cms", "--listen", f"127.0.0.1:{free_port()}",
    ]  # fmt: skip
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "does not answer" in done.stderr
