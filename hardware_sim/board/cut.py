"""A write of flash, before or in the midst of which the world may cut the mains."""

import uctypes

from .layout import CUT_BYTES, CUT_WRITES
from .simpage import WORD, words


def written(memory, at, data):
    """Write; where the mains are cut, only so many bytes, and the node is gone."""
    left = words[CUT_WRITES // WORD]
    if left:
        words[CUT_WRITES // WORD] = left - 1
        if left == 1:
            size = min(len(data), words[CUT_BYTES // WORD])
            memory[at : at + size] = memoryview(data)[:size]
            uctypes.bytearray_at(0, 1)[0] = 0  # The process dies of it; nothing can catch that.
    memory[at : at + len(data)] = data
