"""Frames: a header, a body packed by the message table, and room for the tag.

offset  size  meaning
0       1     version (1)
1       1     type (messages.py)
2       1     channel (0 for the node itself or its first lamp or bay)
3       1     flags (bit 0: sent again; others 0, ignored)
4       2     sequence, little endian: the low 16 bits of the sender's counter
6       n     body
6 + n   8     tag (seal.py)
"""

import struct

from .const import const
from .errors import TOO_LONG, TOO_SHORT, TYPE, VERSION, DecodeError
from .limits import FRAME_SIZE_MAX, HEADER_SIZE, TAG_SIZE
from .message import ROWS, Message, pack_body, unpack_body

WIRE_VERSION = const(1)
FLAG_AGAIN = const(1)

_HEADER = "<BBBBH"


def encode_into(buffer: bytearray, message: Message, sequence: int, flags: int = 0) -> int:
    """Pack header and body; returns their size. The tag's 8 bytes follow (FRAME_SIZE_MAX in all).

    EncodeError names the field that does not fit.
    """
    struct.pack_into(
        _HEADER, buffer, 0, WIRE_VERSION, message.TYPE, message.channel, flags, sequence & 0xFFFF
    )
    return pack_body(buffer, HEADER_SIZE, message)


def peek(frame: bytes) -> tuple[int, int]:
    """(type, sequence) of a frame whose size and version are right; else DecodeError."""
    size = len(frame)
    if size < HEADER_SIZE + TAG_SIZE:
        raise DecodeError(TOO_SHORT, str(size))
    if size > FRAME_SIZE_MAX:
        raise DecodeError(TOO_LONG, str(size))
    if frame[0] != WIRE_VERSION:
        raise DecodeError(VERSION, str(frame[0]))
    if not frame[1] or frame[1] not in ROWS:
        raise DecodeError(TYPE, str(frame[1]))
    return frame[1], frame[4] | frame[5] << 8


def decode(frame: bytes) -> Message:
    """The message in a frame (its tag is not looked at); DecodeError with a reason otherwise."""
    message_type, _ = peek(frame)
    message = unpack_body(message_type, frame, HEADER_SIZE, len(frame) - TAG_SIZE)
    message.channel = frame[2]
    return message
