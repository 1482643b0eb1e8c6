"""What a world is told at its start: one JSON file, read once."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pair of wires with lamps on it: node ids and addresses; TCP port of the controller's end.

    Nodes find it at the UDP port of the same number.
    """

    port: int
    nodes: dict[str, int]
    baud: int = 115200


class WorldConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Paths, the broker that nodes connect to, and how the street behaves.

    `start_s`: simulated POSIX seconds of the first start; a world that ran before goes on from
    where it was left, never earlier. `listen`: host and port of the handles. `session`: while it
    is the same, a world that is started again only went down for a moment, and time went on.
    `update_keys` (hex) are in every node's identity: who may sign its updates. Lamps on one of
    `lines` have no other road.
    """

    plan: str
    data: str
    site_key_file: str
    broker_host: str
    broker_port: int
    listen_host: str
    listen_port: int
    start_s: float
    speed: float = 1.0
    seed: int = 1
    traffic: bool = True
    session: str = ""
    ready_file: str | None = None
    update_keys: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()


class ConfigError(ValueError):
    """A configuration that cannot be used; the text names file, key and what was expected."""


def read(path: str | Path) -> WorldConfig:
    """The configuration in a file."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=WorldConfig)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
