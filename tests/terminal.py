"""A pseudo-terminal at a node's console: what a laptop has at the other end of the cable."""

from __future__ import annotations

import json
import os
import pty
import select
import time
import tty
from typing import Any


class Terminal:
    """A line that types and reads; `path` is the node's end."""

    def __init__(self) -> None:
        self.fd, self._board = pty.openpty()
        tty.setraw(self._board)
        self.path = os.ttyname(self._board)
        self._came = ""

    def close(self) -> None:
        os.close(self.fd)
        os.close(self._board)

    def type(self, line: str) -> None:
        os.write(self.fd, line.encode() + b"\r")

    def read(self, until: str, seconds: float = 15.0) -> str:
        """Everything up to a text; AssertionError with what came instead."""
        end = time.monotonic() + seconds
        while until not in self._came:
            left = end - time.monotonic()
            assert left > 0, self._came
            if select.select([self.fd], [], [], left)[0]:
                self._came += os.read(self.fd, 4096).decode()
        said, _, self._came = self._came.partition(until)
        return said + until

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a line that wants one for programs."""
        self.type(line + " --json")
        self.read("--json\n")
        answer: dict[str, Any] = json.loads(self.read("}\n"))
        return answer
