"""Messages that are repeated until they are acknowledged: a bounded list with growing pauses.

Each message has a token that its acknowledgement names (a command_id, an event's identity). Used
by the node for events and by the controller for commands. Deduplication is the receiver's, by the
same token: `Recent` remembers the last ones.
"""

from .const import const
from .limits import PENDING_MAX
from .message import Message
from .session import ticks_after

# An answer takes some 20 ms on a quiet link; a repeated command costs little, a lost one much.
RETRY_MS_MIN = const(700)
RETRY_MS_MAX = const(60000)


class _Entry:
    def __init__(self, token: object, message: Message, now_ms: int) -> None:
        self.token = token
        self.message = message
        self.sent_ms = now_ms
        self.pause_ms = RETRY_MS_MIN


class Retry:
    """Up to `size` messages under way."""

    def __init__(self, size: int = PENDING_MAX) -> None:
        self._size = size
        self._entries: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def full(self) -> bool:
        """Whether `add` would be refused."""
        return len(self._entries) >= self._size

    def add(self, token: object, message: Message, now_ms: int) -> bool:
        """Note that a message was sent; False (and nothing noted) when the list is full."""
        if self.full:
            return False
        self.forget(token)
        self._entries.append(_Entry(token, message, now_ms))
        return True

    def forget(self, token: object) -> bool:
        """The message was acknowledged, or is not wanted any more; False if it is not here."""
        for index in range(len(self._entries)):
            if self._entries[index].token == token:
                self._entries.pop(index)
                return True
        return False

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def all_at_once(self) -> None:
        """Everything is due again: the peer has just come back."""
        for entry in self._entries:
            entry.pause_ms = 0

    def due(self, now_ms: int) -> Message | None:
        """A message to send again now, or None; call until None."""
        for entry in self._entries:
            if ticks_after(now_ms, entry.sent_ms) >= entry.pause_ms:
                entry.sent_ms = now_ms
                entry.pause_ms = min(max(entry.pause_ms * 2, RETRY_MS_MIN), RETRY_MS_MAX)
                return entry.message
        return None

    def deadline_ms(self, now_ms: int) -> int:
        """In how many ms `due` may have something; -1 when nothing is under way."""
        soonest = -1
        for entry in self._entries:
            left = max(0, entry.pause_ms - ticks_after(now_ms, entry.sent_ms))
            if soonest < 0 or left < soonest:
                soonest = left
        return soonest


class Recent:
    """The last `size` tokens that were handled."""

    def __init__(self, size: int = 16) -> None:
        self._tokens: list[object] = [None] * size
        self._next = 0

    def seen(self, token: object) -> bool:
        """Whether the token is among the last ones."""
        return token in self._tokens

    def add(self, token: object) -> None:
        """Remember a token in place of the oldest."""
        self._tokens[self._next] = token
        self._next = (self._next + 1) % len(self._tokens)
