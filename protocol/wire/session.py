"""The sealed conversation of a node with its controller: the node's end, without I/O.

It turns messages into frames (`seal`) and frames into messages (`open`), and holds the join of
transitions.py. Randomness and time come in as arguments. The other end is in controller_end/.
"""

from .codes import DOWN, UP
from .commands import JoinAccept, JoinNeeded
from .const import const
from .errors import (
    DIRECTION,
    NONCE,
    NOT_JOINED,
    TAG,
    DecodeError,
    SessionError,
)
from .frame import WIRE_VERSION, decode, encode_into, peek
from .limits import COUNTER_MAX, FRAME_SIZE_MAX, NONCE_SIZE, TAG_SIZE
from .message import Message, direction
from .messages import JoinRequest
from .seal import Key, Window, same, session_key
from .transitions import (
    ACCEPTED,
    JOINED,
    JOINING,
    LINK_DOWN,
    LINK_UP,
    NODE,
    OFFLINE,
    REJOIN,
    follow,
)

# A JoinNeeded that comes sooner after the last join is not obeyed: it may be a replay.
REJOIN_MS_MIN = const(2000)
# Pause before asking again to join; doubles from the first to the last value.
JOIN_PAUSE_MS_MIN = const(1000)
JOIN_PAUSE_MS_MAX = const(30000)

_TICKS = const(0x3FFFFFFF)


def ticks_after(now_ms: int, then_ms: int) -> int:
    """now - then for ticks that wrap at 2^30 (ms)."""
    difference = (now_ms - then_ms) & _TICKS
    return difference - _TICKS - 1 if difference > _TICKS >> 1 else difference


class SealedChannel:
    """One key, a counter to send with and a window to receive with."""

    def __init__(self, key: Key, send: int, receive: int) -> None:
        self.key = key
        self.counter = 0
        self.window = Window()
        self._send = send
        self._receive = receive

    def seal(self, buffer: bytearray, message: Message, flags: int) -> bytes:
        """The frame of a message that goes our way."""
        if direction(message.TYPE) != self._send:
            raise SessionError("{} goes the other way".format(type(message).__name__))
        end = encode_into(buffer, message, self.counter, flags)
        tag = self.key.tag(self._send, self.counter, memoryview(buffer)[:end])
        buffer[end : end + TAG_SIZE] = tag
        self.counter += 1
        return bytes(memoryview(buffer)[: end + TAG_SIZE])

    def open(self, frame: bytes, sequence: int) -> Message:
        """The message of a frame that comes the other way, once."""
        counter = self.window.full_counter(sequence)
        end = len(frame) - TAG_SIZE
        view = memoryview(frame)
        if not same(self.key.tag(self._receive, counter, view[:end]), view[end:]):
            raise DecodeError(TAG)
        self.window.check(counter)
        message = decode(frame)
        self.window.accept(counter)
        return message


def sealed_alone(key: Key, buffer: bytearray, message: Message, sent: int) -> bytes:
    """A frame under the node key itself: its counter is 0, its nonce makes it fresh."""
    end = encode_into(buffer, message, 0)
    buffer[end : end + TAG_SIZE] = key.tag(sent, 0, memoryview(buffer)[:end])
    return bytes(memoryview(buffer)[: end + TAG_SIZE])


def open_alone(key: Key, frame: bytes, received: int) -> Message:
    """The message of such a frame; DecodeError with a reason otherwise."""
    end = len(frame) - TAG_SIZE
    view = memoryview(frame)
    if not same(key.tag(received, 0, view[:end]), view[end:]):
        raise DecodeError(TAG)
    return decode(frame)


class NodeSession:
    """The node's end. `key` is the node key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._secret = key
        self._key = Key(key)
        self._buffer = bytearray(FRAME_SIZE_MAX)
        self._channel: SealedChannel | None = None
        self._nonce = b""
        self._asked_ms = 0
        self._pause_ms = 0
        self._joined_ms = 0
        self.state = OFFLINE

    @property
    def joined(self) -> bool:
        """Whether messages can be sealed."""
        return self.state == JOINED

    def link_up(self) -> None:
        """The transport is there."""
        self.state = follow(NODE, self.state, LINK_UP)
        self._pause_ms = 0

    def link_down(self) -> None:
        """The transport is gone; the session is kept."""
        self.state = follow(NODE, self.state, LINK_DOWN)

    def join_due(self, now_ms: int) -> bool:
        """Whether a JoinRequest is to be sent now."""
        if self._channel is not None and self._channel.counter >= COUNTER_MAX:
            self.state = follow(NODE, self.state, REJOIN)
        if self.state != JOINING:
            return False
        return not self._pause_ms or ticks_after(now_ms, self._asked_ms) >= self._pause_ms

    def ask_join(self, nonce: bytes, boot_count: int, board: int, now_ms: int) -> bytes:
        """The frame that asks to join; nonce: 8 fresh random bytes."""
        if len(nonce) != NONCE_SIZE:
            raise SessionError("a nonce has {} bytes".format(NONCE_SIZE))
        self._nonce = nonce
        self._asked_ms = now_ms
        self._pause_ms = min(max(self._pause_ms * 2, JOIN_PAUSE_MS_MIN), JOIN_PAUSE_MS_MAX)
        request = JoinRequest(
            nonce=nonce, boot_count=boot_count, wire_version=WIRE_VERSION, board=board
        )
        return sealed_alone(self._key, self._buffer, request, UP)

    def seal(self, message: Message, flags: int = 0) -> bytes:
        """A frame of the session; SessionError while not joined."""
        if self._channel is None or self.state != JOINED:
            raise SessionError(NOT_JOINED)
        return self._channel.seal(self._buffer, message, flags)

    def open(self, frame: bytes, now_ms: int) -> Message:
        """The message in a frame from the controller; DecodeError with a reason otherwise."""
        message_type, sequence = peek(frame)
        if direction(message_type) != DOWN:
            raise DecodeError(DIRECTION)
        if message_type == JoinAccept.TYPE:
            return self._accepted(frame, now_ms)
        if message_type == JoinNeeded.TYPE:
            return self._needed(frame, now_ms)
        if self._channel is None or self.state != JOINED:
            raise DecodeError(NOT_JOINED)
        return self._channel.open(frame, sequence)

    def _accepted(self, frame: bytes, now_ms: int) -> Message:
        message = open_alone(self._key, frame, DOWN)
        assert isinstance(message, JoinAccept)
        if self.state != JOINING or not self._nonce or message.nonce != self._nonce:
            raise DecodeError(NONCE)
        self._nonce = b""
        key = Key(session_key(self._secret, message.nonce, message.controller_nonce))
        self._channel = SealedChannel(key, UP, DOWN)
        self._joined_ms = now_ms
        self._pause_ms = 0
        self.state = follow(NODE, self.state, ACCEPTED)
        return message

    def _needed(self, frame: bytes, now_ms: int) -> Message:
        message = open_alone(self._key, frame, DOWN)
        assert isinstance(message, JoinNeeded)
        if self.state == JOINED and ticks_after(now_ms, self._joined_ms) >= REJOIN_MS_MIN:
            self.state = follow(NODE, self.state, REJOIN)
        return message
