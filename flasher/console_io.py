"""A conversation with a node's console over an open port."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import serial

from . import talk
from .troubles import FlashError, told

START_S = 15  # Until the console answers after a reset; a board lights up in two.
ANSWER_S = 5
_ECHO_S, _QUIET_S = 3.0, 40.0  # Of a console that has gone, or begun.
JOIN_S = 40  # A node spreads its connecting over half a minute, for a street wakes at once.
_ASK_AGAIN_S = 1.0
_RESTARTS_MAX = 3
_RESTART = "rst:0x"
_REFUSES = "not provisioned"
_BROWN_OUT = "brownout"


class Console:
    """The node at the other end. `seen` keeps its last lines, to tell when nothing answers."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._lines = talk.Lines()
        self._restarted = False
        self.seen: list[str] = []

    def ask(self, words: str, within_s: float = ANSWER_S) -> dict[str, Any]:
        """The answer to a command; FlashError when none comes."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            self._write(f"\r{words} --json\r")
            again_s = min(end_s, time.monotonic() + _ASK_AGAIN_S)
            while time.monotonic() < again_s:
                for said in self._hear():
                    if said.get("command") == words.split()[0] or "error" in said:
                        return said
        raise told(f"The console says nothing to `{words}`; last: {self.seen[-1:]}")

    def selftest(self, tell: Callable[[str, int, int], None]) -> talk.SelfTest:
        """The node's own test; some ten seconds. A node that restarts in it is asked again."""
        for restarts in range(_RESTARTS_MAX + 1):
            test = self._selftest(tell)
            test.restarts = restarts
            if test.ended:
                return test
            self.ask("status", START_S)
        raise told(f"The console says nothing of its self-test but starts anew; {self._last()}")

    def _selftest(self, tell: Callable[[str, int, int], None]) -> talk.SelfTest:
        """One self-test; it has not ended when the node, or its console alone, has restarted."""
        test = talk.SelfTest()
        self._write("\rselftest --json\r")
        start_s = heard_s = time.monotonic()
        self._restarted = False
        seen = self.seen
        while not test.ended and not self._restarted:
            now_s = time.monotonic()
            tell("self-test", min(int(now_s - start_s), 10), 11)
            for said in self._hear():
                test.take(said)
            if self.seen is not seen:
                seen, heard_s = self.seen, now_s
            # It echoes at once, then dims in silence for as long as that takes.
            if now_s - heard_s > (_QUIET_S if heard_s > start_s else _ECHO_S):
                break
        return test

    def _last(self) -> str:
        return "last: " + " / ".join(self.seen[-3:]).replace("boot:0x13", "boot")

    def _hear(self) -> list[dict[str, Any]]:
        try:
            data = bytes(self._line.read(self._line.in_waiting or 1))
        except (serial.SerialException, OSError, TypeError, AttributeError) as error:
            raise told(f"connection failed: {error}") from error
        found = []
        for line in self._lines.feed(data):
            self.seen = [*self.seen[-30:], line]
            if _REFUSES in line or _BROWN_OUT in line.lower():
                raise told(line)
            self._restarted = self._restarted or _RESTART in line
            said = talk.answer(line)
            if said is not None:
                found.append(said)
        return found

    def _write(self, text: str) -> None:
        try:
            self._line.write(text.encode())
        except (serial.SerialException, OSError) as error:
            raise told(f"connection failed: {error}") from error


def status_of(console: Console, *, join: bool = False) -> dict[str, Any]:
    """Who the node says it is, once its console answers; join: once it has joined, or never."""
    said = talk.rows(console.ask("status", START_S))
    end_s = time.monotonic() + JOIN_S
    while join and not said.get("joined") and time.monotonic() < end_s:
        time.sleep(_ASK_AGAIN_S)
        said = talk.rows(console.ask("status"))
    if not isinstance(said.get("node_id"), str):
        raise FlashError(
            "The node's console answers, but does not say who it is: another firmware? Run "
            "`flash.py node` on it."
        )
    return said
