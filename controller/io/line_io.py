"""One serial line of the controller: a thread polls it, frames go to and come from the loop.

The port is whatever pyserial opens: a device, `socket://`, `rfc2217://`. One that goes away is
opened again. A frame is acknowledged to its node after the engine says that it is on disk; until
then that node is not asked, so at most one frame of each waits here.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import termios
import threading
import time
from collections.abc import Callable

import serial
import structlog

from protocol import mqtt
from protocol.wire import line
from protocol.wire.controller_end import PolledLine

from ..lines import SerialLine

_READ_S = 0.02  # So long the thread hears nothing of what is to be sent.
_WRITE_S = 1.0
_log = structlog.get_logger("controller")


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class LineLink:
    """`came(node_id, frame, address)` is called in the loop's thread."""

    def __init__(self, row: SerialLine, came: Callable[[str, bytes, int], None]) -> None:
        self._row = row
        self._came = came
        self._node_of = {address: node_id for node_id, address in row.nodes.items()}
        self._lock = threading.Lock()
        addresses = sorted(self._node_of)
        self._line = PolledLine(
            addresses, row.baud, lambda: secrets.token_bytes(line.MARK_SIZE), _now_ms()
        )
        self._wake = threading.Event()
        self._stop = False
        self.open = False
        self.heard = False  # Anything at all, since the port was opened.

    async def run(self) -> None:
        """Poll for ever; a fault in the thread is raised here."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        thread = threading.Thread(target=self._serve, args=(loop, ended), daemon=True)
        thread.start()
        try:
            await ended
        finally:
            self._stop = True
            self._wake.set()
            thread.join(_WRITE_S)

    def send(self, node_id: str, frame: bytes) -> bool:
        """Queue a frame; False when too many wait for this node."""
        with self._lock:
            taken = self._line.send(self._row.nodes[node_id], frame)
        self._wake.set()
        return taken

    def tell(self, frame: bytes) -> None:
        """Tell all nodes of the line."""
        with self._lock:
            self._line.tell(frame)
        self._wake.set()

    def acknowledge(self, address: int) -> None:
        """The frame that came from there is on disk."""
        with self._lock:
            self._line.acknowledge(address)
        self._wake.set()

    def up(self, node_id: str) -> bool:
        """Whether this node answers."""
        with self._lock:
            return self._line.up(self._row.nodes[node_id])

    def _serve(self, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None]) -> None:
        backoff = mqtt.Backoff(100, 500, 5000)
        trouble = ""
        try:
            while not self._stop:
                trouble = "" if self.heard else trouble
                self.heard = False
                self._wake.wait(backoff.pause_ms(secrets.randbelow(65536)) / 1000)
                self._wake.clear()
                try:
                    self._poll(loop, backoff)
                except (OSError, ValueError, termios.error) as error:  # SerialException, too.
                    if str(error) != trouble:  # Once, and not at each try.
                        _log.warning("line is not there", port=self._row.port, error=str(error))
                    trouble = str(error)
                self.open = False
        finally:
            with contextlib.suppress(RuntimeError):  # The loop has gone before us.
                loop.call_soon_threadsafe(_settle, ended)

    def _poll(self, loop: asyncio.AbstractEventLoop, backoff: mqtt.Backoff) -> None:
        """Open the port and ask round and round, until it fails or we are to stop."""
        port = serial.serial_for_url(
            self._row.port, baudrate=self._row.baud, timeout=_READ_S, write_timeout=_WRITE_S
        )
        # pyserial leaves a socket open that the other end has shut.
        inner = getattr(port, "_socket", None)
        with contextlib.closing(inner) if inner else contextlib.nullcontext(), port:
            self.open = True
            while not self._stop:
                with self._lock:
                    asked = self._line.step(_now_ms())
                    awaits, wait_ms = self._line.awaits, self._line.wait_ms(_now_ms())
                if asked:
                    port.write(asked)
                if awaits:
                    data = port.read(1)
                    if data:
                        self.heard = True
                        backoff.succeeded()
                        self._take(data + port.read(port.in_waiting), loop)
                else:
                    self._wake.wait(min(wait_ms * 0.001, _READ_S))
                    self._wake.clear()

    def _take(self, data: bytes, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            found = self._line.receive(data, _now_ms())
        for address, frame in found:
            loop.call_soon_threadsafe(self._came, self._node_of[address], frame, address)


def _settle(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_exception(RuntimeError("a line's thread has ended"))
