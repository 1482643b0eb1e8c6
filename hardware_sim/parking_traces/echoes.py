"""What the radar would measure at each step of a day, were it asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import motion
from .magnetism import Floats
from .scene import Scene, mask

FLOOR_DB = -5.0  # The driver's fixed threshold.
_FALSE_PART = 0.004
_RAIN_CLUTTER_PART = 0.04


@dataclass(frozen=True)
class Echoes:
    """Distance (0: no peak), strength and what lies on the sensor, for each step."""

    mm: NDArray[np.int32]
    strength_db: NDArray[np.int32]
    near: NDArray[np.bool_]


def _bodies(
    rng: np.random.Generator, scene: Scene, times_s: Floats, mm: Floats, strength: Floats
) -> None:
    """Cars of the bay itself."""
    for visit in scene.visits:
        first, rest, leave, gone = motion.span_of(visit, times_s)
        over = np.zeros(gone - first, bool)
        over[rest - first : leave - first] = True
        for begin, end in ((first, rest), (leave, gone)):
            over[begin - first : end - first] = motion.above(visit, times_s[begin:end])
        at = first + np.nonzero(over)[0]
        steady = (at >= rest) & (at < leave)
        fading = rng.normal(0.0, 1.0, len(at)) * np.where(steady, 1.2, 6.0)
        level = np.where(steady, visit.car.strength_db, 18.0)
        mm[at] = visit.car.clearance_mm + rng.normal(0.0, 4.0, len(at))
        strength[at] = level + fading


def _others(
    rng: np.random.Generator, scene: Scene, times_s: Floats, mm: Floats, strength: Floats
) -> None:
    """Noise, people and the flanks of neighbours; a car above hides what is behind it."""
    count = len(times_s)
    for span in scene.people:
        at = np.nonzero(mask(times_s, [span]) & (strength < FLOOR_DB))[0]
        mm[at] = rng.uniform(250, 950) + rng.normal(0, 40.0, len(at))
        strength[at] = rng.normal(4.0, 5.0) + rng.normal(0, 4.0, len(at))
    if scene.across:
        for _, found in scene.neighbours:
            for visit in found:
                _, rest, leave, _ = motion.span_of(visit, times_s)
                if rng.random() < 0.15:
                    at = rest + np.nonzero(strength[rest:leave] < FLOOR_DB)[0]
                    mm[at] = rng.uniform(750, 980)
                    strength[at] = rng.normal(-4.0, 1.5) + rng.normal(0, 1.0, len(at))
    false = (rng.random(count) < _FALSE_PART) & (strength < FLOOR_DB)
    mm[false] = rng.uniform(100, 1000, int(false.sum()))
    strength[false] = FLOOR_DB + rng.exponential(2.0, int(false.sum()))


def make_echoes(rng: np.random.Generator, scene: Scene, times_s: Floats) -> Echoes:
    """A day of the radar."""
    count = len(times_s)
    mm = np.zeros(count)
    strength = np.full(count, -99.0)
    near = np.zeros(count, bool)
    _bodies(rng, scene, times_s, mm, strength)
    _others(rng, scene, times_s, mm, strength)
    for span in scene.rain:
        wet = mask(times_s, [span])
        strength[wet] -= rng.uniform(3.0, 11.0)
        near |= wet & (rng.random(count) < rng.uniform(0.05, 0.5))
        clutter = wet & (rng.random(count) < _RAIN_CLUTTER_PART) & (strength < FLOOR_DB)
        mm[clutter], strength[clutter] = rng.uniform(85, 250), FLOOR_DB + 2.0
    for span in scene.cover:  # Wet leaves or snow.
        under = mask(times_s, [span])
        strength[under] -= rng.uniform(10.0, 25.0)
        near |= under & (rng.random(count) < 0.97)
    plate = mask(times_s, scene.plate)
    strength[plate] = -99.0
    near |= plate
    heard = strength >= FLOOR_DB
    return Echoes(
        np.where(heard, np.clip(mm, 80, 1000), 0).astype(np.int32),
        np.where(heard, strength, 0).round().astype(np.int32),
        near,
    )
