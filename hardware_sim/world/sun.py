"""Where the sun is: the world's own sky, computed apart from the firmware's integer one.

Equations of the NOAA solar calculator (after Meeus, Astronomical Algorithms), in floats.
"""

from __future__ import annotations

import math

_J2000_S = 946_728_000.0  # POSIX seconds at 2000-01-01 12:00 UTC
HORIZON_DEG = -0.833  # Upper limb at the horizon with refraction.


def elevation_deg(at_s: float, lat: float, lon: float) -> float:
    """Elevation of the sun's centre in degrees, without refraction; at_s is POSIX seconds."""
    century = (at_s - _J2000_S) / 86400 / 36525
    mean_long = (280.46646 + century * (36000.76983 + century * 0.0003032)) % 360
    anomaly = math.radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * century)
    longitude = math.radians(mean_long + centre - 0.00569 - 0.00478 * math.sin(node))
    tilt = math.radians(
        23 + (26 + (21.448 - century * (46.815 + century * 0.00059)) / 60) / 60
        + 0.00256 * math.cos(node)
    )  # fmt: skip
    declination = math.asin(math.sin(tilt) * math.sin(longitude))
    y = math.tan(tilt / 2) ** 2
    mean = math.radians(mean_long)
    equation_min = 4 * math.degrees(
        y * math.sin(2 * mean)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean)
        - 0.5 * y * y * math.sin(4 * mean)
        - 1.25 * eccentricity**2 * math.sin(2 * anomaly)
    )
    solar_min = (at_s % 86400) / 60 + equation_min + 4 * lon
    hour_angle = math.radians(solar_min / 4 - 180)
    return math.degrees(
        math.asin(
            math.sin(math.radians(lat)) * math.sin(declination)
            + math.cos(math.radians(lat)) * math.cos(declination) * math.cos(hour_angle)
        )
    )


def crossing_s(from_s: float, lat: float, lon: float, *, rising: bool) -> float | None:
    """The next sunrise or sunset after from_s (POSIX seconds, to a second); None within 2 days."""
    step = 300.0
    before = elevation_deg(from_s, lat, lon) > HORIZON_DEG
    at = from_s
    while at < from_s + 2 * 86400:
        after = elevation_deg(at + step, lat, lon) > HORIZON_DEG
        if after != before and after == rising:
            low, high = at, at + step
            while high - low > 1:
                middle = (low + high) / 2
                if (elevation_deg(middle, lat, lon) > HORIZON_DEG) == rising:
                    high = middle
                else:
                    low = middle
            return high
        before, at = after, at + step
    return None


def daylight_lux(elevation: float) -> float:
    """Light outdoors under a lightly clouded sky, for an elevation in degrees."""
    if elevation <= -12:
        return 0.01
    if elevation < 0:  # Civil and nautical twilight: a decade of light for each 4 degrees.
        return float(400 * 10 ** (elevation / 3.0))
    return float(400.0 + 70_000.0 * math.sin(math.radians(elevation)) ** 1.2)
