# mypy: ignore-errors
"""Flash that loses its power at a write, for torn_flash.py and torn_identity.py (MicroPython)."""

import errno

BLOCK_SIZE, BLOCKS = 4096, 64


class Chip:
    """Flash that loses its power at a write."""

    def __init__(self, memory, cut):
        self.memory = memory
        self.cut = cut
        self.writes = 0

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK_SIZE + offset
        buffer[:] = self.memory[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self.writes += 1
        size = len(buffer)
        if self.cut and self.writes >= self.cut:
            size = size // 2 if self.writes == self.cut else 0
        at = block * BLOCK_SIZE + offset
        self.memory[at : at + size] = bytes(buffer)[:size]
        if size < len(buffer):
            raise OSError(errno.EIO)

    def ioctl(self, operation, argument):
        if operation == 6 and self.cut and self.writes >= self.cut:
            raise OSError(errno.EIO)
        return {4: BLOCKS, 5: BLOCK_SIZE}.get(operation, 0)
