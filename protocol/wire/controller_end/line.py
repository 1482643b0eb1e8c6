"""Who polls a line that many nodes share: one question at a time, and no frame lost or doubled.

It reads no port and no clock: `step` gives the bytes to write, `receive` takes what was read. The
packets are those of line/polled.py. Addresses take turns; between two turns one that has something
to say or to be told gets one more. One that is silent is asked ever more seldom, so that the
others stay quick. With 32 nodes at 115200 baud a quiet round takes at most 2.1 s (0.3 s when nodes
answer within 5 ms), one in which all say and are told the longest frames twice 6.4 s (`round_ms`).
"""

from collections import deque

try:
    from collections.abc import Callable, Iterable
except ImportError:
    pass  # MicroPython looks at no annotation.

from .. import line
from ..limits import FRAME_SIZE_MAX

# A node answers what it reads within 30 ms (firmware/line.py); a USB adapter keeps bytes for 16.
ANSWER_MS = 60
GAP_MS = 2  # Until a node that has answered has left the line.
QUIET_MS = 50  # A node with nothing to say is not asked more often.
WAITING_MAX = 32  # Frames for one node; beyond it the cores repeat.
SILENT_MISSES = 3
PAUSE_MS_MIN, PAUSE_MS_MAX = 250, 10_000
DEAD_MS = 30_000  # What waits for a node that is silent so long is dropped, as it does itself.
_BITS_PER_BYTE = 10
_OVERHEAD = 7  # Two zeros, COBS code, address, control byte, CRC.


