"""How cars come and go: places along the bay over time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .magnetism import Car, Floats, car_ut
from .scene import Visit

_FROM_M = 7.0
_SHUFFLE_M = 0.7


def _eased(part: Floats) -> Floats:
    """From 0 to 1 without a jerk."""
    clipped = np.clip(part, 0.0, 1.0)
    eased: Floats = clipped * clipped * (3.0 - 2.0 * clipped)
    return eased


def place_m(visit: Visit, times_s: Floats) -> Floats:
    """Where the car's middle is along the bay; it comes from behind and leaves to the front."""
    into = _eased((times_s - (visit.rest_s - visit.in_s)) / visit.in_s)
    out = _eased((times_s - visit.leave_s) / visit.out_s)
    place = visit.x_m - _FROM_M * (1.0 - into) + _FROM_M * out
    if visit.shuffles:  # Forwards a little too far, and back.
        left = (visit.rest_s - times_s) / visit.in_s
        place = place + _SHUFFLE_M * np.sin(np.pi * np.clip(2.0 * left, 0.0, 1.0))
    return place


def span_of(visit: Visit, times_s: Floats) -> tuple[int, int, int, int]:
    """Indices: first seen, at rest, leaving, gone."""
    at = np.searchsorted(
        times_s,
        [visit.rest_s - visit.in_s, visit.rest_s, visit.leave_s, visit.leave_s + visit.out_s],
    )
    return int(at[0]), int(at[1]), int(at[2]), int(at[3])


def add_field(
    field_ut: Floats, times_s: Floats, visit: Visit, offset_m: tuple[float, float]
) -> None:
    """Add what a car does to the field while it comes, stands and goes."""
    first, rest, leave, gone = span_of(visit, times_s)
    y = visit.y_m + offset_m[1]
    for begin, end in ((first, rest), (leave, gone)):
        if end > begin:
            x = place_m(visit, times_s[begin:end]) + offset_m[0]
            field_ut[begin:end] += car_ut(visit.car, x, y)
    if leave > rest:
        field_ut[rest:leave] += car_ut(visit.car, np.array([visit.x_m + offset_m[0]]), y)


def above(visit: Visit, times_s: Floats) -> NDArray[np.bool_]:
    """Whether the car's body is above the sensor."""
    inside: NDArray[np.bool_] = np.abs(place_m(visit, times_s)) < visit.car.length_m / 2
    return inside


def passing_ut(rng: np.random.Generator, car: Car, steps_s: Floats) -> Floats:
    """A car that drives past in the lane beside; the middle of `steps_s` is when it is nearest."""
    speed = rng.uniform(5.0, 14.0) * rng.choice([-1.0, 1.0])
    return car_ut(car, speed * steps_s, rng.uniform(2.6, 4.2))
