"""What a core asks its shell to do: a list that is allocated once and filled anew each time."""

from protocol import wire

# What the driver is given (a: light as a part of 65535, b: level in hundredths of a percent).
DUTY = 1
# A message to the controller (a). One that cannot be sent now is dropped; events are kept anyway.
SEND = 2
# An event to write to flash before anything else (a: Event).
STORE_EVENT = 3
# An event that the controller has on disk (a: boot count, b: number).
FORGET_EVENT = 4
# An upload to write to its slot (a: kind, b: (generation, content)).
STORE_UPLOAD = 5
# What the channel must not forget (a: content).
STORE_MEMORY = 6
# Start again (a: what is forgotten before: wire.RESTART, RESET_CONFIGURATION, RESET_ALL).
RESTART = 7
# The lamp's relay (a: whether it is closed).
RELAY = 8
# Tell the neighbours that somebody is here (a: for how many seconds).
NEAR = 9
# A renewal of credentials came whole (a: its UploadState, which answers, b: content).
RENEW = 10

_SIZE = 24  # The most that one tick or one message was seen to ask for is 9.


class Effects:
    """Up to 24 effects in order. What overflows is counted and lost."""

    def __init__(self) -> None:
        self.kinds = [0] * _SIZE
        self.a: list[object] = [None] * _SIZE
        self.b: list[object] = [None] * _SIZE
        self.count = 0
        self.lost = 0

    def add(self, kind: int, a: object, b: object = None) -> None:
        """Ask for one thing."""
        if self.count >= _SIZE:
            self.lost += 1
            return
        at = self.count
        self.kinds[at] = kind
        self.a[at] = a
        self.b[at] = b
        self.count = at + 1

    def send(self, message: wire.Message) -> None:
        """Ask to send a message."""
        self.add(SEND, message)

    def clear(self) -> None:
        """Everything was done: let go of it, or the last messages would stay in memory."""
        for at in range(self.count):
            self.a[at] = self.b[at] = None
        self.count = 0
