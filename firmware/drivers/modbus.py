"""Modbus RTU over a UART, as master: one request at a time and none is waited for.

Frames and the CRC-16 are from "Modbus over serial line" V1.02 and the application protocol
V1.1b3: function 3 reads holding registers, 4 reads input registers, 16 writes holding registers.
"""

import struct

_WRITE = 16
_MISSES_MAX = 5


def crc(data: bytes) -> int:
    """CRC-16 with the reversed polynomial 0xA001, from 0xFFFF."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def framed(body: bytes) -> bytes:
    """A body with its CRC."""
    return body + struct.pack("<H", crc(body))


def number(answer: bytes, unit: int, function: int, words: int) -> int | None:
    """The signed number in an answer of so many registers; None when it is not whole."""
    size = 2 * words
    if len(answer) != size + 5 or answer[0] != unit or answer[1] != function:
        return None
    if answer[2] != size or crc(answer):  # Over a frame with its CRC it is 0.
        return None
    value: int = struct.unpack(">h" if words == 1 else ">i", answer[3 : 3 + size])[0]
    return value


class Modbus:
    """Reads rows in turn into `values`; a row: unit, function, address, words, quantity, step.

    After five misses a quantity is None: its module is silent.
    """

    def __init__(self, uart: object, rows: list[list[int]], values: list[int | None]) -> None:
        self._uart = uart
        self._rows = rows
        self._values = values
        self._misses = bytearray(len(rows))
        self._at = -1
        self._asked = -1

    def poll(self) -> None:
        """Take the answer to the last request and make the next one."""
        answer = self._uart.read() or b""
        if self._asked >= 0:
            self._take(answer, self._asked)
        self._at = self._asked = (self._at + 1) % len(self._rows)
        row = self._rows[self._at]
        self._uart.write(framed(struct.pack(">BBHH", row[0], row[1], row[2], row[3])))

    def _take(self, answer: bytes, at: int) -> None:
        row = self._rows[at]
        value = number(answer, row[0], row[1], row[3])
        if value is not None:
            self._misses[at] = 0
            self._values[row[4]] = value
        elif self._misses[at] < _MISSES_MAX:
            self._misses[at] += 1
        else:
            self._values[row[4]] = None

    def put(self, unit: int, address: int, data: bytes) -> None:
        """Write registers, two bytes each; the module's answer is not looked at."""
        self._uart.read()
        words = len(data) // 2
        head = struct.pack(">BBHHB", unit, _WRITE, address, words, len(data))
        self._uart.write(framed(head + data))
        self._asked = -1
