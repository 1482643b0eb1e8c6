"""A whole session of flash.py with a board, over a line that garbles what it likes.

Both ends are real, the line and the time are not: esptool, the session and the console of flash.py
talk to the simulated boot ROM in this process, so that a hundred sessions take no minute.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flasher import ports_io, session_io
from flasher.console_io import Console, status_of
from flasher.troubles import FlashError
from hardware_sim.rom import CHIPS, micropython_image
from hardware_sim.rom.board import Board, Input, Send
from hardware_sim.rom.chips import stub_entries
from hardware_sim.rom.efuses import Efuses, factory
from hardware_sim.rom.faults import Line
from hardware_sim.rom.flash import Flash

MAC = bytes.fromhex("246f28010203")
SESSION_S_MAX = 600.0  # Of the session's own time: whoever waits longer hangs.
CONTENT = random.Random(5).randbytes(9000)
AT = 0x300000
# Packed beforehand, in more than one block of the protocol; so large that a session packs it not.
PACKED_CONTENT = random.Random(6).randbytes(18_000) + bytes(60_000)
PACKED = {"application": zlib.compress(PACKED_CONTENT, 9)}
PACKED_AT = 0x310000
IMAGE = micropython_image("esp32", 4)
ANSWERS: dict[str, list[dict[str, Any]]] = {
    "status": [{"command": "status", "rows": [["node_id", "02aa00000001"], ["kind", "lamp"]]}],
    "selftest": [{"check": "relay", "passed": True}, {"command": "selftest", "rows": []}],
}
FLIP, DROP, JUNK, AGAIN, CUT = range(5)
# What happens to the line to the board (0) and from it (1), each at its so-manieth byte: a session
# has some 77,000 and 9,000.
WHAT = st.integers(FLIP, CUT), st.binary(min_size=1, max_size=40)
STRIKES = st.lists(
    st.tuples(st.just(0), st.integers(0, 80_000), *WHAT)
    | st.tuples(st.just(1), st.integers(0, 9000), *WHAT),
    max_size=6,
)


class Clock:
    """Time that passes while somebody waits."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        assert self.now_s < 1000 + SESSION_S_MAX, "it hangs"

    def read(self) -> float:
        self.wait(1e-5)  # A loop that only looks at the clock ends, too.
        return self.now_s


