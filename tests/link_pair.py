"""A node's and a controller's session joined by a link that may lose, repeat, reorder and delay.

Every framed exchange is tested through one of these, byte by byte and from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from protocol import wire
from protocol.wire import controller_end

KEY = bytes(range(32))


def reason_of(reader: Callable[[bytes], object], data: bytes) -> str:
    """Why a reader refuses the bytes; "" when it takes them. Any other error is a failure."""
    try:
        reader(data)
    except wire.DecodeError as error:
        return error.reason
    return ""


class LinkPair:
    """Both ends and the frames under way; `step` delivers one of them, or none."""

    def __init__(self, seed: int, *, loss: float = 0.0, repeat: float = 0.0, mix: bool = False):
        self.rng = random.Random(seed)
        self.node = wire.NodeSession(KEY)
        self.controller = controller_end.ControllerSession(KEY)
        self.loss, self.repeat, self.mix = loss, repeat, mix
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.seen: list[bytes] = []  # Everything that ever crossed, for a replayer.
        self.node_got: list[wire.Message] = []
        self.controller_got: list[wire.Message] = []
        self.refused: list[str] = []
        self.now_ms = 0
        self.asked_ms = -controller_end.ASK_JOIN_MS_MIN

    def send_up(self, frame: bytes) -> None:
        self._put(self.up, frame)

    def send_down(self, frame: bytes) -> None:
        self._put(self.down, frame)

    def _put(self, queue: list[bytes], frame: bytes) -> None:
        self.seen.append(frame)
        if self.rng.random() < self.loss:
            return
        copies = 2 if self.rng.random() < self.repeat else 1
        for _ in range(copies):
            at = self.rng.randrange(len(queue) + 1) if self.mix else len(queue)
            queue.insert(at, frame)

    def step(self, pass_ms: int = 50) -> None:
        """Time passes; the node asks to join when due; one frame each way arrives."""
        self.now_ms += pass_ms
        if self.node.join_due(self.now_ms):
            self.send_up(self.node.ask_join(self.rng.randbytes(8), 1, 0, self.now_ms))
        if self.up:
            self.to_controller(self.up.pop(0))
        if self.down:
            self.to_node(self.down.pop(0))

    def to_controller(self, frame: bytes) -> None:
        try:
            message = self.controller.open(frame)
        except wire.DecodeError as error:
            self.refused.append(error.reason)
            due = self.now_ms - self.asked_ms >= controller_end.ASK_JOIN_MS_MIN
            if error.reason in ("not_joined", "tag") and due:
                self.asked_ms = self.now_ms
                self.send_down(self.controller.ask_join(self.rng.randbytes(8)))
            return
        self.controller_got.append(message)
        if isinstance(message, wire.JoinRequest):
            nonce = self.rng.randbytes(8)
            answer = wire.JoinAccept(controller_nonce=nonce, day=9000, second=1, quality=2)
            self.send_down(self.controller.accept(message, answer))

    def to_node(self, frame: bytes) -> None:
        try:
            message = self.node.open(frame, self.now_ms)
        except wire.DecodeError as error:
            self.refused.append(error.reason)
            return
        self.node_got.append(message)
        if isinstance(message, wire.JoinAccept):
            self.send_up(self.node.seal(wire.Hello(boot_count=1)))

    def join(self, steps_max: int = 4000) -> None:
        """Step until both ends hold the same session."""
        self.node.link_up()
        for _ in range(steps_max):
            self.step()
            if self.node.joined and self.controller.joined and not self.up and not self.down:
                return
        raise AssertionError(f"no join in {steps_max} steps; refused: {self.refused}")
