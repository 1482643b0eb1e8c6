"""Real servers for tests: each on a free loopback port, ended with its test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 10.0) -> None:
    """Until something answers; a TimeoutError names the port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


class Broker:
    """A Mosquitto without passwords; `kill` and `start` again keep the port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._file = folder / "mosquitto.conf"
        self._file.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "log_type none\nmax_queued_messages 0\nset_tcp_nodelay true\n"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def speak_tls(self, certificate: Path, key: Path) -> int:
        """From its next start on also at another port, which is returned."""
        port = free_port()
        with self._file.open("a") as file:
            file.write(f"listener {port} 127.0.0.1\nuser root\n")
            file.write(f"certfile {certificate}\nkeyfile {key}\n")
        return port

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self._program, "-c", str(self._file)], stderr=subprocess.DEVNULL
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
