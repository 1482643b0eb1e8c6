"""Forks simulated nodes: one process that has MicroPython loaded, a child for each powered node.

    python -m hardware_sim.zygote CONFIG.json

A fork takes well under a millisecond, and children share the interpreter and the firmware image.
It reads commands from standard input, one a line, and tells on standard output what became of
nodes (numbers are positions in the plan):

    start 3        fork node 3                 up 3 PID       it runs
    stop 3         kill it (mains cut)         down 3 STATUS  it ended

When its input ends, or its parent dies, all nodes are killed with it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .board.layout import (
    BOOTS,
    CLOCK_MONOTONIC_NS,
    CLOCK_SIMULATED_NS,
    CLOCK_SPEED_1000,
    DRIVEN,
    PAGE_SIZE,
    RELAY,
    RTC_SIZE,
    TIMER,
)  # fmt: skip

_PR_SET_PDEATHSIG = 1
HEAP = "111k"  # What an ESP32 without PSRAM leaves to MicroPython.
_TIMERS_S = 0.25  # Real seconds between two looks at the nodes' timers.
_TICKS = 0x3FFFFFFF  # A node's clock goes round.
_RESET_STATUS = 3 << 8  # Of a node that has reset itself.


@dataclass(frozen=True)
class Config:
    """Paths of images, pages and flash; all are made before the zygote starts."""

    application: str
    peripherals: str
    pages: str
    flash: str
    flash_size: int
    clock: str
    log: str
    start: str
    slots: str = ""  # Two areas for each node; without them a node has the factory's image only.
    slot_size: int = 0
    heap: str = HEAP
    console: str = ""  # A terminal on which the one node of a test is typed to.


class _Mapped:
    """A file mapped shared and writable, with its address."""

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self.page = mmap.mmap(file.fileno(), 0)
        self.size = len(self.page)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.page))


class Zygote:
    """The parent of all nodes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._application = _Mapped(config.application)
        self._peripherals = _Mapped(config.peripherals)
        self._pages = _Mapped(config.pages)
        self._flash = _Mapped(config.flash)
        self._clock = _Mapped(config.clock)
        self._slots = _Mapped(config.slots) if config.slots else None
        self._log = os.open(config.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # At the end of a pipe that stays open, no key is ever pressed: a console would see the
        # null device's end as a cut line.
        self._no_keys, self._never = os.pipe()
        self._pids: dict[int, int] = {}  # node -> pid
        self._nodes: dict[int, int] = {}  # pid -> node
        self._timed: set[int] = set()  # Nodes that their timer has reset.

    def start(self, node: int) -> None:
        """Fork a node unless it runs."""
        if node in self._pids:
            return
        at = node * PAGE_SIZE
        boots = int.from_bytes(self._pages.page[at + BOOTS : at + BOOTS + 4], "little") + 1
        self._put(node, BOOTS, boots & 0xFFFFFFFF)
        self._put(node, TIMER, 0)
        pid = os.fork()
        if pid == 0:
            self._become(node)
        self._pids[node] = pid
        self._nodes[pid] = node
        _tell(f"up {node} {pid}")

    def _become(self, node: int) -> None:
        """In the child: be a board. Does not return."""
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if self._config.console:
            terminal = os.open(self._config.console, os.O_RDWR | os.O_NOCTTY)
            os.dup2(terminal, 0)
            os.dup2(terminal, 1)
        else:
            os.dup2(self._no_keys, 0)
            os.dup2(self._log, 1)
        os.dup2(self._log, 2)
        import micropython_run

        places = (
            self._application.address, self._application.size,
            self._pages.address + node * PAGE_SIZE, self._clock.address,
            self._flash.address + node * self._config.flash_size, self._config.flash_size,
            self._peripherals.address, self._peripherals.size,
            self._slots.address + 2 * node * self._config.slot_size if self._slots else 0,
            self._config.slot_size,
        )  # fmt: skip
        arguments = ["micropython", "-X", f"heapsize={self._config.heap}", self._config.start]
        table = (ctypes.c_uint64 * len(places))(*places)
        os._exit(micropython_run.run_main([*arguments, str(ctypes.addressof(table))]))

    def stop(self, node: int) -> None:
        """Kill a node as a mains cut does."""
        pid = self._pids.get(node)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def reap(self) -> None:
        """Tell of nodes that ended; their lamp output is no longer driven."""
        while self._nodes:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            node = self._nodes.pop(pid, None)
            if node is None:
                continue
            del self._pids[node]
            self._put(node, DRIVEN, 0)
            self._put(node, RELAY, 0)
            if status != _RESET_STATUS and node not in self._timed:
                self._put(node, RTC_SIZE, 0)
            self._timed.discard(node)
            _tell(f"down {node} {status}")

    def _put(self, node: int, offset: int, number: int) -> None:
        at = node * PAGE_SIZE + offset
        self._pages.page[at : at + 4] = number.to_bytes(4, "little")

    def _world_ms(self) -> int:
        """The world's milliseconds as nodes count them; protocol/worldclock says how."""
        page = self._clock.page
        start_ns, from_ns = (
            int.from_bytes(page[at : at + 8], "little")
            for at in (CLOCK_SIMULATED_NS, CLOCK_MONOTONIC_NS)
        )
        speed_1000 = int.from_bytes(page[CLOCK_SPEED_1000 : CLOCK_SPEED_1000 + 4], "little")
        gone_ns = (time.monotonic_ns() - from_ns) * speed_1000 // 1000
        return (start_ns + gone_ns) // 1_000_000

    def look_at_timers(self) -> None:
        """Reset the nodes whose timer has run out."""
        now_ms = self._world_ms()
        for node, pid in self._pids.items():
            at = node * PAGE_SIZE + TIMER
            due_ms = int.from_bytes(self._pages.page[at : at + 4], "little")
            # What is less than half the clock's round ago is past.
            if due_ms and (now_ms - due_ms) & _TICKS < _TICKS // 2:
                self._put(node, TIMER, 0)
                self._timed.add(node)
                os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """The end."""
        for pid in self._nodes:
            os.kill(pid, signal.SIGKILL)


def _tell(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def main(arguments: list[str]) -> int:
    """Serve until the input ends."""
    import micropython_run  # noqa: F401  # loaded once here, shared by every child

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    config = Config(**json.loads(Path(arguments[0]).read_text()))
    zygote = Zygote(config)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    pending = b""
    while True:
        ready, _, _ = select.select([0, reader], [], [], _TIMERS_S)
        zygote.look_at_timers()
        if reader in ready:
            os.read(reader, 4096)
            zygote.reap()
        if 0 not in ready:
            continue
        data = os.read(0, 65536)
        if not data:
            zygote.kill_all()
            return 0
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            word, _, number = line.decode().partition(" ")
            (zygote.start if word == "start" else zygote.stop)(int(number))
        zygote.reap()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
