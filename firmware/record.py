"""Which of the two images runs: the record of a node's slots, and what is picked by it.

It is frozen into MicroPython like boot.py, which loads it when it is asked something. The record
says which slot is committed and which is on trial; it is kept in two files, each with a
generation and a CRC, so a torn write leaves the one before. An image on trial has three starts to
prove itself, counted down in flash before each; a timer that no image touches ends each. Three
crashes in a row lead to safe mode: the lamp lit, the console open, and after a while three starts
of the other image. So nothing keeps a node away for good.
"""

import binascii
import struct

import machine
import slots
from micropython import const

# The record: mark, generation, committed, trial, starts left, crashes, version that went back;
# size, CRC-32 and version of both slots. Size 0 is an image of the factory: only its mark counts.
_FORM_SIZE = const(44)  # With its own CRC-32.
_GENERATION = const(0)
_COMMITTED = const(1)
_TRIAL = const(2)
_STARTS = const(3)
_CRASHES = const(4)
_FAILED = const(5)
_SLOTS = const(6)
_NONE = const(255)
_BLANK = const(0xFFFFFFFF)  # The size of a slot in which no whole image is known to be.
_CRASHES_MAX = const(3)
_PAUSE_MS = const(600_000)  # What a trial may take, and how long safe mode lasts.
_ONE_SHOT = const(0)  # machine.Timer's.
_BUTTON_PIN = const(0)  # Held at start: safe mode.
_LEFT_MIN = const(10)


def load() -> list[int]:
    """The record; that of a node from the factory if there is none."""
    best = [0, 0, _NONE, 0, 0, 0, 0, 0, 0, _BLANK, 0, 0]
    for path in ("/boot.a", "/boot.b"):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if len(data) == _FORM_SIZE and data[:4] == b"LLB1" and data[-4:] == _crc(data[:-4]):
            found = list(struct.unpack_from("<4sIBBBBIIIIIII", data)[1:])
            if found[_GENERATION] >= best[_GENERATION]:
                best = found
    return best


def _crc(data: bytes) -> bytes:
    return binascii.crc32(data).to_bytes(4, "little")


def save(record: list[int]) -> None:
    """Write the record over the older of its two files."""
    record[_GENERATION] += 1
    data = struct.pack("<4sIBBBBIIIIIII", b"LLB1", *record)
    with open("/boot.b" if record[_GENERATION] & 1 else "/boot.a", "wb") as file:
        file.write(data + _crc(data))


def _saved(record: list[int]) -> bool:
    """Save; False when the data flash takes nothing, which must not keep a node from starting."""
    try:
        save(record)
    except OSError:
        return False
    return True


def _whole(record: list[int], slot: int) -> bool:
    """Whether a slot holds the image that the record tells of."""
    size, crc = record[_SLOTS + 3 * slot : _SLOTS + 3 * slot + 2]
    memory = memoryview(slots.memory(slot))
    if size:
        return size <= len(memory) and binascii.crc32(memory[:size]) == crc
    return bytes(memory[:3]) == b"\xd2\xcd\x31"


def choose(record: list[int]) -> int:
    """The slot to run, _NONE: safe mode. What must be known afterwards is saved before."""
    slot = record[_TRIAL]
    if slot != _NONE:
        if record[_STARTS] and _whole(record, slot):
            record[_STARTS] -= 1
            if _saved(record):
                return slot
        record[_FAILED] = record[_SLOTS + 3 * slot + 2]
        record[_SLOTS + 3 * slot] = _BLANK
        record[_TRIAL], record[_CRASHES] = _NONE, 0
        _saved(record)
    if record[_CRASHES] % (_CRASHES_MAX + 1) == _CRASHES_MAX:
        record[_CRASHES] = (record[_CRASHES] + 1) % (2 * _CRASHES_MAX + 2)
        _saved(record)
        return _NONE
    slot = record[_COMMITTED]
    good = _whole(record, slot)
    if (record[_CRASHES] > _CRASHES_MAX or not good) and _whole(record, 1 - slot):
        return 1 - slot
    return slot if good else _NONE


def pick() -> tuple[int, bool, int]:
    """The slot whose image is now at /rom, whether it is on trial, the version that went back.

    Slot _NONE: safe mode. The timer of a trial, or of safe mode, runs.
    """
    if machine.reset_cause() == machine.WDT_RESET:
        crashed()
    record = load()
    held = machine.Pin(_BUTTON_PIN, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0
    slot = _NONE if held else choose(record)
    trial = slot != record[_COMMITTED]
    if trial:
        machine.Timer(0).init(mode=_ONE_SHOT, period=_PAUSE_MS, callback=_reset)
    if slot != _NONE:
        _mount(slot)
    return slot, trial, record[_FAILED]


def _mount(slot: int) -> None:
    import vfs  # It is MicroPython's own, and no test of this file needs it.

    vfs.mount(vfs.VfsRom(slots.memory(slot)), "/rom")


def _reset(_: object) -> None:
    machine.reset()


def healthy(slot: int) -> None:
    """The image in this slot has proved itself: it is the one from now on."""
    record = load()
    if (record[_COMMITTED], record[_TRIAL], record[_CRASHES]) != (slot, _NONE, 0):
        record[_COMMITTED], record[_TRIAL], record[_CRASHES] = slot, _NONE, 0
        save(record)
    machine.Timer(0).deinit()


def crashed() -> None:
    """The running image cannot go on; the caller resets. One on trial has its starts counted."""
    record = load()
    if record[_TRIAL] == _NONE:
        record[_CRASHES] += 1
        _saved(record)


def restart(duty: int, rest: bytes) -> None:
    """Start again with the lamp as it is; the image finds `rest` in boot.left."""
    data = b"LLB1" + duty.to_bytes(2, "little") + rest
    machine.RTC().memory(data + _crc(data))
    machine.reset()


def left() -> bytes:
    """What `restart` left in the RTC's memory, good for one start: duty, and the image's part."""
    data = machine.RTC().memory()
    machine.RTC().memory(b"")
    if len(data) < _LEFT_MIN or data[:4] != b"LLB1" or data[-4:] != _crc(data[:-4]):
        return b"\xff\xff"
    return bytes(data[4:-4])
