"""Frames on a serial line, apart from the rest so that a node on MQTT does not load it.

It reads no port: bytes in, frames out. Read cobs.py.
"""

from .cobs import LINE_SIZE_MAX, LineReader, crc16, unwrap, wrap

__all__ = ["LINE_SIZE_MAX", "LineReader", "crc16", "unwrap", "wrap"]
