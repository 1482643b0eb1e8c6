"""One board's own process: a job comes as a line of JSON, progress and the result go out so.

Keys come over this pipe alone: no argument and no file shows them. The parent may end it at any
moment; the board is then half-written and says so at its next start.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

from . import jobs_io
from .image import look_at
from .session_io import Found
from .troubles import INTERRUPTED, FlashError


def _tell(**said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _progress(step: str, done: int, total: int) -> None:
    _tell(step=step, done=done, total=total)


def _ask(found: Found) -> Mapping[str, Any]:
    """Tell who answers and wait for whom it becomes."""
    _tell(board={"mac": found.mac, "chip": found.chip, "flash_mb": found.flash_mb})
    given: dict[str, Any] = json.loads(sys.stdin.readline() or "{}")
    if "identity" not in given:
        raise FlashError(str(given.get("refused", "No identity was given.")), 4, "refused")
    identity: dict[str, Any] = given["identity"]
    return identity


def _work(job: Mapping[str, Any]) -> dict[str, Any]:
    port, at_the_pole = str(job["port"]), bool(job.get("at_the_pole"))
    if job["do"] == "look":
        return jobs_io.look(port, int(job["baud"]), _progress)
    if job["do"] == "check":
        return jobs_io.check(port, _progress, at_the_pole=at_the_pole)
    payload = jobs_io.Payload(
        look_at(base64.b64decode(job["micropython"])),
        base64.b64decode(job["application"]),
        int(job["baud"]),
    )
    return jobs_io.flash_node(port, payload, _ask, _progress, at_the_pole=at_the_pole)


def main() -> int:
    """0 done, else the exit code that belongs to what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides what Ctrl-C ends.
    try:
        _tell(result=_work(json.loads(sys.stdin.readline())))
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
