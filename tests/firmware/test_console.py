"""The console of a real node: typed to on a terminal, beside its work."""

from __future__ import annotations

import json
import os
import pty
import select
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from real_node import Desk, RealNode
from servers import Broker

from protocol import wire


class Terminal:
    """What a laptop has at the other end of the cable."""

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


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def test_a_joined_lamp_answers_at_its_port_and_works_on(
    tmp_path: Path, mosquitto: Broker, terminal: Terminal
) -> None:
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    node.console_at(terminal.path)
    node.start()
    desk = Desk(node, mosquitto.port)
    try:
        desk.pump(until=lambda: desk.last(wire.Hello))
        status = dict(terminal.ask("status")["rows"])
        assert status["node_id"] == node.node_id
        assert status["joined"] == 1
        assert status["kind"] == "lamp"
        terminal.type("dim 30 5")
        assert "done" in terminal.read("for")
        desk.pump(until=lambda: int(node.pages.duty[0]) < 30000)
        assert dict(terminal.ask("why")["rows"])["override"] == 30
        terminal.type("auto")
        terminal.read("done")
        assert dict(terminal.ask("sensors")["rows"])["power_mw"] is not None
        assert dict(terminal.ask("network")["rows"])["broker_connected"] == 1
        terminal.type("nonsense")
        assert "? nonsense" in terminal.read("`help` lists them")
    finally:
        desk.close()
        node.close()


def test_a_node_without_a_broker_says_what_is_missing(tmp_path: Path, terminal: Terminal) -> None:
    node = RealNode(tmp_path, "bay", 1)
    node.console_at(terminal.path)
    node.start()
    try:
        network = dict(terminal.ask("network")["rows"])
        assert (network["joined"], network["broker_connected"]) == (0, 0)
        assert "rows" in terminal.ask("log")
        assert dict(terminal.ask("status")["rows"])["state"] in ("unknown", "vacant")
    finally:
        node.close()
