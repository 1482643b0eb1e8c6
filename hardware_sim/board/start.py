"""How a simulated board starts: mount, jail, and run what a real one would run from ROMFS.

Arguments: address and size of the application image, address of this node's page, of the clock's
page, of the flash and its size, address and size of the image with these modules.
"""

import sys

import uctypes
import vfs

sys.path[:] = ["/sim", "/rom", ".frozen"]


class Flash:
    """The flash chip: a block device over shared memory, so that it survives a kill."""

    def __init__(self, address, size):
        self._memory = uctypes.bytearray_at(address, size)
        self._blocks = size // 4096

    def readblocks(self, block, buffer, offset=0):
        """Read."""
        at = block * 4096 + offset
        buffer[:] = memoryview(self._memory)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        """Program; littlefs erases before."""
        at = block * 4096 + offset
        self._memory[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        """4: blocks, 5: block size, 6: erase."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return 4096
        return 0


def mount():
    """The images at /rom and /sim, the flash at /; nothing of the host is left in reach."""
    a = [int(x) for x in sys.argv[1:]]
    flash = Flash(a[4], a[5])
    root = vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(a[0], a[1])), "/rom")
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(a[6], a[7])), "/sim")


mount()
import asyncio.core  # Takes the builtin time now.

import simtime

sys.modules["time"] = simtime
import firmware.boot
import firmware.main

firmware.main.run()
