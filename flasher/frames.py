"""Frames of the node protocol that stand in a line of text as hex digits, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from protocol import wire

_HEX = re.compile(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{2}){10,}(?![0-9a-fA-F])")
_SHOWN_MAX = 12  # Fields of a message.


def decoded(line: str) -> Iterator[str]:
    """Each frame in a line, decoded. Tags cannot be judged: a laptop has no session."""
    for found in _HEX.finditer(line):
        data = bytes.fromhex(found.group())
        try:
            _, sequence = wire.peek(data)
            message = wire.decode(data)
        except wire.DecodeError:
            continue
        fields = [
            f"{name}={value.hex() if isinstance(value, bytes | bytearray) else value}"
            for name, value in vars(message).items()
        ]
        yield f"{type(message).__name__} #{sequence} {' '.join(fields[:_SHOWN_MAX])}"
