"""One esptool session with a board: who it is, erase, write all parts, verify, let it go.

esptool tells its progress to a logger that a process has once: one process serves one board.
"""

from __future__ import annotations

import hashlib
import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import serial
from esp_pylib.logger import EspLog, EspLogBase
from esptool import cmds
from esptool.loader import ERASE_WRITE_TIMEOUT_PER_MB, timeout_per_mb
from esptool.util import FatalError

from . import ports_io
from .image import CHIPS
from .secure import LOCKED, Fuses
from .secure_io import read_fuses
from .troubles import REFUSED, FlashError, told

ATTEMPTS = 2
_SMALL_BYTES = 64 * 1024
_LISTEN_S = 3.0  # A board that finds nothing to boot complains three times in a second.
_BOOTS = re.compile(
    rb"rownout|BROWN_OUT|rst:0x|invalid header|esp_image|ets_main|not provision|safe mode|>>> "
)
_FLASH_SIZES = {1 << n: (1 << n) // (1 << 20) for n in range(20, 26)}

# What is told of progress: step, done, total.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Found:
    """A board that answers. `mac` as twelve hex digits."""

    chip: str
    title: str
    flash_mb: int
    mac: str
    fuses: Fuses


class _Listener(EspLogBase):
    """Takes esptool's progress and keeps its last words."""

    def __init__(self) -> None:
        self.step = ""
        self.said: list[str] = []
        self.tell: Progress = lambda step, done, total: None

    def print(self, *args: Any, **_: Any) -> None:
        """A line, or a part of one."""
        self.said = [*self.said[-20:], " ".join(map(str, args))]

    def err(self, *args: Any, suggestion: str | None = None) -> None:
        """An error; it is raised too."""
        self.print(*args)

    warn = err

    def note(self, *args: Any) -> None:
        """A hint to a person, who does not see it here."""
        self.print(*args)

    hint = debug = note

    def set_verbosity(self, mode: int | str) -> None:
        """All is taken."""

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "",
        bar_length: int = 30,
    ) -> None:  # fmt: skip
        """How far the present step is."""
        self.tell(self.step, cur_iter, total_iters)


