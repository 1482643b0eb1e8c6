"""The board's port over TCP (RFC 2217), so that the modem lines reach its straps."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from serial import rfc2217

_SUBOPTION_MAX = 64  # The longest that there is has six bytes; more is an attack.
_WAITING_MAX = 1 << 20  # A client that reads nothing is dropped when so much waits for it.


class _Lines:
    """What pyserial's manager takes for a serial port: settings, of which three matter."""

    bytesize = 8
    parity = "N"
    stopbits = 1
    xonxoff = rtscts = break_condition = False
    cts = dsr = cd = True
    ri = False

    def __init__(self, client: Client) -> None:
        self._client = client
        self._baudrate = 115200
        self._dtr = self._rts = False

    @property
    def baudrate(self) -> int:
        """Bits a second."""
        return self._baudrate

    @baudrate.setter
    def baudrate(self, value: int) -> None:
        self._client.pass_on()
        self._baudrate = value
        self._client.on_baud(value)

    @property
    def dtr(self) -> bool:
        """Data terminal ready."""
        return self._dtr

    @dtr.setter
    def dtr(self, value: bool) -> None:
        self._dtr = bool(value)
        self._changed()

    @property
    def rts(self) -> bool:
        """Request to send."""
        return self._rts

    @rts.setter
    def rts(self, value: bool) -> None:
        self._rts = bool(value)
        self._changed()

    def _changed(self) -> None:
        # What was sent before the lines changed comes to the board before.
        self._client.pass_on()
        self._client.on_lines(self._dtr, self._rts)

    def reset_input_buffer(self) -> None:
        """Forget what the board has said and nobody has read."""
        self._client.purge()

    def reset_output_buffer(self) -> None:
        """Forget what is on its way to the board: nothing is."""


class Client:
    """One connection. Three callbacks: bytes to the board, its lines, the host's rate."""

    def __init__(
        self,
        connection: socket.socket,
        on_data: Callable[[bytes], None],
        on_lines: Callable[[bool, bool], None],
        on_baud: Callable[[int], None],
        purge: Callable[[], None],
    ) -> None:
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.on_lines = on_lines
        self.on_baud = on_baud
        self.purge = purge
        self._on_data = on_data
        self._data = bytearray()
        self._waiting = bytearray()
        # The manager begins to talk as soon as it is made.
        self._manager: Any = rfc2217.PortManager(_Lines(self), self)

    def write(self, data: bytes) -> None:
        """What the manager has to say, as it is."""
        self._waiting += data

    def send(self, data: bytes) -> None:
        """Bytes from the board."""
        self._waiting += data.replace(rfc2217.IAC, rfc2217.IAC_DOUBLED)

    def flush(self) -> bool:
        """Send what the socket takes; False when the client is gone or does not read."""
        try:
            while self._waiting:
                sent = self.connection.send(self._waiting)
                del self._waiting[:sent]
        except BlockingIOError:
            return len(self._waiting) <= _WAITING_MAX
        except OSError:
            return False
        return True

    @property
    def wants_to_write(self) -> bool:
        """Whether something could not be sent yet."""
        return bool(self._waiting)

    def read(self) -> bool:
        """Take what has come; False when the client is gone or talks nonsense."""
        try:
            data = self.connection.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        try:
            for byte in self._manager.filter(data):
                self._data += byte
                if len(self._manager.suboption or b"") > _SUBOPTION_MAX:
                    return False
        except (TypeError, ValueError, KeyError, IndexError, struct.error):
            return False  # The manager trusts its client to know the protocol.
        self.pass_on()
        return len(self._manager.suboption or b"") <= _SUBOPTION_MAX

    def pass_on(self) -> None:
        """Give the board what has come so far."""
        data, self._data = bytes(self._data), bytearray()
        if data:
            self._on_data(data)
