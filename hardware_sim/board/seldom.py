"""What a node seldom uses: the timer that resets it, and the RTC's memory.

A module of its own, so that it takes none of a node's memory while nobody asks it.
"""

import sys

import uctypes

from .layout import RTC_MEMORY, RTC_SIZE, TIMER
from .simpage import WORD, words
from .simtime import ticks_ms

places = uctypes.struct(int(sys.argv[1]), (uctypes.ARRAY | 0, uctypes.UINT64 | 10))


def init(mode, period, callback):
    """Begin; the callback can only be a reset, which the zygote does."""
    words[TIMER // WORD] = 0x80000000 | (ticks_ms() + period) & 0x3FFFFFFF


def deinit():
    """The timer ends."""
    words[TIMER // WORD] = 0


def memory(data=None):
    """Set the bytes that outlive a reset, or tell them."""
    start = places[2] + RTC_MEMORY
    if data is None:
        return bytes(uctypes.bytearray_at(start, words[RTC_SIZE // WORD]))
    uctypes.bytearray_at(start, len(data))[:] = data
    words[RTC_SIZE // WORD] = len(data)
    return None
