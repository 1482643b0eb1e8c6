"""The two slots of images on an ESP32: halves of the ROMFS partition. Frozen there as `slots`.

The partition is mapped to addresses, so that bytecode runs where it lies. It is written through
esp32.Partition, whose block writes with an offset do not erase.
"""

import vfs
from esp32 import Partition

_BLOCK = 4096
_MEMORY = 2  # Operations of vfs.rom_ioctl and Partition.ioctl.
_ERASE = 6


def memory(slot: int) -> memoryview:
    """What a slot holds."""
    whole = memoryview(vfs.rom_ioctl(_MEMORY, 0))
    half = len(whole) // 2
    return whole[slot * half : (slot + 1) * half]


def write(slot: int, offset: int, data: bytes) -> None:
    """Write a part of a slot; a block is erased when its first byte is written."""
    size = len(memory(slot))
    if offset + len(data) > size:
        raise OSError(28)
    partition = Partition.find(Partition.TYPE_DATA, label="romfs")[0]
    block, rest = divmod(slot * size + offset, _BLOCK)
    if not rest:
        partition.ioctl(_ERASE, block)
    partition.writeblocks(block, data, rest)
