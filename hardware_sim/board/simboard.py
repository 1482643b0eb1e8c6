"""The simulated board as one module: its flash, its slots, and what the firmware imports.

It is linked with the peripherals beside it into one `simboard.mpy`, so that the simulation takes
little of the memory that a real node would have. Arguments: see start.py.
"""

import os
import sys
import time

import uctypes
import vfs

from .layout import CUT_BYTES, CUT_WRITES
from .simpage import WORD, words

_BLOCK = 4096


def _written(memory, at, data):
    """Write flash; where the world cuts the mains, only so many bytes, and the node is gone."""
    left = words[CUT_WRITES // WORD]
    if left:
        words[CUT_WRITES // WORD] = left - 1
        if left == 1:
            size = min(len(data), words[CUT_BYTES // WORD])
            memory[at : at + size] = memoryview(data)[:size]
            os.kill(os.getpid(), 9)
    memory[at : at + len(data)] = data


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
        _written(self._memory, block * 4096 + offset, buffer)

    def ioctl(self, operation, _):
        """4: blocks, 5: block size, 6: erase."""
        if operation == 4:
            return self._blocks
        if operation == 5:
            return 4096
        return 0


def memory(number):
    """What a slot of images holds; the first one holds the factory's until it is written."""
    size = int(sys.argv[10])
    own = uctypes.bytearray_at(int(sys.argv[9]) + number * size, size) if size else b""
    if not number and not any(own[:4]):
        return uctypes.bytearray_at(int(sys.argv[1]), int(sys.argv[2]))
    return own


def write(number, offset, data):
    """Write a part of a slot; a block is erased when its first byte is written."""
    size = int(sys.argv[10])
    if offset + len(data) > size:
        raise OSError(28)
    own = uctypes.bytearray_at(int(sys.argv[9]) + number * size, size)
    if not offset % _BLOCK:
        _written(own, offset, b"\xff" * _BLOCK)
    _written(own, offset, data)


def start():
    """Jail the node in its own flash, and run what is frozen into a real board's MicroPython."""
    root = vfs.VfsLfs2(
        Flash(int(sys.argv[5]), int(sys.argv[6])), readsize=32, progsize=32, lookahead=32
    )
    vfs.umount("/")
    vfs.mount(root, "/")
    for name in ("machine", "network", "time", "slots"):
        sys.modules[name] = sys.modules["simboard"]
    __import__("boot").run()
    while True:
        time.sleep_ms(1000)  # What a real board does: it waits at its console.
