"""The files of a demo: plan, keys, ports and what was wished, kept in its data folder."""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
import socket
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from protocol import plan
from protocol.schedule import planning
from protocol.wire import controller_end

from . import broker

_BEFORE_SUNSET_S = 20 * 60
_PORTS = ("broker", "world", "gateway")
LINE = "line"  # Its port is chosen when lamps are to hang on one.
_NOON = datetime.time(12)


class StartError(ValueError):
    """--start is no time."""


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for."""

    browser: bool
    port: int
    data: Path
    lamps: int
    bays: int
    speed: float
    ready_file: Path | None
    seed: int
    start: str | None
    traffic: bool
    day_off: bool
    line: int  # So many lamps on a serial line.
    cms: tuple[str, ...]


def start_s(text: str | None, site: plan.Site, today: datetime.date) -> float:
    """POSIX seconds at which a new city begins; StartError for what is no time."""
    zone = zoneinfo.ZoneInfo(site.zone)
    if text is None:
        _, sunset = planning.sun_of(today, site.lat, site.lon)
        if sunset is None:
            return datetime.datetime.combine(today, _NOON, zone).timestamp()
        return sunset - _BEFORE_SUNSET_S
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise StartError(f"{text!r} is no time like 2026-12-24T15:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=zone)).timestamp()


def _release_key() -> str:
    """A new Ed25519 key, as a PEM that `flash.py build --sign` reads."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return pem.decode()


class City:
    """The files of one data folder."""

    def __init__(self, wishes: Wishes) -> None:
        self.wishes = wishes
        self.data = wishes.data
        self.data.mkdir(parents=True, exist_ok=True)
        self.plan_file = self.data / "plan.json"
        if not self.plan_file.exists():
            made = plan.quarter(
                wishes.lamps, wishes.bays, day_off=wishes.day_off, stations=True, zhaga=True
            )
            plan.save(made, self.plan_file)
        self.plan = plan.load(self.plan_file)
        self.key_file = self.data / "site.key"
        self._secret(self.key_file, secrets.token_hex(32))
        self.password_file = self.data / "controller.password"
        self._secret(self.password_file, secrets.token_urlsafe(24))
        self.release_file = self.data / "release.pem"
        self._secret(self.release_file, _release_key())
        self.ports = self._ports()

    def _secret(self, path: Path, text: str) -> None:
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(text)

    def _ports(self) -> dict[str, int]:
        """Chosen free once and kept, so that addresses are the same after a restart."""
        path = self.data / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        wanted = (*_PORTS, LINE) if self.wishes.line else _PORTS
        with contextlib.ExitStack() as stack:
            for name in set(wanted) - set(ports):
                probe = stack.enter_context(socket.socket())
                probe.bind(("127.0.0.1", 0))
                ports[name] = int(probe.getsockname()[1])
        path.write_text(json.dumps(ports))
        return {name: ports[name] for name in wanted}

    @property
    def missing_on_line(self) -> int:
        """How many of the lamps that were wished on the line are not there."""
        return self.wishes.line - len(self.on_line())

    def on_line(self) -> dict[str, int]:
        """Addresses on the serial line, by node id: the first lamps whose board can have one."""
        lamps = [a for a in self.plan.assets if a.kind == "lamp" and a.lamp_board == "nema"]
        return {a.node_id: number for number, a in enumerate(lamps[: self.wishes.line], 1)}

    def users(self) -> dict[str, str]:
        """Passwords at the broker, by user."""
        key = bytes.fromhex(self.key_file.read_text().strip())
        found = {broker.CONTROLLER: self.password_file.read_text().strip()}
        for asset in self.plan.assets:
            node_key = controller_end.node_key(key, asset.node_id)
            found[asset.node_id] = controller_end.mqtt_password(node_key)
        return found

    @property
    def release_key(self) -> str:
        """Who may sign what nodes run: the public half of the demo's own key, in hex."""
        key = load_pem_private_key(self.release_file.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise StartError(f"{self.release_file} holds no Ed25519 key")
        return key.public_key().public_bytes_raw().hex()

    @property
    def web(self) -> str:
        """Base URL of pages and API."""
        return f"http://127.0.0.1:{self.wishes.port}"

    def url(self, name: str) -> str:
        """Base URL of one of the other servers."""
        return f"http://127.0.0.1:{self.ports[name]}"
