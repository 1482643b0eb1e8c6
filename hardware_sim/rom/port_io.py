"""The board's process: one loop over its two ports, its application and the time."""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import select
import selectors
import signal
import socket
import termios
import time
import tty
from pathlib import Path

from ..repl import RESET, RESTARTED, Application, Places
from . import bench
from .board import Board, Effect, Input, Send, Start, Stop
from .pace import Pace
from .rfc2217_io import Client
from .view_io import View

_IDLE_S = 0.1
_BUSY_S = 0.005  # While bytes wait for the line's speed.
_QUEUE_MAX = 1 << 20  # Bytes that wait for the line; more is lost, as in an adapter.


class Ports:
    """Plays a board until it is unplugged or stopped."""

    def __init__(
        self, board: Board, folder: Path, flash: Path, *, line_speed: bool, bare: bool = False
    ) -> None:
        self._board = board
        self._bare = bare
        self._flash = flash
        self._paced = line_speed
        self._selector = selectors.DefaultSelector()
        self._application = Application(folder)
        self._view: View | None = None  # Of an encrypted flash, while a program runs.
        self._watched: int | None = None  # The application's console that is in the selector.
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._client: Client | None = None
        self._master, self._pty_name = _open_pty()
        self._pty_open = False
        self._stopped = False
        self._to_pty = bytearray()
        self._to_board = bytearray()
        self._to_host = bytearray()
        self._pace_in, self._pace_out = Pace(), Pace()

    def run(self, ready_file: Path, mac: bytes, *, button: bool, port: int) -> None:
        """Serve; the ready file tells where."""
        if port:
            self._listener.close()
            self._listener = socket.create_server(("127.0.0.1", port))
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        stop_read, stop_write = os.pipe()
        os.set_blocking(stop_write, False)
        signal.set_wakeup_fd(stop_write)
        signal.signal(signal.SIGTERM, self._stop)
        # Not handled here, or each child would seem to catch it before its own handler is set.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self._selector.register(stop_read, selectors.EVENT_READ, lambda: os.read(stop_read, 64))
        Application.prepare()
        self._follow(self._board.power_on(button=button))
        part = ready_file.with_suffix(".part")
        address = self._listener.getsockname()
        told = {
            "rfc2217": f"rfc2217://{address[0]}:{address[1]}",
            "pty": self._pty_name,
            "mac": mac.hex(":"),
        }
        part.write_text(json.dumps(told))
        part.replace(ready_file)
        try:
            while not self._stopped:
                self._turn()
        finally:
            self._stop_application()
            self._drop()
            os.close(self._master)

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _turn(self) -> None:
        """One round: what is ready, what is due."""
        self._look_at_pty()
        self._flush_pty()
        application = self._application
        waiting = self._to_board or self._to_host or self._to_pty or application.wants_to_write
        for key, _ in self._selector.select(_BUSY_S if waiting else _IDLE_S):
            key.data()
        self._pass_bytes()
        self._application.flush()
        if self._view is not None:
            self._view.store()
        if self._application.page is not None and not self._bare:
            bench.turn(self._application.page)
        if self._application.timer_is_due():
            self._stop_application()
            self._follow(self._board.ended())
        self._follow(self._board.tick(time.monotonic_ns() // 1_000_000))
        if self._client is not None:
            self._flush_client()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        self._read_client()  # Who opens anew at once comes in the same turn as its own farewell.
        if self._client is not None:
            connection.close()  # A port has one user.
            return
        self._client = Client(
            connection, self._from_host, self._lines, self._baud, self._to_host.clear
        )
        self._selector.register(connection, selectors.EVENT_READ, self._read_client)
        self._client.flush()

    def _read_client(self) -> None:
        if self._client is not None and not self._client.read():
            self._drop()

    def _flush_client(self) -> None:
        client = self._client
        assert client is not None
        if not client.flush():
            self._drop()
            return
        events = selectors.EVENT_READ
        if client.wants_to_write:
            events |= selectors.EVENT_WRITE
        self._selector.modify(client.connection, events, self._read_client)

    def _drop(self) -> None:
        """The host has closed its port: both lines fall."""
        client, self._client = self._client, None
        if client is None:
            return
        self._selector.unregister(client.connection)
        client.connection.close()
        self._to_host.clear()
        self._board.host_baud = None
        self._follow(self._board.lines(False, False))

    def _lines(self, dtr: bool, rts: bool) -> None:
        self._hand_over(len(self._to_board))
        self._follow(self._board.lines(dtr, rts))

    def _baud(self, baud: int) -> None:
        self._hand_over(len(self._to_board))
        self._board.host_baud = baud

    def _from_host(self, data: bytes) -> None:
        self._to_board += data
        del self._to_board[_QUEUE_MAX:]
        if not self._paced:
            self._hand_over(len(self._to_board))

    def _hand_over(self, count: int) -> None:
        data = bytes(self._to_board[:count])
        del self._to_board[:count]
        if data:
            self._follow(self._board.received(data))

    def _pass_bytes(self) -> None:
        if not self._paced:
            return
        now_s = time.monotonic()
        self._hand_over(self._pace_in.take(len(self._to_board), self._board.baud, now_s))
        count = self._pace_out.take(len(self._to_host), self._board.baud, now_s)
        data = bytes(self._to_host[:count])
        del self._to_host[:count]
        self._to_ports(data)

    def _send(self, data: bytes) -> None:
        if self._paced:
            self._to_host += data
            del self._to_host[_QUEUE_MAX:]
        else:
            self._to_ports(data)

    def _to_ports(self, data: bytes) -> None:
        if self._client is not None:
            self._client.send(data)
        self._look_at_pty()
        if self._pty_open:
            self._to_pty += data
            del self._to_pty[_QUEUE_MAX:]  # Who does not read loses, as with a real board.
            self._flush_pty()

    def _flush_pty(self) -> None:
        if not self._to_pty:
            return
        with contextlib.suppress(OSError, termios.error):  # Full, or closed: a look tells which.
            # A pseudo-terminal that is opened anew echoes what we write as if the host had sent
            # it, until its new user makes it raw.
            tty.setraw(self._master, termios.TCSANOW)
            while self._to_pty:
                del self._to_pty[: os.write(self._master, self._to_pty)]

    def _look_at_pty(self) -> None:
        """Notice that a program has opened or closed the pseudo-terminal."""
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        is_open = not any(event & select.POLLHUP for _, event in poll.poll(0))
        if is_open and not self._pty_open:
            self._selector.register(self._master, selectors.EVENT_READ, self._read_pty)
        elif self._pty_open and not is_open:
            self._selector.unregister(self._master)
            self._to_pty.clear()
        self._pty_open = is_open

    def _read_pty(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            return
        self._from_host(data)

    def _follow(self, effects: list[Effect]) -> None:
        """Do what the board wants."""
        for effect in effects:
            if isinstance(effect, Send):
                self._send(effect.data)
            elif isinstance(effect, Input):
                self._application.write(effect.data)
            elif isinstance(effect, Start):
                if effect.what.micropython:
                    self._start(effect)
            elif isinstance(effect, Stop):
                self._stop_application()
            else:
                self._stopped = True

    def _stop_application(self) -> None:
        self._application.stop()
        self._unwatch()
        view, self._view = self._view, None
        if view is not None:
            view.close()

    def _start(self, effect: Start) -> None:
        data = effect.what.partition("vfs")
        romfs = effect.what.partition("romfs") if effect.what.romfs else None
        if data is None:
            return
        self._unwatch()
        if effect.cipher is not None:
            self._view = View(self._flash, effect.cipher, effect.what.partitions)
        self._application.start(
            Places(
                self._view.path if self._view else self._flash,
                (data.offset, data.size),
                (romfs.offset, romfs.size) if romfs else None,
            )
        )
        self._watch()

    def _watch(self) -> None:
        fd = self._application.fd
        assert fd is not None
        self._selector.register(fd, selectors.EVENT_READ, self._read_application)
        self._watched = fd

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._selector.unregister(self._watched)
            self._watched = None

    def _read_application(self) -> None:
        data, what = self._application.read()
        if what in (RESTARTED, RESET):
            self._unwatch()
        self._follow(self._board.said(data))
        if what == RESTARTED:
            self._watch()
        elif what == RESET:
            self._follow(self._board.ended())


def _open_pty() -> tuple[int, str]:
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    name = os.ttyname(slave)
    # Closed again, so that a hang-up tells whether somebody has it open.
    os.close(slave)
    os.set_blocking(master, False)
    return master, name


def map_file(path: Path, content: bytes) -> mmap.mmap:
    """A file that is made with this content when it is not there, mapped."""
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)
