"""Simulated time for the firmware: `time.ticks_ms` runs at the world's speed.

The link reads the interpreter's own `utime`, so that its time-outs stay real.
"""

import utime

from .layout import (
    CLOCK_GENERATION, CLOCK_MONOTONIC_NS, CLOCK_SIMULATED_NS, CLOCK_SPEED_1000,
)  # fmt: skip
from .simpage import LONG, WORD, clock, clock_long

_MASK = 0x3FFFFFFF


def ticks_ms():
    """Milliseconds of the world, wrapping at 2^30."""
    while True:
        before = clock[CLOCK_GENERATION // WORD]
        gone_us = utime.ticks_us() - clock_long[CLOCK_MONOTONIC_NS // LONG] // 1000
        passed_us = gone_us * clock[CLOCK_SPEED_1000 // WORD] // 1000
        value = (clock_long[CLOCK_SIMULATED_NS // LONG] // 1000 + passed_us) // 1000
        if before == clock[CLOCK_GENERATION // WORD] and not before & 1:
            return value & _MASK


sleep_ms = utime.sleep_ms
