"""Serial lines of a site: `[[lines]]` of the settings, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from protocol.wire import controller_end, line

from .errors import SettingsError

_BAUD_MIN, _BAUD_MAX = 9600, 1_000_000
_BAUD = 115200
_KEYS = ("port", "baud", "nodes")
# A node that is not asked for 10 s believes that its controller is gone (firmware/line.py).
ROUND_MS_MAX = 9000


@dataclass(frozen=True)
class SerialLine:
    """A port as pyserial names it, bits a second, and node ids with their addresses."""

    port: str
    baud: int
    nodes: Mapping[str, int]


def read_lines(said: object, where: str) -> tuple[SerialLine, ...]:
    """The lines of a settings file; SettingsError names file and field."""
    rows = said if isinstance(said, list) else [said]
    found = tuple(_line(row, f"{where}: lines[{number}]") for number, row in enumerate(rows))
    once: set[str] = set()
    for number, row in enumerate(found):
        for node_id in row.nodes:
            if node_id in once:
                raise SettingsError(
                    f"{where}: lines[{number}].nodes.{node_id} is on another line already"
                )
            once.add(node_id)
    return found


def check_nodes(lines: tuple[SerialLine, ...], known: Collection[str]) -> None:
    """SettingsError when a node of a line is not in the plan."""
    for number, row in enumerate(lines):
        for node_id in row.nodes:
            if node_id not in known:
                raise SettingsError(f"lines[{number}].nodes.{node_id}: the plan has no such node")


def _line(row: object, where: str) -> SerialLine:
    if not isinstance(row, dict):
        raise SettingsError(f"{where} is {row!r}; expected a table of {', '.join(_KEYS)}")
    for key in row:
        if key not in _KEYS:
            raise SettingsError(f"{where}: unknown key {key!r}; known are {', '.join(_KEYS)}")
    port, baud = row.get("port"), row.get("baud", _BAUD)
    if not isinstance(port, str) or not port:
        raise SettingsError(f"{where}.port is {port!r}; expected a device or URL")
    if type(baud) is not int or not _BAUD_MIN <= baud <= _BAUD_MAX:
        raise SettingsError(f"{where}.baud is {baud!r}; expected {_BAUD_MIN} to {_BAUD_MAX}")
    nodes = _nodes(row.get("nodes"), f"{where}.nodes")
    round_ms = controller_end.round_ms(len(nodes), baud)
    if round_ms > ROUND_MS_MAX:
        raise SettingsError(
            f"{where}: at {baud} baud {len(nodes)} nodes may be asked only every "
            f"{round_ms / 1000:.1f} s; at most {ROUND_MS_MAX / 1000:.0f} s are allowed. Raise "
            "baud, or take a second line"
        )
    return SerialLine(port, baud, nodes)


def _nodes(said: object, where: str) -> Mapping[str, int]:
    if not isinstance(said, dict) or not said:
        raise SettingsError(f"{where} is {said!r}; expected a table of node ids and addresses")
    taken: dict[int, str] = {}
    for node_id, address in said.items():
        if len(node_id) != 12 or set(node_id) - set("0123456789abcdef"):
            raise SettingsError(f"{where}.{node_id}: expected a node id, 12 hex digits")
        if type(address) is not int or not 1 <= address <= line.ADDRESS_MAX:
            raise SettingsError(
                f"{where}.{node_id} is {address!r}; expected an address 1 to {line.ADDRESS_MAX}"
            )
        if address in taken:
            raise SettingsError(f"{where}.{node_id} is {address}, as {taken[address]} is")
        taken[address] = node_id
    return dict(said)
