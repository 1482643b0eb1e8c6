"""The laptop's folder: its locked keys, batches, images, journal and receipts.

Nothing secret lies here in clear: the laptop's keys are under its passphrase, node keys are in
sealed batches and are opened in memory alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import zopfli.zlib

from protocol import handover

from .troubles import MISSING, REFUSED, FlashError

ENVIRONMENT = "LAMPLIGHTER_FLASH_HOME"
PASSPHRASE = "LAMPLIGHTER_FLASH_PASSPHRASE"
_APPLICATION_OF = ("firmware", "protocol", "flasher")


def default_home() -> Path:
    """Where the folder is when nobody says."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(os.environ.get(ENVIRONMENT) or Path(base) / "lamplighter-flash")


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Home:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images = folder / "images"
        self.receipts = folder / "receipts"
        self.labels = folder / "labels"
        self.journal = folder / "journal.db"
        self._laptop = folder / "laptop.json"
        self._controller = folder / "controller.json"

    def init(self, name: str, passphrase: str) -> handover.Card:
        """Make the laptop's keys; FlashError when it has some."""
        if self._laptop.exists():
            raise FlashError(f"{self._laptop}: this laptop has keys already.", REFUSED)
        try:
            laptop = handover.make_laptop(name)
            text = handover.locked(laptop, passphrase)
        except handover.HandoverError as error:
            raise FlashError(f"{error}.", REFUSED) from error
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._laptop, text.encode(), 0o600)
        return laptop.card

    def card(self) -> handover.Card:
        """The laptop's public half."""
        try:
            return handover.read_card(self._laptop.read_bytes())
        except OSError as error:
            raise FlashError(
                f"{self._laptop} is not there: make this laptop's keys with "
                "`flash.py laptop init NAME`.",
                MISSING,
            ) from error
        except handover.HandoverError as error:
            raise FlashError(f"{self._laptop}: {error}.", REFUSED) from error

    def unlock(self, passphrase: str) -> handover.Laptop:
        """The laptop's keys."""
        self.card()
        try:
            return handover.unlocked(self._laptop.read_bytes(), passphrase)
        except handover.HandoverError as error:
            raise FlashError(f"{self._laptop}: {error}.", REFUSED) from error

    def open_batches(self, paths: Iterable[Path], laptop: handover.Laptop) -> list[dict[str, Any]]:
        """The content of sealed batches, all of one controller, which is remembered."""
        found = []
        for path in paths:
            known = self._known_controller()
            try:
                content, controller = handover.open_batch(path.read_bytes(), laptop, known)
            except OSError as error:
                raise FlashError(f"{path}: {error.strerror}.", MISSING) from error
            except handover.HandoverError as error:
                raise FlashError(f"{path}: {error}.", REFUSED) from error
            if known is None:
                said = json.dumps({"controller": controller}).encode()
                write_whole(self._controller, said, 0o600)
            found.append(content)
        return found

    def _known_controller(self) -> str | None:
        try:
            return str(json.loads(self._controller.read_bytes())["controller"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FlashError(f"{self._controller} cannot be read: {error}.", REFUSED) from error

    def application(self) -> tuple[Path, Path]:
        """The application's image, and the same packed, made when the sources have changed."""
        path = self.images / f"application-{_sources_digest()}.romfs"
        small = path.with_suffix(".zlib")
        if not path.exists():
            from .build import build_application

            write_whole(path, build_application().data)
        if not small.exists():
            write_whole(small, packed(path.read_bytes()))
        return path, small


def packed(data: bytes) -> bytes:
    """A zlib stream, 5 % smaller than zlib makes it; a second's work for 160 kB."""
    return bytes(zopfli.zlib.compress(data, blocksplittingmax=0))  # 0: as many as it likes.


def _sources_digest() -> str:
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for room in _APPLICATION_OF:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()[:24]
