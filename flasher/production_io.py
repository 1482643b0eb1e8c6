"""How a board is secured: everything that can be proved first, the eFuse that turns it on last.

Flash is written and compared, and what was written is on the laptop's disk, before the first
eFuse is burnt. From then on the flash key is known to the board alone, so a run that was broken
off is completed only when its flash still holds what was written for it. Else the board is to be
put aside: nothing is on yet, and it says so. When all is burnt the node has started and written
to its flash, so that its own word, and no comparison, says that it is whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import secure, secure_io
from .boot_signing import check_signed
from .image import CHIPS, MicroPython
from .secure import FLASH_KEY, HALF_BURNT, LOCKED, Fuses, Wish
from .secure_io import Part
from .session_io import Progress, Session
from .troubles import REFUSED, FlashError

_WITNESS_SIZE = 32
# Writes to disk what a board was given; only then is anything burnt.
Keep = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Order:
    """What a board is to get: parts in clear. `record`: what is known of an earlier run on it."""

    wish: Wish
    image: MicroPython
    parts: list[Part]
    identity: Mapping[str, Any]
    versions: Mapping[str, str]
    record: Mapping[str, Any] | None = None
    packed: bytes = b""  # The application as a zlib stream, for a board that is not secured.


def may_carry(image: MicroPython, wish: Wish) -> None:
    """FlashError when this image is not fit for what is wished, on whichever board."""
    if wish.digest is not None:
        check_signed(image, wish.digest)
    if wish.flash_encryption:
        secure_io.must_be_marked(image)


def may_get(fuses: Fuses, wish: Wish, image: MicroPython) -> None:
    """FlashError when this board or this image is not fit for what is wished."""
    secure.judge(fuses, wish)
    may_carry(image, wish)
    secure.plan(fuses, wish)


def refusal(fuses: Fuses, wish: Wish) -> FlashError | None:
    """Why a board that no journal knows cannot be secured so, by its eFuses alone."""
    if not wish:
        return None
    try:
        secure.judge(fuses, wish)
        if not secure.may_write(fuses):
            raise _unknown(fuses)
        secure.plan(fuses, wish)
    except FlashError as error:
        return error
    return None


def secure_board(
    board: Session, order: Order, keep: Keep, tell: Progress
) -> tuple[int, Mapping[str, str]]:
    """Write what was ordered and burn what is left; (bytes written, versions in the flash)."""
    wish, parts, image = order.wish, order.parts, order.image
    fuses = board.found.fuses
    key = b""
    if secure.may_write(fuses):
        if wish.flash_encryption:
            key = secrets.token_bytes(secure_io.KEY_SIZE)
            parts = secure_io.sealed(parts, image.partitions, key, fuses.layout.xts)
        board.erase()
        board.write(parts)
        keep(_record(order, parts))
        versions = order.versions
    else:
        record = _must_be_of(fuses, order)
        if secure.plan(fuses, wish):
            _must_hold(board, record)
        _must_open(board, image)
        versions = record["versions"]
        parts = []
    _burn(board, wish, key, tell)
    return sum(len(content) for _, _, content in parts), versions


def _burn(board: Session, wish: Wish, key: bytes, tell: Progress) -> None:
    steps = secure.plan(board.found.fuses, wish)
    if not steps:
        return
    tell("burn", 0, len(steps))
    with board.rom() as esp:
        burner = secure_io.Burner(esp, board.found.chip)
        for number, step in enumerate(steps, 1):
            burner.burn(step, key if step.key == FLASH_KEY else wish.digest or b"")
            tell("burn", number, len(steps))


def _record(order: Order, parts: list[Part]) -> dict[str, Any]:
    """What a later run must find; nothing in it is secret."""
    if not order.wish.flash_encryption:  # Those that are sealed were cut for it.
        pieces = secure_io.cut(parts, order.image.partitions)
        parts = [(name, at, content) for name, at, content, _ in pieces]
    return {
        **order.wish.told(), "identity": _digest(order.identity),
        "versions": dict(order.versions),
        "parts": [
            [at, len(content), hashlib.md5(content, usedforsecurity=False).hexdigest()]
            for _, at, content in parts
        ],
    }  # fmt: skip


def _digest(identity: Mapping[str, Any]) -> str:
    text = json.dumps(identity, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()


def _must_be_of(fuses: Fuses, order: Order) -> Mapping[str, Any]:
    """The record; FlashError unless it is of this wish and this node."""
    record = order.record
    name = LOCKED if fuses.secured else HALF_BURNT
    if record is None:
        raise _unknown(fuses)
    if secure.wish_of(record) != order.wish:
        raise FlashError(
            "This board was begun with other options. Run the command with the options (and the "
            "signing key) it was begun with; more cannot be added. Nothing was burnt.",
            REFUSED, name,
        )  # fmt: skip
    if record["identity"] != _digest(order.identity):
        raise FlashError(
            "The keys of this node have changed since its flash was sealed, and nobody can seal "
            f"it anew. {_aside(fuses)}",
            REFUSED, name,
        )  # fmt: skip
    return record


def _must_hold(board: Session, record: Mapping[str, Any]) -> None:
    """FlashError unless the flash holds what the record tells."""
    fuses = board.found.fuses
    for at, size, digest in record["parts"]:
        if board.md5(at, size) != digest:
            raise FlashError(
                f"The flash at {at:#x} does not hold any more what was sealed for this board, and "
                f"the key is not known to anybody. {_aside(fuses)}",
                REFUSED, LOCKED if fuses.secured else HALF_BURNT,
            )  # fmt: skip


def _must_open(board: Session, image: MicroPython) -> None:
    """FlashError when a flash key that can still be read is not the one that sealed the flash.

    A burn that lost its power amid it leaves such a key in an ESP32; the others have a code over
    each block and mark it as used only afterwards.
    """
    fuses = board.found.fuses
    block = fuses.block_of(FLASH_KEY)
    if block is None or fuses.is_hidden(block):
        return
    key = fuses.keys[fuses.layout.key_blocks[block][0]][::-1]
    head = board.read(image.offset, _WITNESS_SIZE)
    seen = secure_io.opens(key, fuses.layout.xts, image.offset, head)
    chip_id = int.from_bytes(seen[12:14], "little")
    if seen != image.data[:_WITNESS_SIZE] and (seen[0] != 0xE9 or chip_id not in CHIPS):
        raise FlashError(
            f"The key that was burnt is not whole: its power went away amid it. {_aside(fuses)}",
            REFUSED, HALF_BURNT,
        )  # fmt: skip


def _unknown(fuses: Fuses) -> FlashError:
    return FlashError(
        "Keys are burnt into this board, of which this laptop's journal knows nothing: nobody "
        f"can say what its flash holds. {_aside(fuses)}",
        REFUSED, LOCKED if fuses.secured else HALF_BURNT,
    )  # fmt: skip


def _aside(fuses: Fuses) -> str:
    if fuses.secured:
        return "It stays as it is; if it does not run, `flash.py aside` with its MAC."
    return (
        "Nothing is turned on, so it is not locked, but it can never be encrypted: "
        "`flash.py aside` with its MAC."
    )