class Wire:
    """A serial port as pyserial has it, with a board at its other end."""

    name = port = "rfc2217://in-this-process"

    def __init__(self, clock: Clock, strikes: list[tuple[int, int, int, bytes]]) -> None:
        self._clock = clock
        self._strikes: list[deque[tuple[int, int, bytes]]] = [
            deque(sorted(s[1:] for s in strikes if s[0] == way)) for way in range(2)
        ]
        self._passed = [0, 0]
        self._is_cut = [False, False]
        chip = CHIPS["esp32"]
        self.flash = Flash(bytearray(b"\xff" * (4 << 20)))
        self.flash.memory[chip.bootloader_offset : chip.bootloader_offset + len(IMAGE)] = IMAGE
        self._board = Board(
            chip, self.flash, Efuses(chip, factory(chip, MAC)), stub_entries(chip), (),
            Line((), random.Random(1)),
        )  # fmt: skip
        self._waiting = bytearray()
        self._typed = b""
        self._dtr = self._rts = False
        self.timeout: float | None = 0.1
        self.write_timeout: float | None = None
        self.baudrate = 115200
        self._take(self._board.power_on())

    def _struck(self, way: int, data: bytes) -> bytes:
        """What the line leaves of it."""
        left = bytearray()
        for byte in data:
            strikes = self._strikes[way]
            if strikes and strikes[0][0] <= self._passed[way]:
                _, what, junk = strikes.popleft()
                if what == CUT:
                    self._is_cut[way] = True
                elif what == FLIP:
                    byte ^= junk[0] or 1
                elif what == JUNK:
                    left += junk
                elif what == AGAIN:
                    left += bytes([byte])
                if what == DROP:
                    continue
            self._passed[way] += 1
            if not self._is_cut[way]:
                left.append(byte)
        return bytes(left)

    def _take(self, effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._waiting += self._struck(1, effect.data)
            elif isinstance(effect, Input):
                self._typed += effect.data
                self._answer()

    def _answer(self) -> None:
        """The node's console, so far as flash.py asks it."""
        while b"\r" in self._typed:
            line, _, self._typed = self._typed.partition(b"\r")
            word = line.decode("latin-1").strip().split(" ")[0]
            for said in ANSWERS.get(word, []):
                self._take(self._board.said(json.dumps(said).encode() + b"\r\n"))

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def inWaiting(self) -> int:
        return len(self._waiting)

    def read(self, size: int = 1) -> bytes:
        if len(self._waiting) < size:
            self._clock.wait(self.timeout or 0.0)
            self._take(self._board.tick(int(self._clock.now_s * 1000)))
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def write(self, data: bytes) -> int:
        self._clock.wait(len(data) / 46080)
        self._take(self._board.received(self._struck(0, bytes(data))))
        return len(data)

    def reset_input_buffer(self) -> None:
        self._waiting.clear()

    flushInput = reset_input_buffer  # its older name

    def flush(self) -> None: ...

    flushOutput = reset_output_buffer = flush  # its older name

    def close(self) -> None: ...

    def isOpen(self) -> bool:  # pyserial's older name
        return True

    def _lines(self) -> None:
        self._take(self._board.lines(self._dtr, self._rts))

    dtr = property(lambda self: self._dtr, lambda self, value: self.setDTR(value))
    rts = property(lambda self: self._rts, lambda self, value: self.setRTS(value))

    def setDTR(self, value: bool) -> None:  # pyserial's name
        self._dtr = bool(value)
        self._lines()

    def setRTS(self, value: bool) -> None:  # pyserial's name
        self._rts = bool(value)
        self._lines()


@contextlib.contextmanager
def on_a_line(strikes: list[tuple[int, int, int, bytes]]) -> Iterator[Wire]:
    """flash.py's port is this wire, and all its waiting is on the wire's clock."""
    clock = Clock()
    wire = Wire(clock, strikes)
    with (
        mock.patch.object(time, "sleep", clock.wait),
        mock.patch.object(time, "monotonic", clock.read),
        mock.patch.object(time, "time", clock.read),
        mock.patch.object(ports_io, "open_port", return_value=wire),
    ):
        yield wire


def worked(wire: Wire) -> dict[str, Any]:
    """All that is done to a board, in one session."""
    with session_io.session("a port", 460800, lambda *_: None) as board:
        assert board.found.mac == MAC.hex()
        parts = [("files", AT, CONTENT), ("application", PACKED_AT, PACKED_CONTENT)]
        board.write(parts, PACKED)
        assert board.read(AT, 6000) == CONTENT[:6000]
        board.run()
        console = Console(board.line)
        said = status_of(console)
        test = console.selftest(lambda *_: None)
    assert test.ended
    return said


def test_without_a_disturbance_all_of_it_works() -> None:
    with on_a_line([]) as wire:
        assert worked(wire)["node_id"] == "02aa00000001"
    assert is_written(wire)


@pytest.mark.parametrize(
    "packed", [b"", b"no stream", PACKED["application"][:-9], zlib.compress(b"another")]
)
def test_what_is_not_the_content_packed_is_not_written(packed: bytes) -> None:
    with on_a_line([]) as wire, mock.patch.dict(PACKED, {"application": packed}):
        worked(wire)
    assert is_written(wire)


def test_a_packed_part_that_the_flash_kept_not_is_told() -> None:
    with on_a_line([]) as wire:
        program = wire.flash.program
        turned = mock.Mock(side_effect=lambda at, data: program(at, bytes(data[::-1])))
        with (
            mock.patch.object(wire.flash, "program", turned),
            pytest.raises(FlashError, match="flash"),
            session_io.session("a port", 460800, lambda *_: None) as board,
        ):
            board.write([("application", PACKED_AT, PACKED_CONTENT)], PACKED)
    assert turned.called


def is_written(wire: Wire) -> bool:
    return (
        wire.flash.read(AT, len(CONTENT)) == CONTENT
        and wire.flash.read(PACKED_AT, len(PACKED_CONTENT)) == PACKED_CONTENT
    )


def survived(strikes: list[tuple[int, int, int, bytes]]) -> None:
    """It works, or ends with a sentence; what it calls written is written."""
    with on_a_line(strikes) as wire:
        try:
            said = worked(wire)
        except FlashError:
            return
        assert said["node_id"]
        assert is_written(wire)


@given(STRIKES)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_line_hangs_or_breaks_a_session(strikes: list[tuple[int, int, int, bytes]]) -> None:
    survived(strikes)


@pytest.mark.slow
@given(STRIKES)
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_line_hangs_or_breaks_many_sessions(
    strikes: list[tuple[int, int, int, bytes]],
) -> None:
    survived(strikes)
