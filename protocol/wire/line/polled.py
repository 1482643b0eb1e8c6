"""A node on a line that many share: it speaks only when it is polled, and loses no frame.

A packet is address, control byte and at most one frame, wrapped as in cobs.py, a zero before and
after. One toggle bit each way (alternating bit, Bartlett and others, 1969): what was not answered
is repeated, and what is repeated is taken once. BEGIN sets both toggles anew: its four bytes,
drawn by who polls, tell a repeated BEGIN from a new one. A node that knows no BEGIN asks for one.
"""

from ..const import const
from .cobs import LINE_SIZE_MAX, content, wrap

ANSWER = const(0x80)  # From a node; so nobody takes an answer, or the echo of it, for a poll.
BEGIN = const(0x40)
MORE = const(4)  # A node has further frames.
SENT = const(2)  # The toggle of the frame in this packet.
TAKEN = const(1)  # The toggle of the last frame that was taken from the other end.
EVERYBODY = const(0)  # This address is told, and nobody answers.
ADDRESS_MAX = const(247)
WAITING_MAX = const(8)
MARK_SIZE = const(4)
FRAME, TOLD, BEGUN = const(0), const(1), const(2)  # What came: to us, to all, a new beginning.


def packet(address: int, control: int, frame: bytes) -> bytes:
    """The bytes on the line; the zero before them ends what noise has begun."""
    return b"\0" + wrap(bytes((address, control)) + frame)


class PolledNode:
    """The end with an address, 1-247.

    `came`: what came since it was emptied, each FRAME or TOLD with a frame, or BEGUN. `held`: the
    beginning of a packet, which who comes too late empties. `mark`: empty while nobody polls.
    """

    def __init__(self, address: int) -> None:
        self._address = address
        self.came: list[tuple[int, bytes]] = []
        self.held = b""
        self._began = False
        self.forget()

    def forget(self) -> None:
        """Nobody has polled for long: what waits is dropped, and the next poll begins anew."""
        self.mark = b""
        self._waiting: list[bytes] = []
        self._sent = SENT  # The toggle of the first that waits.
        self._taken = 0
        self._under_way = False

    def queue(self, frame: bytes) -> bool:
        """Send a frame when it is our turn; False: there is no room, or nobody polls.

        An empty one only asks whether there is room.
        """
        if not self.mark or len(self._waiting) >= WAITING_MAX:
            return False
        if frame:
            self._waiting.append(frame)
        return True

    def receive(self, data: bytes) -> bytes:
        """Bytes from the line in; what is to be written at once out, b"" when nothing is."""
        asked = False
        held = self.held + data
        while True:
            at = held.find(b"\0")
            if at < 0:
                break
            if at:
                asked = self._packet(held[:at])
            held = held[at + 1 :]
        self.held = held if len(held) <= LINE_SIZE_MAX else b""
        if held or not asked:  # Who polled has gone on when something follows.
            return b""
        control, frame = ANSWER | BEGIN, self.mark
        if frame and not self._began:
            control, frame = ANSWER | self._taken, b""
            if self._waiting:
                self._under_way = True
                control |= self._sent | (MORE if len(self._waiting) > 1 else 0)
                frame = self._waiting[0]
        return packet(self._address, control, frame)

    def _packet(self, line: bytes) -> bool:
        """Take a packet; whether it is to be answered. Others' are not even unwrapped."""
        if len(line) < 2 or (line[0] > 1 and line[1] != self._address):
            return False
        found = content(line)
        if not isinstance(found, bytes) or len(found) < 2:
            return False
        control, frame = found[1], found[2:]
        if control & ANSWER:
            return False
        if found[0] == EVERYBODY:
            self.came.append((TOLD, frame))
            return False
        if control & BEGIN:
            if frame and frame != self.mark:
                self.forget()
                self.mark = frame
                self.came.append((BEGUN, b""))
        elif self.mark:
            if self._under_way and (control & TAKEN) << 1 == self._sent:
                self._waiting.pop(0)
                self._sent ^= SENT
                self._under_way = False
            if frame and (control & SENT) >> 1 != self._taken:
                self._taken ^= TAKEN
                self.came.append((FRAME, frame))
        self._began = bool(control & BEGIN)
        return True
