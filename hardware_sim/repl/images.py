"""The simulated peripherals as a ROMFS image, built once for each state of their sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from .. import provision

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    "hardware_sim/board/*.py",
    "hardware_sim/provision.py",
    "flasher/*.py",
    "firmware/*.py",
)


def peripherals(cache: Path | None = None) -> Path:
    """The image's path; boards started later, by whichever process, find it there."""
    folder = cache or Path(tempfile.gettempdir()) / f"lamplighter-sim-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is somebody else's")
    path = folder / f"{_digest()}.romfs"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            _, image = provision.write_images(Path(work))
            shutil.move(image, path)
    return path


def _digest() -> str:
    digest = hashlib.sha256()
    for pattern in _SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:24]
