"""Frames against JSON of the same state with the same tag: bytes and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from .figures import Figure, against

ROOT = Path(__file__).resolve().parent.parent
_BATCHES = {"CPython": 1000, "MicroPython": 400}


def _run(words: list[str], environment: dict[str, str], batches: int) -> dict[str, float]:
    loop = str(ROOT / "bench" / "frame_loop.py")
    done = subprocess.run(
        [*words, loop, str(batches)], env={**os.environ, **environment}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said: dict[str, float] = json.loads(done.stdout)
    return said


def micropython() -> str:
    """The unix port's program, as installed beside this interpreter."""
    return str(Path(sys.executable).with_name("micropython"))


def measure() -> list[Figure]:
    """Bytes once, time on both interpreters (speed: JSON's time / the frame's)."""
    root = {"PYTHONPATH": str(ROOT)}
    runs = {
        "CPython": _run([sys.executable], root, _BATCHES["CPython"]),
        "MicroPython": _run(
            [micropython(), "-X", "heapsize=8m"], {"MICROPYPATH": f"{ROOT}:.frozen"},
            _BATCHES["MicroPython"],
        ),
    }  # fmt: skip
    first = runs["CPython"]
    figures = [
        against("frame_bytes_against_json", first["frame_bytes"], "bytes", first["json_bytes"],
                goal=0.25, better="lower")
    ]  # fmt: skip
    for name, run in runs.items():
        goal = 2.0 if name == "MicroPython" else None
        figures.append(
            against(f"frame_speed_against_json_{name.lower()}", 1e6 / run["frame_us"],
                    "round trips/s", 1e6 / run["json_us"], goal=goal, better="higher")
        )  # fmt: skip
    return figures
