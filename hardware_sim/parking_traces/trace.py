"""One day of one bay: truth, what the magnetometer shows, what the radar would say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import motion
from .echoes import Echoes, make_echoes
from .field import make_field
from .magnetism import Floats
from .scene import DAY_S, Scene, make_scene, mask

STEP_MS = 250
VACANT, OCCUPIED = 1, 2  # As the detector says it.
MOVING, COVERED = 0, 3  # A car is coming or going; a steel plate lies over the bay.
FIT_SEEDS = range(1, 101)
# Those from 1001 to 1100 were looked at while the detector was still changed.
JUDGE_SEEDS = range(1101, 1201)


@dataclass(frozen=True)
class Trace:
    """Arrays have one value (or row) for each STEP_MS; `off` while the node has no power."""

    seed: int
    truth: NDArray[np.int8]
    field_nt: NDArray[np.int32]
    temperature_dc: NDArray[np.int32]
    echoes: Echoes
    off: NDArray[np.bool_]
    flags: frozenset[str]


def _truth(scene: Scene, times_s: Floats) -> NDArray[np.int8]:
    truth = np.full(len(times_s), VACANT, np.int8)
    for visit in scene.visits:
        first, rest, leave, gone = motion.span_of(visit, times_s)
        for begin, end in ((first, rest), (leave, gone)):
            over = motion.above(visit, times_s[begin:end])
            truth[begin:end][over] = MOVING
        truth[rest:leave] = OCCUPIED
    truth[mask(times_s, scene.plate)] = COVERED
    return truth


def make(seed: int, hours: float = 24.0) -> Trace:
    """The day of that seed; `hours` cuts it short."""
    rng = np.random.default_rng([seed, 5])
    scene = make_scene(rng)
    trams = bool(rng.random() < 0.5)
    times_s: Floats = np.arange(int(DAY_S * 1000) // STEP_MS, dtype=np.float64)
    times_s *= STEP_MS / 1000
    field, warm_c = make_field(rng, scene, times_s, trams)
    echoes = make_echoes(rng, scene, times_s)
    field += rng.normal(0.0, rng.uniform(60.0, 200.0), field.shape)
    told = warm_c + rng.normal(0.0, 0.2, len(warm_c)) + rng.uniform(-3.0, 3.0)
    end = int(hours * 3_600_000) // STEP_MS
    return Trace(
        seed, _truth(scene, times_s)[:end], field[:end].astype(np.int32),
        (told * 10).astype(np.int32)[:end],
        Echoes(echoes.mm[:end], echoes.strength_db[:end], echoes.near[:end]),
        mask(times_s, scene.cuts)[:end], scene.flags | ({"trams"} if trams else set()),
    )  # fmt: skip
