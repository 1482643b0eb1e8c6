"""The simulated peripherals as a ROMFS image, built once for each state of their sources."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import flasher

from .. import provision

_ROOT = Path(__file__).resolve().parents[2]
_BOARD = _ROOT / "hardware_sim" / "board"
_START = _ROOT / "hardware_sim" / "repl" / "start.py"
_SOURCES = (
    "hardware_sim/repl/start.py",
    "hardware_sim/board/*.py",
    "hardware_sim/provision.py",
    "flasher/*.py",
    "firmware/boot.py",
    "firmware/record.py",
)


def peripherals(cache: Path | None = None) -> Path:
    """The image's path; boards started later, by whichever process, find it there."""
    folder = cache or Path(tempfile.gettempdir()) / f"lamplighter-sim-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is somebody else's")
    path = folder / f"{_digest()}.romfs"
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(_build())
        part.replace(path)
    return path


def _build() -> bytes:
    """The peripherals as provision.py makes them, without the application: that is flashed."""
    linked = [
        flasher.build_linked(
            name,
            [_BOARD / f"{module}.py" for module in modules],
            [(f"hardware_sim.board.{module}", entry) for module, entry in entries],
        )
        for name, modules, entries in provision._PERIPHERALS
    ]
    names = provision._RECORD_NAMES
    linked.append(flasher.build_linked("record.py", [_ROOT / "firmware" / "record.py"], names))
    start = [("hardware_sim.repl.start", "start")]
    linked.append(flasher.build_linked("simstart.py", [_START], start))
    files = [(name, one.text) for image in linked for name, one in image.linked.items()]
    files.append(("boot.py", flasher.frozen_sources()["firmware/boot.py"]))
    return flasher.build_romfs(files).data


def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:24]
