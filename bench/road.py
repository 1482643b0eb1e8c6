"""Override to light: from the operator's request to the lamp's light, through the whole demo."""

from __future__ import annotations

import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from .broker import free_port
from .figures import Figure

LAMPS = 24
_ROUNDS = 10
_LEVELS = (30, 70)
_LIGHT_ERROR = 2.0
_READY_S_MAX = 90.0
_LIGHT_S_MAX = 10.0


@contextlib.contextmanager
def city(folder: Path, speed: int = 1) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A demo within a `with`: clients of its operator API and of its world."""
    process, said = _started(folder, speed)
    headers = {"authorization": f"Bearer {said['token']}"}
    try:
        with (
            httpx.Client(base_url=said["api"], headers=headers, trust_env=False) as api,
            httpx.Client(base_url=said["world"], trust_env=False) as world,
        ):
            yield api, world
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _started(folder: Path, speed: int) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    ready = folder / "ready.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "lamplighter", "demo", "--no-browser", "--speed", str(speed),
         "--traffic", "off", "--port", str(free_port()), "--data", str(folder / "data"),
         "--lamps", str(LAMPS), "--bays", "16", "--ready-file", str(ready)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + _READY_S_MAX
    while not ready.exists():
        if time.monotonic() > end or process.poll() is not None:
            process.kill()
            raise RuntimeError("the demo did not start; try `lamplighter demo`")
        time.sleep(0.05)
    said: dict[str, Any] = json.loads(ready.read_text())
    return process, said


def _trip_s(api: httpx.Client, world: httpx.Client, lamp: str, level_percent: int) -> float:
    """Seconds until the lamp's light is at the level."""
    said = {"lamp_ids": [lamp], "level_percent": level_percent, "expires_in_s": 3600}
    begin = time.monotonic()
    api.post("/overrides", json=said).raise_for_status()
    while True:
        light = float(world.get(f"/world/lamps/{lamp}").json()["light_percent"])
        if abs(light - level_percent) < _LIGHT_ERROR:
            return time.monotonic() - begin
        if time.monotonic() - begin > _LIGHT_S_MAX:
            return _LIGHT_S_MAX


def measure() -> list[Figure]:
    """Median and 99th percentile over 240 overrides on 24 lamps."""
    with tempfile.TemporaryDirectory() as folder, city(Path(folder)) as (api, world):
        trips = [
            _trip_s(api, world, f"L-{number:04d}", _LEVELS[turn % len(_LEVELS)])
            for turn in range(_ROUNDS)
            for number in range(1, LAMPS + 1)
        ]
    hundredths = statistics.quantiles(trips, n=100)
    return [
        Figure("override_to_light_median", statistics.median(trips), "s", None, None, None,
               "lower"),
        Figure("override_to_light_p99", hundredths[98], "s", None, None, 1.0, "lower"),
    ]  # fmt: skip