def send_ms(size: int, baud: int) -> int:
    """How long a packet with a frame of this size is on the line, milliseconds, rounded up."""
    return -(-(size + _OVERHEAD) * _BITS_PER_BYTE * 1000 // baud)


def round_ms(nodes: int, baud: int, size: int = FRAME_SIZE_MAX, answer_ms: int = ANSWER_MS) -> int:
    """The longest time until a live node is asked again, while all say and are told so much.

    size: of each frame; 0: nobody has anything to say, and nobody gets a second turn.
    """
    turn_ms = 2 * send_ms(size, baud) + answer_ms + GAP_MS
    return nodes * turn_ms * (2 if size else 1)


class _End:
    """What is known of one address."""

    def __init__(self, address: int, now_ms: int) -> None:
        self.address = address
        self.waiting: deque[bytes] = deque()
        self.heard_ms = self.due_ms = now_ms
        self.misses = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew: whether the last frame arrived will never be known."""
        self.mark = b""
        self.begun = self.under_way = self.more = False
        self.held = False  # A frame of it is not on disk yet.
        self.sent, self.taken = line.SENT, 0
        self.waiting.clear()

    @property
    def busy(self) -> bool:
        """Whether another turn would bring something on."""
        return not self.held and not self.misses and (self.more or bool(self.waiting))

    def question(self) -> tuple[int, bytes]:
        """Control byte and frame of its next poll."""
        if not self.begun:
            return line.BEGIN, self.mark
        if not self.waiting:
            return self.taken, b""
        self.under_way = True
        return self.taken | self.sent, self.waiting[0]


class PolledLine:
    """All addresses of one line. `mark`: draws four bytes that were not drawn before."""

    def __init__(
        self, addresses: Iterable[int], baud: int, mark: Callable[[], bytes], now_ms: int
    ) -> None:
        self._baud = baud
        self._draw = mark
        self._ends = {address: _End(address, now_ms) for address in addresses}
        self._turns = deque(self._ends.values())
        self._extra = self._spoke = False
        self._told: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._reader = line.LineReader()
        self._asked: _End | None = None
        self._until_ms = now_ms  # Of the answer, or of what we say ourselves.
        self._answering = False
        self.dropped = 0

    @property
    def awaits(self) -> bool:
        """Whether somebody was asked and has not answered."""
        return self._asked is not None

    def up(self, address: int) -> bool:
        """Whether a node is there and frames for it arrive."""
        end = self._ends[address]
        return end.begun and end.misses < SILENT_MISSES

    def send(self, address: int, frame: bytes) -> bool:
        """Queue a frame for a node; False, and counted, when too many wait."""
        waiting = self._ends[address].waiting
        if len(waiting) >= WAITING_MAX:
            self.dropped += 1
            return False
        waiting.append(frame)
        return True

    def tell(self, frame: bytes) -> None:
        """Tell everybody; it may be lost, and of too many the oldest is."""
        self._told.append(frame)

    def acknowledge(self, address: int) -> None:
        """The frame that came from there is on disk: from now on the node may forget it."""
        end = self._ends[address]
        end.held = False
        end.due_ms = min(end.due_ms, self._until_ms)

    def step(self, now_ms: int) -> bytes:
        """What is to be written now; b"" while an answer is awaited or nobody's turn has come."""
        if now_ms < self._until_ms:
            return b""
        if self._asked is not None:
            self._missed(self._asked, now_ms)
        end = None if self._told and not self._spoke else self._next(now_ms)
        self._spoke = end is None and bool(self._told)  # Between two that all hear one is asked.
        if self._spoke:
            frame = self._told.popleft()
            self._until_ms = now_ms + send_ms(len(frame), self._baud) + 1
            return line.packet(line.EVERYBODY, 0, frame)
        if end is None:
            return b""
        if not end.mark:
            end.mark = self._draw()
        control, frame = end.question()
        self._asked, self._answering = end, False
        self._until_ms = now_ms + send_ms(len(frame), self._baud) + ANSWER_MS
        return line.packet(end.address, control, frame)

    def wait_ms(self, now_ms: int) -> int:
        """After how long `step` may have something to say, if nothing comes before; at least 1."""
        if self._asked is not None or now_ms < self._until_ms or self._told:
            return max(1, self._until_ms - now_ms)
        due = [now_ms if end.busy else end.due_ms for end in self._ends.values() if not end.held]
        return max(1, min(due, default=now_ms + QUIET_MS) - now_ms)

    def _next(self, now_ms: int) -> _End | None:
        """Whose turn it is; every second one is an extra one, if anybody can use it."""
        self._extra = not self._extra
        due = self._due(now_ms)
        busy = next((end for end in self._turns if end.busy and end is not due), None)
        end = (busy or due) if self._extra else (due or busy)
        if end is not None:
            self._turns.remove(end)
            self._turns.append(end)
        return end

    def _due(self, now_ms: int) -> _End | None:
        found = None
        for end in self._turns:
            waits = not end.held and (end.due_ms <= now_ms or end.busy)
            if waits and (found is None or end.due_ms < found.due_ms):
                found = end
        return found

    def _missed(self, end: _End, now_ms: int) -> None:
        self._asked = None
        end.misses += 1
        pause_ms = 0
        if end.misses >= SILENT_MISSES:
            pause_ms = PAUSE_MS_MIN << min(end.misses - SILENT_MISSES, 8)
        end.due_ms = now_ms + min(pause_ms, PAUSE_MS_MAX)
        if now_ms - end.heard_ms > DEAD_MS:
            self.dropped += len(end.waiting)
            end.forget()

    def receive(self, data: bytes, now_ms: int) -> list[tuple[int, bytes]]:
        """Bytes from the line in; frames of nodes out, each to be acknowledged when it is safe."""
        if self._asked is not None and data and not self._answering:
            self._answering = True
            rest_ms = send_ms(FRAME_SIZE_MAX, self._baud) + ANSWER_MS // 2
            self._until_ms = max(self._until_ms, now_ms + rest_ms)
        found = []
        for content in self._reader.feed(data):
            end = self._asked
            if end is None or len(content) < 2 or content[0] != end.address:
                continue
            if content[1] & line.ANSWER:
                frame = self._answered(end, content[1], content[2:], now_ms)
                if frame:
                    found.append((end.address, frame))
        return found

    def _answered(self, end: _End, control: int, frame: bytes, now_ms: int) -> bytes:
        """Take an answer; the frame in it, if it is new."""
        self._asked, self._until_ms = None, now_ms + GAP_MS
        end.heard_ms, end.misses = now_ms, 0
        end.due_ms = now_ms + QUIET_MS
        if control & line.BEGIN:
            end.due_ms = now_ms
            if not end.begun:
                end.begun = bool(frame) and frame == end.mark
            elif not frame:  # It has restarted, and forgotten what it had taken.
                self.dropped += len(end.waiting)
                end.forget()
            return b""
        if not end.begun:
            return b""
        if end.under_way and (control & line.TAKEN) << 1 == end.sent:
            end.waiting.popleft()
            end.sent ^= line.SENT
            end.under_way = False
        end.more = bool(control & line.MORE)
        if not frame or (control & line.SENT) >> 1 == end.taken:
            return b""
        end.taken ^= line.TAKEN
        end.held = True
        return frame
