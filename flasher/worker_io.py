"""One board's own process: a job comes as a line of JSON, progress and the result go out so.

Keys come over this pipe alone: no argument and no file shows them. The parent may end it at any
moment; the board is then half-written and says so at its next start.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import jobs_io, production_io
from .image import look_at
from .secure import Wish, wish_of
from .session_io import Found
from .troubles import INTERRUPTED, REFUSED, FlashError


def _tell(**said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _progress(step: str, done: int, total: int) -> None:
    _tell(step=step, done=done, total=total)


_said: queue.Queue[str] = queue.Queue()


def _listen() -> None:
    """Take the parent's lines; when it is gone, killed or not, nobody may hold the port."""
    for line in sys.stdin:
        _said.put(line)
    os._exit(INTERRUPTED)


def _ask(found: Found, wish: Wish) -> jobs_io.Payload:
    """Tell who answers, what it could not become if it is new, and wait for what it becomes."""
    fuses = found.fuses
    why = production_io.refusal(fuses, wish)
    _tell(
        board={
            "mac": found.mac, "chip": found.chip, "flash_mb": found.flash_mb,
            "secured": fuses.secured, "begun": fuses.begun,
            "refusal": None if why is None else [str(why), why.code, why.name],
        }
    )  # fmt: skip
    order: dict[str, Any] = json.loads(_said.get())
    if "identity" not in order:
        raise FlashError(str(order.get("refused", "No identity was given.")), 4, "refused")
    image = look_at(_content(order["micropython"]))
    if image.sha256 != order["micropython_sha256"]:
        raise FlashError(
            f"{order['micropython']} is another image than it was when this command began. Run "
            "it again.", REFUSED, "changed",
        )  # fmt: skip
    return jobs_io.Payload(
        image, _content(order["application"]), order["identity"], wish, order.get("record"),
        _content(order["packed"]),
    )  # fmt: skip


def _keep(record: Mapping[str, Any]) -> None:
    """Wait until the parent has what a later run must know on its disk."""
    _tell(record=record)
    if "kept" not in json.loads(_said.get()):
        raise FlashError("The journal could not be written; nothing was burnt.", 1)


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FlashError(f"{path} cannot be read: {error.strerror}", 3) from error


def _work(job: Mapping[str, Any]) -> dict[str, Any]:
    port, at_the_pole = str(job["port"]), bool(job.get("at_the_pole"))
    if job["do"] == "look":
        return jobs_io.look(port, int(job["baud"]), _progress)
    if job["do"] == "check":
        return jobs_io.check(port, _progress, at_the_pole=at_the_pole)
    wish = wish_of(job["wish"])
    return jobs_io.flash_node(
        port,
        int(job["baud"]),
        lambda found: _ask(found, wish),
        _keep,
        _progress,
        at_the_pole=at_the_pole,
    )


def main() -> int:
    """0 done, else the exit code that belongs to what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides what Ctrl-C ends.
    threading.Thread(target=_listen, daemon=True).start()
    try:
        _tell(result=_work(json.loads(_said.get())))
    except FlashError as error:
        _tell(error=str(error), code=error.code, name=error.name)
        return error.code
    except BrokenPipeError:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # pyserial's reading thread may still hang on a line that is gone.
