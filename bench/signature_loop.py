# mypy: ignore-errors
"""Verifies one signature as a node does; run by MicroPython with a heap of its own size.

    micropython -X heapsize=N signature_loop.py IMAGE.romfs

Prints the heap that the module takes, the microseconds of one verification and of its slowest
slice. A heap that is too small ends in a MemoryError.
"""

import gc
import sys
import time

import vfs

with open(sys.argv[1], "rb") as file:
    vfs.mount(vfs.VfsRom(file.read()), "/rom")
sys.path.append("/rom")
KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
MESSAGE = b"\x72"


def measure(ed25519):
    """Microseconds of the whole and of the slowest slice."""
    slowest = 0
    start = before = time.ticks_us()
    good = []
    for told in ed25519.run(KEY, SIGNATURE, MESSAGE):
        if told:
            good.append(told)
        now = time.ticks_us()
        slowest = max(slowest, time.ticks_diff(now, before))
        before = now
    assert good
    return time.ticks_diff(before, start), slowest


gc.collect()
free = gc.mem_free()
__import__("ed25519")
gc.collect()
print(free - gc.mem_free(), free, *measure(sys.modules["ed25519"]))
