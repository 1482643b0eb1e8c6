"""`flash.py monitor`: a node's console with times, frames in words, and reconnection."""

from __future__ import annotations

import datetime
import sys
import threading
import time
from typing import Annotated, Any

import serial
import typer
from rich.markup import escape

from . import frames, ports_io, show, talk
from . import options as o
from .troubles import INTERRUPTED, FlashError, of

_AGAIN_S = 1.0
_TYPED_MAX = 200


def monitor_command(
    port: o.PortOption = None,
    seconds: Annotated[float, typer.Option(min=0, help="End after so long; 0: never.")] = 0,
    send: Annotated[
        list[str] | None, typer.Option(help="A line to send first; repeatable.")
    ] = None,
    json_output: o.JsonOption = False,
) -> None:
    """A node's console: lines with their time, frames decoded. What you type goes to the node.

    When the board is unplugged it waits for it. Ctrl-C ends it.
    """
    with show.exits(as_json=json_output):
        monitor = _Monitor(o.port_of(port), as_json=json_output)
        monitor.run(seconds, list(send or ()))


class _Monitor:
    """Reads one port, for ever or for a while."""

    def __init__(self, port: str, *, as_json: bool) -> None:
        self._port = port
        self._as_json = as_json
        self._line: Any = None
        self._told = ""

    def run(self, seconds: float, send: list[str]) -> None:
        """Until the time is over or Ctrl-C (130)."""
        end_s = time.monotonic() + seconds if seconds else None
        first = True
        if sys.stdin.isatty():
            threading.Thread(target=self._pass_keys, daemon=True).start()
        try:
            while end_s is None or time.monotonic() < end_s:
                try:
                    with ports_io.opened(self._port) as line:
                        self._note(f"connected to {self._port}")
                        self._line, first = line, False
                        for words in send:
                            line.write(words.encode() + b"\r")
                        send = []
                        self._read(line, end_s)
                except FlashError as error:
                    if first and error.code != 1:
                        raise
                    self._note(f"{error} Waiting for it.")
                    time.sleep(_AGAIN_S)
                finally:
                    self._line = None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None

    def _read(self, line: Any, end_s: float | None) -> None:
        lines = talk.Lines()
        while end_s is None or time.monotonic() < end_s:
            try:
                data = bytes(line.read(line.in_waiting or 1))
            except (serial.SerialException, OSError, TypeError, AttributeError):
                self._note("the board was unplugged; waiting for it")
                time.sleep(_AGAIN_S)
                return
            for text in lines.feed(data):
                self._show(text)

    def _show(self, text: str) -> None:
        at = datetime.datetime.now().strftime("%H:%M:%S.%f")[:-3]
        found = list(frames.decoded(text))
        row = of(text) if "rownout" in text or "not provisioned" in text else None
        if self._as_json:
            said: dict[str, Any] = {"at": at, "line": text, "frames": found}
            show.say_json(said | ({"advice": row.advice} if row else {}))
            return
        show.out.print(f"[dim]{at}[/] {escape(text)}")
        for frame in found:
            show.out.print(f"             [cyan]{escape(frame)}[/]")
        if row:
            show.out.print(f"             [yellow]{escape(row.advice)}[/]")

    def _note(self, text: str) -> None:
        if text != self._told and not self._as_json:
            show.err.print(f"[dim]-- {escape(text)}[/]")
        self._told = text

    def _pass_keys(self) -> None:
        for words in sys.stdin:
            line = self._line
            if line is None:
                continue
            try:
                line.write(words.strip()[:_TYPED_MAX].encode() + b"\r")
            except (serial.SerialException, OSError):
                continue  # The reader tells that the board has gone.
