"""A key, its tags and the replay window.

HMAC-SHA256 (RFC 2104) over `hashlib.sha256`, because MicroPython has no
`hmac`. The two pads of a key are computed once and kept.
"""

import hashlib
import struct

from .const import const
from .errors import REPLAY, DecodeError
from .limits import REPLAY_WINDOW, TAG_SIZE

_BLOCK = const(64)
_WINDOW_MASK = (1 << REPLAY_WINDOW) - 1


def _pad(key: bytes, byte: int) -> bytes:
    return bytes([k ^ byte for k in key]) + bytes([byte]) * (_BLOCK - len(key))


class Key:
    """A secret of at most 64 bytes, ready to tag frames."""

    def __init__(self, secret: bytes) -> None:
        self._inner = _pad(secret, 0x36)
        self._outer = _pad(secret, 0x5C)
        self._prefix = bytearray(5)

    def mac(self, data: bytes) -> bytes:
        """HMAC-SHA256 of data, 32 bytes."""
        inner = hashlib.sha256(self._inner)
        inner.update(data)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()

    def tag(self, direction: int, counter: int, data: bytes | memoryview) -> bytes:
        """The 8-byte tag of header and body, bound to direction and full counter."""
        prefix = self._prefix
        struct.pack_into("<BI", prefix, 0, direction, counter & 0xFFFFFFFF)
        inner = hashlib.sha256(self._inner)
        inner.update(prefix)
        inner.update(data)
        outer = hashlib.sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()[:TAG_SIZE]


def same(a: bytes, b: bytes | memoryview) -> bool:
    """Whether two tags are equal, in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    # Both are read whole before they are compared, and the comparison is of one number with 0.
    return int.from_bytes(a, "little") ^ int.from_bytes(b, "little") == 0


def session_key(key: bytes, node_nonce: bytes, controller_nonce: bytes) -> bytes:
    """The key of one session, from the node key and both nonces."""
    return Key(key).mac(b"session" + node_nonce + controller_nonce)


class Window:
    """Which counters of the other side were seen: each is accepted once, old ones never."""

    def __init__(self) -> None:
        self._newest = -1
        self._seen = 0

    def full_counter(self, sequence: int) -> int:
        """The counter a 16-bit sequence stands for: the candidate nearest to the newest."""
        if self._newest < 0:
            return sequence
        candidate = self._newest & ~0xFFFF | sequence
        if candidate + 0x8000 < self._newest:
            return candidate + 0x10000
        if candidate > self._newest + 0x8000 and candidate >= 0x10000:
            return candidate - 0x10000
        return candidate

    def check(self, counter: int) -> None:
        """DecodeError(REPLAY) when the counter was seen or is too old to know."""
        back = self._newest - counter
        if back >= REPLAY_WINDOW or (back >= 0 and self._seen >> back & 1):
            raise DecodeError(REPLAY, str(counter))

    def accept(self, counter: int) -> None:
        """Remember a counter whose frame had a right tag."""
        ahead = counter - self._newest
        if ahead > 0:
            self._seen = (self._seen << ahead if ahead < REPLAY_WINDOW else 0) & _WINDOW_MASK | 1
            self._newest = counter
        else:
            self._seen |= 1 << -ahead
