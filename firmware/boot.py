"""The first thing a node runs: light the lamp, then pick the image that runs.

It is frozen into MicroPython and never updated over the air. Two slots hold an image each. A
record in the data flash says which one is committed and which is on trial; it is kept twice, each
with a generation and a CRC, so a torn write leaves the one before. An image on trial has three
starts to prove itself (`healthy`), counted down in flash before each; a timer that no image
touches ends each. Three crashes in a row lead to safe mode: the lamp lit, the console open, and
after a while three starts of the other image. So nothing keeps a node away for good.
"""

import binascii
import json
import struct
import sys

import machine
import slots
import vfs
from micropython import const

_PWM_PIN_DEFAULT = const(25)
_FREQUENCY_HZ_DEFAULT = const(1000)
_FULL = const(65535)
_BUTTON_PIN = const(0)  # Held at start: safe mode.
_NONE = const(255)
_BLANK = const(0xFFFFFFFF)  # The size of a slot in which no whole image is known to be.
_TRIES = const(3)
_CRASHES_MAX = const(3)
_TRIAL_MS = const(600_000)
_SAFE_MS = const(600_000)
# mark, generation, committed, trial, tries, crashes, version that went back; size, CRC-32 and
# version of both slots. Size 0 is an image from the factory, of which only the mark is looked at.
_RECORD = "<4sIBBBBIIIIIII"
_MARK = b"LLB1"
_RECORD_SIZE = const(44)  # With its CRC-32.
_GENERATION = const(0)
_COMMITTED = const(1)
_TRIAL = const(2)
_LEFT = const(3)
_CRASHES = const(4)
_FAILED = const(5)
_SLOTS = const(6)


def light(pin: int = _PWM_PIN_DEFAULT, frequency_hz: int = _FREQUENCY_HZ_DEFAULT) -> machine.PWM:
    """The lamp's PWM output: full light, or what a planned restart asked to keep."""
    return machine.PWM(machine.Pin(pin), freq=frequency_hz, duty_u16=kept)


def restart(duty: int, rest: bytes) -> None:
    """Start again with the lamp as it is; the image finds `rest` in `left`. Does not return."""
    data = _MARK + duty.to_bytes(2, "little") + rest
    machine.RTC().memory(data + _crc(data))
    machine.reset()


def _left() -> bytes:
    """What `restart` left in the RTC's memory, good for one start: duty, and the image's part."""
    data = machine.RTC().memory()
    machine.RTC().memory(b"")
    if len(data) < 10 or data[:4] != _MARK or data[-4:] != _crc(data[:-4]):
        return b"\xff\xff"
    return data[4:-4]


def load() -> list[int]:
    """The record; what a node from the factory has if there is none."""
    best = [0, 0, _NONE, 0, 0, 0, 0, 0, 0, _BLANK, 0, 0]
    for path in ("/boot.a", "/boot.b"):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        if len(data) == _RECORD_SIZE and data[:4] == _MARK and data[-4:] == _crc(data[:-4]):
            found = list(struct.unpack_from(_RECORD, data)[1:])
            if found[_GENERATION] >= best[_GENERATION]:
                best = found
    return best


def _crc(data: bytes) -> bytes:
    return binascii.crc32(data).to_bytes(4, "little")


def save(record: list[int]) -> None:
    """Write the record over the older of its two files."""
    record[_GENERATION] += 1
    data = struct.pack(_RECORD, _MARK, *record)
    with open("/boot.a" if record[_GENERATION] & 1 else "/boot.b", "wb") as file:
        file.write(data + _crc(data))


def whole(record: list[int], number: int) -> bool:
    """Whether a slot holds the image that the record tells of."""
    size, crc = record[_SLOTS + 3 * number : _SLOTS + 3 * number + 2]
    memory = memoryview(slots.memory(number))
    if size:
        return size <= len(memory) and binascii.crc32(memory[:size]) == crc
    return bytes(memory[:3]) == b"\xd2\xcd\x31"


def pick(record: list[int]) -> int:
    """The slot to run, _NONE: safe mode. What must be known afterwards is saved before."""
    number = record[_TRIAL]
    if number != _NONE:
        if record[_LEFT] and whole(record, number):
            record[_LEFT] -= 1
            save(record)
            return number
        record[_FAILED] = record[_SLOTS + 3 * number + 2]
        record[_SLOTS + 3 * number] = _BLANK
        record[_TRIAL], record[_CRASHES] = _NONE, 0
        save(record)
    if record[_CRASHES] % (_CRASHES_MAX + 1) == _CRASHES_MAX:
        record[_CRASHES] = (record[_CRASHES] + 1) % (2 * _CRASHES_MAX + 2)
        save(record)
        return _NONE
    number = record[_COMMITTED]
    if record[_CRASHES] > _CRASHES_MAX or not whole(record, number):
        if whole(record, 1 - number):
            return 1 - number
        if not whole(record, number):
            return _NONE
    return number


def healthy() -> None:
    """The running image has proved itself: it is the one from now on."""
    record = load()
    if (record[_COMMITTED], record[_TRIAL], record[_CRASHES]) != (slot, _NONE, 0):
        record[_COMMITTED], record[_TRIAL], record[_CRASHES] = slot, _NONE, 0
        save(record)
    if _timer:
        _timer.pop().deinit()


def crashed() -> None:
    """The running image cannot go on; the caller resets."""
    record = load()
    if record[_TRIAL] == _NONE:
        record[_CRASHES] += 1
        save(record)


def _reset_after(pause_ms: int) -> None:
    _timer.append(machine.Timer(0))
    _timer[0].init(mode=machine.Timer.ONE_SHOT, period=pause_ms, callback=_reset)


def _reset(_: object) -> None:
    machine.reset()


def run() -> None:
    """Run the image, for ever; it returns in safe mode only, to MicroPython's console."""
    global slot
    held = machine.Pin(_BUTTON_PIN, machine.Pin.IN, machine.Pin.PULL_UP).value() == 0
    if not held:
        if machine.reset_cause() == machine.WDT_RESET:
            crashed()
        record = load()
        slot = pick(record)
    if slot == _NONE:
        print("safe mode: the lamp is lit, the console is open")
        _reset_after(_SAFE_MS)
        return
    if slot != record[_COMMITTED]:
        _reset_after(_TRIAL_MS)
    try:
        vfs.mount(vfs.VfsRom(slots.memory(slot)), "/rom")
        sys.modules["firmware.boot"] = sys.modules[__name__]
        __import__("main")
    except Exception as error:  # noqa: BLE001  # whatever an image does, the node stays
        sys.print_exception(error)
    lamp.duty_u16(_FULL)
    crashed()
    machine.reset()


try:
    with open("/identity.json") as _file:
        _board = json.load(_file)["board"]
    _place = (_board["pins"]["pwm"], _board["pwm"]["frequency_hz"])
except (OSError, ValueError, KeyError):
    _place = (_PWM_PIN_DEFAULT, _FREQUENCY_HZ_DEFAULT)
left = _left()
kept = left[0] | left[1] << 8
lamp = light(*_place)
slot = _NONE
_timer: list[machine.Timer] = []
