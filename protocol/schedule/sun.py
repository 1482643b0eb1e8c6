"""Sunrise and sunset in integers: the upper limb at the horizon with refraction, zenith 90.833.

Equations of the NOAA solar calculator (after J. Meeus, Astronomical Algorithms, 2nd edition),
solved at the event itself. Angles are in microdegrees, fractions in units of 2^-28. It runs once a
night, so its integers may be long; nothing here is a float, which an ESP32 holds to 24 bits only.
"""

NORMAL, POLAR_DAY, POLAR_NIGHT = 0, 1, 2

_ONE = 1 << 28
_TURN = 360000000
_CENTURY_S = 3155760000
_COS_ZENITH = -3902539  # cos 90.833 degrees
# Radians of a microdegree in units of 2^-28, times 2^20.
_RADIANS = 4912665
_HALF_PI = 421657428


def _sin(angle: int) -> int:
    """Sine of an angle in microdegrees, by its series."""
    angle %= _TURN
    if angle > 270000000:
        angle -= _TURN
    elif angle > 90000000:
        angle = 180000000 - angle
    x = angle * _RADIANS >> 20
    square = x * x >> 28
    total = term = x
    for divisor in (6, 20, 42, 72, 110, 156):
        term = -(term * square >> 28) // divisor
        total += term
    return total


def _cos(angle: int) -> int:
    return _sin(angle + 90000000)


def _root(square: int) -> int:
    """Square root of a number in units of 2^-28, by Newton's method."""
    if square <= 0:
        return 0
    value = square << 28
    guess = _ONE
    for _ in range(40):
        better = (guess + value // guess) >> 1
        if abs(better - guess) <= 1:
            return better
        guess = better
    return guess


def _arc_cos(cosine: int) -> int:
    """The angle (microdegrees, 0 to 180 degrees) of a cosine, by Newton's method."""
    angle = 90000000 - (cosine * 57295780 >> 28)
    for _ in range(12):
        slope = _sin(angle)
        if slope < 1000:
            break
        step = (_cos(angle) - cosine) * 57295780 // slope
        angle += step
        if -3 < step < 3:
            break
    return angle


def _position(at_s: int) -> tuple[int, int]:
    """(sine of the declination, equation of time in seconds) at seconds since 2000-01-01 0:00."""
    n = at_s - 43200
    mean = 280466460 + n * 36000769830 // _CENTURY_S
    anomaly = 357529110 + n * 35999050290 // _CENTURY_S
    eccentricity = 4485190 - n * 11284 // _CENTURY_S
    sine = _sin(anomaly)
    sine_2 = _sin(2 * anomaly)
    centre = (
        sine * (1914602 - n * 4817 // _CENTURY_S)
        + sine_2 * (19993 - n * 101 // _CENTURY_S)
        + _sin(3 * anomaly) * 289
    ) >> 28
    node = 125040000 - n * 1934136000 // _CENTURY_S
    longitude = mean + centre - 5690 - (4780 * _sin(node) >> 28)
    tilt = 23439291 - n * 13004 // _CENTURY_S + (2560 * _cos(node) >> 28)
    declination = _sin(tilt) * _sin(longitude) >> 28
    cosine = _cos(tilt)
    y = ((_ONE - cosine) << 28) // (_ONE + cosine)
    y_sine = y * _sin(2 * mean) >> 28
    e_sine = eccentricity * sine >> 28
    equation = (
        y_sine
        - 2 * e_sine
        + 4 * (e_sine * (y * _cos(2 * mean) >> 28) >> 28)
        - (((y * y >> 28) * _sin(4 * mean) >> 28) >> 1)
        - 5 * ((eccentricity * eccentricity >> 28) * sine_2 >> 28) // 4
    )
    # Radians to seconds: 86400 / (2 pi).
    return declination, equation * 13751 >> 28


def _hour_angle_s(declination: int, lat_e5: int) -> tuple[int, int]:
    """(seconds from noon to sunset, NORMAL or the polar kind)."""
    lat = lat_e5 * 10
    over = _COS_ZENITH - (_sin(lat) * declination >> 28)
    under = _cos(lat) * _root(_ONE - (declination * declination >> 28)) >> 28
    if over >= under:
        return 0, POLAR_NIGHT
    if over <= -under:
        return 0, POLAR_DAY
    return _arc_cos((over << 28) // under) * 240 // 1000000, NORMAL


def sun_times(day: int, lat_e5: int, lon_e5: int) -> tuple[int, int, int]:
    """(sunrise, sunset, kind) of a solar day, in seconds from 0:00 UTC of civil day `day`.

    The solar day is the one whose mean noon is 12:00 local mean time of that day; its events may
    lie before 0 or beyond 86400. With a polar kind both times are that noon.
    """
    mean_noon = 43200 - lon_e5 * 240 // 100000
    declination, equation = _position(day * 86400 + mean_noon)
    noon = mean_noon - equation
    half, kind = _hour_angle_s(declination, lat_e5)
    if kind != NORMAL:
        return noon, noon, kind
    events = []
    for sign in (-1, 1):
        at = noon + sign * half
        for _ in range(2):
            declination, equation = _position(day * 86400 + at)
            better, kind = _hour_angle_s(declination, lat_e5)
            if kind != NORMAL:
                break
            at = mean_noon - equation + sign * better
        events.append(at)
    return events[0], events[1], NORMAL
