"""The two slots of images: flash of their own, mapped to addresses as on a real board."""

import sys

import uctypes

from .cut import written

places = uctypes.struct(int(sys.argv[1]), (uctypes.ARRAY | 0, uctypes.UINT64 | 10))

_BLOCK = 4096


def memory(number):
    """What a slot holds; the first one holds the factory's image until it is written."""
    size = places[9]
    own = uctypes.bytearray_at(places[8] + number * size, size) if size else b""
    if not number and not any(own[:4]):
        return uctypes.bytearray_at(places[0], places[1])
    return own


def write(number, offset, data):
    """Write a part of a slot; a block is erased when its first byte is written."""
    size = places[9]
    if offset + len(data) > size:
        raise OSError(28)
    own = uctypes.bytearray_at(places[8] + number * size, size)
    if not offset % _BLOCK:
        blank = b"\xff" * 256
        for at in range(offset, offset + _BLOCK, 256):
            written(own, at, blank)
    written(own, offset, data)
