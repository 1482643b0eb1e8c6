"""The DALI drivers of a street's zhaga lamps: what mains, faults and dead nodes do to them.

What a driver is told over its bus and what it answers is in the node's page (`..board.dali`); here
is what happens to it from outside, and what it counts. Pure but for the pages.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import gear
from ..board import layout
from ..pages import Pages

# What of a driver must outlive the world: columns of `Pages`.
_KEPT = ("gear_arc", "gear_levels", "gear_starts", "light_starts")


class Drivers:
    """`numbers` are places among the street's lamps, `indices` those of their nodes' pages."""

    def __init__(self, numbers: Sequence[int], indices: Sequence[int], pages: Pages) -> None:
        self.numbers, self.indices = list(numbers), list(indices)
        self._pages = pages
        self._alive: NDArray[np.bool_] = np.zeros(len(self.numbers), bool)
        self._lit = self._alive.copy()
        self._on_s: NDArray[np.float64] = np.zeros(len(self.numbers))
        self._lit_s = self._on_s.copy()
        pages.gear_levels[self.indices] = gear.FACTORY_LEVELS
        for name in _KEPT[2:]:
            getattr(pages, name)[self.indices] = 0

    def step(
        self, live: NDArray[np.bool_], faults: Sequence[str | None], pulled: Collection[int]
    ) -> NDArray[np.float64]:
        """The light that the drivers give, in percent.

        live and faults are of all lamps of the street; pulled: pages of nodes that are not there.
        """
        own = [faults[number] for number in self.numbers]
        alive = live[self.numbers] & np.array([fault != "driver_dead" for fault in own], bool)
        for at in np.nonzero(alive & ~self._alive)[0]:  # Its mains came, or it is a new one.
            gear.mains_on(self._pages, self.indices[at])
            self._pages.gear_starts[self.indices[at]] += 1
            if self.indices[at] in pulled:
                gear.bus_off(self._pages, self.indices[at])
        self._alive = alive
        for index, here, fault in zip(self.indices, alive, own, strict=True):
            said = 0 if here else layout.GEAR_DEAD
            said |= layout.GEAR_LAMP_OUT if fault == "lamp_open" else 0
            said |= layout.GEAR_FAILED if fault == "stuck_on" else 0
            self._pages.gear_world[index] = said
        return gear.lights_percent(self._pages, self.indices)

    def count(self, level: NDArray[np.float64], gone_s: float) -> None:
        """Time passes, with so much light of all lamps of the street."""
        pages, lit = self._pages, level[self.numbers] > 0
        self._on_s += gone_s * self._alive
        self._lit_s += gone_s * self._lit
        pages.light_starts[self.indices] += lit & ~self._lit
        self._lit = lit
        pages.gear_on_s[self.indices] = self._on_s.astype(np.uint32)
        pages.light_on_s[self.indices] = self._lit_s.astype(np.uint32)

    def unfed(self, index: int) -> None:
        """The node of this page is dead or gone, and with it the bus."""
        if index in self.indices and self._alive[self.indices.index(index)]:
            gear.bus_off(self._pages, index)

    def saved(self) -> dict[str, object]:
        """What must be as it was when the world is started again."""
        kept = {name: getattr(self._pages, name)[self.indices].tolist() for name in _KEPT}
        return {
            **kept, "alive": self._alive.tolist(), "lit": self._lit.tolist(),
            "on_s": self._on_s.tolist(), "lit_s": self._lit_s.tolist(),
        }  # fmt: skip

    def restore(self, said: object) -> None:
        """Take up what `saved` gave, of as many drivers; all nodes went with the world."""
        if not isinstance(said, dict) or len(said.get("alive", ())) != len(self.numbers):
            return
        for name in _KEPT:
            getattr(self._pages, name)[self.indices] = said[name]
        self._alive[:], self._lit[:] = said["alive"], said["lit"]
        self._on_s[:], self._lit_s[:] = said["on_s"], said["lit_s"]
        for index in self.indices:
            self.unfed(index)
