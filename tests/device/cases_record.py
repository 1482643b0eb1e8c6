# mypy: ignore-errors
"""What boot.py picks: slots, trials, crashes, safe mode; and the slots of an ESP32."""

import binascii
import sys

FILES = {}
TIMERS = []
AREAS = []


class Machine:
    """The module `machine`, as far as record.py asks for it."""

    WDT_RESET = 3
    cause = 1
    level = 1
    kept = b""

    class Pin:
        IN = PULL_UP = 0

        def __init__(self, *_):
            pass

        def value(self):
            return Machine.level

    class Timer:
        def __init__(self, number):
            pass

        def init(self, mode, period, callback):
            TIMERS.append(period)

        def deinit(self):
            TIMERS.clear()

    class RTC:
        def memory(self, data=None):
            if data is None:
                return Machine.kept
            Machine.kept = data
            return None

    @staticmethod
    def reset_cause():
        return Machine.cause

    @staticmethod
    def reset():
        raise SystemExit


class Slots:
    """The module `slots`."""

    @staticmethod
    def memory(number):
        return AREAS[number]


class Constant:
    """The module `micropython`."""

    @staticmethod
    def const(value):
        return value


class File:
    """A file in FILES."""

    def __init__(self, path, mode):
        if "w" not in mode and path not in FILES:
            raise OSError(2)
        if "w" in mode and FULL:
            raise OSError(28)
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self):
        return FILES[self.path]

    def write(self, data):
        FILES[self.path] = data


FULL = []
sys.modules["machine"] = Machine
sys.modules["slots"] = Slots
if sys.implementation.name != "micropython":
    sys.modules["micropython"] = Constant
from firmware import record  # noqa: E402  # over the modules above

record.open = File
record._mount = lambda slot: None
NONE, BLANK = 255, 0xFFFFFFFF
A, B = b"\xd2\xcd\x31" + b"A" * 100, b"\xd2\xcd\x31" + b"B" * 100


def fresh(with_b=True, **said):
    """A node with A committed and B whole; `said` changes places of the record."""
    FILES.clear()
    FULL.clear()
    TIMERS.clear()
    Machine.cause = Machine.level = 1
    AREAS[:] = [bytearray(A), bytearray(B)]
    now = record.load()
    assert now == [0, 0, NONE, 0, 0, 0, 0, 0, 0, BLANK, 0, 0]
    if with_b:
        now[9:12] = (len(B), binascii.crc32(B), 2)
    for place, value in said.items():
        now[int(place[1:])] = value
    record.save(now)


def starts(count):
    """Slots that so many starts pick, each of which ends in a crash."""
    found = []
    for _ in range(count):
        slot = record.pick()[0]
        found.append(slot)
        if slot != NONE:
            record.crashed()
    return found


def test_a_node_from_the_factory_runs_what_lies_in_a():
    fresh()
    FILES.clear()
    AREAS[1] = bytearray(104)
    assert record.pick() == (0, False, 0)
    assert not FILES, "a start that goes well writes nothing"


def test_a_trial_has_three_starts_and_is_then_taken_back():
    fresh(_2=1, _3=3)
    for left in (2, 1, 0):
        assert record.pick() == (1, True, 0)
        assert record.load()[3] == left
        record.crashed()
    assert TIMERS == [600000] * 3
    assert record.pick() == (0, False, 2)
    assert record.load()[9] == BLANK
    assert starts(1) == [0]


def test_a_trial_that_proves_itself_is_committed():
    fresh(_2=1, _3=3)
    assert record.pick() == (1, True, 0)
    record.healthy(1)
    assert not TIMERS
    assert record.pick() == (1, False, 0)
    generation = record.load()[0]
    record.healthy(1)
    assert record.load()[0] == generation, "it is written when there is something to write"


def test_an_image_that_is_not_whole_does_not_run_on_trial():
    fresh(_2=1, _3=3)
    AREAS[1][50] ^= 1
    assert record.pick() == (0, False, 2)


