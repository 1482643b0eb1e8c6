"""The field at the magnetometer over a day, in nanotesla, and its own temperature."""

from __future__ import annotations

import numpy as np

from . import motion
from .magnetism import EARTH_UT, Floats, dipoles_ut, make_car, smooth_noise, traction_ut_per_a
from .scene import DAY_S, Scene, mask

_PASSES_PER_HOUR = 80.0
_TRAM_BODY_AM2 = 2500.0


def temperature_c(rng: np.random.Generator, scene: Scene, times_s: Floats) -> Floats:
    """Road surface: air, sun, shade of parked cars, and the housing's lag."""
    hour = times_s / 3600.0
    air = scene.night_c + scene.swing_k * (1 - np.cos((hour - 4.0) / 24 * 2 * np.pi)) / 2
    sun = np.clip(np.sin((hour - 6.5) / 12.0 * np.pi), 0.0, None) * scene.solar_k
    sun *= 0.7 + 0.3 * np.clip(smooth_noise(rng, len(times_s), _step_s(times_s), 1200.0), -1, 1)
    shade = np.zeros(len(times_s))
    for visit in scene.visits:
        _, rest, leave, _ = motion.span_of(visit, times_s)
        shade[rest:leave] = 0.75
    return _lagged(air + sun * (1.0 - shade), _step_s(times_s) / 1200.0)


def _step_s(times_s: Floats) -> float:
    return float(times_s[1] - times_s[0])


def _lagged(values: Floats, part: float) -> Floats:
    """First-order lag, worked out on every 16th value."""
    coarse = values[::16]
    found = np.empty_like(coarse)
    state = coarse[0]
    for at, value in enumerate(coarse):
        state += (value - state) * min(1.0, 16 * part)
        found[at] = state
    lagged: Floats = np.interp(np.arange(len(values)), np.arange(len(coarse)) * 16, found)
    return lagged


def _drift_ut(rng: np.random.Generator, warm_c: Floats, step_s: float) -> Floats:
    """Offset and gain by temperature, and a random walk of the offset."""
    count = len(warm_c)
    warmer = (warm_c - warm_c[0])[:, None]
    offset = rng.normal(0.0, 0.035, 3)
    gain = rng.uniform(-0.0005, 0.0005)
    walk = rng.normal(0.0, 0.03 * np.sqrt(step_s / 3600.0), (count, 3)).cumsum(axis=0)
    drift: Floats = warmer * (offset + gain * np.array(EARTH_UT)) + walk
    return drift


def _iron_ut(rng: np.random.Generator, scene: Scene, times_s: Floats) -> Floats:
    """Manhole covers and rebar: a steady part, steps when cars leave or a cover is moved."""
    field = np.zeros((len(times_s), 3))
    if rng.random() < 0.3:
        field += rng.normal(0.0, 4.0, 3)
        if rng.random() < 0.15:
            field[times_s > rng.uniform(0.0, DAY_S)] += rng.normal(0.0, 1.0, 3)
    for visit in scene.visits:
        if rng.random() < 0.06:
            field[times_s > visit.leave_s] += rng.normal(0.0, 0.25, 3)
    for plate in scene.plate:
        there = mask(times_s, [plate])
        steel = rng.normal(0.0, 45.0, (6, 3))
        places = np.column_stack([rng.uniform(-0.9, 0.9, (6, 2)), rng.uniform(0.1, 0.2, 6)])
        places[:, 0] += np.sign(places[:, 0]) * 0.4
        field[there] += dipoles_ut(places, steel)
    return field


def _traffic_ut(rng: np.random.Generator, times_s: Floats) -> Floats:
    """Cars that drive past; many by day, few by night."""
    field = np.zeros((len(times_s), 3))
    step_s = _step_s(times_s)
    reach = int(3.0 / step_s)
    steps_s: Floats = np.arange(-reach, reach + 1, dtype=np.float64)
    steps_s *= step_s
    cars = [make_car(rng) for _ in range(12)]
    busy = rng.uniform(0.2, 2.0) * _PASSES_PER_HOUR
    for _ in range(int(rng.poisson(busy * 24))):
        at = int(rng.beta(2.5, 2.0) * (len(times_s) - 2 * reach - 2)) + reach
        field[at - reach : at + reach + 1] += motion.passing_ut(
            rng, cars[int(rng.integers(len(cars)))], steps_s
        )
    return field


def _trams_ut(rng: np.random.Generator, times_s: Floats) -> Floats:
    """A tram line beside the bay: passing steel, traction currents near and far."""
    distance_m = rng.uniform(4.5, 20.0)
    per_ampere = traction_ut_per_a(distance_m, rng.uniform(0.85, 1.0))
    step_s = _step_s(times_s)
    count = len(times_s)
    current = 120.0 * smooth_noise(rng, count, step_s, 25.0)
    field = np.zeros((count, 3))
    every_s = rng.uniform(150.0, 600.0)
    reach = int(45.0 / step_s)
    steps_s = np.arange(-reach, reach + 1) * step_s
    body = rng.normal(0.0, 1.0, (5, 3)) + np.array(EARTH_UT) / 49.0
    for near_s in np.arange(5 * 3600.0, DAY_S - 60.0, every_s) + rng.normal(0, 40.0):
        at = int(near_s / step_s)
        if at - reach < 0 or at + reach + 1 > count:
            continue
        speed = rng.uniform(5.0, 12.0) * rng.choice([-1.0, 1.0])
        places = np.zeros((len(steps_s), 5, 3))
        places[:, :, 0] = (speed * steps_s)[:, None] + np.linspace(-14, 14, 5)
        places[:, :, 1], places[:, :, 2] = distance_m, 1.0
        field[at - reach : at + reach + 1] += dipoles_ut(places, body * _TRAM_BODY_AM2 / 5)
        begin = rng.uniform(-25.0, 15.0)
        pull = np.clip((steps_s - begin) / 3.0, 0, 1) * np.clip((begin + 18 - steps_s) / 4, 0, 1)
        brake = np.clip((steps_s - begin - 24) / 2, 0, 1) * np.clip(
            (begin + 36 - steps_s) / 2, 0, 1
        )
        current[at - reach : at + reach + 1] += rng.uniform(300, 900) * (pull - 0.4 * brake)
    return field + current[:, None] * per_ampere


def make_field(
    rng: np.random.Generator, scene: Scene, times_s: Floats, trams: bool
) -> tuple[Floats, Floats]:
    """(field in nT, temperature in degrees) without the axes' noise."""
    warm_c = temperature_c(rng, scene, times_s)
    field = np.tile(np.array(EARTH_UT), (len(times_s), 1))
    field += _drift_ut(rng, warm_c, _step_s(times_s))
    field += _iron_ut(rng, scene, times_s)
    field += _traffic_ut(rng, times_s)
    field += 0.02 * np.sin(times_s / DAY_S * 2 * np.pi)[:, None]  # The quiet day's variation.
    if trams:
        field += _trams_ut(rng, times_s)
    for visit in scene.visits:
        motion.add_field(field, times_s, visit, (0.0, 0.0))
    for place, found in scene.neighbours:
        for visit in found:
            motion.add_field(field, times_s, visit, place)
    turned = rng.uniform(0, 2 * np.pi)
    turn = np.array(
        [[np.cos(turned), -np.sin(turned), 0], [np.sin(turned), np.cos(turned), 0], [0, 0, 1]]
    )
    return field @ turn.T * 1000.0, warm_c
