"""Frames as pulses: every edge against the standard, and back to the frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.drivers.dali_pulses import pulses

_HALF_US = 1e6 / 2400
_TOLERANCE = 0.10


def decoded(found: list[int]) -> str:
    """Bits of a frame, as a receiver takes them: the level in each half bit."""
    levels = ""
    for at, span_us in enumerate(found):
        halves = round(span_us / _HALF_US)
        assert halves in (1, 2)
        assert abs(span_us - halves * _HALF_US) <= halves * _HALF_US * _TOLERANCE
        levels += str(at % 2) * halves
    levels += "1" * (len(levels) % 2)  # The rest of the bus ends the last bit.
    pairs = [levels[at : at + 2] for at in range(0, len(levels), 2)]
    assert set(pairs) <= {"01", "10"}
    return "".join(pair[1] for pair in pairs)


@given(st.sampled_from((8, 16, 24)), st.integers(0, 2**24 - 1))
def test_every_frame_is_sent_with_its_edges_in_time(bits: int, number: int) -> None:
    frame = number & ((1 << bits) - 1)
    found = pulses(frame, bits)
    assert decoded(found) == f"1{frame:0{bits}b}"
    edge_us = 0
    for span_us in found:
        edge_us += span_us
        assert abs(edge_us - round(edge_us / _HALF_US) * _HALF_US) <= 0.5


@pytest.mark.parametrize(("frame", "last"), [(0xFF90, 417), (0xFF91, 833)])
def test_a_frame_of_sixteen_bits_takes_fourteen_milliseconds(frame: int, last: int) -> None:
    found = pulses(frame, 16)
    assert 13_700 <= sum(found) <= 14_200
    assert abs(found[-1] - last) <= 1
