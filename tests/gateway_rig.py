"""A gateway and its nodes without any I/O: frames cross a lossy link, time is told.

Nodes are `wire.NodeSession`s that do what the protocol asks: they greet, take uploads (with the
firmware's own core), acknowledge.
"""

from __future__ import annotations

import random
import struct
from typing import Any

from cms import stations
from controller.control import Control
from controller.effects import Now
from controller.gateway import Gateway
from controller.library import Library
from firmware.uploads import Uploads
from protocol import plan, talq, wire
from protocol.schedule import planning
from protocol.wire import controller_end

SITE_KEY = bytes(range(32))
CMS = "http://cms.test/talq"
START_S = 1_795_248_000.0  # 2026-11-21, 8:00 UTC.
STEP_MS = 100
BEAT_MS = 5_000
EVENTS: dict[str, Any] = {
    "address": "events",
    "sourceAddresses": {"blackList": []},
    "recordingMode": {"type": "EventRecordingMode", "sourceEvents": {"blackList": []}},
}
LIVE: dict[str, Any] = {
    "address": "live",
    "sourceAddresses": {"blackList": []},
    "recordingMode": {
        "type": "VendorRecordingMode",
        "content": [
            {"function": {"functionType": name}}
            for name in ("LampActuatorFunction", "LampMonitorFunction", "LamplighterNodeFunction",
                         "ParkingSensorFunction", "PresenceSensorFunction", *stations.WATCHED)
        ],
    },
}  # fmt: skip


class RigNode:
    """A node at its end of the link; `events` are those not acknowledged."""

    def __init__(self, node_id: str, rng: random.Random) -> None:
        self.node_id = node_id
        self.session = wire.NodeSession(controller_end.node_key(SITE_KEY, node_id))
        self.rng = rng
        self.up = True
        self.boot = 1
        self.beat_ms = 0
        self.digests = {wire.UPLOAD_SCHEDULE: bytes(8), wire.UPLOAD_CONFIGURATION: bytes(8)}
        self.contents: dict[int, bytes] = {}
        self.stored: dict[int, tuple[int, bytes]] = {}
        self.uploads = Uploads()
        self.refuses = False
        self.got: list[wire.Message] = []
        self.output: wire.SetOutput | None = None
        self.commands: dict[int, wire.Override] = {}
        self.held: dict[int, wire.Override] = {}  # By rank.
        self.events: dict[int, wire.Event] = {}
        self.session.link_up()

    @property
    def levels(self) -> dict[int, int]:
        """The levels that are asked of its lamp, by rank."""
        return {rank: message.level_percent for rank, message in self.held.items()}

    def restart(self) -> None:
        """Power comes back: only what flash holds is left."""
        self.session = wire.NodeSession(controller_end.node_key(SITE_KEY, self.node_id))
        self.session.link_up()
        self.boot += 1
        self.held, self.commands = {}, {}
        self.uploads = Uploads()

    def said(self, now_ms: int) -> list[bytes]:
        """What it says by itself: that it wants to join, and its heartbeat."""
        if not self.session.join_due(now_ms):
            if not self.session.joined or now_ms - self.beat_ms < BEAT_MS:
                return []
            self.beat_ms = now_ms
            return [self.session.seal(wire.NodeState(boot_count=self.boot))]
        return [self.session.ask_join(self.rng.randbytes(8), self.boot, 1, now_ms)]

    def take(self, frame: bytes, now_ms: int) -> list[bytes]:
        """A frame from the controller; its answers."""
        try:
            message = self.session.open(frame, now_ms)
        except wire.DecodeError:
            return []
        self.got.append(message)
        return [self.session.seal(answer) for answer in self._answers(message)]

    def _answers(self, message: wire.Message) -> list[wire.Message]:
        if isinstance(message, wire.JoinAccept):
            return [self._hello()]
        if isinstance(message, wire.EventAck):
            self.events.pop(message.number, None)
        elif isinstance(message, wire.Override):
            return [self._command(message)]
        elif isinstance(message, wire.SetOutput):
            self.output = message
            return [wire.Ack(command_id=message.command_id)]
        elif isinstance(message, wire.UploadBegin):
            return [self.uploads.begin(message, self.stored.get(message.kind, (0, bytes(8))))]
        elif isinstance(message, wire.UploadChunk):
            return [self._chunk(message)]
        elif isinstance(message, wire.Ask):
            return [wire.Ack(command_id=message.command_id), wire.LampState(quality=0)]
        return []

    def _hello(self) -> wire.Hello:
        return wire.Hello(
            boot_count=self.boot, uptime_ms=1000, schedule_digest=self.digests[1],
            configuration_digest=self.digests[2],
        )  # fmt: skip

    def _command(self, message: wire.Override) -> wire.Ack:
        if message.command_id not in self.commands:
            self.commands[message.command_id] = message
            if message.action == wire.SET:
                self.held[message.rank] = message
            else:
                gone = [r for r, m in self.held.items() if m.override_id == message.override_id]
                for rank in gone:
                    del self.held[rank]
        return wire.Ack(message.channel, command_id=message.command_id, status=wire.ACK_DONE)

    def _chunk(self, message: wire.UploadChunk) -> wire.UploadState:
        answer = self.uploads.chunk(message)
        kind = message.kind
        if answer.status == wire.UPLOAD_STORED and self.refuses and kind == wire.UPLOAD_SCHEDULE:
            answer.status = wire.UPLOAD_BAD_CONTENT
        elif answer.status == wire.UPLOAD_STORED:
            self.contents[kind] = self.uploads.content
            self.digests[kind] = self.uploads.digest
            self.stored[kind] = (message.generation, self.uploads.digest)
        return answer

    def state(self, level_percent: int = 50, **more: Any) -> wire.LampState:
        """A state of its lamp."""
        said = {"level_percent": level_percent, "target_percent": level_percent, "reason": 2}
        return wire.LampState(**{**said, **more})


