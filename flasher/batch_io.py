"""Many boards: a thread and a process for each port, until each has had its board.

A port whose board fails waits a moment for it, where that may help; then the next board may be
tried when the job is run again. The journal knows what is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import ports_io
from .maker_io import ALREADY, Made, Maker
from .secure import SECURED
from .troubles import INTERRUPTED, TROUBLES, FlashError

_AGAIN = {row.name for row in TROUBLES if row.again}
_LOOK_S = 0.5
WAITING, WORKING, DONE, SKIPPED, FAILED = "waiting", "working", "done", "done before", "failed"


@dataclass
class Slot:
    """What happens at one port, as the live table shows it."""

    port: str
    state: str = WAITING
    step: str = ""
    part: float = 0.0
    asset_id: str = ""
    mac: str = ""
    problem: str = ""
    name: str = ""
    attempts: int = 0
    made: list[Made] = field(default_factory=list)


class Batch:
    """Runs a maker at all ports. `changed` is called after each change, from any thread."""

    def __init__(
        self, maker: Maker, ports: list[str], parallel: int, changed: Callable[[Slot], None]
    ) -> None:
        self.slots = [Slot(port) for port in ports]
        self._maker = maker
        self._turns = threading.Semaphore(parallel)
        self._changed = changed
        self._stop = threading.Event()

    def run(self, *, retries: int, patience_s: float, watch: Callable[[], bool] | None) -> None:
        """Until every port is through; watch (whether assets are left): also boards to come."""
        threads = [
            threading.Thread(target=self._serve, args=(slot, retries, patience_s, watch))
            for slot in self.slots
        ]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except (KeyboardInterrupt, SystemExit):
            self._stop.set()
            self._maker.crew.end()
            for thread in threads:
                thread.join()
            raise

    def _serve(
        self, slot: Slot, retries: int, patience_s: float, watch: Callable[[], bool] | None
    ) -> None:
        while not self._stop.is_set():
            self._board(slot, retries, patience_s)
            if watch is None or not watch() or not self._next_board(slot, watch):
                return

    def _board(self, slot: Slot, retries: int, patience_s: float) -> None:
        for attempt in range(retries + 1):
            slot.attempts = attempt + 1
            with self._turns:
                if self._stop.is_set():
                    return
                self._once(slot)
            if slot.state != FAILED or slot.name not in _AGAIN or attempt == retries:
                return
            if not self._comes_back(slot.port, patience_s):
                return

    def _once(self, slot: Slot) -> None:
        self._set(slot, state=WORKING, problem="", name="", part=0.0)

        def tell(step: str, done: int, total: int) -> None:
            self._set(slot, step=step, part=done / max(1, total))

        try:
            made = self._maker.make(slot.port, tell)
        except FlashError as error:
            if error.code == INTERRUPTED:
                self._stop.set()
            state = SKIPPED if error.name in (ALREADY, SECURED) else FAILED
            self._set(slot, state=state, problem=str(error), name=error.name)
            return
        slot.made.append(made)
        self._set(slot, state=DONE, asset_id=made.asset_id, mac=made.result["mac"], step="")

    def _set(self, slot: Slot, **said: Any) -> None:
        for name, value in said.items():
            setattr(slot, name, value)
        self._changed(slot)

    def _comes_back(self, port: str, patience_s: float) -> bool:
        """Whether a port is there, or comes back within a while."""
        end_s = time.monotonic() + patience_s
        while not self._stop.wait(_LOOK_S):
            if _is_there(port):
                return True
            if time.monotonic() >= end_s:
                return False
        return False

    def _next_board(self, slot: Slot, watch: Callable[[], bool]) -> bool:
        """Wait until this board is taken off and another is plugged in; False: none is needed."""
        gone = False
        while not self._stop.wait(_LOOK_S):
            if not watch():
                return False
            there = _is_there(slot.port)
            if gone and there:
                return True
            gone = gone or not there
        return False


def _is_there(port: str) -> bool:
    try:
        if port.startswith("rfc2217://"):
            with ports_io.opened(port):
                return True
        return port in {row.name for row in ports_io.ports()}
    except FlashError:
        return False


def report(batch: Batch, states: Mapping[str, str], problems: Mapping[str, str]) -> dict[str, Any]:
    """What a job has come to: assets by state, and what each port had to say.

    states and problems by asset id, of the whole job: those that no port has had are `open`.
    """
    counts: dict[str, int] = {}
    for state in states.values():
        counts[state] = counts.get(state, 0) + 1
    return {
        "assets": [
            {"asset_id": asset_id, "state": state, "problem": problems.get(asset_id, "")}
            for asset_id, state in states.items()
        ],
        "counts": counts,
        "complete": set(states.values()) <= {"done"},
        "ports": [
            {
                "port": slot.port, "state": slot.state, "asset_id": slot.asset_id,
                "mac": slot.mac, "problem": slot.problem, "name": slot.name,
                "attempts": slot.attempts,
                "seconds": [made.result["seconds"] for made in slot.made],
            }
            for slot in batch.slots
        ],
    }  # fmt: skip
