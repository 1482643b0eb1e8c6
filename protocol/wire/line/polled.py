"""A node on a line that many share: it speaks only when it is polled, and loses no frame.

A packet is address, control byte and at most one frame, wrapped as in cobs.py, a zero before and
after. One toggle bit each way (alternating bit, Bartlett and others, 1969): what was not answered
is repeated, and what is repeated is taken once. BEGIN sets both toggles anew: its four bytes,
drawn by who polls, tell a repeated BEGIN from a new one. A node that knows no BEGIN asks for one.
"""

from ..const import const
from ..errors import DecodeError
from .cobs import LINE_SIZE_MAX, unwrap, wrap

ANSWER = const(0x80)  # From a node; so nobody takes an answer, or the echo of it, for a poll.
BEGIN = const(0x40)
MORE = const(4)  # A node has further frames.
SENT = const(2)  # The toggle of the frame in this packet.
TAKEN = const(1)  # The toggle of the last frame that was taken from the other end.
EVERYBODY = const(0)  # This address is told, and nobody answers.
ADDRESS_MAX = const(247)
WAITING_MAX = const(8)
MARK_SIZE = const(4)


def packet(address: int, control: int, frame: bytes) -> bytes:
    """The bytes on the line; the zero before them ends what noise has begun."""
    return b"\0" + wrap(bytes((address, control)) + frame)


class PolledNode:
    """The end with an address, 1-247. What came lies in `frames`; `begun` counts BEGINs."""

    def __init__(self, address: int) -> None:
        self._address = address
        self.frames: list[bytes] = []
        self.begun = 0
        self._held = b""
        self._began = False
        self.forget()

    def forget(self) -> None:
        """Nobody has polled for long: what waits is dropped, and the next poll begins anew."""
        self._mark = b""
        self._waiting: list[bytes] = []
        self._sent = SENT  # The toggle of the first that waits.
        self._taken = 0
        self._under_way = False

    @property
    def full(self) -> bool:
        """Whether `queue` would refuse."""
        return not self._mark or len(self._waiting) >= WAITING_MAX

    def queue(self, frame: bytes) -> bool:
        """Send a frame when it is our turn; False: there is no room, or nobody polls."""
        if self.full:
            return False
        self._waiting.append(frame)
        return True

    def cut(self) -> None:
        """What was read so far is left: an answer to it would come too late."""
        self._held = b""

    def receive(self, data: bytes) -> bytes:
        """Bytes from the line in; what is to be written at once out, b"" when nothing is."""
        asked = False
        held = self._held + data
        while True:
            at = held.find(b"\0")
            if at < 0:
                break
            if at:
                asked = self._packet(held[:at])
            held = held[at + 1 :]
        self._held = held if len(held) <= LINE_SIZE_MAX else b""
        # Who polled has gone on when something follows: an answer would destroy another's.
        return self._answer() if asked and not held else b""

    def _packet(self, line: bytes) -> bool:
        """Take a packet; whether it is to be answered. Others' are not even unwrapped."""
        if len(line) < 2 or (line[0] > 1 and line[1] != self._address):
            return False
        try:
            content = unwrap(line)
        except DecodeError:
            return False
        if len(content) < 2:
            return False
        address, control, frame = content[0], content[1], content[2:]
        if control & ANSWER or address not in (self._address, EVERYBODY):
            return False
        if address == EVERYBODY:
            self.frames.append(frame)
            return False
        if control & BEGIN:
            if frame and frame != self._mark:
                self.forget()
                self._mark = frame
                self.begun += 1
        elif self._mark:
            self._polled(control, frame)
        self._began = bool(control & BEGIN)
        return True

    def _polled(self, control: int, frame: bytes) -> None:
        if self._under_way and (control & TAKEN) << 1 == self._sent:
            self._waiting.pop(0)
            self._sent ^= SENT
            self._under_way = False
        if frame and (control & SENT) >> 1 != self._taken:
            self._taken ^= TAKEN
            self.frames.append(frame)

    def _answer(self) -> bytes:
        if self._began or not self._mark:
            return packet(self._address, ANSWER | BEGIN, self._mark)
        control = ANSWER | self._taken
        if not self._waiting:
            return packet(self._address, control, b"")
        self._under_way = True
        control |= self._sent
        if len(self._waiting) > 1:
            control |= MORE
        return packet(self._address, control, self._waiting[0])
