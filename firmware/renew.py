"""A node's next key, password or authority: opened, written beside the old one, and proved.

Cold: a file of its own in the image, loaded when a renewal comes or while one is not proved yet;
plain data in and out. The layout of a renewal is in controller_end/renewal.py.

The identity file keeps what was before as "before": a mask (bit 0 key, 1 password, 2 authority)
and the three old values. It is written whole beside the old one and renamed over it, which
littlefs does at once: a power cut leaves the one or the other. As long as a new value is not
proved by a join, the old one is tried as well, so nothing that is lost on the way locks a node
out.
"""

import gc
import hashlib
import json
import os
import struct

from .renewal import AUTHORITY, CAME, CONNECTING, JOINED, KEY, REFUSED, TICK

_PATH = "/identity.json"
_NAMES = ("key", "password", "ca")
_MARK_SIZE = 4
_HEAD_SIZE = 20  # With the nonce.
_TAG_SIZE = 32
_KEY_DIGITS = 64
_UNANSWERED_S = 600


def run(unproved, boot_count):
    """Steps that are sent what happened (renewal.py) as long as something is unproved.

    unproved: mask of what was renewed and not proved by a join. Steps answer None: nothing is to
    be done (a renewal that came: it is refused, nothing was changed); (): no memory for it now; or
    (mask of what is unproved now, mask of the old ones in use, key for joins from now on, password
    for the next connection, whether all that came was taken, key of hints in hex that came).

    New ones come first. A password that the broker refuses and a certificate that is not good
    make the next connection try the other one; joins that stay unanswered for ten minutes make
    the next ones go under the other key, and so does every fourth start, for a node whose mains
    never last ten minutes.
    """
    used = 0  # Of which the old one is in use: the key, and what the connection was made with.
    planned = 0  # The same for the next connection.
    joined_s = 0
    told = None
    if unproved and boot_count & 3 == 3:
        told = _tried(unproved & KEY, b"", 0)
        used = unproved & KEY if told else 0
    while True:
        what, a, b = yield told
        told = None
        trying = used & KEY | planned
        if what == CONNECTING:
            used = trying
            told = _tried(used, b"", 0)
        elif what in (CAME, JOINED):
            told = _tried(used, a if what == CAME else None, b)
            if told:
                # The present connection was made with what is not proved by it.
                unproved, used, planned = told[0], told[0] & ~KEY | told[1] & KEY, 0
        elif what == REFUSED and unproved & a:
            trying ^= a
        elif what == TICK:
            if a:
                joined_s = b
            elif b - joined_s >= _UNANSWERED_S:
                joined_s = b
                # The next one of the numbers whose bits are all in the mask.
                trying = trying - unproved & unproved
        if what >= REFUSED and trying != (used & KEY | planned):
            told = _tried(trying, b"", 0)
            if told:
                used, planned = used & ~KEY | trying & KEY, trying & ~KEY


def _tried(
    old: int, content: "bytes | None", generation: int
) -> "tuple[int, int, bytes, str, bool, str] | tuple[()] | None":
    """As _told; () when memory or flash has no room for it now: the lamp comes first."""
    gc.collect()
    try:
        return _told(old, content, generation)
    except (MemoryError, OSError):
        return ()


def _told(
    old: int, content: "bytes | None", generation: int
) -> "tuple[int, int, bytes, str, bool, str] | None":
    """(mask of what is not proved, which old ones, key, password, all was taken, near), or None.

    old: mask of the values for which the old one is used now. content: a renewal, whose upload has
    this generation; None: the node has joined, so what it uses is proved. Then the password is the
    new one, to be tried next. b"": only tell. None: the renewal is refused, nothing was changed.
    """
    with open(_PATH) as file:
        said = json.load(file)
    before = said.get("before") or [0, None, None, None]
    near = ""
    if content != b"":
        whole = True
        held = before[0]
        _settle(said, before, old)
        changed = held != before[0]
        if content:
            told = _opened(_used(said, before, old, 0), content, generation)
            if not told or not _good(told):
                return None
            now = tuple(before), said["key"], said["password"], said.get("ca")
            old, whole = _taken(said, before, old, told)
            if now != (tuple(before), said["key"], said["password"], said.get("ca")):
                changed = True
            near = told.get("near") or ""
            # A hint can only raise light, so that its key needs no proof.
            if near and said.get("near") and said["near"][1] != near:
                said["near"][1] = near
                changed = True
        if changed:
            _store(said, before)
    old &= before[0]
    key = bytes.fromhex(_used(said, before, old, 0))
    if content == b"":
        return before[0], old, key, _used(said, before, old, 1), True, near
    return before[0], old, key, said["password"], whole, near


