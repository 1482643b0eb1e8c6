"""Random fault schedules for a node's cores, and what must hold in each of them.

    python tests/fuzz/schedules.py CORE COUNT SEED [PLANTED]

A schedule is a dozen steps; in each a fault begins or ends (no clock, a wrong clock, a silent
meter, a torn memory, a stuck detector, a hot driver, garbage from above, a power cut) and some
time passes. It prints "held N", or "broken" with the schedule's seed and the rule that did not
hold. A planted bug (planted.py) is put into the source of its module before that is imported.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STEPS = 12


class Broken(Exception):
    """A rule that did not hold."""


def must(holds: object, rule: str) -> None:
    if not holds:
        raise Broken(rule)


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a bug in it."""

    def __init__(self, module: str, right: str, wrong: str) -> None:
        self._module = module
        self._path = ROOT / (module.replace(".", "/") + ".py")
        source = self._path.read_text()
        if source.count(right) != 1:
            raise SystemExit(f"{module}: {right!r} stands there {source.count(right)} times")
        self._source = source.replace(right, wrong)

    def find_spec(self, name: str, path: object, target: object = None) -> Any:
        if name != self._module:
            return None
        return importlib.util.spec_from_loader(name, self)

    def exec_module(self, module: Any) -> None:
        exec(compile(self._source, str(self._path), "exec"), module.__dict__)


def lamp(rng: random.Random) -> None:
    """Light wins, the floor holds, a hint only raises, a relay switches without light."""
    from fuzz import lamp_faults

    lamp_faults.one(rng, STEPS, must)


def bay(rng: random.Random) -> None:
    """Nothing is claimed that was not measured, and nothing is forgotten."""
    from fuzz import bay_faults

    bay_faults.one(rng, STEPS, must)


def time(rng: random.Random) -> None:
    """A clock that nobody tells is estimated or none, and never runs away."""
    from fuzz import time_faults

    time_faults.one(rng, STEPS, must)


def events(rng: random.Random) -> None:
    """Each event is told until it is acknowledged, in order, and stored before."""
    from fuzz import event_faults

    event_faults.one(rng, STEPS, must)


CORES: dict[str, Callable[[random.Random], None]] = {
    "lamp": lamp, "bay": bay, "time": time, "events": events,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """0: all held, 1: one did not."""
    core, count, seed = arguments[0], int(arguments[1]), int(arguments[2])
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    if len(arguments) > 3:
        from fuzz.planted import PLANTED

        _, module, right, wrong = PLANTED[int(arguments[3])]
        sys.meta_path.insert(0, Planter(module, right, wrong))
    for number in range(seed, seed + count):
        try:
            CORES[core](random.Random(number))
        except Broken as broken:
            print(f"broken {number}: {broken}")
            return 1
        except Exception as error:  # noqa: BLE001  # whatever a core raises breaks the rule
            print(f"broken {number}: a core raises nothing, but {error!r}")
            return 1
    print(f"held {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
