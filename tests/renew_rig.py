"""A node and a controller with its file, between a broker that asks for passwords, without I/O.

The node is renew.py and wire.NodeSession on an identity file, wired as main.py and link_io.py wire
them; the controller is NodeEnd, Rollout and the file of renewals. Frames get lost, mains are cut
at writes, and the controller's file goes back to an older copy.
"""

from __future__ import annotations

import json
import random
import shutil
import types
from collections.abc import Generator
from pathlib import Path
from typing import Any

from controller.effects import Effects, Now
from controller.keys import node_key
from controller.nodes import NodeEnd
from controller.renewals import Asked, Renewal, Renewals
from controller.rollout import Rollout
from firmware import renew
from firmware.renewal import AUTHORITY, CAME, CONNECTING, JOINED, PASSWORD, REFUSED, TICK
from firmware.uploads import Uploads
from protocol import plan, wire
from protocol.wire import controller_end

SITE_KEY = bytes(range(32))
STEP_S = 5
Told = tuple[int, int, bytes, str, bool] | None


class PowerCut(Exception):
    """The mains are gone."""


class Flash:
    """The identity file; `cut` is before which write from now on the mains go (0: never)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut = 0
        vars(renew)["_PATH"] = str(path)
        vars(renew)["open"] = self._open
        vars(renew)["os"] = types.SimpleNamespace(rename=self._rename)

    def _act(self) -> None:
        if self.cut:
            self.cut -= 1
            if not self.cut:
                raise PowerCut

    def _open(self, path: str, mode: str = "r") -> Any:
        if mode == "r":
            return open(path)
        self._act()
        flash = self

        class Torn:
            """A file of which half is written when the mains go."""

            def __enter__(self) -> Torn:
                self.file = open(path, "w")
                return self

            def write(self, text: str) -> None:
                try:
                    flash._act()
                except PowerCut:
                    self.file.write(text[: len(text) // 2])
                    raise
                self.file.write(text)

            def __exit__(self, *_: object) -> None:
                self.file.close()

        return Torn()

    def _rename(self, before: str, after: str) -> None:
        self._act()
        Path(before).replace(after)

    def said(self) -> dict[str, Any]:
        """What the identity file says; it is whole at any time."""
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found


class ModelNode:
    """A node as main.py and link_io.py wire it; `frames` are what it sends."""

    def __init__(self, flash: Flash, rng: random.Random) -> None:
        self.flash, self.rng = flash, rng
        self.boots = 0
        self.tick_ms = 0
        self.frames: list[bytes] = []
        self.start()

    def start(self) -> None:
        """Mains on."""
        said = self.flash.said()
        self.boots += 1
        self.uptime_s = 0
        self.key, self.password = bytes.fromhex(said["key"]), said["password"]
        self.session = wire.NodeSession(self.key)
        self.uploads = Uploads()
        self.connected = self.both = False
        self.renewing: Generator[Told, Any, None] | None = None
        if said.get("before"):
            self.renewing = self._load(said["before"][0])

    def _load(self, unproved: int) -> Generator[Told, Any, None]:
        work: Generator[Told, Any, None] = vars(renew)["run"](unproved, self.boots)
        self._use(next(work))
        return work

    def _use(self, told: Told) -> int:
        if told is None:
            return 0
        self.password = told[3]
        if told[2] != self.key:
            self.key = told[2]
            self.session = wire.NodeSession(self.key)
            if self.connected:
                self.session.link_up()
        if not told[0]:
            self.renewing = None
        return told[1]

    def renew(self, what: int, a: object = 0, b: int = 0) -> int:
        return self._use(self.renewing.send((what, a, b))) if self.renewing else 0

    def connect(self, password: str, authority: str) -> None:
        """One try at a broker that asks for this password and shows this authority."""
        self.both = bool(self.renew(CONNECTING) & AUTHORITY)
        said = self.flash.said()
        trusted = [said["ca"], *([said["before"][3]] if self.both else ())]
        if authority not in trusted:
            self.renew(REFUSED, AUTHORITY)
        elif password != self.password:
            self.renew(REFUSED, PASSWORD)
        else:
            self.connected = True
            self.session.link_up()
            if self.session.joined:
                self._entered()

    def cut_off(self) -> None:
        """The connection is lost."""
        self.connected = False
        self.session.link_down()

    def tick(self) -> None:
        """Time passes."""
        self.uptime_s += STEP_S
        self.tick_ms += STEP_S * 1000
        self.renew(TICK, self.connected and self.session.joined, self.uptime_s)
        if self.connected and self.session.join_due(self.tick_ms):
            self.frames.append(
                self.session.ask_join(self.rng.randbytes(8), self.boots, 0, self.tick_ms)
            )
        elif self.connected and self.session.joined:
            self._say(wire.NodeState(boot_count=self.boots))

    def _say(self, message: wire.Message) -> None:
        if self.session.joined:
            self.frames.append(self.session.seal(message))

    def _entered(self) -> None:
        self._say(wire.Hello(boot_count=self.boots))
        self.renew(JOINED)

    def take(self, frame: bytes) -> None:
        """A frame from the controller."""
        try:
            message = self.session.open(frame, self.tick_ms)
        except wire.DecodeError:
            return
        if isinstance(message, wire.JoinAccept):
            self._entered()
        elif isinstance(message, wire.UploadBegin):
            self._say(self.uploads.begin(message, (0, bytes(8))))
        elif isinstance(message, wire.UploadChunk):
            state = self.uploads.chunk(message)
            content, self.uploads.content = self.uploads.content, b""
            if state.status == wire.UPLOAD_STORED and content:
                self._came(state, content)
            else:
                self._say(state)

    def _came(self, state: wire.UploadState, content: bytes) -> None:
        work = self.renewing or self._load(0)
        told = work.send((CAME, content, state.generation))
        state.status = wire.UPLOAD_BAD_CONTENT if told is None else wire.UPLOAD_NONE
        if told and told[4]:
            state.status = wire.UPLOAD_STORED if told[0] else wire.UPLOAD_PROVED
        self._say(state)
        self.renewing = work if told and told[0] else self.renewing
        self._use(told)


class World:
    """Node, broker and controller; `lose` frames of either way get lost next."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.asset = plan.quarter(1, 0).assets[0]
        self.node_id = self.asset.node_id
        key = self.key(0)
        path = folder / "identity.json"
        password = controller_end.mqtt_password(key)
        path.write_text(json.dumps({"key": key.hex(), "password": password, "ca": "30aa"}))
        self.node = ModelNode(Flash(path), self.rng)
        self.file = folder / "handover.db"
        self.backup = folder / "backup.db"
        self.authority, self.password_of = "30aa", 0
        self.lose = 0
        self.now = Now(1000, 1e9)
        self.start_controller()
        self.keep_backup()

    def key(self, number: int) -> bytes:
        return node_key(SITE_KEY, self.node_id, number)

    def start_controller(self) -> None:
        """A controller that knows its file and nothing else."""
        self.effects = Effects()
        self.end = NodeEnd(
            self.asset, lambda number: self.key(number), self.rng.randbytes, self.effects
        )
        self.look()

    def keep_backup(self) -> None:
        shutil.copy(self.file, self.backup)

    def restore(self) -> None:
        """The controller comes back from its backup."""
        shutil.copy(self.backup, self.file)
        self.start_controller()

    def ask(self, *parts: str, ca: str = "") -> None:
        store = Renewals(self.file)
        store.ask([self.node_id], Asked(parts, "now", ca))
        store.close()

    def look(self) -> None:
        """What the controller does every few seconds."""
        store = Renewals(self.file)
        if self.end.keys.proved > store.keys().get(self.node_id, (0, 0))[0]:
            store.keep((), {self.node_id: self.end.keys.proved})
        self.end.expect_keys(*store.keys().get(self.node_id, (0, 0)))
        nodes = {self.node_id: self.end}
        store.keep(Rollout(nodes, self.rng.randbytes).look(store.rows(), self.now), {})
        store.close()

    def row(self) -> Renewal | None:
        store = Renewals(self.file)
        rows = store.rows()
        store.close()
        return rows[0] if rows else None

    def passwords(self) -> int:
        store = Renewals(self.file)
        found = store.passwords()
        store.close()
        return found.get(self.node_id, 0)

    def step(self) -> None:
        """Some seconds; a cut of the mains at a write starts the node again."""
        self.now = Now(self.now.tick_ms + STEP_S * 1000, self.now.domain_s + STEP_S)
        try:
            if not self.node.connected:
                password = controller_end.mqtt_password(self.key(self.password_of))
                self.node.connect(password, self.authority)
            self.node.tick()
            self._carry()
        except PowerCut:
            self.node.frames.clear()
            self.node.start()
        self.end.ask_again(self.now)
        self.end.tick(self.now)
        self.look()

    def _carry(self) -> None:
        for _ in range(40):
            up, self.node.frames = self.node.frames, []
            down, self.effects.frames = self.effects.frames, []
            if not up and not down:
                return
            for frame in up:
                if not self._lost():
                    self.end.receive(frame, self.now)
            for _, frame in down:
                if not self._lost() and self.node.connected:
                    self.node.take(frame)

    def _lost(self) -> bool:
        self.lose = max(0, self.lose - 1)
        return self.lose > 0

    @property
    def met(self) -> bool:
        """Whether both hold one session, under the key that the controller wants."""
        return (
            self.end.joined and self.node.connected and self.node.session.joined
            and self.end.keys.number == self.end.keys.wanted == self.end.keys.held
            and self.node.key == self.key(self.end.keys.number)
        )  # fmt: skip

    def settle(self, hours: float = 4) -> None:
        """Nothing is lost any more: they meet."""
        self.lose = self.node.flash.cut = 0
        for _ in range(int(hours * 3600 / STEP_S)):
            if self.met:
                return
            self.step()
        raise AssertionError(f"{vars(self.end.keys)} {self.node.flash.said()} {self.row()}")
