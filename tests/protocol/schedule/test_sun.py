"""The integer sun against the same equations in floating point, solved at the event."""

import datetime
import random
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from protocol.schedule import NORMAL, POLAR_DAY, POLAR_NIGHT, day_of, sun_times

Floats = NDArray[np.float64]
ERROR_S_MAX = 60.0


def sun_of_noaa(since_s: Floats) -> tuple[Floats, Floats]:
    """(declination in radians, equation of time in minutes); seconds from 2000-01-01 0:00 UTC."""
    t = (since_s / 86400 - 0.5) / 36525
    mean = np.radians(280.46646 + t * (36000.76983 + t * 0.0003032))
    anomaly = np.radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        np.sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + np.sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + np.sin(3 * anomaly) * 0.000289
    )
    omega = np.radians(125.04 - 1934.136 * t)
    longitude = np.radians(np.degrees(mean) + centre - 0.00569 - 0.00478 * np.sin(omega))
    seconds = 21.448 - t * (46.815 + t * (0.00059 - t * 0.001813))
    tilt = np.radians(23 + (26 + seconds / 60) / 60 + 0.00256 * np.cos(omega))
    y = np.tan(tilt / 2) ** 2
    equation = (
        y * np.sin(2 * mean)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * mean)
        - 0.5 * y * y * np.sin(4 * mean)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
    return np.arcsin(np.sin(tilt) * np.sin(longitude)), 4 * np.degrees(equation)


def event_of_noaa(days: Floats, lat: Floats, lon: Floats, sign: int) -> Floats:
    """Seconds from 0:00 UTC of each day to sunrise (-1) or sunset (+1), iterated at the event."""
    noon_s = 43200 - lon * 240
    at_s = noon_s
    for _ in range(6):
        declination, equation = sun_of_noaa(days * 86400 + at_s)
        cosine = np.cos(np.radians(90.833)) / (np.cos(np.radians(lat)) * np.cos(declination))
        cosine = cosine - np.tan(np.radians(lat)) * np.tan(declination)
        assert np.all(np.abs(cosine) < 1)
        at_s = noon_s - equation * 60 + sign * np.degrees(np.arccos(cosine)) * 240
    return at_s


def largest_error_s(points: list[tuple[int, int, int]]) -> float:
    """Over (day, lat_e5, lon_e5) points, sunrise and sunset."""
    ours = np.array([sun_times(*point) for point in points], dtype=np.float64)
    assert np.all(ours[:, 2] == NORMAL)
    days, lat, lon = np.array(points, dtype=np.float64).T
    rise = event_of_noaa(days, lat / 1e5, lon / 1e5, -1)
    fall = event_of_noaa(days, lat / 1e5, lon / 1e5, 1)
    return float(max(np.abs(ours[:, 0] - rise).max(), np.abs(ours[:, 1] - fall).max()))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[float, int], None]:
    """Prints a test's largest error, and hands it to the summary of the whole run."""

    def said(error_s: float, days: int) -> None:
        print(f"largest error over {days} days: {error_s:.2f} s")
        record_property("sun", (error_s, days))

    return said


@pytest.mark.parametrize("lat", range(-65, 66, 5))
def test_every_day_of_sixteen_years_is_right_at_every_fifth_degree(
    lat: int, tell: Callable[[float, int], None]
) -> None:
    days = range(day_of(2025, 1, 1), day_of(2040, 12, 31) + 1)
    error_s = largest_error_s([(day, lat * 100000, lat * 270000) for day in days])
    tell(error_s, len(days))
    assert error_s <= ERROR_S_MAX


def test_random_places_are_right_until_2060(tell: Callable[[float, int], None]) -> None:
    dice = random.Random(20)
    first, last = day_of(2020, 1, 1), day_of(2060, 12, 31)
    points = [
        (
            dice.randint(first, last),
            dice.randint(-6500000, 6500000),
            dice.randint(-18000000, 18000000),
        )
        for _ in range(20000)
    ]
    error_s = largest_error_s(points)
    tell(error_s, len(points))
    assert error_s <= ERROR_S_MAX


@pytest.mark.parametrize(
    ("lat_e5", "month", "kind"),
    [
        (7000000, 6, POLAR_DAY),
        (7000000, 12, POLAR_NIGHT),
        (-7000000, 6, POLAR_NIGHT),
        (-7000000, 12, POLAR_DAY),
        (9000000, 6, POLAR_DAY),
        (-9000000, 6, POLAR_NIGHT),
        (7000000, 3, NORMAL),
    ],
)
def test_polar_day_and_night_are_told_apart(lat_e5: int, month: int, kind: int) -> None:
    assert sun_times(day_of(2026, month, 21), lat_e5, 2500000)[2] == kind


def test_sunset_in_brussels_is_that_of_the_almanac() -> None:
    # 21 June 2026, Uccle: the sun rises at 05:29 and sets at 22:00 summer time (UTC+2).
    rise_s, set_s, kind = sun_times(day_of(2026, 6, 21), 5080000, 436000)
    assert kind == NORMAL
    assert abs(rise_s - (3 * 3600 + 29 * 60)) < 90
    assert abs(set_s - 20 * 3600) < 90


def test_results_are_whole_numbers_for_any_day() -> None:
    for year in (2000, 2020, 2059, 2100):
        day = (datetime.date(year, 10, 1) - datetime.date(2000, 1, 1)).days
        assert all(type(value) is int for value in sun_times(day, 5084650, 435170))
