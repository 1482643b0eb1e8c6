"""Frames on a serial line, apart from the rest so that a node on MQTT does not load it.

It reads no port: bytes in, frames out. Read cobs.py, then polled.py; who polls is in
controller_end/line.py.
"""

from .cobs import LINE_SIZE_MAX, LineReader, crc16, unwrap, wrap
from .polled import (
    ADDRESS_MAX,
    ANSWER,
    BEGIN,
    BEGUN,
    EVERYBODY,
    FRAME,
    MARK_SIZE,
    MORE,
    SENT,
    TAKEN,
    TOLD,
    WAITING_MAX,
    PolledNode,
    packet,
)

__all__ = [
    "ADDRESS_MAX",
    "ANSWER",
    "BEGIN",
    "BEGUN",
    "EVERYBODY",
    "FRAME",
    "LINE_SIZE_MAX",
    "MARK_SIZE",
    "MORE",
    "SENT",
    "TAKEN",
    "TOLD",
    "WAITING_MAX",
    "LineReader",
    "PolledNode",
    "crc16",
    "packet",
    "unwrap",
    "wrap",
]
