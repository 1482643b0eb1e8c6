"""This node's page and the clock's page as numbers; the zygote passes their addresses.

They are arrays and not structs with names: reading one takes no memory, and the names would take
two kilobytes of every simulated node. `layout.py` says which number is what.
"""

import sys

import uctypes

from .layout import PAGE_SIZE

# Addresses and sizes, in the order that the zygote gives them: one number for all on the command
# line, for each would be a name that a node keeps.
places = uctypes.struct(int(sys.argv[1]), (uctypes.ARRAY | 0, uctypes.UINT64 | 10))

# The node's page in words of 32 bits, without and with sign: divide an offset by WORD.
WORD = 4
words = uctypes.struct(places[2], (uctypes.ARRAY | 0, uctypes.UINT32 | PAGE_SIZE // WORD))
signed = uctypes.struct(places[2], (uctypes.ARRAY | 0, uctypes.INT32 | PAGE_SIZE // WORD))
# The clock's page in words of 32 and of 64 bits.
LONG = 8
clock = uctypes.struct(places[3], (uctypes.ARRAY | 0, uctypes.UINT32 | 8))
clock_long = uctypes.struct(places[3], (uctypes.ARRAY | 0, uctypes.INT64 | 4))
