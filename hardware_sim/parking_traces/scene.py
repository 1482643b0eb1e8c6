"""Who stands where, and when: visits to a bay, its neighbours, people, weather, road works."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .magnetism import Car, make_car

DAY_S = 86_400.0
_STAY_S_MIN = 60.0
_GAP_S_MIN = 45.0


@dataclass(frozen=True)
class Visit:
    """A car rests from `rest_s` until `leave_s`; before and after it moves for some seconds."""

    car: Car
    rest_s: float
    leave_s: float
    in_s: float
    out_s: float
    y_m: float
    x_m: float
    shuffles: int


@dataclass(frozen=True)
class Span:
    """Something lasts from `begin_s` to `end_s`; how strong it is depends on what it is."""

    begin_s: float
    end_s: float
    strength: float = 1.0


@dataclass(frozen=True)
class Scene:
    """One day of a bay."""

    visits: list[Visit]
    neighbours: list[tuple[tuple[float, float], list[Visit]]]  # Each with its place (x, y).
    across: bool  # Cars stand side by side, not one behind the other.
    rain: list[Span]
    cover: list[Span]
    plate: list[Span]
    cuts: list[Span]
    people: list[Span]
    solar_k: float
    night_c: float
    swing_k: float
    flags: frozenset[str] = field(default_factory=frozenset)


def visits(rng: np.random.Generator, stays: bool, blocked: list[Span]) -> list[Visit]:
    """A day's visits; `stays`: a car already stands there when the day begins."""
    found: list[Visit] = []
    at = -600.0 if stays else rng.exponential(1500.0)
    while at < DAY_S:
        hour = at / 3600.0 % 24
        mean_s = 2400.0 if 7 <= hour < 20 else 12_000.0
        stay_s = _STAY_S_MIN + rng.gamma(1.3, mean_s / 1.3)
        leave = at + stay_s
        for span in blocked:
            if at < span.begin_s and leave > span.begin_s - 60:
                leave = span.begin_s - 60
        inside = any(s.begin_s - 120 < at < s.end_s + 60 for s in blocked)
        if not inside and leave - at > 20 and (not found or at - found[-1].leave_s > 40):
            found.append(_visit(rng, at, leave))
        at = leave + _GAP_S_MIN + rng.exponential(1300.0 if 7 <= hour < 22 else 5000.0)
    return found


def _visit(rng: np.random.Generator, rest_s: float, leave_s: float) -> Visit:
    return Visit(
        make_car(rng), rest_s, leave_s, rng.uniform(4.0, 9.0), rng.uniform(3.0, 7.0),
        rng.normal(0.0, 0.2), rng.normal(0.0, 0.35), int(rng.random() < 0.35),
    )  # fmt: skip


def spans(
    rng: np.random.Generator, count: int, least_s: float, most_s: float, strength: float = 1.0
) -> list[Span]:
    """So many spans anywhere in the day."""
    found = []
    for _ in range(count):
        begin = rng.uniform(0.0, DAY_S)
        found.append(Span(begin, begin + rng.uniform(least_s, most_s), strength))
    return found


def make_scene(rng: np.random.Generator) -> Scene:
    """A day by chance; what is rare in a year is frequent here, so that it is tried."""
    chance = rng.random(8)
    plate = spans(rng, 1, 3600.0, 3 * 3600.0) if chance[0] < 0.06 else []
    rain = spans(rng, int(rng.integers(1, 4)), 600.0, 5400.0) if chance[1] < 0.25 else []
    cover = spans(rng, 1, 1800.0, 4 * 3600.0) if chance[2] < 0.08 else []
    cuts = spans(rng, int(rng.integers(1, 3)), 5.0, 900.0) if chance[3] < 0.25 else []
    across = bool(chance[4] < 0.35)
    places = ((0.0, 2.5), (0.0, -2.5)) if across else ((5.8, 0.0), (-5.8, 0.0))
    stays = bool(chance[5] < 0.35)
    flags = {
        "plate": bool(plate), "rain": bool(rain), "cover": bool(cover), "cuts": bool(cuts),
        "parked_at_power_up": stays,
    }  # fmt: skip
    return Scene(
        visits(rng, stays, plate),
        [(place, visits(rng, bool(rng.random() < 0.5), [])) for place in places],
        across, rain, cover, plate, cuts, spans(rng, int(rng.poisson(60)), 2.0, 30.0),
        rng.uniform(0.0, 22.0), rng.uniform(-6.0, 20.0), rng.uniform(2.0, 9.0),
        frozenset(name for name, there in flags.items() if there),
    )  # fmt: skip


def mask(times: NDArray[np.float64], found: list[Span]) -> NDArray[np.bool_]:
    """Where a time lies in one of the spans."""
    inside = np.zeros(len(times), bool)
    for span in found:
        inside |= (times >= span.begin_s) & (times < span.end_s)
    return inside
