"""The console of a real node: typed to on a terminal, beside its work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_node import Desk, RealNode, configuration
from servers import Broker
from terminal import Terminal

from protocol import wire

_SEGMENT = 32  # Events in a file of the log.


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


@pytest.mark.parametrize("count", [7, pytest.param(_SEGMENT + 3, marks=pytest.mark.slow)])
def test_the_log_has_all_events_and_the_newest_last(
    tmp_path: Path, mosquitto: Broker, terminal: Terminal, count: int
) -> None:
    node = RealNode(tmp_path, "lamp", mosquitto.port)
    node.console_at(terminal.path)
    node.start()
    desk = Desk(node, mosquitto.port)
    desk.acknowledging = False
    try:
        desk.pump(until=lambda: desk.last(wire.NodeState))
        assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
        node.clock.set(node.clock.now_s(), 300.0)
        while (waiting := desk.ask().events_waiting) < count:
            node.pages.power_mw[:] = 60000 * (waiting & 1)
        node.clock.set(node.clock.now_s(), 1.0)
        newest = terminal.ask("log 5")["rows"]
        every = terminal.ask("log 2048")["rows"]
        assert len(every) == desk.ask().events_waiting >= count
        assert every[-5:] == newest
        told = {" ".join(what.split()[:2]) for _, what in every}
        assert told >= {"lamp_failure begun", "lamp_failure ended"}
        assert [when for when, _ in every] == sorted(when for when, _ in every)
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