class Rig:
    """The whole: `disk` is every write in order, `run` lets time pass."""

    def __init__(
        self, lamps: int = 2, bays: int = 1, seed: int = 1, *, loss: float = 0.0,
        twice: float = 0.0, stations: bool = False,
    ) -> None:  # fmt: skip
        self.rng = random.Random(seed)
        self.loss, self.twice = loss, twice
        self.site = plan.quarter(lamps, bays, stations=stations)
        self.tick_ms, self.domain_s = 1000, START_S
        self.disk: list[tuple[str, tuple[Any, ...]]] = []
        self.patches: list[tuple[str, str, str]] = []
        self.nodes = {a.node_id: RigNode(a.node_id, self.rng) for a in self.site.assets}
        self.gateway = self.new_gateway()

    def new_gateway(self) -> Gateway:
        """A gateway as after a start, knowing nothing."""
        zone = planning.zone_from_name(self.site.site.zone).to_bytes()
        return Gateway(self.site, SITE_KEY, zone, self.rng.randbytes, (60, 1))

    @property
    def now(self) -> Now:
        return Now(self.tick_ms, self.domain_s)

    @property
    def library(self) -> Library:
        """What our CMS keeps at the gateway."""
        return Library(self.gateway, CMS)

    def log(self, config: dict[str, Any], new: bool = True) -> None:
        """Our CMS configures a logger."""
        self.library.put("logger-configs", [config], new, self.now)

    @property
    def control(self) -> Control:
        return Control(self.gateway, CMS)

    def lamp(self, index: int = 0) -> tuple[str, RigNode]:
        """(address, node) of an asset, lamps first."""
        asset = self.site.assets[index]
        return plan.device_address(asset.node_id, asset.channel), self.nodes[asset.node_id]

    def station(self, kind: str) -> tuple[str, RigNode]:
        """(address, node) of the first station of a kind."""
        asset = next(a for a in self.site.assets if a.kind == kind)
        return plan.device_address(asset.node_id, asset.channel), self.nodes[asset.node_id]

    def read(self, kind: str, **readings: int) -> None:
        """The station of a kind says so much."""
        codes = {name: code for code, name in enumerate(wire.QUANTITY_NAMES)}
        pairs = b"".join(struct.pack("<Bi", codes[n], value) for n, value in readings.items())
        self.say(self.station(kind)[1], wire.Readings(pairs=pairs))

    def loggers(self) -> None:
        """The CMS wants events and changes."""
        for config in (EVENTS, LIVE):
            self.log(config)
        self.settle()

    def run(self, seconds: float, *, world_s: float | None = None) -> None:
        """Real time passes in steps of 100 ms; the world's as much, or `world_s` in all."""
        steps = round(seconds * 1000 / STEP_MS)
        for _ in range(steps):
            self.tick_ms += STEP_MS
            self.domain_s += (seconds if world_s is None else world_s) / steps
            for node in self.nodes.values():
                for frame in node.said(self.tick_ms) if node.up else ():
                    self.lift(node, frame)
            self.gateway.tick(self.now)
            self.settle()

    def settle(self) -> None:
        """Writes to the disk, then frames to the nodes, and their answers back, until all rest."""
        effects = self.gateway.effects
        for _ in range(200):
            self.disk += effects.writes
            self.patches += effects.patches
            frames, effects.frames = effects.frames, []
            effects.writes, effects.patches = [], []
            if not frames:
                return
            for node_id, frame in frames:
                node = self.nodes[node_id]
                for _ in range(self._copies(node)):
                    for answer in node.take(frame, self.tick_ms):
                        self.lift(node, answer)
        raise AssertionError("the link never rests")

    def _copies(self, node: RigNode) -> int:
        if not node.up or self.rng.random() < self.loss:
            return 0
        return 2 if self.rng.random() < self.twice else 1

    def lift(self, node: RigNode, frame: bytes) -> None:
        """A frame on its way up."""
        for _ in range(self._copies(node)):
            self.gateway.frame(node.node_id, frame, self.now)

    def say(self, node: RigNode, message: wire.Message) -> None:
        """The node says something."""
        self.lift(node, node.session.seal(message))
        self.settle()

    def outbox(self, logger: str) -> list[dict[str, Any]]:
        """The entries recorded for a logger, in order."""
        return [
            talq.read_json(values[2])
            for name, values in self.disk
            if name == "outbox" and values[1] == logger
        ]

    def told(self, name: str) -> list[Any]:
        """The values of an attribute that the live logger told, in order."""
        return [
            entry["data"]["attributeValue"]["value"]
            for entry in self.outbox("live")
            if entry["data"]["attributeName"] == name
        ]
