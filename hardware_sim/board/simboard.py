"""The simulated board as one module: its flash, and what the firmware imports.

It is linked with the peripherals beside it into one `simboard.mpy`, so that the simulation takes
little of the memory that a real node would have. Arguments: see start.py.
"""

import sys
import time

import uctypes
import vfs

from .simpage import places

from .cut import written


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
        written(self._memory, block * 4096 + offset, buffer)

    def ioctl(self, operation, _):
        """4: blocks, 5: block size, 6: erase."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return 4096
        return 0


def start():
    """Jail the node in its own flash, and run what is frozen into a real board's MicroPython."""
    root = vfs.VfsLfs2(Flash(places[4], places[5]), readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")
    for name in ("machine", "network", "time"):
        sys.modules[name] = sys.modules["simboard"]
    __import__("boot").run()
    while True:
        time.sleep_ms(1000)  # What a real board does: it waits at its console.
