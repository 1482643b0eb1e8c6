"""Simulated time for the firmware: `time.ticks_ms` runs at the world's speed.

asyncio has taken the builtin `time` before, so that link time-outs stay real.
"""

import utime

from simpage import clock

_MASK = 0x3FFFFFFF


def ticks_ms():
    """Milliseconds of the world, wrapping at 2^30."""
    while True:
        before = clock.generation
        gone_us = utime.ticks_us() - clock.monotonic_ns // 1000
        value = (clock.simulated_ns // 1000 + gone_us * clock.speed_1000 // 1000) // 1000
        if before == clock.generation and not before & 1:
            return value & _MASK


sleep_ms = utime.sleep_ms
