"""flash.py as an engineer calls it; and that its image boots in a real MicroPython."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

from real_node import RealNode

import flasher
from flasher.build import ROOT


def flash(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "flash.py"), *words],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def test_build_writes_the_image_that_it_tells_of_and_that_boots(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "node.romfs"
    done = flash("build", "--output", str(output), "--json")
    assert not done.returncode, done.stderr
    said = json.loads(done.stdout)
    data = output.read_bytes()
    assert said["size_bytes"] == len(data)
    assert said["sha256"] == hashlib.sha256(data).hexdigest()
    assert Path(said["path"]) == output
    node = RealNode(tmp_path, "lamp", 1)
    (tmp_path / "application.romfs").write_bytes(data)
    node.start()
    end = time.monotonic() + 5
    while node.pages.feeds[0] < 3 and time.monotonic() < end:
        time.sleep(0.02)
    assert node.pages.duty[0] == 65535
    assert node.pages.feeds[0] >= 3, node.log()
    node.close()


def test_build_tells_a_person_what_it_wrote(tmp_path: Path) -> None:
    done = flash("build", "-o", str(tmp_path / "node.romfs"))
    assert not done.returncode
    assert "bytes" in done.stdout
    assert "sha256" in done.stdout


def test_a_wrong_call_is_exit_2() -> None:
    assert flash("build", "--colour").returncode == 2
    assert flash("burn").returncode == 2


def test_a_line_of_a_nodes_traceback_is_found_in_the_sources() -> None:
    text = flasher.build_application().linked["firmware/lamp_main.py"].text
    line = next(n for n, said in enumerate(text.splitlines(), 1) if "not provisioned:" in said)
    done = flash("place", f"firmware/lamp_main.py:{line}")
    assert not done.returncode, done.stderr
    path, _, number = done.stdout.strip().rpartition(":")
    assert path == "firmware/main.py"
    assert "not provisioned:" in (ROOT / path).read_text().splitlines()[int(number) - 1]


def test_a_place_that_is_none_is_exit_3() -> None:
    assert flash("place", "firmware/main.py:7").returncode == 3
    assert flash("place", "firmware/lamp_main.py").returncode == 3
