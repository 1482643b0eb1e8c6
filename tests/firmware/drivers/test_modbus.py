"""Modbus RTU as master: frames, what is not whole, and modules that fall silent."""

from __future__ import annotations

import struct

import pytest

from firmware.drivers.modbus import Modbus, crc, framed, number


class Line:
    """A UART whose other end answers what the test says."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answer: bytes | None = None

    def write(self, data: bytes) -> None:
        self.asked.append(data)

    def read(self) -> bytes | None:
        answer, self.answer = self.answer, None
        return answer


def value(unit: int, signed: int, words: int) -> bytes:
    data = struct.pack(">h" if words == 1 else ">i", signed)
    return framed(bytes((unit, 4, 2 * words)) + data)


def test_a_frame_has_the_crc_of_the_specification() -> None:
    assert framed(bytes((2, 7))) == bytes((0x02, 0x07, 0x41, 0x12))
    assert crc(framed(b"anything")) == 0


@pytest.mark.parametrize(("signed", "words"), [(-35, 1), (812, 1), (-70_000, 2), (1 << 30, 2)])
def test_a_whole_answer_is_its_signed_number(signed: int, words: int) -> None:
    assert number(value(3, signed, words), 3, 4, words) == signed


def test_an_answer_that_is_not_whole_or_not_ours_is_nothing() -> None:
    answer = value(3, 77, 1)
    for at in range(len(answer)):
        torn = bytearray(answer)
        torn[at] ^= 0x10
        assert number(bytes(torn), 3, 4, 1) is None
        assert number(answer[:at], 3, 4, 1) is None
    assert number(answer, 4, 4, 1) is None
    assert number(answer, 3, 3, 1) is None


def test_rows_are_asked_in_turn_and_a_silent_module_is_forgotten_after_a_while() -> None:
    line, values = Line(), [None] * 3
    master = Modbus(line, [[1, 4, 0, 1, 1, 1], [2, 4, 9, 2, 2, 1]], values)
    master.poll()
    line.answer = value(1, 5, 1)
    master.poll()
    line.answer = value(2, 6, 2)
    master.poll()
    assert values == [None, 5, 6]
    assert line.asked[0] == framed(bytes((1, 4, 0, 0, 0, 1)))
    assert line.asked[1] == framed(bytes((2, 4, 0, 9, 0, 2)))
    for _ in range(10):
        master.poll()
    assert values == [None, 5, 6], "five misses are borne"
    for _ in range(4):
        master.poll()
    assert values == [None, None, None]


def test_what_a_display_answers_is_not_taken_for_a_reading() -> None:
    line, values = Line(), [None] * 2
    master = Modbus(line, [[1, 3, 0, 1, 1, 1]], values)
    master.poll()
    master.put(1, 0, b"AB")
    assert line.asked[-1] == framed(bytes((1, 16, 0, 0, 0, 1, 2)) + b"AB")
    line.answer = framed(bytes((1, 16, 0, 0, 0, 1)))
    master.poll()
    assert values == [None, None]
