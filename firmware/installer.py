"""Takes an update in: judges its signed head, writes chunks to the idle slot, proves the whole.

Cold: a file of its own in the image, imported when an update begins and let go afterwards. It
takes and returns plain data, and works in slices between which the lamp is driven. Nothing is
erased before the signature was found good. How far it is stays in flash, so that a power cut
costs one block.

The head, little endian: mark "LLFW", form 1, flags (bit 0: may be older than what runs), two
zeros, hardware (8 bytes), version u32, size u32, SHA-256 of the image, and the Ed25519 signature
over all that (docs/updates.md).

Steps are sent what has come: (version, offset, data), offset -1 for a head, or whether the node
is joined, at each tick. They yield what is to be told, (status, version, bytes had, whether this
was the last step), or None.
"""

import binascii
import gc
import hashlib
import json
import struct
import sys

import record
import slots

_HEAD = "<4sBBH8sII32s"
_HEAD_SIZE = 56
_SIZE = 120  # With its signature.
_IDENTITY = "/identity.json"
_PROGRESS = "/update"
_BLOCK = 4096
_CHUNK = 128
_ANSWER_EVERY = 4 * _CHUNK  # Bytes after which it is told unasked how far this is.
_SLICES = 8  # Of ed25519.py at a time: some 20 ms of an ESP32.
_IDLE_TICKS = 3000  # Without a chunk the memory is given back.
_RESTART_TICKS = 10  # Until the last answer is away.
_PROVE_TICKS = 50  # So long an image on trial must stay joined.
_STEP = 512  # Of a duty: seen by the output's register, not by an eye.
_STARTS_MAX = 3
# Places in the record (record.py), and what it says of a slot without an image and of no slot.
_TRIAL_AT, _STARTS, _CRASHES, _SLOTS = 2, 3, 4, 6
_BLANK = 0xFFFFFFFF
_NONE = 255
_FULL_C = 10000
# Places in FIRMWARE_NAMES of the wire.
_CHECKING, _RECEIVING, _READY, _TRIAL = 1, 2, 3, 4
_FORM, _HARDWARE, _OLDER, _SPACE, _SIGNATURE, _CONTENT = 5, 6, 7, 8, 9, 10


def _refusal(head: bytes, hardware: str, running: int, space: int) -> int:
    """Why the head is refused before its signature is looked at; 0: it is not."""
    if len(head) != _SIZE:
        return _FORM
    mark, form, flags, _, name, version, size, _ = struct.unpack_from(_HEAD, head)
    if mark != b"LLFW" or form != 1:
        return _FORM
    if name.rstrip(b"\0") != hardware.encode():
        return _HARDWARE
    if version <= running and not (flags & 1 and version != running):
        return _OLDER
    if not _BLOCK <= size <= space:
        return _SPACE
    return 0


def _identity() -> dict[str, object]:
    try:
        with open(_IDENTITY) as file:
            said: dict[str, object] = json.load(file)
            return said
    except (OSError, ValueError):
        return {}


def _progress(head: bytes) -> int:
    """Bytes of this very image that are in the slot for sure."""
    try:
        with open(_PROGRESS, "rb") as file:
            data = file.read()
    except OSError:
        return 0
    if len(data) != _SIZE + 8 or data[:_SIZE] != head:
        return 0
    have, crc = struct.unpack_from("<II", data, _SIZE)
    return int(have) if crc == binascii.crc32(data[: _SIZE + 4]) else 0


def _keep(head: bytes, have: int) -> None:
    """A torn write of it begins the update anew; the running image is not touched by that."""
    data = head + struct.pack("<I", have)
    with open(_PROGRESS, "wb") as file:
        file.write(data + struct.pack("<I", binascii.crc32(data)))


def _signed(head: bytes, keys, result: list[bool]):
    """Steps that put into `result` whether one of the keys signed the head."""
    name = __name__.replace("installer", "ed25519")
    __import__(name)
    run_steps = sys.modules[name].run
    left = _SLICES
    for key in keys:
        for told in run_steps(bytes.fromhex(key), head[_HEAD_SIZE:], head[:_HEAD_SIZE]):
            left -= 1
            if not left:
                left = _SLICES
                yield
            if told:
                result.append(True)
    del run_steps
    package, _, leaf = name.rpartition(".")
    sys.modules.pop(name)
    sys.modules[package].__dict__.pop(leaf, None)  # It keeps what was imported from it.
    gc.collect()  # A signature leaves numbers all over the heap.


def _whole(slot: int, head: bytes, size: int, result: list[int]):
    """Steps that put the CRC-32 of the slot's image into `result` if its SHA-256 is the head's."""
    digest, crc = hashlib.sha256(), 0
    memory = memoryview(slots.memory(slot))
    for at in range(0, size, _BLOCK):
        part = memory[at : min(size, at + _BLOCK)]
        digest.update(part)
        crc = binascii.crc32(part, crc)
        yield
    if digest.digest() == head[24:_HEAD_SIZE]:
        result.append(crc)


