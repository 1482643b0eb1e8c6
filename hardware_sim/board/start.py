"""How a simulated board starts: nothing but what must be compiled from source at each start.

Arguments: address and size of the application image, address of this node's page, of the clock's
page, of the flash and its size, address and size of the image with these modules, address of the
node's slots and size of each.
"""

import sys

import uctypes
import vfs

places = uctypes.struct(int(sys.argv[1]), (uctypes.ARRAY | 0, uctypes.UINT64 | 10))

sys.path[:] = ["/sim", "/rom", ".frozen"]
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(places[6], places[7])), "/sim")
import simboard

simboard.start()
