"""How a simulated board starts: nothing but what must be compiled from source at each start.

Arguments: address and size of the application image, address of this node's page, of the clock's
page, of the flash and its size, address and size of the image with these modules, address of the
node's slots and size of each.
"""

import sys

import uctypes
import vfs

sys.path[:] = ["/sim", "/rom", ".frozen"]
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(sys.argv[7]), int(sys.argv[8]))), "/sim")
import simboard

simboard.start()
