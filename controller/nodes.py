"""The controller's conversation with one node: join, commands until acknowledged, uploads.

States of an upload: wanted (its digest differs from what the node holds) -> begun (UploadBegin
sent) -> chunks, one under way at a time -> stored, or refused by the node. Whatever is not
answered is said again with growing pauses. A node that joins anew starts from what its Hello says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from protocol import plan, wire
from protocol.wire import controller_end

from .effects import Effects, Now
from .keyring import Keyring
from .translate import wire_time

# An unanswered part of an upload is said again after this, doubling.
UPLOAD_PAUSE_MS_MIN = 1500
UPLOAD_PAUSE_MS_MAX = 60000
# In the order they are sent.
_KINDS = (wire.UPLOAD_CONFIGURATION, wire.UPLOAD_SCHEDULE, wire.UPLOAD_RENEWAL)

Random = Callable[[int], bytes]
# In many cities nodes are without power all day; asking them costs a frame each.
ASK_PAUSE_MS_MAX = 300_000


@dataclass
class Upload:
    """What a node should hold of one kind, and how far it is."""

    generation: int
    digest: bytes
    content: bytes
    stored: bool = False
    refused: bool = False
    proved: bool = False  # Of a renewal: the node has joined by it.
    offset: int = -1
    said_ms: int = 0
    pause_ms: int = 0


class NodeEnd:
    """One node, by its keys. `random` gives fresh bytes; effects go to the list handed in."""

    def __init__(
        self, asset: plan.Asset, key_of: Callable[[int], bytes], random: Random, effects: Effects
    ) -> None:
        self.asset = asset
        self.node_id = asset.node_id
        self.keys = Keyring(key_of)
        self._random = random
        self._effects = effects
        self._retry = wire.Retry()
        self._asked_ms = -1
        self._ask_pause_ms = controller_end.ASK_JOIN_MS_MIN // 2
        self.uploads: dict[int, Upload] = {}
        self.hello: wire.Hello | None = None
        self.firmware: wire.FirmwareState | None = None  # What it told last, in this session.
        self.boot_s = 0.0
        self.refused: Counter[str] = Counter()
        self.refused_told = 0
        self.heard_ms = -1
        self.heard_s = 0.0
        self.silent = False

    def expect_keys(self, held: int, wanted: int) -> None:
        """Generations of its key below `held` have ended; it is to have `wanted`."""
        if self.keys.expect(held, wanted):
            self.hello = None
            self.expect_join()

    @property
    def _session(self) -> controller_end.ControllerSession:
        return self.keys.session

    @property
    def joined(self) -> bool:
        """Whether the node and we hold one session."""
        return self._session.joined and self.hello is not None

    def receive(self, frame: bytes, now: Now) -> wire.Message | None:
        """The message in a frame; None when it was refused (and counted) or only joined."""
        try:
            message, number = self.keys.open(frame)
        except wire.DecodeError as error:
            self.refused[error.reason] += 1
            if error.reason in ("not_joined", "tag"):
                self.ask_join(now)
            return None
        if isinstance(message, wire.JoinRequest):
            self._accept(message, number, now)
            return None
        self.heard_ms, self.heard_s = now.tick_ms, now.domain_s
        if isinstance(message, wire.Hello):
            self._greeted(message, now)
        elif isinstance(message, wire.Ack):
            self._retry.forget(message.command_id)
        elif isinstance(message, wire.FirmwareState):
            self.firmware = message
        elif isinstance(message, wire.UploadState):
            self._uploaded(message, now)
        elif isinstance(message, wire.TimeAsk):
            self._tell_time(message, now)
        return message

    def expect_join(self) -> None:
        """The road to the node is new: what was asked before may be lost."""
        self._asked_ms = -1
        self._ask_pause_ms = controller_end.ASK_JOIN_MS_MIN // 2

    def ask_again(self, now: Now) -> bool:
        """Ask a node that has not joined, with growing pauses; whether it was asked."""
        gone = wire.ticks_after(now.tick_ms, self._asked_ms)
        if self.joined or (self._asked_ms >= 0 and gone < self._ask_pause_ms):
            return False
        self._ask_pause_ms = min(2 * self._ask_pause_ms, ASK_PAUSE_MS_MAX)
        self.ask_join(now)
        return True

    def ask_join(self, now: Now) -> None:
        """Ask the node to join, but not too often."""
        gone = wire.ticks_after(now.tick_ms, self._asked_ms)
        if self._asked_ms >= 0 and gone < controller_end.ASK_JOIN_MS_MIN:
            return
        self._asked_ms = now.tick_ms
        nonce = self._random(wire.NONCE_SIZE)
        self._effects.send(self.node_id, self.keys.ask_join(nonce))

    def _accept(self, request: wire.JoinRequest, number: int, now: Now) -> None:
        day, second, millis = wire_time(now.domain_s)
        quality = wire.TIME_SYNCHRONISED if now.synchronised else wire.TIME_NONE
        answer = wire.JoinAccept(
            controller_nonce=self._random(wire.NONCE_SIZE), day=day, second=second,
            millis=millis, quality=quality,
        )  # fmt: skip
        self._effects.send(self.node_id, self.keys.accept(request, number, answer))

    def _tell_time(self, ask: wire.TimeAsk, now: Now) -> None:
        if not now.synchronised:
            return
        day, second, millis = wire_time(now.domain_s)
        self._send(
            wire.Time(
                nonce=ask.nonce, day=day, second=second, millis=millis,
                quality=wire.TIME_SYNCHRONISED,
            )
        )  # fmt: skip

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way to the node that matters more than an update."""
        waiting = any(not one.stored and not one.refused for one in self.uploads.values())
        return self.joined and not waiting and not len(self._retry)

    def say(self, message: wire.FirmwareBegin | wire.FirmwareChunk) -> None:
        """Send a part of an update, once; whoever sends it looks at what the node tells."""
        self._send(message)

    def _greeted(self, hello: wire.Hello, now: Now) -> None:
        self.hello, self.firmware = hello, None
        self._ask_pause_ms = controller_end.ASK_JOIN_MS_MIN // 2
        self.boot_s = now.domain_s - hello.uptime_ms / 1000
        self._retry.clear()
        self.uploads.pop(wire.UPLOAD_RENEWAL, None)  # Its key may have changed: rollout.py.
        held = {
            wire.UPLOAD_SCHEDULE: (hello.schedule_digest, hello.schedule_generation),
            wire.UPLOAD_CONFIGURATION: (
                hello.configuration_digest, hello.configuration_generation,
            ),
        }  # fmt: skip
        for kind, upload in self.uploads.items():
            upload.stored = held[kind][0] == upload.digest
            if upload.stored:
                # A store of ours that was lost counts from 1 again, the node does not.
                upload.generation = held[kind][1]
            upload.offset, upload.pause_ms = -1, 0
        self._next_upload(now)

    def _send(self, message: wire.Message) -> None:
        if self._session.joined:
            self._effects.send(self.node_id, self._session.seal(message))

    def event_stored(self, event: wire.Event) -> None:
        """The event is on disk: the node may forget it."""
        self._send(wire.EventAck(boot_count=event.boot_count, number=event.number))

    def tell_inputs(self, messages: Iterable[wire.Input]) -> None:
        """Tell inputs of the table that the node holds; nothing while it holds another."""
        table = self.uploads.get(wire.UPLOAD_SCHEDULE)
        if not self.joined or table is None or not table.stored:
            return
        for message in messages:
            message.generation = table.generation
            self._send(message)

    def command(
        self,
        message: wire.Override | wire.Ask | wire.Reset | wire.SetOutput | wire.Recalibrate,
        now: Now,
    ) -> int:
        """Send a command until it is acknowledged; its id, 0 when it must wait for a join.

        A full list of commands means that the node does not answer: then it waits as well.
        """
        if not self.joined or self._retry.full:
            return 0
        message.command_id = int.from_bytes(self._random(4), "little") or 1
        self._retry.add(message.command_id, message, now.tick_ms)
        self._send(message)
        return message.command_id

    def drop(self, command_id: int) -> None:
        """A command is not wanted any more: it is not said again (0: it was never sent)."""
        self._retry.forget(command_id)

    def want(self, kind: int, upload: Upload, now: Now) -> None:
        """From now on the node should hold this content."""
        upload.stored = self._held(kind) == upload.digest
        self.uploads[kind] = upload
        self._next_upload(now)

    def _held(self, kind: int) -> bytes:
        if self.hello is None or kind == wire.UPLOAD_RENEWAL:
            return b""
        if kind == wire.UPLOAD_SCHEDULE:
            return self.hello.schedule_digest
        return self.hello.configuration_digest

    def _next_upload(self, now: Now) -> None:
        """Begin what is wanted and not there, one kind at a time."""
        if not self.joined:
            return
        for kind in _KINDS:
            upload = self.uploads.get(kind)
            if upload is None or upload.stored or upload.refused:
                continue
            if upload.offset < 0:
                upload.offset = 0
                self._begin(kind, upload, now)
            return

    def _begin(self, kind: int, upload: Upload, now: Now) -> None:
        upload.said_ms = now.tick_ms
        upload.pause_ms = min(max(upload.pause_ms * 2, UPLOAD_PAUSE_MS_MIN), UPLOAD_PAUSE_MS_MAX)
        self._send(
            wire.UploadBegin(
                kind=kind, generation=upload.generation, size=len(upload.content),
                digest=upload.digest,
            )
        )  # fmt: skip

    def _uploaded(self, state: wire.UploadState, now: Now) -> None:
        upload = self.uploads.get(state.kind)
        if upload is None or upload.generation != state.generation:
            return
        if state.status in (wire.UPLOAD_STORED, wire.UPLOAD_PROVED):
            upload.stored, upload.proved = True, state.status == wire.UPLOAD_PROVED
            self._note_held(state.kind, upload)
            self._next_upload(now)
        elif state.status == wire.UPLOAD_RECEIVING and state.have_bytes < len(upload.content):
            upload.said_ms, upload.pause_ms = now.tick_ms, UPLOAD_PAUSE_MS_MIN
            upload.offset = state.have_bytes
            data = upload.content[state.have_bytes : state.have_bytes + wire.CHUNK_SIZE_MAX]
            self._send(
                wire.UploadChunk(
                    kind=state.kind, generation=state.generation, offset=state.have_bytes,
                    data=data,
                )
            )  # fmt: skip
        elif state.status == wire.UPLOAD_BAD_CONTENT:
            upload.refused = True
            self._next_upload(now)

    def _note_held(self, kind: int, upload: Upload) -> None:
        if self.hello is not None:
            if kind == wire.UPLOAD_SCHEDULE:
                self.hello.schedule_digest = upload.digest
            elif kind == wire.UPLOAD_CONFIGURATION:
                self.hello.configuration_digest = upload.digest

    def tick(self, now: Now) -> None:
        """Say again what was not answered."""
        if not self.joined:
            return
        message = self._retry.due(now.tick_ms)
        while message is not None:
            self._send(message)
            message = self._retry.due(now.tick_ms)
        for kind in _KINDS:
            upload = self.uploads.get(kind)
            if upload is None or upload.stored or upload.refused or upload.offset < 0:
                continue
            if wire.ticks_after(now.tick_ms, upload.said_ms) >= upload.pause_ms:
                self._begin(kind, upload, now)