def test_a_committed_image_that_rots_gives_way_to_the_other():
    fresh(_1=1)
    assert record.pick() == (1, False, 0)
    AREAS[1][50] ^= 1
    assert record.pick()[:2] == (0, True)
    AREAS[0][0] ^= 1
    assert record.pick()[0] == NONE


def test_three_crashes_lead_to_safe_mode_and_then_to_the_other_image():
    fresh()
    assert starts(9) == [0, 0, 0, NONE, 1, 1, 1, NONE, 0]
    record.healthy(0)
    assert starts(3) == [0, 0, 0]


def test_without_another_image_the_same_one_is_tried_for_ever():
    fresh(with_b=False)
    assert starts(9) == [0, 0, 0, NONE, 0, 0, 0, NONE, 0]


def test_a_watchdog_counts_as_a_crash():
    fresh()
    Machine.cause = Machine.WDT_RESET
    found = [record.pick()[0] for _ in range(4)]
    assert found == [0, 0, NONE, 1], found


def test_a_held_button_is_safe_mode_and_uses_up_no_trial():
    fresh(_2=1, _3=3)
    Machine.level = 0
    assert record.pick()[0] == NONE
    assert record.load()[3] == 3
    assert TIMERS == [600000], "it starts again by itself"


def test_a_full_data_flash_does_not_keep_a_node_from_starting():
    fresh(_2=1, _3=3)
    FULL.append(1)
    assert record.pick()[0] == 0, "a trial that cannot be counted is none"
    record.crashed()
    assert record.pick()[0] == 0


def test_a_torn_record_leaves_the_one_before():
    fresh()
    now = record.load()
    now[4] = 2
    record.save(now)
    newest = max(FILES, key=lambda path: FILES[path][4])
    for size in range(len(FILES[newest])):
        whole = FILES[newest]
        FILES[newest] = whole[:size]
        assert record.load()[4] == 0, size
        FILES[newest] = whole[:size] + bytes([whole[size] ^ 1]) + whole[size + 1 :]
        assert record.load()[4] == 0, size
        FILES[newest] = whole
    assert record.load()[4] == 2


def test_what_a_planned_restart_leaves_is_good_for_one_start():
    Machine.kept = b""
    assert record.left() == b"\xff\xff"
    raised = False
    try:
        record.restart(1234, b"abcdefgh")
    except SystemExit:
        raised = True
    assert raised
    assert record.left() == b"\xd2\x04abcdefgh"
    assert record.left() == b"\xff\xff"
    Machine.kept = bytes(20)
    assert record.left() == b"\xff\xff"


class Vfs:
    """The ROMFS partition of an ESP32."""

    area = bytearray(4 * 4096)

    @staticmethod
    def rom_ioctl(operation, number):
        return Vfs.area


class Partition:
    """The module `esp32`."""

    TYPE_DATA = 1

    @staticmethod
    def find(kind, label):
        assert (kind, label) == (1, "romfs")
        return [Partition]

    @staticmethod
    def ioctl(operation, block):
        assert operation == 6
        Vfs.area[block * 4096 : (block + 1) * 4096] = b"\xff" * 4096

    @staticmethod
    def writeblocks(block, data, offset):
        at = block * 4096 + offset
        assert bytes(Vfs.area[at : at + len(data)]) == b"\xff" * len(data), "not erased"
        Vfs.area[at : at + len(data)] = data


class Esp32:
    Partition = Partition


def test_slots_of_an_esp32_are_halves_of_its_partition():
    sys.modules["vfs"], sys.modules["esp32"] = Vfs, Esp32
    from firmware import esp32_slots

    Vfs.area[:4] = b"keep"
    data = bytes(range(128)) * 64
    for at in range(0, 8192, 128):
        esp32_slots.write(1, at, data[at : at + 128])
    assert bytes(esp32_slots.memory(1)) == data
    assert bytes(esp32_slots.memory(0))[:4] == b"keep"
    raised = False
    try:
        esp32_slots.write(1, 8192, b"x")
    except OSError:
        raised = True
    assert raised, "it writes beyond its slot"