class Session:
    """A board in download, with esptool's stub. Methods raise FlashError."""

    def __init__(self, esp: Any, listener: _Listener, found: Found) -> None:
        self._esp = esp
        self._listener = listener
        self.found = found

    @property
    def line_bytes(self) -> int:
        """What has passed a remote line, both ways; 0 where nobody counts."""
        return int(getattr(self._esp._port, "passed", 0))

    def erase(self) -> None:
        """All of the flash."""
        with _words(self._esp):
            self._listener.tell("erase", 0, 1)
            cmds.erase_flash(self._esp)
            self._listener.tell("erase", 1, 1)

    def write(
        self,
        parts: list[tuple[str, int, bytes]],
        packed: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Write (name, offset, content) and compare each by its MD5.

        packed: the content of a part by its name as a zlib stream, where somebody had time to pack
        it better than esptool does. One that is not that content is left out.
        """
        for name, offset, content in parts:
            self._listener.step = name
            self._listener.tell(name, 0, 1)
            small = packed.get(name, b"")
            if len(content) <= _SMALL_BYTES:  # Else it is mostly what esptool asks before it.
                small = zlib.compress(content, 9)
            with _words(self._esp):
                if _unpacked(small) == content:
                    self._write_packed(name, offset, content, small)
                else:
                    cmds.write_flash(self._esp, [(offset, content)], no_progress=False)

    def _write_packed(self, name: str, offset: int, content: bytes, packed: bytes) -> None:
        """What esptool's write_flash does after it has packed a content."""
        esp = self._esp
        within_s = timeout_per_mb(ERASE_WRITE_TIMEOUT_PER_MB, len(content))
        esp.flash_defl_begin(len(content), len(packed), offset)
        for number, at in enumerate(range(0, len(packed), esp.FLASH_WRITE_SIZE)):
            block = packed[at : at + esp.FLASH_WRITE_SIZE]
            esp.flash_defl_block(block, number, timeout=within_s)
            self._listener.tell(name, at + len(block), len(packed))
        esp.flash_defl_finish(reboot=False, timeout=within_s)
        if (
            esp.flash_md5sum(offset, len(content))
            != hashlib.md5(content, usedforsecurity=False).hexdigest()
        ):
            raise FatalError("MD5 of file does not match data in flash!")

    def read(self, offset: int, size: int) -> bytes:
        """A part of the flash."""
        with _words(self._esp):
            return bytes(self._esp.read_flash(offset, size, None))

    def md5(self, offset: int, size: int) -> str:
        """Of a part of the flash, as it lies there, in hex."""
        with _words(self._esp):
            return str(self._esp.flash_md5sum(offset, size))

    @contextmanager
    def rom(self) -> Iterator[Any]:
        """The chip's boot ROM without the stub, whose clock is not the one eFuses are burnt by."""
        line = self._esp._port
        line.baudrate = ports_io.CONSOLE_BAUD
        with _words(self._esp):
            esp = cmds.detect_chip(line, connect_attempts=ATTEMPTS)
        with _words(esp):
            if bytes(esp.read_mac()).hex() != self.found.mac:
                raise FlashError("Another board was plugged in amid the work. Begin it anew.")
            self._esp = esp
            yield esp

    def run(self) -> None:
        """Reset into the application, with the console's rate."""
        with _words(self._esp):
            line = self._esp._port
            line.baudrate = ports_io.CONSOLE_BAUD
            line.reset_input_buffer()
            line.dtr = False
            line.rts = True
            time.sleep(0.1)
            line.rts = False

    @property
    def line(self) -> Any:
        """The port, for the console after `run`."""
        return self._esp._port


def _unpacked(packed: bytes) -> bytes | None:
    """What a zlib stream holds; None when it is none."""
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return None


@contextmanager
def _words(esp: Any) -> Iterator[None]:
    """Turn what esptool, pyserial and sockets raise into a sentence; ask the board, too.

    A board whose supply broke down says so on the console, in the midst of the protocol.
    """
    try:
        yield
    except (FatalError, serial.SerialException, OSError, struct.error, zlib.error) as error:
        raise told(_heard(esp) + str(error)) from error
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        # What a torn answer makes of esptool's own code, or of pyserial's when its thread ended.
        raise told(f"{_heard(esp)}incorrect packet: {type(error).__name__} {error}") from error


def _heard(esp: Any) -> str:
    """What the board says by itself at its own rate; "" when it is silent or in download.

    A board that boots in the midst of a session was reset by its supply, or by a finger.
    """
    if esp is None:
        return ""
    try:
        line = esp._port
        line.baudrate = ports_io.CONSOLE_BAUD
        line.timeout = 0.1
        line.write(b"\r\n")  # MicroPython shows its prompt; a chip in download says nothing.
        heard, end_s = b"", time.monotonic() + _LISTEN_S
        while time.monotonic() < end_s and not _BOOTS.search(heard):
            heard += bytes(line.read(2000))
    except (serial.SerialException, OSError):
        return "Device disconnected: "
    except (AttributeError, TypeError, ValueError):
        return ""
    return "Brownout detector: it was reset in the midst: " if _BOOTS.search(heard) else ""


@contextmanager
def session(port: str, baud: int, tell: Progress) -> Iterator[Session]:
    """Reset a board into download, identify it, and load esptool's stub."""
    listener = _Listener()
    listener.tell = tell
    EspLog.set_logger(listener)
    tell("connect", 0, 1)
    line = ports_io.open_port(port)
    try:
        esp = None
        with _words(None):
            esp = cmds.detect_chip(line, connect_attempts=ATTEMPTS)
        if esp.secure_download_mode:
            raise FlashError(
                "This board is closed for ever (secure download): it tells neither its address "
                "nor what it holds. Its console still answers: `flash.py check`.",
                REFUSED, LOCKED,
            )  # fmt: skip
        with _words(esp):
            esp = cmds.run_stub(esp)
            if baud != ports_io.CONSOLE_BAUD:
                esp.change_baud(baud)
            cmds.attach_flash(esp)
            found = _identify(esp)
        tell("connect", 1, 1)
        yield Session(esp, listener, found)
    finally:
        ports_io.close(line)


def _identify(esp: Any) -> Found:
    title = str(esp.CHIP_NAME)
    name = title.lower().replace("-", "")
    if name not in {chip for chip, _ in CHIPS.values()}:
        raise told(f"unexpected chip: wrong chip, {title} is not one that our firmware runs on")
    size = esp.flash_id() >> 16 & 0xFF
    flash_mb = _FLASH_SIZES.get(1 << size, 0) if size < 40 else 0
    if not flash_mb:
        raise FlashError(
            "The board's flash does not tell its size. Try again; if it stays, the flash is "
            "broken or its wires are."
        )
    mac = bytes(esp.read_mac()).hex()
    return Found(name, title, flash_mb, mac, read_fuses(esp, name))
