# mypy: ignore-errors
"""Mains cuts at every write of an update; run by MicroPython, see test_torn_update.py.

    micropython torn_update.py ROOT PUBLIC_KEY HEALTHY FILE …

The real installer and record over a real littlefs and two slots in RAM. The updates in the files
are installed one after the other; the image of the last one proves itself if HEALTHY is 1. For
each write there is, the mains are cut in its middle, power comes back, and life goes on as the
firmware would have it. Prints the number of cuts, and what was wrong.
"""

import errno
import sys

import vfs

ROOT, PUBLIC, HEALTHY = sys.argv[1], sys.argv[2], sys.argv[3] == "1"
UPDATES = []
for path in sys.argv[4:]:
    with open(path, "rb") as file:
        UPDATES.append(file.read())
vfs.mount(vfs.VfsPosix("/"), "/host")  # Sources are there, whatever lies at the root.
sys.path.insert(0, "/host" + ROOT)
sys.path.insert(0, "/host" + ROOT + "/firmware")
BLOCK_SIZE, BLOCKS, SLOT_SIZE, CHUNK = 4096, 32, 16384, 128
FACTORY = b"\xd2\xcd\x31" + b"factory" * 1000


class Restart(Exception):
    """The node starts again by itself."""


class Power:
    """Counts writes; at the `cut`-th one half of it is done, and nothing until power is back."""

    def __init__(self):
        self.cut = self.writes = 0
        self.gone = False

    def write(self, memory, at, data):
        if self.gone:
            raise OSError(errno.EIO)
        self.writes += 1
        if self.writes == self.cut:
            half = len(data) // 2
            memory[at : at + half] = bytes(data)[:half]
            self.gone = True
            raise OSError(errno.EIO)
        memory[at : at + len(data)] = bytes(data)


POWER = Power()


class Chip:
    """The data flash."""

    def __init__(self, memory):
        self.memory = memory
        self.dead = (
            False  # Of a life that is over: files it left open are closed by the collector.
        )

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK_SIZE + offset
        buffer[:] = self.memory[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        if self.dead:
            raise OSError(errno.EIO)
        POWER.write(self.memory, block * BLOCK_SIZE + offset, buffer)

    def ioctl(self, operation, argument):
        return {4: BLOCKS, 5: BLOCK_SIZE}.get(operation, 0)


class Slots:
    """The module `slots`."""

    def __init__(self):
        self.areas = [bytearray(SLOT_SIZE), bytearray(SLOT_SIZE)]
        self.areas[0][: len(FACTORY)] = FACTORY

    def memory(self, number):
        return self.areas[number]

    def write(self, number, offset, data):
        if offset % BLOCK_SIZE == 0:
            POWER.write(self.areas[number], offset, b"\xff" * BLOCK_SIZE)
        POWER.write(self.areas[number], offset, data)


class Machine:
    """The module `machine`."""

    WDT_RESET = 3

    class Pin:
        IN = PULL_UP = 0

        def __init__(self, *_):
            pass

        def value(self):
            return 1

    class Timer:
        def __init__(self, _):
            pass

        def init(self, **_):
            pass

        def deinit(self):
            pass

    class RTC:
        def memory(self, data=None):
            return b""

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def reset():
        raise Restart


sys.modules["machine"] = Machine
sys.modules["slots"] = Slots()
import record  # noqa: E402  # over the modules above

from firmware import installer  # noqa: E402

record._mount = lambda slot: None
installer.slots = record.slots = sys.modules["slots"]


CHIPS = []


class Boot:
    """What the installer asks of boot.py."""

    class lamp:
        @staticmethod
        def duty_u16():
            return 65535

    slot = 0


def mount(memory):
    """Mount the data flash at the root, instead of what was there."""
    if CHIPS:
        CHIPS.pop().dead = True
    CHIPS.append(Chip(memory))
    root = vfs.VfsLfs2(CHIPS[0], readsize=32, progsize=32, lookahead=32)
    vfs.umount("/")
    vfs.mount(root, "/")


def version_in(slot):
    """The version of the image in a slot: 1 is the factory's, 0 that it is none of ours."""
    area = bytes(record.slots.memory(slot))
    if area.startswith(FACTORY):
        return 1
    for update in UPDATES:
        if area.startswith(update[120:]):
            return int.from_bytes(update[16:20], "little")
    return 0


def bring(version, update):
    """What controller and node do from the head to the restart."""
    number = int.from_bytes(update[16:20], "little")
    steps = installer.update(Boot, version, lambda: (-1, -1, 10000, 1, 1))
    steps.send(None)
    told = steps.send((number, -1, update[:120]))
    for _ in range(2000):
        if told and told[0] == 2:
            first = 120 + told[2]
            for at in range(first, min(first + 4 * CHUNK, len(update)), CHUNK):
                told = steps.send((number, at - 120, update[at : at + CHUNK]))
        else:
            assert not (told and told[3]), ("refused", told)
            told = steps.send(True)
    raise AssertionError("the update does not end")


def live(update, healthy):
    """One start of the node; True when there is nothing left to do."""
    number = int.from_bytes(update[16:20], "little")
    slot, trial, failed = record.pick()
    assert slot != 255, "safe mode"
    Boot.slot = slot
    version = version_in(slot)
    assert version in (number, BEFORE), ("neither old nor new", slot, version)
    if trial:
        if not healthy:
            return False  # It crashes, or its timer ends it.
        record.healthy(slot)
    if version == number or failed == number:
        return True
    bring(version, update)
    return False


def lives(memory, update, healthy):
    """Starts until nothing is left to do; so many."""
    for count in range(1, 20):
        POWER.gone = False
        mount(memory)
        try:
            if live(update, healthy) and not POWER.gone:
                return count
        except Restart:
            pass
        except (OSError, AssertionError):
            if not POWER.gone:  # What is done without power does not count.
                raise
    raise AssertionError("it does not come to an end")


def fresh():
    memory = bytearray(b"\xff" * (BLOCK_SIZE * BLOCKS))
    vfs.VfsLfs2.mkfs(Chip(memory), readsize=32, progsize=32, lookahead=32)
    mount(memory)
    with open("/identity.json", "w") as file:
        file.write('{"update_keys": ["' + PUBLIC + '"]}')
    return memory


memory = fresh()
BEFORE = 1
for update in UPDATES[:-1]:
    lives(memory, update, True)
    BEFORE = int.from_bytes(update[16:20], "little")
LAST = int.from_bytes(UPDATES[-1][16:20], "little")
start = bytes(memory)
areas = [bytes(area) for area in record.slots.areas]
cut = 0
while True:
    cut += 1
    memory[:] = start
    for area, content in zip(record.slots.areas, areas):
        area[:] = content
    POWER.cut, POWER.writes = cut, 0
    lives(memory, UPDATES[-1], HEALTHY)
    torn = POWER.writes >= cut
    POWER.cut = 0
    mount(memory)
    slot = record.pick()[0]
    assert version_in(slot) == (LAST if HEALTHY else BEFORE), (cut, slot, version_in(slot))
    if not torn:
        break
print(cut - 1)
