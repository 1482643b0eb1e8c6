"""A board in this process that flash.py secures: esptool and espefuse at one end of a wire.

The simulated chip keeps its flash and its eFuses when its power goes; time is the wire's own.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import serial
from cryptography.hazmat.primitives.asymmetric import rsa

from flasher import ports_io, production_io, session_io
from flasher.boot_signing import SigningKey, digest_of, signed
from flasher.image import MicroPython, look_at
from flasher.jobs_io import Payload, parts_of
from flasher.production_io import Order
from flasher.secure import Wish
from hardware_sim.rom import CHIPS, micropython_image
from hardware_sim.rom.board import Board, Send, Unplug
from hardware_sim.rom.chips import stub_entries
from hardware_sim.rom.efuses import Efuses, factory
from hardware_sim.rom.faults import Line
from hardware_sim.rom.flash import Flash
from hardware_sim.rom.image import Installed, installed
from hardware_sim.rom.security import Security

MAC = bytes.fromhex("246f28010203")
APPLICATION = random.Random(21).randbytes(9000)
IDENTITY = {"node_id": "02aa00000001", "key": "5e" * 16, "site": "here", "kind": "lamp"}
VERSIONS = {"micropython": "v1.29.0"}


class Wire:
    """A serial port as pyserial has it, with a board at its other end."""

    name = port = "rfc2217://in-this-process"

    def __init__(self, board: Board) -> None:
        self._board = board
        self._waiting = bytearray()
        self._gone = False
        self._dtr = self._rts = False
        self.now_s = 1000.0
        self.timeout: float | None = 0.1
        self.write_timeout: float | None = None
        self.baudrate = 115200
        self._take(board.power_on())

    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def read_clock(self) -> float:
        self.wait(1e-5)
        return self.now_s

    def _take(self, effects: list[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._waiting += effect.data
            self._gone = self._gone or isinstance(effect, Unplug)

    def _there(self) -> None:
        if self._gone:
            raise serial.SerialException("device disconnected")

    @property
    def in_waiting(self) -> int:
        return len(self._waiting)

    def inWaiting(self) -> int:
        return len(self._waiting)

    def read(self, size: int = 1) -> bytes:
        self._there()
        if len(self._waiting) < size:
            self.wait(self.timeout or 0.0)
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def write(self, data: bytes) -> int:
        self._there()
        self._take(self._board.received(bytes(data)))
        self._there()
        return len(data)

    def reset_input_buffer(self) -> None:
        self._waiting.clear()

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def isOpen(self) -> bool:
        return True

    flushInput = reset_input_buffer
    flushOutput = reset_output_buffer = flush
    dtr = property(lambda self: self._dtr, lambda self, value: self.setDTR(value))
    rts = property(lambda self: self._rts, lambda self, value: self.setRTS(value))

    def setDTR(self, value: bool) -> None:
        self._dtr = bool(value)
        self._take(self._board.lines(self._dtr, self._rts))

    def setRTS(self, value: bool) -> None:
        self._rts = bool(value)
        self._take(self._board.lines(self._dtr, self._rts))


class Bench:
    """One board, a signing key, and the laptop's memory of what it sealed."""

    def __init__(self, chip: str, key: rsa.RSAPrivateKey, revision: int = 3) -> None:
        self.chip = CHIPS[chip]
        self.signing = SigningKey(digest_of(key.public_key()), key)
        self.flash = Flash(bytearray(b"\xff" * (4 << 20)))
        self.fuses = factory(self.chip, MAC, revision)
        self.efuses = Efuses(self.chip, self.fuses)
        self.record: Mapping[str, Any] | None = None
        self.image: MicroPython = signed(look_at(micropython_image(chip, 4)), self.signing)
        self.identity: dict[str, Any] = dict(IDENTITY)
        self.application = APPLICATION

    @property
    def both(self) -> Wish:
        """Both options."""
        return Wish(flash_encryption=True, digest=self.signing.digest)

    @contextlib.contextmanager
    def powered(self) -> Iterator[Wire]:
        """The board gets its power; flash.py's port is its wire, and waiting takes no time."""
        self.efuses.struck = False
        line = Line((), random.Random(1))
        board = Board(self.chip, self.flash, self.efuses, stub_entries(self.chip), (), line)
        wire = Wire(board)
        with (
            mock.patch.object(time, "sleep", wire.wait),
            mock.patch.object(time, "monotonic", wire.read_clock),
            mock.patch.object(time, "time", wire.read_clock),
            mock.patch.object(ports_io, "open_port", return_value=wire),
        ):
            yield wire

    def secure(self, wish: Wish) -> int:
        """A run of flash.py on it, up to its start; bytes written."""
        payload = Payload(self.image, self.application, self.identity)
        order = Order(wish, self.image, parts_of(payload), self.identity, VERSIONS, self.record)
        with self.powered(), session_io.session("a port", 460800, lambda *_: None) as board:
            production_io.may_get(board.found.fuses, wish, self.image)
            return production_io.secure_board(board, order, self._keep, lambda *_: None)[0]

    def _keep(self, record: Mapping[str, Any]) -> None:
        self.record = record

    def put_into(self, folder: Path) -> None:
        """As the folder of a board's process."""
        folder.mkdir()
        (folder / "flash.bin").write_bytes(bytes(self.flash.memory))
        (folder / "efuses.bin").write_bytes(bytes(self.fuses))

    def boots(self) -> Installed:
        """What it starts now; NotBootable when that is nothing."""
        return installed(self.chip, self.flash, Security(self.chip, self.efuses))
