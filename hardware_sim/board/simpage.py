"""This node's page and the clock's page as numbers; the zygote passes their addresses.

They are arrays and not structs with names: reading one takes no memory, and the names would take
two kilobytes of every simulated node. `layout.py` says which number is what.
"""

import sys

import uctypes

from .layout import PAGE_SIZE

# The node's page in words of 32 bits, without and with sign: divide an offset by WORD.
WORD = 4
words = uctypes.struct(int(sys.argv[3]), (uctypes.ARRAY | 0, uctypes.UINT32 | PAGE_SIZE // WORD))
signed = uctypes.struct(int(sys.argv[3]), (uctypes.ARRAY | 0, uctypes.INT32 | PAGE_SIZE // WORD))
# The clock's page in words of 32 and of 64 bits.
LONG = 8
clock = uctypes.struct(int(sys.argv[4]), (uctypes.ARRAY | 0, uctypes.UINT32 | 8))
clock_long = uctypes.struct(int(sys.argv[4]), (uctypes.ARRAY | 0, uctypes.INT64 | 4))
