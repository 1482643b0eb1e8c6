"""The TCP port of a board process has one user at a time."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_rig import BoardProcess


@pytest.fixture
def board(tmp_path: Path) -> Iterator[BoardProcess]:
    made = BoardProcess(tmp_path / "board", "esp32", "--bare", "--download")
    yield made
    assert made.close() == 0


def opened(board: BoardProcess) -> socket.socket:
    host, port = board.rfc2217.removeprefix("rfc2217://").split(":")
    made = socket.create_connection((host, int(port)), 5)
    made.settimeout(5)
    return made


def test_who_opens_the_port_anew_at_once_is_let_in(board: BoardProcess) -> None:
    first = opened(board)
    assert first.recv(1)
    # Both the new connection and the farewell wait when the board looks again, in this order.
    os.kill(board.process.pid, signal.SIGSTOP)
    with opened(board) as second:
        first.close()
        os.kill(board.process.pid, signal.SIGCONT)
        assert second.recv(1) == b"\xff", "the manager greets its user"


def test_a_second_user_is_turned_away(board: BoardProcess) -> None:
    with opened(board) as first, opened(board) as second:
        assert first.recv(1)
        assert second.recv(1) == b""
