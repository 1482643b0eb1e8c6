"""Hints between neighbours: somebody walks here, be bright.

A hint is one frame under the key of a group of lamps, on the topic of the group or on the air. Who
has the key can raise light for a bounded time, and nothing else; what was heard once is not taken
again. Nothing is acknowledged: a walker is seen again by the next lamp.
"""

from .codes import UP
from .errors import DecodeError
from .limits import FRAME_SIZE_MAX
from .messages import Near
from .seal import Key
from .session import open_alone, sealed_alone

REACH = 2  # How many lamps away light runs ahead of who walks.
_SENDERS_MAX = 16  # Lamps that hear each other; of more the longest known is forgotten.


class Neighbours:
    """One lamp of a group. `sender`: its node id as 6 bytes; `place`: its number in the row."""

    def __init__(self, key: bytes, sender: bytes, place: int, boot_count: int) -> None:
        self._key = Key(key)
        self._place = place
        self._sender = sender + place.to_bytes(2, "big")
        self._boot_count = boot_count
        self._number = 0
        self._buffer = bytearray(FRAME_SIZE_MAX)
        self._heard: dict[bytes, tuple[int, int]] = {}

    def use(self, key: bytes) -> None:
        """The group's next key; hints of those that have it not yet are not heard any more."""
        self._key = Key(key)

    def hint(self, hold_s: int) -> bytes:
        """The frame that says: somebody is here, for so long."""
        self._number += 1
        message = Near(
            sender=self._sender, boot_count=self._boot_count, number=self._number, hold_s=hold_s
        )
        return sealed_alone(self._key, self._buffer, message, UP)

    def heard(self, frame: bytes) -> int:
        """For how many seconds a lamp within REACH asks for light; 0: an own, old or no hint."""
        try:
            message = open_alone(self._key, frame, UP)
        except DecodeError:
            return 0
        if message.TYPE != Near.TYPE:
            return 0
        assert isinstance(message, Near)
        sender, now = message.sender, (message.boot_count, message.number)
        if sender == self._sender or now <= self._heard.get(sender, (-1, 0)):
            return 0
        if sender not in self._heard and len(self._heard) >= _SENDERS_MAX:
            for oldest in self._heard:
                del self._heard[oldest]
                break
        self._heard[sender] = now
        away = abs((sender[6] << 8 | sender[7]) - self._place)
        return message.hold_s if away <= REACH else 0
