"""What can be wrong with a board on demand: its line, its supply, its flash, its straps.

A fault that strikes at a byte counts what the host has sent since the board was started; one
that strikes at a burn counts commands to the eFuses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_EVERY_BYTES = 4000  # Mean distance of two disturbances, unless it is given.
# Name, whether it takes a number: None no, else what is taken when none is given (0: must be).
KINDS = {
    "noise": _EVERY_BYTES,
    "drop": _EVERY_BYTES,
    "unplug-at": 0,
    "brownout-at": 0,
    "unplug-at-burn": 0,
    "torn-burn": 0,
    "mute": None,
    "bad-sector": 0,
    "wrong-strap": None,
}


class FaultError(ValueError):
    """No such fault, or its number is missing; the text lists what there is."""


@dataclass(frozen=True)
class Fault:
    """One of KINDS; `number` is bytes or a sector."""

    kind: str
    number: int = 0


def parse(text: str) -> Fault:
    """`noise`, `unplug-at=20000`, … as on the command line."""
    kind, equals, number = text.partition("=")
    if kind not in KINDS or (not equals and KINDS[kind] == 0) or (equals and KINDS[kind] is None):
        forms = ", ".join(
            name if at is None else f"{name}=N" if at == 0 else f"{name}[=N]"
            for name, at in KINDS.items()
        )
        raise FaultError(f"no fault {text!r}; there are {forms}")
    if not equals:
        return Fault(kind, KINDS[kind] or 0)
    if not number.isdecimal():
        raise FaultError(f"{text!r}: a number must follow")
    return Fault(kind, int(number))


class Line:
    """The wire: bytes go in at one end, and what the faults leave of them comes out."""

    def __init__(self, faults: tuple[Fault, ...], rng: random.Random) -> None:
        self._disturbed = [f for f in faults if f.kind in ("noise", "drop")]
        self._mute = any(f.kind == "mute" for f in faults)
        self._rng = rng

    def through(self, data: bytes) -> bytes:
        """One direction or the other: both are disturbed alike."""
        if self._mute:
            return b""
        for fault in self._disturbed:
            data = self._disturb(data, fault)
        return data

    def _disturb(self, data: bytes, fault: Fault) -> bytes:
        chance = 1 / max(1, fault.number)
        left = bytearray()
        for byte in data:
            if self._rng.random() >= chance:
                left.append(byte)
            elif fault.kind == "noise":
                left.append(byte ^ 1 << self._rng.randrange(8))
        return bytes(left)


def garble(data: bytes) -> bytes:
    """What a UART makes of bytes at another rate than its own."""
    return bytes((byte * 181 + 77) & 0xFF for byte in data[::2])
