"""The controller's settings: one table, read once into a frozen object.

Strength: file, then environment (LAMPLIGHTER_CONTROLLER_…), then flags.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol import tls

from .errors import SettingsError, UsageError
from .lines import SerialLine, read_lines

PREFIX = "LAMPLIGHTER_CONTROLLER_"


@dataclass(frozen=True)
class Setting:
    """One row: name in the file, what holds without it (None: it must be given), what it means."""

    name: str
    default: object
    help: str


SETTINGS = (
    Setting("plan", None, "Plan file of the site: assets, nodes, feeders, positions."),
    Setting("site_key_file", None, "File with the site key, 64 hex digits, mode 0600."),
    Setting("data", "controller-data", "Folder for the database."),
    Setting("broker_host", "127.0.0.1", "MQTT broker."),
    Setting("broker_port", 1883, "Port of the broker."),
    Setting("broker_user", "controller", "User at the broker."),
    Setting("broker_password_file", "", "File with the password; empty: none is sent."),
    Setting("lines", [], "Serial lines: port, baud and nodes = {node id = address}."),
    Setting("listen_host", "127.0.0.1", "Address of the gateway's TALQ server."),
    Setting("listen_port", 8765, "Port of the gateway's TALQ server."),
    Setting("gateway_url", "", "Base URI that the CMS is told; empty: made of host and port."),
    Setting("heartbeat_s", 60, "Nodes report at least this often, seconds."),
    Setting("fade_s", 1, "How long a lamp takes to a new level that has no ramp, seconds."),
    Setting(
        "release_key", "", "Ed25519 public key of releases, 64 hex digits; empty: none is taken."
    ),
    Setting("tls_cert", "", "Our certificate, PEM; with it we speak TLS alone."),
    Setting("tls_key", "", "Its key, mode 0600."),
    Setting("tls_ca", "", "The site's authority first, then those of further CMSs."),
    Setting("tls_crl", "", "What they revoked; empty: nothing counts as revoked."),
    Setting("plain_http", False, "true: serve without TLS, for tests where nobody listens."),
    Setting("cms", [], "Base URIs of CMSs to attach to; --cms adds to them."),
)  # fmt: skip


# What numbers may be; nodes take no other heartbeat (protocol/wire/message.py).
_RANGES = {
    "broker_port": (1, 65535), "listen_port": (1, 65535), "heartbeat_s": (10, 3600),
    "fade_s": (0, 3600),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """The table's values, checked."""

    plan: Path
    site_key: bytes
    data: Path
    broker_host: str
    broker_port: int
    broker_user: str
    broker_password: str | None
    listen_host: str
    listen_port: int
    gateway_url: str
    heartbeat_s: int
    fade_s: int
    release_key: bytes | None
    cms: tuple[str, ...]
    tls: tls.TlsFiles | None
    lines: tuple[SerialLine, ...] = ()


def load(
    path: Path,
    environment: Mapping[str, str],
    cms: tuple[str, ...] = (),
    *,
    plain_http: bool = False,
) -> Settings:
    """Read a settings file; SettingsError names file, key and what was expected."""
    try:
        said = tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    known = {row.name: row for row in SETTINGS}
    for key in said:
        if key not in known:
            raise SettingsError(f"{path}: unknown key {key!r}; known are {', '.join(known)}")
    values: dict[str, object] = {}
    for row in SETTINGS:
        value = environment.get(PREFIX + row.name.upper(), said.get(row.name, row.default))
        if value is None:
            raise SettingsError(f"{path}: {row.name} is missing: {row.help}")
        values[row.name] = _like(row, value, path)
    values["plain_http"] = values["plain_http"] or plain_http
    values["lines"] = read_lines(values["lines"], str(path))
    try:
        return _settled(values, path.parent, cms)
    except OSError as error:
        raise SettingsError(
            f"{path}: broker_password_file cannot be read: {error.strerror}"
        ) from error


def _like(row: Setting, value: object, path: Path) -> object:
    """The value in the type of the row's default."""
    wanted = type(row.default) if row.default is not None else str
    if wanted is int and isinstance(value, str) and value.isdecimal():
        value = int(value)
    if wanted is list and isinstance(value, str):
        return [part for part in value.split(",") if part]
    if wanted is bool and value in ("yes", "no"):
        return value == "yes"
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise SettingsError(f"{path}: {row.name} is {value!r}; expected {wanted.__name__}")
    low, high = _RANGES.get(row.name, (0, 0))
    if wanted is int and isinstance(value, int) and not low <= value <= high:
        raise SettingsError(f"{path}: {row.name} is {value}; expected {low} to {high}")
    return value


def _settled(values: Mapping[str, object], base: Path, cms: tuple[str, ...]) -> Settings:
    password_file = str(values["broker_password_file"])
    host, port = str(values["listen_host"]), _int(values["listen_port"])
    listed, lines = values["cms"], values["lines"]
    assert isinstance(listed, list)
    assert isinstance(lines, tuple)
    try:
        named = {name: str(value) for name, value in values.items()}
        files = tls.chosen(named, base, plain_http=bool(values["plain_http"]))
    except ValueError as error:
        raise UsageError(str(error)) from error
    scheme = "https" if files else "http"
    said = tuple(dict.fromkeys([*map(str, listed), *cms]))
    for uri in said:
        if files and not uri.startswith("https://"):
            raise UsageError(f"cms {uri} is not https, and we have a certificate")
    return Settings(
        plan=base / str(values["plan"]),
        site_key=read_site_key(base / str(values["site_key_file"])),
        data=base / str(values["data"]),
        broker_host=str(values["broker_host"]),
        broker_port=_int(values["broker_port"]),
        broker_user=str(values["broker_user"]),
        broker_password=(base / password_file).read_text().strip() if password_file else None,
        listen_host=host,
        listen_port=port,
        gateway_url=str(values["gateway_url"]) or f"{scheme}://{host}:{port}",
        heartbeat_s=_int(values["heartbeat_s"]),
        fade_s=_int(values["fade_s"]),
        release_key=_release_key(str(values["release_key"])),
        cms=said,
        tls=files,
        lines=lines,
    )


def _release_key(text: str) -> bytes | None:
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise SettingsError(f"release_key is {text!r}; expected 64 hex digits") from error
    if len(key) != 32:
        raise SettingsError(f"release_key has {len(key)} bytes; expected 32")
    return key


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


def read_site_key(path: Path) -> bytes:
    """The site key; refused when others may read it."""
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"{path}: the site key cannot be read: {error.strerror}") from error
    if mode & 0o077 and os.name == "posix":
        raise SettingsError(f"{path}: mode is {mode:04o}; a site key must be 0600")
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise SettingsError(f"{path}: expected 64 hex digits") from error
    if len(key) != 32:
        raise SettingsError(f"{path}: expected 64 hex digits, not {len(text)}")
    return key
