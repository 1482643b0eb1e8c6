"""The CMS's settings: one table, read once into a frozen object.

Strength: file, then environment (LAMPLIGHTER_CMS_…), then flags.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from protocol import tls

from .errors import SettingsError, UsageError

PREFIX = "LAMPLIGHTER_CMS_"


@dataclass(frozen=True)
class Setting:
    """One row: name, what holds without it, what it means."""

    name: str
    default: str
    help: str


SETTINGS = (
    Setting("db", "", "SQLAlchemy URL of the database; empty: cms.db in the data folder."),
    Setting("listen", "127.0.0.1:8080", "Host and port of pages, API and TALQ server."),
    Setting("data", "cms-data", "Folder for the database and the first token."),
    Setting("plan", "", "Plan file of the site: assets, feeders, streets. Empty: none yet."),
    Setting("url", "", "Base URL that gateways and pages are told; empty: made of `listen`."),
    Setting("talq_allow_loopback", "no", "yes: any gateway from this machine may attach."),
    Setting("tls_cert", "", "Our certificate, PEM; with it we speak TLS alone."),
    Setting("tls_key", "", "Its key, mode 0600."),
    Setting("tls_ca", "", "The site's authority first, then any that strangers' gateways use."),
    Setting("tls_crl", "", "What they revoked; empty: nothing counts as revoked."),
    Setting("plain_http", "no", "yes: serve without TLS, for tests where nobody listens."),
    Setting("expected_gateways", "", "gatewayUri of each gateway that may attach, by commas."),
)


@dataclass(frozen=True)
class Settings:
    """The table's values, checked."""

    db: str
    host: str
    port: int
    data: Path
    plan: Path | None
    url: str
    talq_allow_loopback: bool
    expected_gateways: tuple[str, ...]
    tls: tls.TlsFiles | None


def load(
    path: Path | None, environment: Mapping[str, str], flags: Mapping[str, str | None]
) -> Settings:
    """Read the settings; SettingsError names where, the key and what was expected."""
    said: Mapping[str, object] = {}
    if path is not None:
        try:
            said = tomllib.loads(path.read_text())
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{path}: not TOML: {error}") from error
    known = [row.name for row in SETTINGS]
    for key in said:
        if key not in known:
            raise SettingsError(f"{path}: unknown key {key!r}; known are {', '.join(known)}")
    values: dict[str, str] = {}
    for row in SETTINGS:
        value = said.get(row.name, row.default)
        value = environment.get(PREFIX + row.name.upper(), value)
        flag = flags.get(row.name)
        value = flag if flag is not None else value
        if not isinstance(value, str):
            raise SettingsError(f"{path}: {row.name} is {value!r}; expected a text")
        values[row.name] = value
    return _settled(values)


def _settled(values: Mapping[str, str]) -> Settings:
    host, _, port = values["listen"].rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(f"listen is {values['listen']!r}; expected HOST:PORT")
    for name in ("talq_allow_loopback", "plain_http"):
        if values[name] not in ("yes", "no"):
            raise SettingsError(f"{name} is {values[name]!r}; expected yes or no")
    try:
        files = tls.chosen(values, Path(), plain_http=values["plain_http"] == "yes")
    except ValueError as error:
        raise UsageError(str(error)) from error
    scheme = "https" if files else "http"
    data = Path(values["data"])
    return Settings(
        db=values["db"] or f"sqlite+aiosqlite:///{data / 'cms.db'}",
        host=host,
        port=int(port),
        data=data,
        plan=Path(values["plan"]) if values["plan"] else None,
        url=(values["url"] or f"{scheme}://{host}:{port}").rstrip("/"),
        talq_allow_loopback=values["talq_allow_loopback"] == "yes",
        expected_gateways=tuple(u for u in values["expected_gateways"].split(",") if u),
        tls=files,
    )
