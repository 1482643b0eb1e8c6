"""What a photocell says, and how much of it is believed; a lamp and a feeder go by the same."""

from protocol import schedule, wire

from .now import Now
from .readings import Readings

# The photocell's own two levels, in tenths of a lux.
DARK_DX, BRIGHT_DX = 350, 700
# It is bright when it was so for this long; beyond the window around sunset and sunrise it is as
# the sun says.
_BRIGHT_S, _WINDOW_S, _DAY_S = 60, 5400, 86400

# Day, latitude and longitude last asked for, and what the sun does there: worked out once a day,
# for it takes memory.
_sun = [0, 0, 0, 0, 0, 0]


def is_dark(lux_dx: int, before: bool) -> bool:
    """What the photocell says; between its levels, and while it is silent (-1), as before."""
    if lux_dx < 0:
        return before
    return lux_dx < DARK_DX or (before and lux_dx <= BRIGHT_DX)


def bright(dark_s: int, now: Now, readings: Readings, said: "wire.Configuration | None") -> int:
    """What of the photocell is believed: 1 bright, 0 dark, -1 without one.

    dark_s: uptime when it was dark last. It may switch around sunset and sunrise alone, as far as
    the time is known: a thunderstorm is no night. Bright it is after a while only: a headlight is
    no day.
    """
    if readings.lux_dx < 0:
        return -1
    if now.quality == wire.TIME_ESTIMATED and said is not None:
        if _sun[0] != now.day or _sun[1] != said.lat_e5 or _sun[2] != said.lon_e5:
            _sun[0], _sun[1], _sun[2] = now.day, said.lat_e5, said.lon_e5
            _sun[3], _sun[4], _sun[5] = schedule.sun_times(now.day, said.lat_e5, said.lon_e5)
        _, _, _, rise, down, kind = _sun
        after_s, before_s = (now.second - rise) % _DAY_S, (down - now.second) % _DAY_S
        day_s, window_s = (down - rise) % _DAY_S, _WINDOW_S + readings.clock_error_s
        if kind == schedule.NORMAL:
            if after_s < day_s and min(after_s, before_s) > window_s:
                return 1
            if after_s > day_s and min(_DAY_S - after_s, _DAY_S - before_s) > window_s:
                return 0
    return 1 if now.uptime_s - dark_s >= _BRIGHT_S else 0
