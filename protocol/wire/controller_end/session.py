"""The sealed conversation of the controller with one node: the controller's end, without I/O."""

from ..codes import DOWN, UP
from ..commands import JoinAccept, JoinNeeded
from ..const import const
from ..errors import DIRECTION, NOT_JOINED, TAG, DecodeError, SessionError
from ..frame import peek
from ..limits import FRAME_SIZE_MAX
from ..message import Message, direction
from ..messages import Hello, JoinRequest
from ..seal import Key, session_key
from ..session import SealedChannel, open_alone, sealed_alone
from ..transitions import follow
from .transitions import CONTROLLER, OPEN, OPEN_OFFERED, PROVED, REQUESTED, UNKNOWN

# The controller asks a node to join no more often; more would end the join it asked for.
ASK_JOIN_MS_MIN = const(5000)


class ControllerSession:
    """The controller's end for one node. `key` is that node's key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._secret = key
        self._key = Key(key)
        self._open: SealedChannel | None = None
        self._offered: SealedChannel | None = None
        self._request_nonce = b""
        self._answer = b""
        self.state = UNKNOWN

    @property
    def joined(self) -> bool:
        """Whether messages can be sealed for the node."""
        return self.state in (OPEN, OPEN_OFFERED)

    def open(self, frame: bytes) -> Message:
        """The message in a frame from the node; DecodeError with a reason otherwise.

        After reason `not_joined` or `tag` answer with `ask_join`, at most every ASK_JOIN_MS_MIN:
        the node may hold another session than we do. A JoinRequest changes nothing here: answer it
        with `accept`. A frame that proves an offered session makes it the open one (then the
        message is the Hello).
        """
        message_type, sequence = peek(frame)
        if direction(message_type) != UP:
            raise DecodeError(DIRECTION)
        if message_type == JoinRequest.TYPE:
            return open_alone(self._key, frame, UP)
        if self._offered is not None and message_type == Hello.TYPE:
            try:
                return self._proved(self._offered, frame, sequence)
            except DecodeError as error:
                if error.reason != TAG:
                    raise
        if self._open is None:
            raise DecodeError(NOT_JOINED)
        return self._open.open(frame, sequence)

    def _proved(self, offered: SealedChannel, frame: bytes, sequence: int) -> Message:
        message = offered.open(frame, sequence)
        self._open, self._offered = offered, None
        self._request_nonce = self._answer = b""
        self.state = follow(CONTROLLER, self.state, PROVED)
        return message

    def accept(self, request: JoinRequest, answer: JoinAccept) -> bytes:
        """The frame that accepts a join; `answer` holds a fresh controller_nonce and the time.

        The same request asked twice (the transport repeats) gets the same answer, so that the
        node and we hold the same session key whichever of the two it uses.
        """
        if self._offered is not None and request.nonce == self._request_nonce:
            return self._answer
        answer.nonce = request.nonce
        key = Key(session_key(self._secret, request.nonce, answer.controller_nonce))
        self._offered = SealedChannel(key, DOWN, UP)
        self._request_nonce = request.nonce
        self._answer = sealed_alone(self._key, bytearray(FRAME_SIZE_MAX), answer, DOWN)
        self.state = follow(CONTROLLER, self.state, REQUESTED)
        return self._answer

    def ask_join(self, controller_nonce: bytes) -> bytes:
        """The frame that asks a node to join again; 8 fresh random bytes."""
        needed = JoinNeeded(controller_nonce=controller_nonce)
        return sealed_alone(self._key, bytearray(FRAME_SIZE_MAX), needed, DOWN)

    def seal(self, message: Message, flags: int = 0) -> bytes:
        """A frame of the open session; SessionError while the node has not joined."""
        if self._open is None:
            raise SessionError(NOT_JOINED)
        return self._open.seal(bytearray(FRAME_SIZE_MAX), message, flags)
