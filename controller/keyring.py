"""The keys under which a node may join, and its session under one of them.

A node may join under the generation that it last joined under, under each one up to that which it
should have, and under some later ones: a controller restored from an old backup does not know
what its node was given since. The former session stands until a Hello proves the new one, so that
a recorded request under a key that is to end changes nothing. The first join under a later
generation ends the earlier ones for good.
"""

from __future__ import annotations

from collections.abc import Callable

from protocol import wire
from protocol.wire import controller_end

TAG = "tag"  # The reason of a frame under another key.
AHEAD = 8  # Generations that a restored controller may have forgotten.


class Keyring:
    """`key_of` gives the key of a generation; `held` is the lowest that may join."""

    def __init__(self, key_of: Callable[[int], bytes]) -> None:
        self._key_of = key_of
        self._sessions: dict[int, controller_end.ControllerSession] = {}
        self._asked = 0
        self.held = self.wanted = 0
        self.number = 0  # Of the present session's key.
        self.proved = -1  # The generation of the newest join, for whoever keeps `held`.

    def expect(self, held: int, wanted: int) -> bool:
        """From now on generations below `held` are refused; whether that ended the session."""
        self.held, self.wanted = held, max(held, wanted)
        for number in [one for one in self._sessions if one < held]:
            del self._sessions[number]
        if self.number >= held:
            return False
        self.number = held
        return True

    def key(self, number: int) -> bytes:
        """The key of a generation."""
        return self._key_of(number)

    def _session(self, number: int) -> controller_end.ControllerSession:
        if number not in self._sessions:
            self._sessions[number] = controller_end.ControllerSession(self._key_of(number))
        return self._sessions[number]

    @property
    def session(self) -> controller_end.ControllerSession:
        """The present session."""
        return self._session(self.number)

    def _order(self) -> list[int]:
        """Generations that may join, the likely ones first."""
        first = [self.number, self.wanted]
        rest = [n for n in range(self.held, self.wanted + AHEAD + 1) if n not in first]
        return [*dict.fromkeys(first), *rest]

    def open(self, frame: bytes) -> tuple[wire.Message, int]:
        """The message in a frame and the generation it came under; DecodeError otherwise."""
        message_type, _ = wire.peek(frame)
        if message_type == wire.JoinRequest.TYPE:
            return self._requested(frame)
        if message_type == wire.Hello.TYPE:
            for number in [n for n in self._sessions if n != self.number]:
                try:
                    message = self._sessions[number].open(frame)
                except wire.DecodeError:
                    continue
                self._entered(number)
                return message, number
        message = self.session.open(frame)
        if isinstance(message, wire.Hello):
            self._entered(self.number)
        return message, self.number

    def _requested(self, frame: bytes) -> tuple[wire.Message, int]:
        for number in self._order():
            known = number in self._sessions
            try:
                return self._session(number).open(frame), number
            except wire.DecodeError as error:
                if not known:
                    del self._sessions[number]
                if error.reason != TAG:
                    raise
        raise wire.DecodeError(TAG)

    def _entered(self, number: int) -> None:
        """The node holds this key: earlier ones have ended."""
        self.number = self.held = self.proved = number
        self.wanted = max(self.wanted, number)
        self._sessions = {number: self._sessions[number]}

    def accept(self, request: wire.JoinRequest, number: int, answer: wire.JoinAccept) -> bytes:
        """The frame that accepts a join under this generation."""
        return self._session(number).accept(request, answer)

    def ask_join(self, nonce: bytes) -> bytes:
        """The frame that asks the node to join: under its likely key, each other time another's.

        A node in a session obeys only under its own key, and we may not know which one that is.
        """
        order = self._order()
        turn, self._asked = self._asked, self._asked + 1
        number = order[0] if turn % 2 == 0 else order[1:][turn // 2 % (len(order) - 1)]
        known = number in self._sessions
        frame = self._session(number).ask_join(nonce)
        if not known:
            del self._sessions[number]
        return frame
