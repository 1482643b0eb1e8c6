"""What is done to one board, step by step: flash it, check it, look at it.

`tell` hears of progress; `ask` is asked for the order as soon as the board has said its MAC, so
that whoever keeps the journal can write down who becomes what before anything is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import node_files, production_io, secure
from .console_io import Console, status_of
from .image import MicroPython, fits
from .partitions import TABLE_AT, TABLE_SIZE, named, parse_partitions
from .ports_io import opened
from .production_io import Keep, Order
from .secure import Wish
from .session_io import Found, Progress, Session, session
from .talk import SelfTest
from .troubles import SILENT, FlashError

_SETTLE_S = 2.5
NOTHING = Wish()
APPLICATION = "application"  # The name of its part.


@dataclass(frozen=True)
class Payload:
    """What a board gets."""

    micropython: MicroPython
    application: bytes
    identity: Mapping[str, Any]
    wish: Wish = NOTHING
    record: Mapping[str, Any] | None = None  # Of an earlier run that secured this board.
    packed: bytes = b""  # The application as a zlib stream.


Ask = Callable[[Found], Payload]


def flash_node(
    port: str, baud: int, ask: Ask, keep: Keep, tell: Progress, *, at_the_pole: bool = False
) -> dict[str, Any]:
    """Erase, write, verify, start, self-test. The result is what a receipt is made of.

    A board that is to be secured has its eFuses burnt before it starts; `keep` is told before.
    """
    start_s = time.monotonic()
    with session(port, baud, tell) as board:
        order = _order(board, ask)
        if order.wish:
            written, versions = production_io.secure_board(board, order, keep, tell)
        else:
            board.erase()
            board.write(order.parts, {APPLICATION: order.packed})
            written = sum(len(content) for _, _, content in order.parts)
            versions = order.versions
        written_s = time.monotonic() - start_s
        status, test = _tried(board, order.identity, tell, at_the_pole=at_the_pole)
    return {
        "mac": board.found.mac, "chip": board.found.chip, "flash_mb": board.found.flash_mb,
        "node_id": status["node_id"], "kind": status.get("kind"),
        "versions": {**versions, "firmware": status.get("firmware_version")},
        "configuration_digest": status.get("configuration_digest"),
        "checks": test.checks, "failed": test.failed(at_the_pole=at_the_pole),
        "restarts": test.restarts, "written_bytes": written,
        "line_bytes": board.line_bytes, **order.wish.told(),
        "write_s": round(written_s, 2), "seconds": round(time.monotonic() - start_s, 2),
    }  # fmt: skip


def _tried(
    board: Session, identity: Mapping[str, Any], tell: Progress, *, at_the_pole: bool
) -> tuple[dict[str, Any], SelfTest]:
    """Start the node and let it test itself; one that stays silent is reset, once.

    A new node joins, stores its configuration and loads its console all at a time: its heap may
    be too small for that, and is not at its second start.
    """
    for is_last in (False, True):
        board.run()
        tell("start", 0, 1)
        # A console that is loaded while the node still starts leaves it little memory.
        time.sleep(_SETTLE_S)
        console = Console(board.line)
        try:
            status = status_of(console, join=at_the_pole)
            tell("start", 1, 1)
            if status["node_id"] != identity["node_id"]:
                raise FlashError(
                    f"The board says it is {status['node_id']}, but {identity['node_id']} was "
                    "written: its flash does not hold what is written. Put it aside.",
                )
            return status, console.selftest(tell)
        except FlashError as error:
            if is_last or error.name != SILENT:
                raise
    raise AssertionError("the last start returns or raises")


def _order(board: Session, ask: Ask) -> Order:
    """What to write, as whom, and the image's version. A board that is refused runs on."""
    try:
        payload = ask(board.found)
        image, wish = payload.micropython, payload.wish
        suits(board.found, image, wish)
        parts = parts_of(payload)
    except FlashError:
        board.run()
        raise
    versions = {"micropython": image.version, "micropython_sha256": image.sha256}
    packed = payload.packed
    return Order(wish, image, parts, payload.identity, versions, payload.record, packed)


def suits(found: Found, micropython: MicroPython, wish: Wish = NOTHING) -> None:
    """FlashError when this board cannot take this image, or cannot be secured so."""
    fits(micropython, found.chip, found.flash_mb)
    if wish:
        production_io.may_get(found.fuses, wish, micropython)
    else:
        secure.refuse_plain(found.fuses)


def parts_of(payload: Payload) -> list[tuple[str, int, bytes]]:
    """What is written, by name, offset and content, in the order of writing.

    The files with the identity come last: a board that was left half-done is nobody.
    """
    image, identity = payload.micropython, payload.identity
    parts = [
        ("MicroPython", image.offset, image.data),
        (APPLICATION, image.place("romfs", len(payload.application)), payload.application),
    ]
    nvs = named(image.partitions, "nvs")
    if nvs is not None:
        said = {name: str(identity[name]) for name in ("node_id", "site", "kind")}
        # Inside the image there is blank flash in its place.
        parts.append(("NVS", nvs.offset, node_files.nvs_image(nvs.size, said)))
    files = named(image.partitions, "vfs")
    offset = image.place("vfs", 0)
    assert files is not None
    for at, content in node_files.littlefs_runs(files.size, identity):
        parts.append(("identity", offset + at, content))
    return parts


def look(port: str, baud: int, tell: Progress) -> dict[str, Any]:
    """Chip, flash, MAC and what is on the board now; it runs on afterwards."""
    with session(port, baud, tell) as board:
        found = board.found
        said: dict[str, Any] = {
            "chip": found.chip, "flash_mb": found.flash_mb, "mac": found.mac,
            "secured": found.fuses.secured,
        }  # fmt: skip
        hidden = {"holds": "what flash encryption hides"}
        said |= hidden if found.fuses.encrypts else _content(board)
        board.run()
    return said


def _content(board: Session) -> dict[str, Any]:
    try:
        rows = parse_partitions(board.read(TABLE_AT, TABLE_SIZE))
    except ValueError:
        return {"holds": "nothing that boots"}
    files, romfs = named(rows, "vfs"), named(rows, "romfs")
    said: dict[str, Any] = {"holds": "MicroPython" if files else "another program"}
    if files is not None:
        start = files.offset
        identity = node_files.read_identity(
            files.size, lambda at, size: board.read(start + at, size)
        )
        if identity.get("node_id"):
            said |= {"node_id": identity["node_id"], "site": identity.get("site")}
            said["holds"] = "a node of ours"
    said["romfs"] = romfs is not None
    return said


def check(port: str, tell: Progress, *, at_the_pole: bool) -> dict[str, Any]:
    """Identity, versions, digest and self-test of a node that runs."""
    with opened(port) as line:
        tell("connect", 0, 1)
        console = Console(line)
        status = status_of(console, join=at_the_pole)
        tell("connect", 1, 1)
        test = console.selftest(tell)
    return {
        "status": status, "checks": test.checks, "restarts": test.restarts,
        "failed": test.failed(at_the_pole=at_the_pole),
    }  # fmt: skip
