"""Frames that the controller takes and stores, per second and core, against plain readers.

The same sealed frames go through the same Mosquitto to three readers in processes of their own:
the whole controller (opened, judged, told to a CMS's loggers, stored, then acknowledged), the
bounded reader of `protocol/mqtt` alone, and aiomqtt alone. Each counts its own processor time.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from protocol import mqtt, plan, wire
from protocol.wire import controller_end

from .broker import Mosquitto
from .figures import Figure, against

ROOT = Path(__file__).resolve().parent.parent
NODES = 40
FRAMES = 40_000
READERS = ("controller", "bare", "aiomqtt")
_S_MAX = 90.0
_WINDOW = 4000
_SIZE_MAX = 4096


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF


class Publisher:
    """All nodes at once over one connection."""

    def __init__(self, port: int, site: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._site = site
        self.session = mqtt.Session(
            "bench-nodes", None, 0, True, None, bounds=(_SIZE_MAX, _WINDOW)
        )
        self.session.begin(_now_ms())
        self.heard: list[tuple[str, bytes]] = []
        self.pump(lambda: self.session.state == 2)
        self.session.subscribe((f"ll/{site}/+/down", 1))
        self.pump(lambda: False, seconds=0.2)

    def pump(self, done: Callable[[], bool], *, seconds: float = _S_MAX) -> None:
        """Read and write until something is so."""
        end = time.monotonic() + seconds
        self._socket.settimeout(0.01)
        while not done() and time.monotonic() < end:
            data = self.session.take()
            if data:
                self._socket.settimeout(5)
                self._socket.sendall(data)
                self._socket.settimeout(0.01)
            try:
                got = self._socket.recv(65536)
            except TimeoutError:
                continue
            self.session.receive(got, _now_ms())
            for kind, a, b, c, _ in self.session.events:
                if kind == mqtt.MESSAGE:
                    assert isinstance(a, str)
                    assert isinstance(b, bytes)
                    assert isinstance(c, int)
                    self.session.acknowledge(c)
                    self.heard.append((a.split("/")[2], b))
            self.session.events.clear()

    def send(self, node_id: str, frame: bytes) -> None:
        """Publish with QoS 1, waiting when too many are under way."""
        self.pump(lambda: not self.session.full)
        self.session.publish(f"ll/{self._site}/{node_id}/up", frame)

    def flush(self) -> None:
        """Until the broker has everything."""
        self.pump(lambda: self.session.under_way == 0)


def _joined(
    publisher: Publisher, key: bytes, assets: list[plan.Asset]
) -> dict[str, wire.NodeSession]:
    """Sessions of all nodes, joined at the controller."""
    sessions = {}
    for asset in assets:
        session = wire.NodeSession(controller_end.node_key(key, asset.node_id))
        session.link_up()
        sessions[asset.node_id] = session
        frame = session.ask_join(secrets.token_bytes(8), 1, 0, _now_ms())
        publisher.send(asset.node_id, frame)

    def all_in() -> bool:
        for node_id, frame in publisher.heard:
            try:
                sessions[node_id].open(frame, _now_ms())
            except wire.DecodeError:
                continue  # What it says after the join is not ours to do.
        publisher.heard.clear()
        return all(session.joined for session in sessions.values())

    publisher.pump(all_in)
    if not all_in():
        raise RuntimeError("the controller let no nodes join")
    for node_id, session in sessions.items():
        publisher.send(node_id, session.seal(wire.Hello(boot_count=1, channels=1)))
    publisher.flush()
    return sessions


def _frames(
    sessions: dict[str, wire.NodeSession], assets: list[plan.Asset]
) -> list[tuple[str, bytes]]:
    """States of lamps whose power changes each time."""
    made = []
    for number in range(FRAMES):
        asset = assets[number % len(assets)]
        state = wire.LampState(
            asset.channel, day=9800, second=number // len(assets) % 86400, quality=2,
            level_percent=60, target_percent=60, reason=2, voltage_dv=2300,
            power_mw=20000 + number // len(assets) % 2 * 9000,
        )  # fmt: skip
        made.append((asset.node_id, sessions[asset.node_id].seal(state)))
    return made


def _run(kind: str, folder: Path, site_plan: plan.Plan, key: bytes) -> dict[str, float]:
    """One reader against one broker; what it says of itself."""
    place = folder / kind
    place.mkdir()
    plan.save(site_plan, place / "plan.json")
    with Mosquitto(place) as broker:
        words = [
            sys.executable,
            "-m",
            "bench.ingest_reader",
            kind,
            str(broker.port),
            str(place),
            key.hex(),
        ]
        reader = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert reader.stdin
        assert reader.stdout
        try:
            reader.stdout.readline()  # It listens.
            publisher = Publisher(broker.port, site_plan.site.name)
            if kind == "controller":
                sessions = _joined(publisher, key, site_plan.assets)
            else:
                sessions = {a.node_id: _alone(key, a.node_id) for a in site_plan.assets}
            frames = _frames(sessions, site_plan.assets)
            reader.stdin.write(f"{FRAMES}\n")
            reader.stdin.flush()
            time.sleep(0.2)
            for node_id, frame in frames:
                publisher.send(node_id, frame)
            publisher.flush()
            said: dict[str, float] = json.loads(reader.stdout.readline())
        finally:
            reader.kill()
    return said


def _alone(key: bytes, node_id: str) -> wire.NodeSession:
    """A session that joined at a controller of our own."""
    secret = controller_end.node_key(key, node_id)
    node, controller = wire.NodeSession(secret), controller_end.ControllerSession(secret)
    node.link_up()
    request = controller.open(node.ask_join(secrets.token_bytes(8), 1, 0, 0))
    assert isinstance(request, wire.JoinRequest)
    answer = wire.JoinAccept(controller_nonce=secrets.token_bytes(8), day=9800, quality=2)
    node.open(controller.accept(request, answer), 0)
    return node


def measure() -> list[Figure]:
    """Two ratios."""
    site_plan = plan.quarter(NODES, 0)
    key = secrets.token_bytes(32)
    speed = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in READERS:
            said = _run(kind, Path(folder), site_plan, key)
            speed[kind] = said["frames"] / said["cpu_s"]
    unit = "frames/s per core"
    return [
        against("ingest_against_bare_reader", speed["controller"], unit, speed["bare"],
                goal=0.3, better="higher"),
        against("ingest_against_aiomqtt", speed["controller"], unit, speed["aiomqtt"],
                goal=2.0, better="higher"),
    ]  # fmt: skip
