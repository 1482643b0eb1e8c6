"""Workers, seen from their parent: started, fed, listened to and ended, one process a board."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .troubles import FAILED, INTERRUPTED, FlashError

_ROOT = Path(__file__).resolve().parent.parent
_LINE_MAX = 1 << 20
# What a board becomes: called with its MAC, chip and flash size. FlashError refuses it. Called
# again with {"record": …} before anything is burnt, which must then be on the disk.
Order = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Tell = Callable[[str, int, int], None]


class Crew:
    """Workers that live; `end` ends them all, for Ctrl-C."""

    def __init__(self) -> None:
        self._living: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False

    def work(self, job: Mapping[str, Any], order: Order | None, tell: Tell) -> dict[str, Any]:
        """Do a job in a process of its own; its result, or the FlashError that it ended with."""
        with self._lock:
            if self._ended:
                raise FlashError("Interrupted.", INTERRUPTED, "interrupted")
            worker = _start()
            self._living.add(worker)
        try:
            return _converse(worker, job, order, tell)
        except OSError as error:  # Its pipe broke: it has ended.
            raise FlashError("The worker of this board has ended.", FAILED, "ended") from error
        finally:
            with self._lock:
                self._living.discard(worker)
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    _quietly(pipe.close)

    def end(self) -> None:
        """End every worker now; boards stay as they are."""
        with self._lock:
            self._ended = True
            for worker in self._living:
                worker.kill()


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except OSError:
        return  # What was not flushed is not wanted any more.


def _start() -> subprocess.Popen[str]:
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "flasher.worker_io"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip


def _say(worker: subprocess.Popen[str], said: Mapping[str, Any]) -> None:
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(said) + "\n")
    worker.stdin.flush()


def _converse(
    worker: subprocess.Popen[str], job: Mapping[str, Any], order: Order | None, tell: Tell
) -> dict[str, Any]:
    _say(worker, job)
    assert worker.stdout is not None
    refused: FlashError | None = None
    while line := worker.stdout.readline(_LINE_MAX):
        said = json.loads(line)
        if "step" in said:
            tell(said["step"], said["done"], said["total"])
        elif "board" in said and order is not None:
            try:
                _say(worker, order(said["board"]))
            except FlashError as error:
                refused = error
                _say(worker, {"refused": str(error)})
        elif "record" in said and order is not None:
            _say(worker, order(said))
        elif "error" in said:
            raise refused or FlashError(said["error"], said["code"], said["name"])
        elif "result" in said:
            result: dict[str, Any] = said["result"]
            return result
    raise FlashError("The worker of this board has ended by itself.", FAILED, "ended")
