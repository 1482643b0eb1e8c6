"""eFuses and ciphertext by Espressif's own tools: read, sealed, burnt, read back.

espefuse and espsecure take long to load, and only a board that is secured needs them. Keys are
handed over in memory; no file holds them.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import Any

from .image import MicroPython
from .partitions import TABLE_AT, Partition
from .secure import DIGEST, FLASH_KEY, LAYOUTS, Fuses, Step, key_bytes
from .troubles import REFUSED, FlashError

KEY_SIZE = 32
_SECTOR = 4096
_ALIGN = 32  # Bytes that are encrypted together.
_KEY_WORDS = 8
_ALL_OF_TWEAK = 0xF
_TAKES_KEY = {FLASH_KEY: "XTS_AES_128_KEY", DIGEST: "SECURE_BOOT_DIGEST0"}
_ESP32_BLOCKS = {FLASH_KEY: "flash_encryption", DIGEST: "secure_boot_v2"}
_NEEDED = ("romfs", "vfs")  # They hold the program and the node's keys.
Part = tuple[str, int, bytes]


def read_fuses(esp: Any, chip: str) -> Fuses:
    """All of a chip's eFuses that matter here."""
    layout = LAYOUTS[chip]
    words = tuple(int(esp.read_reg(layout.at + 4 * n)) for n in range(layout.words))
    keys = {
        name: key_bytes(tuple(int(esp.read_reg(at + 4 * n)) for n in range(_KEY_WORDS)))
        for name, at in layout.key_blocks
    }
    return Fuses(chip, words, keys, int(esp.get_chip_revision()))


def must_be_marked(image: MicroPython) -> None:
    """FlashError when the image's table would leave program or keys in clear."""
    rows = {row.name: row for row in image.partitions}
    bare = [name for name in _NEEDED if name in rows and not rows[name].encrypted]
    if bare:
        raise FlashError(
            f"This image's partition table does not mark {' and '.join(bare)} as encrypted. Build "
            "it with firmware/port/LAMPLIGHTER_ESP32/partitions.csv. Nothing was written or "
            "burnt.",
            REFUSED, "not marked",
        )  # fmt: skip


def sealed(parts: Iterable[Part], rows: Iterable[Partition], key: bytes, xts: bool) -> list[Part]:
    """Parts as a chip with this key must find them; what the table leaves in clear stays so."""
    return [
        (name, at, _encrypted(at, piece, key, xts) if encrypted else piece)
        for name, at, piece, encrypted in cut(parts, rows)
    ]


def cut(parts: Iterable[Part], rows: Iterable[Partition]) -> list[tuple[str, int, bytes, bool]]:
    """Parts by region of the flash, without what is blank, and whether each is to be encrypted.

    A whole image has blank flash where other parts go; its pieces leave those places out.
    """
    regions = [("MicroPython", 0, TABLE_AT, True), ("table", TABLE_AT, TABLE_AT + _SECTOR, True)]
    regions += [(row.name, row.offset, row.offset + row.size, row.encrypted) for row in rows]
    done: list[tuple[str, int, bytes, bool]] = []
    for name, offset, content in parts:
        for _, start, end, encrypted in regions:
            first, last = max(start, offset), min(end, offset + len(content))
            piece = content[first - offset : max(first, last) - offset]
            if not piece.strip(b"\xff"):
                continue
            if start < TABLE_AT or name == "MicroPython":
                # What fills it up to the next part is no content.
                size = len(piece.rstrip(b"\xff"))
                piece = piece[: -(-size // _SECTOR) * _SECTOR]
            done.append((name, first, piece, encrypted))
    return done


def _encrypted(at: int, content: bytes, key: bytes, xts: bool) -> bytes:
    import espsecure

    padded = content + b"\xff" * (-len(content) % _ALIGN)
    out = io.BytesIO()
    espsecure.encrypt_flash_data(io.BytesIO(key), out, at, _ALL_OF_TWEAK, xts, io.BytesIO(padded))
    return out.getvalue()


def opens(key: bytes, xts: bool, at: int, content: bytes) -> bytes:
    """Ciphertext in clear."""
    import espsecure

    out = io.BytesIO()
    espsecure.decrypt_flash_data(io.BytesIO(key), out, at, _ALL_OF_TWEAK, xts, io.BytesIO(content))
    return out.getvalue()


class Burner:
    """Burns steps into one chip; `esp` is its boot ROM, without the stub."""

    def __init__(self, esp: Any, chip: str) -> None:
        with warnings.catch_warnings():  # It still uses a name that click will drop.
            warnings.simplefilter("ignore", DeprecationWarning)
            import espefuse

        self._esp = esp
        self._chip = chip
        self._tool = espefuse.init_commands(esp=esp, do_not_confirm=True)

    def burn(self, step: Step, key: bytes) -> None:
        """Burn a step and read it back; `key` is what the step's block takes."""
        if step.key:
            self._burn_key(step, key)
            name, _ = LAYOUTS[self._chip].key_blocks[step.block]
            wanted = key[::-1] if step.key == FLASH_KEY else key
            if read_fuses(self._esp, self._chip).keys[name] != wanted:
                raise FlashError(
                    f"The {step.key} does not read back from the eFuses: put the board aside.",
                    REFUSED, "bad eFuses",
                )  # fmt: skip
            return
        held = read_fuses(self._esp, self._chip)
        values = {name: str(held.value(name) | value) for name, value in step.fields.items()}
        self._tool.burn_efuse(values)
        burnt = read_fuses(self._esp, self._chip)
        if any(burnt.value(name) & value != value for name, value in step.fields.items()):
            raise FlashError(
                f"The step {step.name!r} does not read back from the eFuses: put the board aside.",
                REFUSED, "bad eFuses",
            )  # fmt: skip

    def _burn_key(self, step: Step, key: bytes) -> None:
        """The key alone: what protects it is a step of its own, so that a torn one is seen."""
        if not LAYOUTS[self._chip].xts:
            block = _ESP32_BLOCKS[step.key]
            self._tool.burn_key([block], [io.BytesIO(key)], no_protect_key=True)
            return
        name, _ = LAYOUTS[self._chip].key_blocks[step.block]
        self._tool.burn_key(
            [name], [io.BytesIO(key)], [_TAKES_KEY[step.key]], no_write_protect=True,
            no_read_protect=True,
        )  # fmt: skip
