"""Events on their way: numbered, in flash first, repeated until the controller has them on disk.

The flash log holds all of them in order; here are only the few that are under way. An event is
loaded from the log into the window, sent, repeated, and forgotten when its acknowledgement names
it. So order is kept, and nothing depends on RAM.
"""

import struct

from protocol import wire

from .effects import FORGET_EVENT, SEND, STORE_EVENT, Effects
from .now import Now

# One event is under way at a time: were there more, one that a dying broker lost would be told
# after those that followed it. At a round trip of some 20 ms that is still dozens in a second.
WINDOW = 1
_RECORD = "<BIIBBBHIHIi"
RECORD_SIZE = struct.calcsize(_RECORD)


def record_of(event: wire.Event) -> bytes:
    """An event as the log keeps it."""
    return struct.pack(
        _RECORD, event.channel, event.boot_count, event.number, event.kind, event.started,
        event.quality, event.day, event.second, event.millis, event.uptime_ms, event.value,
    )  # fmt: skip


def event_of(record: bytes) -> wire.Event:
    """The event in a record of the log."""
    values = struct.unpack(_RECORD, record)
    return wire.Event(values[0], values[1:])


class Happenings:
    """Numbers events and keeps the window."""

    def __init__(self, boot_count: int, next_number: int, effects: Effects) -> None:
        self._boot_count = boot_count
        self._next = next_number
        self._effects = effects
        self._retry = wire.Retry(WINDOW)

    @property
    def room(self) -> int:
        """How many more events may be loaded."""
        return WINDOW - len(self._retry)

    def happen(self, kind: int, started: int, value: int, now: Now) -> wire.Event:
        """Number an event and ask for it to be stored."""
        event = wire.Event(
            boot_count=self._boot_count, number=self._next, kind=kind, started=started,
            quality=now.quality, day=now.day, second=now.second, millis=now.millis,
            uptime_ms=now.uptime_ms, value=value,
        )  # fmt: skip
        if now.quality == wire.TIME_NONE:
            event.day = event.second = event.millis = 0
        self._next += 1
        self._effects.add(STORE_EVENT, event)
        return event

    def load(self, event: wire.Event, now: Now) -> None:
        """An event from the log goes on its way."""
        if self._retry.add((event.boot_count, event.number), event, now.tick_ms):
            self._effects.add(SEND, event)

    def acknowledged(self, ack: wire.EventAck) -> None:
        """The controller has it on disk."""
        self._retry.forget((ack.boot_count, ack.number))
        self._effects.add(FORGET_EVENT, ack.boot_count, ack.number)

    def joined(self) -> None:
        """The link is there again: repeat at once."""
        self._retry.all_at_once()

    def tick(self, now: Now) -> None:
        """Repeat what is due."""
        event = self._retry.due(now.tick_ms)
        if event is not None:
            self._effects.add(SEND, event)
