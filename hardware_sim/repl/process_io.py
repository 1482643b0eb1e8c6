"""A MicroPython process that has a board's flash mapped to its addresses.

It ends when its code resets the chip (3) or at Ctrl-D (0), a soft reset, after which it is
started again. An interrupt becomes a signal while code runs, for the process reads its console
only at the prompt. Its console is a socket and no terminal: the unix port changes a terminal's
mode around each line, and that throws away what has come in between.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from ..board import layout
from ..zygote import HEAP
from .console import INTERRUPT, SOFT_RESET, Console, pieces
from .images import peripherals

_PR_SET_PDEATHSIG = 1
# What the process runs: it mounts the peripherals (address, size) and starts by its letters. All
# peripherals look for the table of places where an argument has its address.
_START = (
    "import vfs,uctypes,sys;vfs.mount(vfs.VfsRom(uctypes.bytearray_at({},{})),'/sim');"
    "sys.path.append('/sim');sys.argv[:]=['','{}'];__import__('simstart').start('{}',globals())"
)
_INPUT_MAX = 256 * 1024  # What a busy process has not read; more is lost, as in a UART.
_SOFT = 0  # Exit status.
GOES_ON, RESTARTED, RESET = "goes on", "restarted", "reset"
_TICKS = 0x3FFFFFFF
# In the shared page, after the table of places; start.py sets them.
_STARTED_AT = 80
_ENDED_AT = 81  # One more than the status with which its programme ended.


@dataclass(frozen=True)
class Places:
    """Where in the flash file lie the file system and, if there is one, the ROMFS partition."""

    flash: Path
    vfs: tuple[int, int]  # Offset and size.
    romfs: tuple[int, int] | None


class Application:
    """The process. `folder` holds the page of its peripherals, which the world may look at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._console = Console()
        self._places: Places | None = None
        self._pid = 0
        self._input = bytearray()
        self._interrupt = False  # To be sent as soon as the starting process can take it.
        self._shared = mmap.mmap(-1, mmap.PAGESIZE)
        self._page: mmap.mmap | None = None
        self.fd: int | None = None

    @property
    def page(self) -> mmap.mmap | None:
        """What its peripherals share with their surroundings; None before a start."""
        return self._page

    @staticmethod
    def prepare() -> None:
        """Make what takes seconds the first time, so that no start has to wait for it."""
        peripherals()

    def start(self, places: Places) -> None:
        """After a hard reset: friendly mode, everything is run."""
        self.stop()
        self._console = Console()
        self._places = places
        self._spawn()

    def stop(self) -> None:
        """Kill it, as a reset does."""
        if self.fd is None:
            return
        os.kill(self._pid, signal.SIGKILL)
        self._reap()

    def write(self, data: bytes) -> None:
        """Bytes to its console."""
        for piece in pieces(data):
            if piece[0] != INTERRUPT or not self._signal():
                self._input += piece
        del self._input[_INPUT_MAX:]
        self.flush()

    def flush(self) -> None:
        """Hand over what it takes; deliver an interrupt that it could not take before."""
        if self.fd is None:
            return
        if self._interrupt and self._started and self._catches():
            self._interrupt = False
            os.kill(self._pid, signal.SIGINT)
        try:
            while self._input:
                del self._input[: os.write(self.fd, self._input[:4096])]
        except (BlockingIOError, OSError):
            return

    @property
    def wants_to_write(self) -> bool:
        """Whether it has not yet taken all input, or an interrupt."""
        return bool(self._input) or self._interrupt

    def read(self) -> tuple[bytes, str]:
        """What it said; and that it GOES_ON, was RESTARTED (softly, here) or asks for RESET."""
        assert self.fd is not None
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return b"", GOES_ON
        except OSError:  # It has ended with input unread.
            data = b""
        if data:
            self._console.said(data)
            return data, GOES_ON
        if self._reap() != _SOFT:
            return b"", RESET
        self._spawn()
        return SOFT_RESET, RESTARTED

    def timer_is_due(self) -> bool:
        """Whether the timer that the code has set ran out; it then resets the chip."""
        if self.fd is None or self._page is None:
            return False
        at = layout.TIMER
        due_ms = int.from_bytes(self._page[at : at + 4], "little")
        now_ms = time.monotonic_ns() // 1_000_000
        if not due_ms or (now_ms - due_ms) & _TICKS >= _TICKS // 2:
            return False
        self._page[at : at + 4] = bytes(4)
        return True

    def _spawn(self) -> None:
        places = self._places
        assert places is not None
        raw = self._console.raw
        self._console.restarted()
        self._input.clear()
        self._interrupt = False
        page = self._page = _page(self._folder / "page.bin")
        clock = _page(self._folder / "clock.bin")
        _set_clock(clock)
        romfs = _mapped(peripherals())
        # Loaded in the parent, so that each start takes a millisecond.
        import micropython_run

        self._shared = mmap.mmap(-1, mmap.PAGESIZE)
        letters = ("R" if places.romfs else "-") + ("S" if raw else "-")
        ours, its = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            signal.set_wakeup_fd(-1)
            os.setsid()  # Our terminal's Ctrl-C is not its own.
            for number in (0, 1, 2):
                os.dup2(its.fileno(), number)
            os.closerange(3, 256)
            flash = _mapped(places.flash)
            start = _address(flash)
            slots, slots_size = places.romfs or (0, 0)
            table = (ctypes.c_uint64 * 10).from_buffer(self._shared)
            table[:] = [
                0, 0, _address(page), _address(clock), start + places.vfs[0],
                places.vfs[1], _address(romfs), len(romfs),
                start + slots if slots_size else 0, slots_size // 2,
            ]  # fmt: skip
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
                signal.signal(number, signal.SIG_DFL)
            arguments = ["micropython", "-X", f"heapsize={HEAP}", "-i", "-c"]
            arguments.append(
                _START.format(_address(romfs), len(romfs), ctypes.addressof(table), letters)
            )
            os._exit(micropython_run.run_main(arguments))
        its.close()
        fd = ours.detach()
        os.set_blocking(fd, False)
        self.fd = fd
        if raw:
            self._input += b"\x01"

    def _signal(self) -> bool:
        """Interrupt code that runs; False: it is at its prompt and reads the byte itself."""
        if self.fd is None:
            return True
        if self._started and self._catches():
            os.kill(self._pid, signal.SIGINT)
            return True
        if not self._started or not self._console.ready:
            self._interrupt = True
            return True
        return False

    @property
    def _started(self) -> bool:
        """Whether the process has its file system; before, an interrupt would leave it none."""
        return self._shared[_STARTED_AT] != 0

    def _catches(self) -> bool:
        try:
            status = Path(f"/proc/{self._pid}/status").read_text()
        except OSError:
            return False
        line = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(line.split()[1], 16) >> signal.SIGINT - 1 & 1)

    def _reap(self) -> int:
        assert self.fd is not None
        os.close(self.fd)
        self.fd = None
        _, status = os.waitpid(self._pid, 0)
        ended = self._shared[_ENDED_AT]
        return ended - 1 if ended else status


def _page(path: Path) -> mmap.mmap:
    if not path.exists() or path.stat().st_size != layout.PAGE_SIZE:
        path.write_bytes(bytes(layout.PAGE_SIZE))
    return _mapped(path)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def _set_clock(clock: mmap.mmap) -> None:
    """A flashed board's time is real: simulated and monotonic time are one."""
    now_ns = time.monotonic_ns().to_bytes(8, "little")
    for at in (layout.CLOCK_SIMULATED_NS, layout.CLOCK_MONOTONIC_NS):
        clock[at : at + 8] = now_ns
    at = layout.CLOCK_SPEED_1000
    clock[at : at + 4] = (1000).to_bytes(4, "little")
