"""What a console's bytes mean to the supervisor of its process: raw mode, interrupts, resets."""

from __future__ import annotations

from collections.abc import Iterator

_RAW = b"raw REPL; CTRL-B to exit\r\n"
_FRIENDLY = b'Type "help()" for more information.'
_PROMPT = b">>> "
_TAIL_MAX = 64  # Longer than each of these.
INTERRUPT = 0x03
SOFT_RESET = b"MPY: soft reboot\r\n"


class Console:
    """Follows what a process says. `raw`: its REPL is in raw mode; `ready`: it has shown one."""

    def __init__(self) -> None:
        self.raw = False
        self.ready = False
        self._tail = b""

    def restarted(self) -> None:
        """A new process; raw mode is kept, as on a real board."""
        self.ready = False
        self._tail = b""

    def said(self, data: bytes) -> None:
        """What came from the process."""
        seen = self._tail + data
        raw, friendly = seen.rfind(_RAW), seen.rfind(_FRIENDLY)
        if raw >= 0 or friendly >= 0:
            self.raw = raw > friendly
            self.ready = True
        if seen.rfind(_PROMPT) >= 0:
            self.ready = True
        self._tail = seen[-_TAIL_MAX:] if raw < 0 and friendly < 0 else b""


def pieces(data: bytes) -> Iterator[bytes]:
    """Input cut so that each interrupt stands alone, in order."""
    start = 0
    for at, byte in enumerate(data):
        if byte == INTERRUPT:
            if at > start:
                yield data[start:at]
            yield data[at : at + 1]
            start = at + 1
    if start < len(data):
        yield data[start:]
