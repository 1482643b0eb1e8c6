"""Fields in microtesla at the origin, where the sensor is: dipoles and line currents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EARTH_UT = (19.8, 0.6, 44.9)  # Brussels, IGRF-14: 49 uT, inclination 66 degrees.
_MU0_4PI_UT = 0.1  # mu0 / 4 pi in uT m3 / (A m2)
_MU0_2PI_UT = 0.2  # mu0 / 2 pi in uT m / A
_WIRE_M = 5.5  # Height of a tram's overhead wire.


@dataclass(frozen=True)
class Car:
    """A vehicle as dipoles in its own frame: x along, y across, z up from the road."""

    places_m: Floats  # (k, 3)
    moments_am2: Floats  # (k, 3)
    length_m: float
    clearance_mm: float
    strength_db: float  # What the radar gets back from its underbody.


def make_car(rng: np.random.Generator, dead_part: float = 0.07) -> Car:
    """A car or a van; its steel is magnetised along the earth's field and by its making."""
    van = rng.random() < 0.12
    count = 20
    length_m = rng.uniform(5.0, 6.2) if van else rng.uniform(3.5, 4.9)
    places = np.column_stack(
        [
            rng.uniform(-0.5, 0.5, count) * length_m,
            rng.uniform(-0.8, 0.8, count),
            rng.uniform(0.45, 1.0, count) + (0.15 if van else 0.0),
        ]
    )
    light = rng.random() < 0.08  # Mostly of aluminium.
    total = rng.uniform(50.0, 150.0) * (1.6 if van else 0.35 if light else 1.0)
    parts = rng.dirichlet(np.full(count, 1.2)) * total
    earth = np.array(EARTH_UT) / np.linalg.norm(EARTH_UT)
    own = rng.normal(0.0, 0.5, 3)
    each = rng.normal(0.0, 0.6, (count, 3))
    dead = rng.random() < dead_part
    clearance = rng.uniform(190, 340) if van else float(np.clip(rng.normal(165, 30), 105, 260))
    strength = rng.normal(0.0, 3.0) if dead else rng.normal(22.0, 6.0)
    return Car(places, parts[:, None] * (earth + own + each), length_m, clearance, strength)


def dipoles_ut(places_m: Floats, moments_am2: Floats) -> Floats:
    """Field of dipoles: places (..., k, 3), moments (k, 3) or alike; summed over k."""
    to_origin = -places_m
    distance = np.linalg.norm(to_origin, axis=-1, keepdims=True)
    along = np.sum(moments_am2 * to_origin, axis=-1, keepdims=True)
    each = 3.0 * along * to_origin / distance**5 - moments_am2 / distance**3
    field: Floats = _MU0_4PI_UT * each.sum(axis=-2)
    return field


def car_ut(car: Car, x_m: Floats, y_m: float) -> Floats:
    """Field of a car whose middle is at (x, y), for each x."""
    shift = np.zeros((len(x_m), 1, 3))
    shift[:, 0, 0] = x_m
    shift[:, 0, 1] = y_m
    return dipoles_ut(car.places_m[None] + shift, car.moments_am2[None])


def traction_ut_per_a(distance_m: float, returned: float) -> Floats:
    """Field of one ampere in a wire above a track beside the bay, `returned` in its rails.

    The line runs along x at y = distance; what does not return in the rails is far away.
    """
    field = np.zeros(3)
    for current, height_m in ((1.0, _WIRE_M), (-returned, -0.1)):
        y, z = -distance_m, -height_m
        square = y * y + z * z
        field += _MU0_2PI_UT * current / square * np.array([0.0, -z, y])
    return field


def smooth_noise(rng: np.random.Generator, count: int, step_s: float, settle_s: float) -> Floats:
    """Noise of deviation 1 that forgets itself in `settle_s` (Ornstein-Uhlenbeck)."""
    coarse = max(1, int(settle_s / step_s / 8))
    points = count // coarse + 2
    keep = np.exp(-coarse * step_s / settle_s)
    kicks = rng.normal(0.0, np.sqrt(1.0 - keep * keep), points)
    values = np.empty(points)
    value = rng.normal()
    for at in range(points):
        value = value * keep + kicks[at]
        values[at] = value
    found: Floats = np.interp(np.arange(count) / coarse, np.arange(points), values)
    return found
