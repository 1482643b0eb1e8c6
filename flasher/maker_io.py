"""One board from blank to labelled: its worker, its row in the journal, its receipt and label."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol import handover

from . import journal_io, labels, production_io
from .crew_io import Crew, Tell
from .home_io import Home, write_whole
from .image import MicroPython, fits
from .journal_io import Journal
from .papers import Job
from .secure import HALF_BURNT, LOCKED, SECURED, Wish
from .troubles import FAILED, MISSING, REFUSED, FlashError

ALREADY = "already done"
NOTHING = Wish()


def now_text() -> str:
    """The time of this laptop, RFC 3339 in UTC."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0).isoformat()


def write_receipt(home: Home, node_id: str, text: str) -> Path:
    """A receipt's file."""
    path = home.receipts / f"{node_id}.json"
    write_whole(path, text.encode())
    return path


def missing_receipts(home: Home, journal: Journal) -> None:
    """Write receipts that are in the journal and not in their file."""
    for line in journal.lines().values():
        text = line.result.get("receipt")
        there = (home.receipts / f"{line.node_id}.json").exists()
        if line.state == journal_io.DONE and isinstance(text, str) and not there:
            write_receipt(home, line.node_id, text)


@dataclass(frozen=True)
class Wishes:
    """How boards are made. `label`: size and format, or None for no label."""

    baud: int
    at_the_pole: bool = False
    again: bool = False  # Also boards that are done.
    label: tuple[str, str] | None = ("62x29", "png")
    wish: Wish = NOTHING


def _may_be_made(found: Mapping[str, Any], wish: Wish, *, is_done: bool) -> None:
    """FlashError for a board whose eFuses are burnt: done already, or not for a plain image."""
    mac = found["mac"]
    if found["secured"] and (is_done or not wish):
        what = "is done already, and secured for ever" if is_done else "is secured for ever"
        raise FlashError(
            f"{mac} {what}: its eFuses are burnt, and nothing can be written to it by cable. "
            "Nothing was written or burnt. `flash.py check` tests it; its program is updated over "
            "the air; one that is broken: `flash.py aside`.",
            REFUSED, SECURED if is_done else LOCKED,
        )  # fmt: skip
    if found["begun"] and not wish:
        raise FlashError(
            f"Keys are burnt into {mac}, but not what turns them on. Run the command again with "
            "the options it was begun with (--flash-encryption, --secure-boot), which completes "
            "it; if that is refused, `flash.py aside`.",
            REFUSED, HALF_BURNT,
        )  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A board that is done."""

    result: Mapping[str, Any]
    asset_id: str
    receipt: Path
    label: Path | None


class Maker:
    """Makes the boards of a job; several threads may."""

    def __init__(
        self, home: Home, job: Job, journal: Journal, laptop: handover.Laptop, wishes: Wishes,
        images: Mapping[str, tuple[Path, MicroPython]],
    ) -> None:  # fmt: skip
        self._home = home
        self._job = job
        self._journal = journal
        self._laptop = laptop
        self._wishes = wishes
        self._images = images
        self._application, self._packed = map(str, home.application())
        missing_receipts(home, journal)
        self.crew = Crew()
        self._lock = threading.Lock()
        self._busy: set[str] = set()  # MACs: one board that hangs on two ports is made once.

    def make(self, port: str, tell: Tell) -> Made:
        """Make the board at a port. FlashError says what to do."""
        begun: dict[str, str] = {}

        def order(found: Mapping[str, Any]) -> Mapping[str, Any]:
            if "record" in found:
                self._journal.seal(begun["mac"], found["record"], now_text())
                return {"kept": True}
            return self._order(found, port, begun)

        job = {
            "do": "node", "port": port, "baud": self._wishes.baud,
            "at_the_pole": self._wishes.at_the_pole, "wish": self._wishes.wish.told(),
        }  # fmt: skip
        try:
            result = self.crew.work(job, order, tell)
            return self._done(result)
        except FlashError as error:
            if "node_id" in begun:
                said = {"problem": str(error), "name": error.name}
                self._journal.end(begun["node_id"], journal_io.FAILED, now_text(), said)
            raise
        finally:
            with self._lock:
                self._busy.discard(begun.get("mac", ""))

    def _order(
        self, found: Mapping[str, Any], port: str, begun: dict[str, str]
    ) -> Mapping[str, Any]:
        mac, chip = str(found["mac"]), str(found["chip"])
        line = self._journal.known(mac)
        is_done = line is not None and line.state == journal_io.DONE
        _may_be_made(found, self._wishes.wish, is_done=is_done)
        if line is not None and is_done and not self._wishes.again:
            text = f"{mac} is done already: it is {line.asset_id}. Nothing was written."
            raise FlashError(text, 0, ALREADY)
        if chip not in self._images:
            raise FlashError(
                f"No image is in use for {chip}: `flash.py image use FILE` with one for it.",
                MISSING, "no image",
            )  # fmt: skip
        path, image = self._images[chip]
        # All that can be refused is refused before an identity is given.
        fits(image, chip, int(found["flash_mb"]))
        image.place("romfs", Path(self._application).stat().st_size)
        image.place("vfs", 0)
        production_io.may_carry(image, self._wishes.wish)
        if line is None and found["refusal"]:  # It gets no identity of this job.
            raise FlashError(*found["refusal"])
        with self._lock:
            if mac in self._busy:
                raise FlashError(f"The board {mac} is being made at another port.", FAILED)
            self._busy.add(mac)
        begun["mac"] = mac
        wish = self._journal.begin(mac, port, self._job.wishes(), now_text())
        begun["node_id"] = wish.node_id
        return {
            "identity": self._job.identity(wish.node_id), "micropython": str(path),
            "micropython_sha256": image.sha256, "application": self._application,
            "packed": self._packed, "record": self._journal.sealed(mac),
        }  # fmt: skip

    def _done(self, result: Mapping[str, Any]) -> Made:
        if result["failed"]:
            lines = [
                f"{row['check']}: {row['what']}"
                for row in result["checks"]
                if row["check"] in result["failed"]
            ]
            raise FlashError("Its self-test failed: " + "; ".join(lines), FAILED, "self-test")
        node_id = str(result["node_id"])
        receipt, text = self._job.receipt(result, self._laptop, now_text())
        label = self._label(result)
        # From here on it is done: a receipt that a power cut kept from its file is in the journal.
        said = {**result, "receipt": text}
        self._journal.end(node_id, journal_io.DONE, now_text(), said)
        path = write_receipt(self._home, node_id, text)
        return Made(result, receipt.asset_id, path, label)

    def _label(self, result: Mapping[str, Any]) -> Path | None:
        if self._wishes.label is None:
            return None
        size, form = self._wishes.label
        label = self._job.label(result)
        path = self._home.labels / f"{label.asset_id}.{form}"
        write_whole(path, labels.encode(labels.draw(label, size), form))
        return path
