"""A running demo for the stories: started as an operator starts it, spoken to from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from servers import free_port

ROOT = Path(__file__).resolve().parents[2]


class City:
    """One demo in a folder of its own; every address comes out of its ready file."""

    def __init__(self, folder: Path, *flags: str, lamps: int = 24, bays: int = 16) -> None:
        self.folder = folder
        self._ready_file = folder / "ready.json"
        self._words = [
            sys.executable, "-m", "lamplighter", "demo", "--no-browser",
            "--port", str(free_port()), "--data", str(folder / "data"),
            "--lamps", str(lamps), "--bays", str(bays),
            "--traffic", "off", "--ready-file", str(self._ready_file),
            *("--speed", "1") * ("--speed" not in flags), *flags,
        ]  # fmt: skip
        self._log = folder / "demo.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(timeout=10.0, trust_env=False)

    def start(self, *, seconds: float = 90.0) -> None:
        """Start the demo and wait for its ready file."""
        self._ready_file.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self.until(self._ready_file.exists, "the ready file", seconds=seconds)

    def stop(self) -> int:
        """End it by SIGINT; the exit code."""
        assert self._process is not None
        self._http.close()
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(30)

    @property
    def ready(self) -> dict[str, Any]:
        """The ready file as it is now."""
        said: dict[str, Any] = json.loads(self._ready_file.read_text())
        return said

    def until(self, true: Callable[[], object], what: str, *, seconds: float = 30.0) -> float:
        """Wait until something is so; how long it took, s. AssertionError with the log."""
        began = time.monotonic()
        while not true():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"no {what} after {seconds} s\n{self._log.read_text()}")
            time.sleep(0.02)
        return time.monotonic() - began

    def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One request to the operator API."""
        said = self.ready
        headers = {"authorization": f"Bearer {said['token']}"}
        return self._http.request(method, said["api"] + path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """An answer of the operator API."""
        answer = self.request("GET", path)
        answer.raise_for_status()
        return answer.json()

    def world(self, path: str, body: object = None) -> Any:
        """Read a handle of the world, or put something to it."""
        method = "GET" if body is None else "PUT"
        answer = self._http.request(method, f"{self.ready['world']}/world/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def nodes_log(self) -> str:
        """What the nodes printed; a node that is well prints nothing."""
        return "\n".join(file.read_text() for file in self.folder.rglob("nodes.log"))

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one of the demo's programs."""
        os.kill(self.ready["pids"][name], number)

    def events(self, kinds: tuple[str, ...]) -> list[dict[str, Any]]:
        """All events of some kinds, page by page."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            part = self.get(f"/events?after={after}&limit=500")["items"]
            if not part:
                return [event for event in found if event["kind"] in kinds]
            found += part
            after = part[-1]["id"]
