"""SLIP framing (RFC 1055): packets between END bytes, with END and ESC escaped inside."""

from __future__ import annotations

from collections.abc import Iterator

_END = 0xC0
_ESC = 0xDB
_ESC_END = 0xDC
_ESC_ESC = 0xDD

# The largest request is a flash block of the stub, 16 kB and its header, twice that in deflate's
# worst case; what is longer is line noise.
PACKET_SIZE_MAX = 40 * 1024


def encode(packet: bytes) -> bytes:
    """The packet as it stands on the line."""
    body = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + body + b"\xc0"


class Decoder:
    """Finds packets in a stream; what lies outside of them and torn ones is dropped, counted."""

    def __init__(self) -> None:
        self._packet: bytearray | None = None  # None: between packets.
        self._escaped = False
        self.dropped = 0  # Packets that were too long or wrongly escaped.

    def reset(self) -> None:
        """Forget what is half received."""
        self._packet = None
        self._escaped = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole packets, in order, as they end; an empty one is none."""
        for byte in data:
            if byte == _END:
                if self._packet and not self._escaped:
                    packet = bytes(self._packet)
                    self._packet = None
                    yield packet
                else:
                    self._packet = bytearray()
                self._escaped = False
            elif self._packet is not None:
                self._take(byte)

    def _take(self, byte: int) -> None:
        packet = self._packet
        assert packet is not None
        if self._escaped:
            self._escaped = False
            plain = {_ESC_END: _END, _ESC_ESC: _ESC}.get(byte)
            if plain is None:
                self._drop()
                return
            byte = plain
        elif byte == _ESC:
            self._escaped = True
            return
        if len(packet) >= PACKET_SIZE_MAX:
            self._drop()
            return
        packet.append(byte)

    def _drop(self) -> None:
        self.dropped += 1
        self.reset()