def _used(said, before, old, index):
    return before[index + 1] if old >> index & 1 else said.get(_NAMES[index], "")


def _settle(said, before, old):
    """Forget the old values of which the new ones were used for the present join."""
    for index in range(3):
        if not old >> index & 1:
            before[0] &= ~(1 << index)
            before[index + 1] = None


def _taken(said, before, old, told):
    """Put new values before those that are used; which old ones are used then, and all is taken.

    While an authority is not proved both are accepted, and nobody knows which one is needed: a
    third one has to wait, or the operator takes the last one back.
    """
    whole = True
    for index in range(3):
        bit, name = 1 << index, _NAMES[index]
        value = told.get(name)
        if value is None:
            continue
        if bit == AUTHORITY and old & bit:
            if value not in (said[name], before[index + 1]):
                whole = False
                continue
            if value != said[name]:
                said[name], before[index + 1] = value, said[name]
        elif value != said.get(name, ""):
            used = _used(said, before, old, index)
            if value == used:
                if bit == KEY:  # It came under this key; the other one may yet be needed.
                    continue
                before[0] &= ~bit
            else:
                before[0] |= bit
                before[index + 1] = used
            said[name] = value
        old &= ~bit
    return old, whole


def _good(told):
    """Whether all that is told has its form."""
    try:
        authority = told.get("ca")
        for key in (told.get("key"), told.get("near")):
            if key is not None and (len(key) != _KEY_DIGITS or not bytes.fromhex(key)):
                return False
        if authority is not None and (authority[:2] != "30" or not _is_hex(authority)):
            return False
        password = told.get("password")
        return password is None or 0 < len(password) <= _KEY_DIGITS
    except (TypeError, ValueError, AttributeError):
        return False


def _is_hex(text):
    for at in range(0, len(text), 64):
        bytes.fromhex(text[at : at + 64])
    return True


def _store(said, before):
    if before[0]:
        said["before"] = before
    elif "before" in said:
        del said["before"]
    with open(_PATH + ".new", "w") as file:
        json.dump(said, file)  # Bit by bit: as one text it would want kilobytes in one piece.
    os.rename(_PATH + ".new", _PATH)


def _mac(key: bytes, data: "bytes | memoryview", more: "bytes | memoryview" = b"") -> bytes:
    """HMAC-SHA256 (RFC 2104) of data and more, by a key of at most 64 bytes."""
    inner, outer = bytearray(64), bytearray(64)
    for at in range(64):
        byte = key[at] if at < len(key) else 0
        inner[at], outer[at] = byte ^ 0x36, byte ^ 0x5C
    first = hashlib.sha256(inner)
    first.update(data)
    first.update(more)
    second = hashlib.sha256(outer)
    second.update(first.digest())
    return second.digest()


def _opened(key: str, content: bytes, generation: int) -> "dict[str, str] | None":
    """What a renewal under this key (hex) tells, None: it is not under this key, or not whole."""
    key = bytes.fromhex(key)
    end = len(content) - _TAG_SIZE
    if end <= _HEAD_SIZE or content[:_MARK_SIZE] != b"LLK1":
        return None
    view = memoryview(content)
    tag = _mac(_mac(key, b"renew tag"), struct.pack("<I", generation), view[:end])
    # Compared as one number, in a time that does not tell where they differ.
    if int.from_bytes(tag, "little") ^ int.from_bytes(content[end:], "little"):
        return None
    cipher, nonce = _mac(key, b"renew cipher"), content[_MARK_SIZE:_HEAD_SIZE]
    text = bytearray(view[_HEAD_SIZE:end])
    for at in range(0, len(text), 32):
        stream = _mac(cipher, nonce + struct.pack("<I", at >> 5))
        for place in range(at, min(at + 32, len(text))):
            text[place] ^= stream[place - at]
    try:
        told = json.loads(text)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
