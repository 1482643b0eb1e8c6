"""The simulated board as one module: its flash, and the modules that the firmware imports.

It is linked with the peripherals beside it into one `simboard.mpy`, so that the simulation takes
little of the memory that a real node would have. Arguments: see start.py.
"""

import sys

import uctypes
import vfs


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

    def ioctl(self, operation, _):
        """4: blocks, 5: block size, 6: erase."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return 4096
        return 0


def start():
    """Jail the node in its own flash, and run what a real board would run from ROMFS."""
    a = [int(x) for x in sys.argv[1:7]]
    root = vfs.VfsLfs2(Flash(a[4], a[5]), readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at(a[0], a[1])), "/rom")
    for name in ("machine", "network", "time"):
        sys.modules[name] = sys.modules["simboard"]
    __import__("main")
