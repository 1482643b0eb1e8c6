"""A simulated board as its own process, and the tools that work on it as theirs."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

_BIN = Path(sys.executable).parent
_START_S = 30  # The first board of a machine builds its peripherals, which takes seconds.
TOOL_S = 25


class BoardProcess:
    """`lamplighter sim board`, until it is closed."""

    def __init__(self, folder: Path, chip: str, *options: str) -> None:
        self.folder = folder
        self.chip = chip
        ready = folder.with_suffix(".json")
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hardware_sim", "board", "--chip", chip, "--data", str(folder),
             "--ready-file", str(ready), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        end_s = time.monotonic() + _START_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end_s:
                raise AssertionError(f"the board did not start: {self.output()}")
            time.sleep(0.02)
        told = json.loads(ready.read_text())
        self.rfc2217: str = told["rfc2217"]
        self.pty: str = told["pty"]
        self.mac: str = told["mac"]

    def output(self) -> str:
        """What the process has printed; it ends by it."""
        self.process.kill()
        return self.process.communicate()[0]

    def close(self) -> int:
        """Stop it as a supervisor does; its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def flash(self) -> bytes:
        """The whole array."""
        return (self.folder / "flash.bin").read_bytes()

    def listen(self, seconds: float, until: bytes = b"") -> bytes:
        """What comes from the pseudo-terminal."""
        fd = os.open(self.pty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        heard = b""
        end_s = time.monotonic() + seconds
        try:
            while time.monotonic() < end_s and not (until and until in heard):
                if select.select([fd], [], [], 0.05)[0]:
                    heard += os.read(fd, 4096)
        finally:
            os.close(fd)
        return heard

    def esptool(self, *arguments: str | Path, port: str = "") -> subprocess.CompletedProcess[str]:
        """The unmodified command; on the pseudo-terminal it cannot reset, and need not."""
        stay = [] if port else ["--before", "no-reset", "--after", "no-reset"]
        return _run("esptool", "--port", port or self.pty, *stay, *map(str, arguments))

    def espefuse(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """The unmodified command, which asks nothing."""
        stay = ("--before", "no-reset", "--do-not-confirm")
        return _run("espefuse", "--port", self.pty, *stay, *map(str, arguments))

    def mpremote(self, *arguments: str | Path, port: str = "") -> subprocess.CompletedProcess[str]:
        """The unmodified command."""
        return _run("mpremote", "connect", port or self.pty, *map(str, arguments))


def _run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_BIN / tool), *arguments],
        capture_output=True, text=True, timeout=TOOL_S, check=False, env={**os.environ},
    )  # fmt: skip


def said(done: subprocess.CompletedProcess[str]) -> str:
    """All output of a tool that must have succeeded."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
