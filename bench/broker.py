"""A Mosquitto of one's own for a bench."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

_PROGRAMS = ("mosquitto", "/usr/sbin/mosquitto")
_START_S = 0.3


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """Runs within a `with`; without passwords, and with a queue that holds a bench's load."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "log_type none\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
            "set_tcp_nodelay true\n"
        )

    def __enter__(self) -> Mosquitto:
        for program in _PROGRAMS:
            try:
                words = [program, "-c", str(self._file)]
                self._process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
            except FileNotFoundError:
                continue
            time.sleep(_START_S)
            return self
        raise RuntimeError("mosquitto is not installed")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
