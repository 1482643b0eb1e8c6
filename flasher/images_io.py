"""MicroPython images in the laptop's folder: fetched once, known by SHA-256, used offline."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from .boot_signing import must_be_whole
from .home_io import Home, write_whole
from .image import MicroPython, look_at
from .troubles import MISSING, REFUSED, FlashError, told

_SIZE_MAX = 32 * 1024 * 1024
_FETCH_S = 30
_USED = "used.json"


class Images:
    """The folder `images`: files by their SHA-256, and which one each chip uses."""

    def __init__(self, home: Home) -> None:
        self._folder = home.images

    def fetch(self, where: str, sha256: str = "") -> MicroPython:
        """Keep an image from a file or an address; FlashError when it is not what was said."""
        data = _get(where)
        image = _whole(data)
        if sha256 and image.sha256 != sha256.lower():
            raise FlashError(
                f"{where} has SHA-256 {image.sha256}, not {sha256.lower()}. Do not use it.",
                REFUSED,
            )
        write_whole(self._folder / f"{image.sha256}.bin", data)
        return image

    def use(self, which: str) -> MicroPython:
        """Let boards of its chip get this image: the beginning of a SHA-256, or a file."""
        image = self.find(which)
        if not image.has_romfs:
            raise told(f"no ROMFS partition in {which}")
        write_whole(self._folder / f"{image.sha256}.bin", image.data)
        used = self._used() | {image.chip: image.sha256}
        write_whole(self._folder / _USED, json.dumps(used, indent=1).encode())
        return image

    def find(self, which: str) -> MicroPython:
        """An image by the beginning of its SHA-256, or a file."""
        if len(which) >= 4 and set(which.lower()) <= set("0123456789abcdef"):
            found = sorted(self._folder.glob(f"{which.lower()}*.bin"))
            if len(found) == 1:
                return self._kept(found[0].stem)
            if found:
                raise FlashError(f"{len(found)} images begin with {which}; say more.", REFUSED)
        return _whole(_get(which))

    def in_use(self) -> dict[str, tuple[Path, MicroPython]]:
        """By chip: the file and the image that its boards get; whole, by their SHA-256."""
        return {
            chip: (self._folder / f"{digest}.bin", self._kept(digest))
            for chip, digest in self._used().items()
        }

    def rows(self) -> list[dict[str, Any]]:
        """What is kept, for people and scripts."""
        used = self._used()
        found = []
        for path in sorted(self._folder.glob("*.bin")):
            image = self._kept(path.stem)
            found.append({
                "sha256": image.sha256, "chip": image.chip, "version": image.version,
                "flash_mb": image.flash_mb, "romfs": image.has_romfs,
                "in_use": used.get(image.chip) == image.sha256, "size_bytes": len(image.data),
            })  # fmt: skip
        return found

    def _kept(self, digest: str) -> MicroPython:
        path = self._folder / f"{digest}.bin"
        try:
            image = look_at(path.read_bytes())
        except OSError as error:
            raise FlashError(
                f"The image {digest[:12]} is not there: `image fetch` it again.", MISSING
            ) from error
        if image.sha256 != digest:
            raise FlashError(f"{path} was changed: fetch it again.", REFUSED)
        return image

    def _used(self) -> dict[str, str]:
        try:
            said = json.loads((self._folder / _USED).read_bytes())
            return {str(chip): str(digest) for chip, digest in said.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            raise FlashError(
                f"{self._folder / _USED} cannot be read: {error}.", MISSING
            ) from error


def _whole(data: bytes) -> MicroPython:
    image = look_at(data)
    must_be_whole(image)
    return image


def _get(where: str) -> bytes:
    if "://" not in where:
        try:
            return Path(where).read_bytes()
        except OSError as error:
            raise FlashError(f"{where}: {error.strerror}.", MISSING) from error
    if not where.startswith(("https://", "http://")):
        raise FlashError(f"{where}: expected a file or an http(s) address.", REFUSED)
    try:
        with urllib.request.urlopen(where, timeout=_FETCH_S) as answer:
            data: bytes = answer.read(_SIZE_MAX + 1)
            said = answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        with error:  # It holds the connection.
            raise FlashError(f"{where} cannot be had: {error}.", MISSING) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise FlashError(f"{where} cannot be had: {error}.", MISSING) from error
    if said.isdecimal() and len(data) < int(said) <= _SIZE_MAX:
        # Half an image looks like one: its table of partitions lies in front.
        text = f"{where} broke off after {len(data):,} of {int(said):,} bytes"
        raise FlashError(f"{text}: fetch it again.", MISSING)
    if len(data) > _SIZE_MAX:
        raise FlashError(f"{where} has more than {_SIZE_MAX:,} bytes.", REFUSED)
    return data