def _open(slot: int) -> None:
    """The slot is no image from now on; boot.py must not take it for one."""
    now = record.load()
    if now[_SLOTS + 3 * slot] != _BLANK or now[_TRIAL_AT] != _NONE:
        now[_SLOTS + 3 * slot] = _BLANK
        now[_TRIAL_AT] = _NONE
        record.save(now)


def _arm(slot: int, size: int, crc: int, version: int) -> None:
    """With the next start the slot's image is on trial."""
    now = record.load()
    now[_SLOTS + 3 * slot : _SLOTS + 3 * slot + 3] = (size, crc, version)
    now[_TRIAL_AT], now[_STARTS], now[_CRASHES] = slot, _STARTS_MAX, 0
    record.save(now)


def _receive(slot: int, head: bytes, version: int, size: int):
    """Steps until all of the image is in the slot; another head or a long silence ends them."""
    have = _progress(head)
    _open(slot)
    told, idle = -1, 0
    while have < size:
        answer = None
        if told != have:
            answer, told = (_RECEIVING, version, have, False), have
        got = yield answer
        if isinstance(got, bool):
            idle += 1
            if idle > _IDLE_TICKS:
                return got
            continue
        idle = 0
        number, offset, data = got
        if offset < 0 and data != head:
            return got
        if number != version or offset != have or len(data) != min(_CHUNK, size - have):
            told = -1  # Tell where we are.
            continue
        slots.write(slot, have, data)
        have += len(data)
        if have % _BLOCK == 0:
            _keep(head, have)
        if have % _ANSWER_EVERY:
            told = have
    return None


def _one(boot, running: int, got):
    """Steps of one update; they return what ended them: a number to tell, or another head."""
    head, slot = got[2], 1 - boot.slot
    said = _identity()
    wrong = _refusal(head, str(said.get("hardware", "esp32")), running, len(slots.memory(slot)))
    if wrong:
        return wrong
    good: list[bool] = []
    gc.collect()
    yield _CHECKING, got[0], 0, False
    yield from _signed(head, said.get("update_keys", ()), good)
    if not good:
        return _SIGNATURE
    del said
    version, size = struct.unpack_from("<II", head, 16)
    ended = yield from _receive(slot, head, version, size)
    if ended is not None:
        return ended
    crc: list[int] = []
    yield from _whole(slot, head, size, crc)
    _keep(head, 0)
    if not crc:
        return _CONTENT
    _arm(slot, size, crc[0], version)
    return _READY


def update(boot, running: int, said):
    """Steps from a head to the restart into the new image, or to a refusal.

    `boot` is boot.py, `running` the version that runs; said() tells duty and level that the
    lamp was last asked, -1 if it was not, then its light, and day and second, 0 without a clock.
    """
    got = yield None
    ended = None
    while isinstance(got, tuple):
        version = got[0]
        ended = yield from _one(boot, running, got)
        got = ended
    if ended == _READY and not isinstance(ended, bool):
        yield _READY, version, 0, False
        for _ in range(_RESTART_TICKS):
            yield None
        _, _, light_c, day, second = said()
        record.restart(boot.lamp.duty_u16(), struct.pack("<HHI", light_c, day, second))
    yield (0 if isinstance(ended, bool) else ended), version, 0, True


def _obeys(lamp, duty_effect: int, shell) -> bool:
    """Whether the output follows the brain; a node that drives none has only to be joined."""
    add, perform, said = shell
    board = _identity().get("board") or [None]
    if board[0] is None:
        return True
    duty, level, _, _, _ = said()
    if duty < 0:  # It is lit since the start, and nothing was to be changed.
        duty, level = lamp.duty_u16(), _FULL_C
    seen = []
    for asked in (duty ^ _STEP, duty):
        add(duty_effect, asked, level)
        perform()
        seen.append(lamp.duty_u16())
    return bool(seen[0] != seen[1])


def run(boot, duty_effect: int, shell):
    """Steps of a trial: it commits once it stayed joined and the output does what it is told.

    `shell`: what asks for an effect, what performs it, and said() as above. A lamp's output is
    stepped there and back, too little to be seen. What never gets that far is ended by boot.py's
    timer.
    """
    ticks = 0
    answer = None
    while True:
        got = yield answer
        answer = None
        if not isinstance(got, bool):
            answer = _TRIAL, got[0], 0, False
            continue
        ticks = ticks + 1 if got else 0
        if ticks < _PROVE_TICKS:
            if ticks == 1:
                answer = _TRIAL, 0, 0, False
            continue
        if _obeys(boot.lamp, duty_effect, shell):
            record.healthy(boot.slot)
            boot.trial = False
            yield 0, 0, 0, True
        ticks = 1
