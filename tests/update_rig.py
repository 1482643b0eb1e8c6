"""A node whose board starts again after each reset, and a desk that updates it over the broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from real_node import Desk, RealNode

import flasher
from protocol import wire

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HEAD_SIZE, CHUNK_SIZE = 120, 128
_WINDOW = 8 * CHUNK_SIZE
_SILENCE_S = 1.0
STATUS = {name: number for number, name in enumerate(wire.FIRMWARE_NAMES)}
_IMAGES: dict[tuple[int, tuple[tuple[str, str], ...]], bytes] = {}


def image(version: int, changed: dict[str, tuple[str, str]] | None = None) -> bytes:
    """An image of the present sources in which {path: (text, its replacement)} is changed."""
    sources = {}
    for path, (old, new) in (changed or {}).items():
        text = (flasher.build.ROOT / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        sources[path] = text.replace(old, new)
    key = (version, tuple(sorted(sources.items())))
    if key not in _IMAGES:
        _IMAGES[key] = flasher.build_application(version, sources).data
    return _IMAGES[key]


class UpdatedNode(RealNode):
    """`start` is mains on, from then on each reset is followed by a start; `stop` is mains off."""

    def __init__(
        self,
        folder: Path,
        port: int,
        kind: str = "lamp",
        told: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        key = KEY.public_key().public_bytes_raw()
        super().__init__(folder, kind, port, update_key=key, told=told)
        self.powered = self.up = False
        self.statuses: list[int] = []
        self._thread: threading.Thread | None = None

    def _write(self, word: str) -> None:
        zygote = self.zygote()
        assert zygote.stdin is not None
        zygote.stdin.write(f"{word} 0\n".encode())

    def _follow(self) -> None:
        zygote = self.zygote()
        assert zygote.stdout is not None
        for line in zygote.stdout:
            word, _, value = line.decode().split()
            self.up = word == "up"
            if not self.up:
                self.statuses.append(int(value))
                if self.powered:
                    time.sleep(0.05)
                    self._write("start")

    def start(self) -> None:
        """Mains on."""
        self.powered = True
        if self._thread is None:
            self.zygote()
            self._thread = threading.Thread(target=self._follow, daemon=True)
            self._thread.start()
        self._write("start")
        self._wait(lambda: self.up)

    def stop(self) -> None:
        """Mains off, at this moment."""
        self.powered = False
        self._write("stop")
        self._wait(lambda: not self.up)

    def cut(self) -> None:
        """A short cut of the mains."""
        self.stop()
        self.start()

    def _wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not until():
            assert time.monotonic() < end, self.log()
            time.sleep(0.005)

    def close(self) -> None:
        """End the zygote and its node."""
        self.powered = False
        zygote = self.zygote()
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        zygote.stdin.close()
        zygote.wait()
        if self._thread is not None:
            self._thread.join()
        zygote.stdout.close()


class Updater:
    """Brings one update to the node; `told` is its newest state."""

    def __init__(self, desk: Desk, version: int, update: bytes) -> None:
        self.desk = desk
        self.version = version
        self._head, self._image = update[:HEAD_SIZE], update[HEAD_SIZE:]
        self._read = len(desk.got)
        self._sent = self._have = 0
        self._heard_s = 0.0
        self.told: wire.FirmwareState | None = None
        self.hellos: list[int] = []

    def begin(self) -> None:
        """Say the head."""
        self._heard_s = time.monotonic()
        self._sent, self._have = 0, -1
        self.desk.say(wire.FirmwareBegin(version=self.version, header=self._head))

    def work(self) -> None:
        """Take what the node said, and send what it wants."""
        if time.monotonic() - self._heard_s > _SILENCE_S and self.desk.session.joined:
            self.begin()
        self.desk.pump(0.005)
        while self._read < len(self.desk.got):
            message = self.desk.got[self._read]
            self._read += 1
            if isinstance(message, wire.Hello):
                self.hellos.append(message.firmware_version)
                self.begin()
            elif isinstance(message, wire.FirmwareState):
                self._heard_s = time.monotonic()
                self.told = message
                if message.status == STATUS["receiving"] and message.version == self.version:
                    self._send(message.have_bytes)

    def _send(self, have: int) -> None:
        if have <= self._have:  # It told again where it is: something was lost.
            self._sent = have
        self._have = have
        self._sent = max(self._sent, have)
        while self._sent < min(have + _WINDOW, len(self._image)):
            data = self._image[self._sent : self._sent + CHUNK_SIZE]
            self.desk.say(wire.FirmwareChunk(version=self.version, offset=self._sent, data=data))
            self._sent += len(data)

    def until(self, name: str, seconds: float = 60.0) -> wire.FirmwareState:
        """Work until the node tells this status."""
        end = time.monotonic() + seconds
        while self.told is None or self.told.status != STATUS[name]:
            if time.monotonic() > end:
                told = self.told.as_dict() if self.told else None
                raise TimeoutError(f"not {name}: {told}, {self.desk.node.log()}")
            self.work()
        return self.told


def running(desk: Desk, seconds: float = 30.0) -> int:
    """The version that the node tells in the Hello that comes next."""
    before = len(desk.got)
    desk.pump(seconds, until=lambda: any(isinstance(m, wire.Hello) for m in desk.got[before:]))
    hello = desk.last(wire.Hello)
    assert isinstance(hello, wire.Hello)
    return hello.firmware_version
