"""A real node for tests: the firmware's image under MicroPython, forked by the zygote.

Its flash, pages and clock are files of the test; `Desk` is a controller just big enough to join
it through a real broker and to say and hear messages.
"""

from __future__ import annotations

import functools
import hashlib
import json
import mmap
import random
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hardware_sim import provision
from hardware_sim.pages import Pages
from protocol import mqtt, plan, wire, worldclock
from protocol.schedule import planning
from protocol.wire import controller_end

SITE, SITE_KEY = "test", bytes(range(32))
START_S = 1_795_284_000.0  # 2026-11-21 18:00 UTC
_EPOCH_S = 946_684_800


@functools.cache
def images() -> tuple[bytes, bytes]:
    """Application and peripherals, built once for all nodes of a worker."""
    with tempfile.TemporaryDirectory() as folder:
        application, peripherals = provision.write_images(Path(folder))
        return application.read_bytes(), peripherals.read_bytes()


class RealNode:
    """One node of a kind of the plan; `start` and `stop` are its mains."""

    def __init__(
        self,
        folder: Path,
        kind: str,
        port: int,
        *,
        identity: bool = True,
        update_key: bytes = b"",
        told: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """identity False: it was never provisioned; told: what it is told besides."""
        self.folder = folder
        asset = next(a for a in plan.quarter(1, 1, stations=True).assets if a.kind == kind)
        self.node_id = asset.node_id
        self.key = controller_end.node_key(SITE_KEY, asset.node_id)
        application, peripherals = folder / "application.romfs", folder / "peripherals.romfs"
        for path, content in zip((application, peripherals), images(), strict=True):
            path.write_bytes(content)
        flash = folder / "flash"
        provision.make_area(flash, provision.FLASH_SIZE)
        provision.make_area(folder / "slots", 2 * provision.SLOT_SIZE)
        with flash.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
            view = memoryview(memory)
            keys = (update_key.hex(),) if update_key else ()
            said = provision.identity(asset, SITE, SITE_KEY, ("127.0.0.1", port), keys, 0)
            said = {**said, **told} if identity else {"kind": kind}
            provision.provision(view, said)
            view.release()
        self.pages = Pages(folder / "pages", 1)
        self.pages.meter[:] = 1
        self.pages.link[:] = 1
        self.clock = worldclock.open_page(folder / "clock", create=True)
        self.clock.set(START_S, 1.0)
        config = {
            "application": str(application), "peripherals": str(peripherals),
            "pages": str(folder / "pages"), "flash": str(flash),
            "flash_size": provision.FLASH_SIZE, "slots": str(folder / "slots"),
            "slot_size": provision.SLOT_SIZE, "clock": str(folder / "clock"),
            "log": str(folder / "nodes.log"), "start": str(provision.HERE / "board" / "start.py"),
        }  # fmt: skip
        (folder / "zygote.json").write_text(json.dumps(config))
        self._config = folder / "zygote.json"
        self._zygote: subprocess.Popen[bytes] | None = None

    def console_at(self, terminal: str) -> None:
        """From its first start on it is typed to there."""
        config = json.loads(self._config.read_text())
        self._config.write_text(json.dumps({**config, "console": terminal}))

    def zygote(self) -> subprocess.Popen[bytes]:
        """The zygote; it maps the images when it starts, with the node's first start."""
        if self._zygote is None:
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "hardware_sim.zygote", str(self._config)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            )  # fmt: skip
        return self._zygote

    def _say(self, word: str, answer: str) -> None:
        zygote = self.zygote()
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.write(f"{word} 0\n".encode())
        while not zygote.stdout.readline().startswith(answer.encode()):
            assert zygote.poll() is None, "the zygote has ended"

    def start(self) -> None:
        """Mains on."""
        self._say("start", "up")

    def stop(self) -> None:
        """A mains cut: the process is killed at once."""
        self._say("stop", "down")

    def log(self) -> str:
        """What the node printed."""
        return (self.folder / "nodes.log").read_text()

    def close(self) -> None:
        """End the zygote and its node."""
        zygote = self.zygote()
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.close()
        zygote.wait()
        zygote.stdout.close()


