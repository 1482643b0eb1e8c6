"""The same frames on a serial line: CRC-16 and COBS, a zero byte between frames.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999. CRC: CRC-16/GENIBUS
(polynomial 0x1021, start 0xFFFF, inverted at the end), sent high byte first, over what is wrapped.
Without the inversion one bent bit, the last zero read as a one, made a longer frame that was good.
"""

from ..errors import CRC, FRAMING, TOO_LONG, TOO_SHORT, DecodeError
from ..limits import FRAME_SIZE_MAX

# Address and control byte, frame, CRC, one COBS code byte for each 254, the delimiter.
LINE_SIZE_MAX = FRAME_SIZE_MAX + 6


def crc16(data: bytes) -> int:
    """CRC-16/GENIBUS of data, eight bits at once: the polynomial has bits 12, 5 and 0."""
    crc = 0xFFFF
    for byte in data:
        high = crc >> 8 ^ byte
        high ^= high >> 4
        crc = (crc << 8 ^ high << 12 ^ high << 5 ^ high) & 0xFFFF
    return crc ^ 0xFFFF


def wrap(frame: bytes) -> bytes:
    """The bytes on the line for one frame, the final zero included."""
    crc = crc16(frame)
    data = frame + bytes((crc >> 8, crc & 0xFF))
    out = bytearray(1)
    code_at = 0
    for byte in data:
        if byte:
            out.append(byte)
        if not byte or len(out) - code_at == 255:
            out[code_at] = len(out) - code_at
            code_at = len(out)
            out.append(0)
    out[code_at] = len(out) - code_at
    out.append(0)
    return bytes(out)


def content(line: bytes) -> "bytes | str":
    """The frame in the bytes between two zeros, or the reason why there is none."""
    if len(line) > LINE_SIZE_MAX:
        return TOO_LONG
    data = bytearray()
    at = 0
    while at < len(line):
        code = line[at]
        if not code or at + code > len(line):
            return FRAMING
        data += line[at + 1 : at + code]
        at += code
        if code < 255 and at < len(line):
            data.append(0)
    if len(data) < 3:
        return TOO_SHORT
    frame = bytes(data[:-2])
    return frame if crc16(frame) == data[-2] << 8 | data[-1] else CRC


def unwrap(line: bytes) -> bytes:
    """The frame in the bytes between two zeros; DecodeError with a reason otherwise."""
    found = content(line)
    if isinstance(found, bytes):
        return found
    raise DecodeError(found)


class LineReader:
    """Cuts a byte stream into frames; what cannot be a frame is counted in `refused`."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._overflow = False
        self.refused = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Bytes from the line in; whole frames out."""
        frames: list[bytes] = []
        for byte in data:
            if byte:
                if len(self._line) < LINE_SIZE_MAX:
                    self._line.append(byte)
                else:
                    self._overflow = True
                continue
            if self._line or self._overflow:
                self._end(frames)
        return frames

    def _end(self, frames: list[bytes]) -> None:
        line, overflow = bytes(self._line), self._overflow
        self._line = bytearray()
        self._overflow = False
        try:
            if overflow:
                raise DecodeError(TOO_LONG)
            frames.append(unwrap(line))
        except DecodeError:
            self.refused += 1
