from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench import frames


@pytest.mark.parametrize("interpreter", ["CPython", "MicroPython"])
def test_the_loop_measures_the_same_bytes_on_both_interpreters(interpreter: str) -> None:
    if interpreter == "CPython":
        words, environment = [sys.executable], {"PYTHONPATH": str(frames.ROOT)}
    else:
        words = [frames.micropython(), "-X", "heapsize=8m"]
        environment = {"MICROPYPATH": f"{frames.ROOT}:.frozen"}
    loop = str(frames.ROOT / "bench" / "frame_loop.py")
    done = subprocess.run(
        [*words, loop, "2"], env=environment, cwd=frames.ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert 0 < said["frame_bytes"] < said["json_bytes"]
    assert said["frame_us"] > 0
    assert said["json_us"] > 0
