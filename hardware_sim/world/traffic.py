"""Cars and people: who comes and goes, by chance from a seed, while traffic is on.

Detectors are fitted in empty bays, which they take for empty; so a new street has no cars, and
those that belong there come in the first minutes. After that bays see arrivals and departures with
exponential pauses (mean stay 40 min, mean gap 15 min); under each lamp somebody passes every few
minutes. Turned off, everything stays as it is, but for what a test moves by hand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STAY_S = 2400.0
_GAP_S = 900.0
_PARKED_PART = 0.6
_FIRST_S = 180.0  # Within so long the street fills.
_PASS_S = 240.0  # Mean pause between two people under one lamp.
_UNDER_S = 25.0  # Mean time somebody is under it.
# A bay detector needs a car to stay; by chance none stays for less.
_LEAST_S = 30.0


class Traffic:
    """`cars` and `people` are one flag for each bay and lamp; `forced_people` by hand."""

    def __init__(self, lamps: int, bays: int, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.on = True
        self.cars: NDArray[np.bool_] = np.zeros(bays, bool)
        self.people: NDArray[np.bool_] = np.zeros(lamps, bool)
        self.forced_people: NDArray[np.bool_] = np.zeros(lamps, bool)
        self._car_at: NDArray[np.float64] | None = None
        self._people_at: NDArray[np.float64] | None = None

    def step(self, now_s: float) -> None:
        """Whoever is due comes or goes."""
        if not self.on:
            self._car_at = None
            self._people_at = None
            self.people[:] = False
            return
        if self._car_at is None or self._people_at is None:
            self._car_at = now_s + self._pauses(self.cars, _STAY_S, _GAP_S)
            if not self.cars.any():
                first_s = _LEAST_S + self._rng.random(len(self.cars)) * _FIRST_S
                early = self._rng.random(len(self.cars)) < _PARKED_PART
                self._car_at[early] = now_s + first_s[early]
            self._people_at = now_s + self._pauses(self.people, _UNDER_S, _PASS_S)
        for at, flags, inside_s, outside_s in (
            (self._car_at, self.cars, _STAY_S, _GAP_S),
            (self._people_at, self.people, _UNDER_S, _PASS_S),
        ):
            due = at <= now_s
            if due.any():
                flags[due] = ~flags[due]
                at[due] = now_s + self._pauses(flags[due], inside_s, outside_s)

    def _pauses(
        self, inside: NDArray[np.bool_], inside_s: float, outside_s: float
    ) -> NDArray[np.float64]:
        mean = np.where(inside, inside_s, outside_s)
        return _LEAST_S * (mean > 600) + self._rng.exponential(1.0, len(inside)) * mean

    def present(self) -> NDArray[np.bool_]:
        """For each lamp, whether somebody is under it."""
        return self.people | self.forced_people
