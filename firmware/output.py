"""From a level to what the driver is given, and to the power that it should then take.

Levels are hundredths of a percent. Nothing here has a state. Integers stay below 2^30.
"""

from protocol import wire

FULL_C = 10000
_DUTY_MAX = 65535
# The logarithmic curve of IEC 62386-102 (light = 10 ^ (3 * (n - 1) / 253 - 1) percent at arc level
# n), at 33 levels from 0 to 100 %, as parts of 65535, little endian. Between them it is taken for
# straight, which is at most 0.7 % of the light away.
_CURVE = (
    b"@\x00O\x00b\x00z\x00\x98\x00\xbc\x00\xea\x00#\x01i\x01\xc0\x01-\x02\xb4\x02[\x03+\x04-\x05n"
    b"\x06\xfc\x07\xeb\tQ\x0cM\x0f\x00\x13\x9a\x17P\x1dg$7-(8\xbfE\x9fV\x96k\x9f\x85\xf5\xa5\x1e"
    b"\xce\xff\xff"
)
_SEGMENTS = 32
# The levels at which a configuration tells the power.
_POWER_AT = b"\x00\x0a\x14\x23\x32\x41\x50\x64"


def duty_of(level_c: int, curve: int) -> int:
    """The light of a level as a part of 65535: linear (0) or logarithmic (1)."""
    if not curve or not level_c:
        return level_c * _DUTY_MAX // FULL_C
    at = level_c * _SEGMENTS
    rest = at % FULL_C
    at = at // FULL_C * 2
    low = _CURVE[at] | _CURVE[at + 1] << 8
    if not rest:
        return low
    return low + ((_CURVE[at + 2] | _CURVE[at + 3] << 8) - low) * rest // FULL_C


def maintained_c(level_c: int, configuration: wire.Configuration, burning_min: int) -> int:
    """The level with constant light output: a new lamp gives more than it must."""
    start, end_h = configuration.clo_start_percent, configuration.clo_end_100h * 100
    hours = burning_min // 60
    if not start or hours >= end_h:
        return level_c
    return level_c * (start * 10 + (100 - start) * 10 * hours // end_h) // 1000


def power_mw(level_c: int, configuration: wire.Configuration) -> int:
    """What a lamp of the type takes at a level, in mW; 0 when its type is not known."""
    parts, full_mw = configuration.power_parts, configuration.power_max_mw
    if not parts[7]:
        return full_mw // 100 * level_c // 100
    at = 0
    while level_c > _POWER_AT[at + 1] * 100:
        at += 1
    low_c = _POWER_AT[at] * 100
    span_c = _POWER_AT[at + 1] * 100 - low_c
    part = parts[at] * span_c + (parts[at + 1] - parts[at]) * (level_c - low_c)
    return full_mw // 100 * (part * 5 // span_c) // 10
