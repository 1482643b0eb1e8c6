"""Serial ports: those of this machine, and simulated or remote ones over RFC 2217."""

from __future__ import annotations

import contextlib
import errno
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import serial
from serial import rfc2217
from serial.tools import list_ports

from .troubles import told

CONSOLE_BAUD = 115200
# Ports that no operating system lists: rfc2217://… of a simulated or remote board, by commas.
MORE_PORTS = "LAMPLIGHTER_PORTS"
# USB adapters on boards that we know; others are listed too, after these.
_ADAPTERS = {0x10C4: "CP210x", 0x1A86: "CH340", 0x0403: "FTDI", 0x303A: "USB of the chip"}


class QuietLine(rfc2217.Serial):  # type: ignore[misc] # pyserial ships no types
    """A remote port that negotiates only what has changed.

    esptool changes the time to wait before each command, and pyserial's own class then waits
    0.2 s for the other end to agree to the same settings again.
    """

    _agreed: tuple[object, ...] = ()
    passed = 0  # Bytes both ways.

    def read(self, size: int = 1) -> bytes:
        """As pyserial's, counted."""
        data = bytes(super().read(size))
        self.passed += len(data)
        return data

    def write(self, data: bytes) -> int:
        """As pyserial's, counted."""
        self.passed += len(data)
        return int(super().write(data))

    def open(self) -> None:
        """Open; pyserial still uses a name that Python will drop."""
        self._agreed = ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            super().open()

    def _reconfigure_port(self) -> None:
        if self._write_timeout is not None:
            raise NotImplementedError("a remote port has no time to wait for writing")
        wanted = (self._baudrate, self._bytesize, self._parity, self._stopbits)
        if wanted != self._agreed:
            super()._reconfigure_port()
            self._agreed = wanted


@dataclass(frozen=True)
class PortRow:
    """A port that is there."""

    name: str
    adapter: str


def ports() -> list[PortRow]:
    """Every port a board may hang on: those with a known adapter first."""
    rows = []
    for found in list_ports.comports():
        if found.vid is not None:
            rows.append(PortRow(found.device, _ADAPTERS.get(found.vid, found.description)))
    known = set(_ADAPTERS.values())
    rows.sort(key=lambda row: (row.adapter not in known, row.name))
    more = os.environ.get(MORE_PORTS, "")
    return rows + [PortRow(name, "remote") for name in more.split(",") if name]


def open_port(name: str, baud: int = CONSOLE_BAUD) -> Any:
    """A port, ours alone, with both modem lines low so that opening resets nothing.

    FlashError says what to do when it cannot be opened.
    """
    try:
        if name.startswith("rfc2217://"):
            line: Any = QuietLine()
        else:
            line = serial.serial_for_url(name, do_not_open=True, exclusive=True)
        line.port = name
        line.baudrate = baud
        line.dtr = line.rts = False
        line.timeout = 0.1
        line.open()
    except (serial.SerialException, OSError, ValueError) as error:
        # Whoever serves a remote port closes a second connection at once.
        cut = getattr(error, "errno", None) in (errno.EPIPE, errno.ECONNRESET)
        busy = "port is busy: " if cut else ""
        raise told(f"{busy}Could not open port {name}: {error}") from error
    return line


@contextlib.contextmanager
def opened(name: str, baud: int = CONSOLE_BAUD) -> Iterator[Any]:
    """A port for as long as it is needed."""
    line = open_port(name, baud)
    try:
        yield line
    finally:
        close(line)


def close(line: Any) -> None:
    """Close a port, whatever has become of it."""
    with contextlib.suppress(serial.SerialException, OSError):
        line.close()