class Desk:
    """A controller of one node; `got` holds the messages of its session in order."""

    def __init__(
        self, node: RealNode, port: int, session: controller_end.ControllerSession | None = None
    ) -> None:
        self.node = node
        self.session = session or controller_end.ControllerSession(node.key)
        self.got: list[wire.Message] = []
        self.refused: list[str] = []
        self.acknowledging = True
        self._rng = random.Random(1)
        self._command = 0
        self._asked_join_s = 0.0
        self._base = f"ll/{SITE}/{node.node_id}/"
        self._open(port)

    def _open(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._mqtt = mqtt.Session("desk", bounds=(65536, 1000))
        self._mqtt.begin(0)
        self.pump(until=lambda: self._mqtt.state == 2)
        self._mqtt.subscribe((self._base + "up", 1))
        self.pump(0.05)

    def close(self) -> None:
        """Leave the broker."""
        self._socket.close()

    def pump(self, seconds: float = 10.0, until: Callable[[], object] | None = None) -> None:
        """Work until the condition holds (TimeoutError if it never does), or for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._socket.sendall(self._mqtt.take())
            if select.select([self._socket], [], [], 0.02)[0]:
                self._mqtt.receive(self._socket.recv(65536), 0)
            for kind, _, frame, number, _ in self._mqtt.events:
                if kind == mqtt.MESSAGE:
                    self._mqtt.acknowledge(int(str(number)))
                    assert isinstance(frame, bytes)
                    self._frame(frame)
            self._mqtt.events.clear()
            if until is not None and until():
                self._socket.sendall(self._mqtt.take())
                return
        if until is not None:
            log = self.node.log()
            raise TimeoutError(f"not within {seconds} s; got {self.got[-3:]}; log: {log}")

    def _frame(self, frame: bytes) -> None:
        try:
            message = self.session.open(frame)
        except wire.DecodeError as error:
            self.refused.append(error.reason)
            due = time.monotonic() - self._asked_join_s > 2.0
            if error.reason in ("not_joined", "tag") and due:
                self._asked_join_s = time.monotonic()
                self.put(self.session.ask_join(self._rng.randbytes(8)))
            return
        if isinstance(message, wire.JoinRequest):
            nonce = self._rng.randbytes(8)
            day, second = self._now()
            accept = wire.JoinAccept(controller_nonce=nonce, day=day, second=second, quality=2)
            self.put(self.session.accept(message, accept))
            return
        self.got.append(message)
        if isinstance(message, wire.TimeAsk):
            day, second = self._now()
            self.say(wire.Time(nonce=message.nonce, day=day, second=second, quality=2))
        elif isinstance(message, wire.Event) and self.acknowledging:
            self.say(wire.EventAck(boot_count=message.boot_count, number=message.number))

    def _now(self) -> tuple[int, int]:
        since_s = int(self.node.clock.now_s() - _EPOCH_S)
        return since_s // 86400, since_s % 86400

    def put(self, frame: bytes) -> None:
        """A frame to the node, whoever made it."""
        self.publish(self._base + "down", frame)

    def publish(self, topic: str, frame: bytes) -> None:
        """A frame to any topic."""
        self._mqtt.publish(topic, frame)
        self._socket.sendall(self._mqtt.take())

    def say(self, message: wire.Message) -> bytes:
        """A sealed message to the node; the frame it went in."""
        frame = self.session.seal(message)
        self.put(frame)
        return frame

    def last(self, row: type[wire.Message]) -> wire.Message | None:
        """The newest message of a kind."""
        return next((m for m in reversed(self.got) if isinstance(m, row)), None)

    def ask(self) -> wire.NodeState:
        """The node's state, told now."""
        before = len(self.got)
        self._command += 1
        self.say(wire.Ask(command_id=self._command))
        self.pump(until=lambda: any(isinstance(m, wire.NodeState) for m in self.got[before:]))
        state = self.last(wire.NodeState)
        assert isinstance(state, wire.NodeState)
        return state

    def upload(self, kind: int, generation: int, content: bytes) -> int:
        """Upload and return the last status."""
        digest = hashlib.sha256(content).digest()[:8]
        steps: list[wire.Message] = [
            wire.UploadBegin(kind=kind, generation=generation, size=len(content), digest=digest)
        ]
        steps += [
            wire.UploadChunk(
                kind=kind, generation=generation, offset=at,
                data=content[at : at + wire.CHUNK_SIZE_MAX],
            )
            for at in range(0, len(content), wire.CHUNK_SIZE_MAX)
        ]  # fmt: skip
        status = -1
        for step in steps:
            before = len(self.got)
            self.say(step)
            self.pump(
                until=lambda n=before: any(  # type: ignore[misc] # bound now
                    isinstance(m, wire.UploadState) for m in self.got[n:]
                )
            )
            state = self.last(wire.UploadState)
            assert isinstance(state, wire.UploadState)
            status = state.status
        return status


def configuration(**more: Any) -> bytes:
    """A configuration for Brussels with a heartbeat of a minute; more: fields of it."""
    zone = planning.zone_from_name("Europe/Brussels").to_bytes()
    return wire.encode_configuration(
        wire.Configuration(
            lat_e5=5084650, lon_e5=435170, heartbeat_s=60, floor_percent=5, default_percent=100,
            power_max_mw=60000, fade_ds=10, lamp_failure_s=3, zone=zone, **more,
        )
    )  # fmt: skip
