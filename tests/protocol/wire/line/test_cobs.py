"""Frames on a serial line with noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_pair import reason_of

from protocol import wire
from protocol.wire import line


@given(st.binary(min_size=1, max_size=wire.FRAME_SIZE_MAX))
def test_a_frame_comes_out_of_the_line_as_it_went_in(frame: bytes) -> None:
    sent = line.wrap(frame)
    assert 0 not in sent[:-1]
    assert line.unwrap(sent[:-1]) == frame
    assert line.LineReader().feed(b"\0" + sent) == [frame]


@given(st.binary(max_size=400), st.binary(min_size=1, max_size=100))
def test_a_reader_finds_the_next_frame_after_noise(noise: bytes, frame: bytes) -> None:
    reader = line.LineReader()
    found = reader.feed(noise + b"\0" + line.wrap(frame))
    assert found[-1] == frame


@given(st.binary(max_size=300))
def test_strange_bytes_on_a_line_raise_a_decode_error_and_nothing_else(data: bytes) -> None:
    assert reason_of(line.unwrap, data) in (*wire.REASONS, "")


def test_a_flipped_bit_is_seen_by_the_crc() -> None:
    sent = bytearray(line.wrap(b"0123456789"))
    sent[4] ^= 0x10
    with pytest.raises(wire.DecodeError):
        line.unwrap(bytes(sent[:-1]))
    reader = line.LineReader()
    assert reader.feed(bytes(sent)) == []
    assert reader.refused == 1


def test_the_crc_is_that_of_genibus() -> None:
    assert line.crc16(b"123456789") == 0xD64E


@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_bent_bit_makes_another_frame(frame: bytes, data: st.DataObject) -> None:
    sent = bytearray(line.wrap(frame) + line.wrap(b"next"))
    bit = data.draw(st.integers(0, 8 * len(line.wrap(frame)) - 1))
    sent[bit // 8] ^= 1 << bit % 8
    assert line.LineReader().feed(bytes(sent)) in ([b"next"], [])
