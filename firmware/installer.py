"""Takes an update in: judges its signed head, writes its chunks to the idle slot, proves the whole.

Cold: a file of its own in the image, imported when an update begins and let go afterwards. It
takes and returns plain data, and works in slices between which the lamp is driven. Nothing is
erased before the signature was found good. How far it is stays in flash, so that a power cut
costs one block.

The head, little endian: mark "LLFW", form 1, flags (bit 0: may be older than what runs), two
zeros, hardware (8 bytes), version u32, size u32, SHA-256 of the image, and the Ed25519 signature
over all that (docs/updates.md).
"""

import binascii
import hashlib
import json
import struct
import sys

_HEAD = "<4sBBH8sII32s"
_HEAD_SIZE = 56
_SIZE = 120  # With its signature.
_IDENTITY = "/identity.json"
_PROGRESS = "/update"
_BLOCK = 4096
_CHUNK = 128
_ANSWER_EVERY = 4 * _CHUNK  # Bytes after which a state is told unasked.
_SLICES = 8  # Of ed25519.py at a time: some 20 ms of an ESP32.
_BLANK = 0xFFFFFFFF
_NONE = 255
_TRIES = 3
# Places in the record of boot.py.
_COMMITTED, _TRIAL, _LEFT, _CRASHES, _SLOTS = 1, 2, 3, 4, 6
# Places in FIRMWARE_NAMES of the wire.
CHECKING, RECEIVING, READY = 1, 2, 3
FORM, HARDWARE, OLDER, SIZE, SIGNATURE, CONTENT = 5, 6, 7, 8, 9, 10


def _refusal(head: bytes, hardware: str, running: int, space: int) -> int:
    """Why the head is refused before its signature is looked at; 0: it is not."""
    if len(head) != _SIZE:
        return FORM
    mark, form, flags, _, name, version, size, _ = struct.unpack_from(_HEAD, head)
    if mark != b"LLFW" or form != 1:
        return FORM
    if name.rstrip(b"\0") != hardware.encode():
        return HARDWARE
    if version <= running and not (flags & 1 and version != running):
        return OLDER
    if not _BLOCK <= size <= space:
        return SIZE
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
    return have if crc == binascii.crc32(data[: _SIZE + 4]) else 0


def _keep(head: bytes, have: int) -> None:
    """A torn write of it begins the update anew; the running image is not touched by that."""
    data = head + struct.pack("<I", have)
    with open(_PROGRESS, "wb") as file:
        file.write(data + struct.pack("<I", binascii.crc32(data)))


def _signed(head: bytes, said: dict[str, object]):  # type: ignore[no-untyped-def] # steps
    """Steps; `said` gets "good" if one of the keys in the identity signed the head."""
    name = __name__.replace("installer", "ed25519")
    __import__(name)
    steps = sys.modules[name].steps
    for key in said.get("update_keys", ()):  # type: ignore[attr-defined] # a list of hex
        count = 0
        for good in steps(bytes.fromhex(key), head[_HEAD_SIZE:], head[:_HEAD_SIZE]):
            count += 1
            if count % _SLICES == 0:
                yield CHECKING, 0
        if good:
            said["good"] = True
            break
    del sys.modules[name]


def _whole(memory, size: int, result: list[object]):  # type: ignore[no-untyped-def] # steps
    """Steps that put CRC-32 and SHA-256 of what is in the slot into `result`."""
    digest, crc = hashlib.sha256(), 0
    for at in range(0, size, _BLOCK):
        part = memory[at : min(size, at + _BLOCK)]
        digest.update(part)
        crc = binascii.crc32(part, crc)
        yield CHECKING, size
    result += [crc, digest.digest()]


def _open(slot: int, boot):  # type: ignore[no-untyped-def] # the port's functions
    """The slot is no image from now on; boot.py must not take it for one."""
    record = boot[0]()
    if record[_SLOTS + 3 * slot] != _BLANK or record[_TRIAL] != _NONE:
        record[_SLOTS + 3 * slot] = _BLANK
        record[_TRIAL] = _NONE
        boot[1](record)


def _arm(slot: int, boot, found: tuple[int, int, int]) -> None:  # type: ignore[no-untyped-def]
    record = boot[0]()
    record[_SLOTS + 3 * slot : _SLOTS + 3 * slot + 3] = found
    record[_TRIAL], record[_LEFT], record[_CRASHES] = slot, _TRIES, 0
    boot[1](record)


def install(head: bytes, running: int, slot: int, boot, area):  # type: ignore[no-untyped-def]
    """Steps that yield (status, bytes had) and are sent (offset, data), or None for a tick.

    `slot` is the idle one; `boot` holds load and save of the record, `area` memory and write of
    slots. After READY the image is on trial with the next start. A refusal is the last step.
    """
    said = _identity()
    memory = memoryview(area[0](slot))
    wrong = _refusal(head, str(said.get("hardware", "esp32")), running, len(memory))
    if wrong:
        yield wrong, 0
        return
    yield from _signed(head, said)
    if not said.pop("good", False):
        yield SIGNATURE, 0
        return
    said.clear()
    version, size = struct.unpack_from("<II", head, 16)
    have = _progress(head)
    _open(slot, boot)
    told = -1
    while have < size:
        status = RECEIVING if told != have else 0
        told = have
        got = yield status, have
        while got is None:
            got = yield 0, have
        offset, data = got
        if offset != have or len(data) != min(_CHUNK, size - have):
            told = -1  # Tell where we are.
            continue
        area[1](slot, have, data)
        have += len(data)
        if have % _BLOCK == 0:
            _keep(head, have)
        if have % _ANSWER_EVERY:
            told = have
    result: list[object] = []
    yield from _whole(memoryview(area[0](slot)), size, result)
    good = result[1] == head[24:_HEAD_SIZE]
    if good:
        _arm(slot, boot, (size, int(str(result[0])), version))
    _keep(head, 0)
    yield (READY if good else CONTENT), size
