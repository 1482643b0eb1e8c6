"""The message table itself: every row whole, every message there and back."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import letters, messages, ranges

from protocol import wire


@pytest.mark.parametrize("row", wire.MESSAGES, ids=lambda r: r.__name__)
def test_a_row_names_each_field_it_packs(row: type[wire.Message]) -> None:
    assert len(letters(row)) == len(row.FIELDS) == len(set(row.FIELDS))
    fields = [n for n in row.__annotations__ if n != row.TAIL]
    assert fields == list(row.FIELDS), "annotations and FIELDS name the same, in one order"
    assert struct.calcsize(row.LAYOUT) == row.REQUIRED
    assert row.__doc__
    if row.TAIL:
        assert row.__annotations__[row.TAIL] is bytes


def test_types_are_given_once() -> None:
    types = [row.TYPE for row in wire.MESSAGES]
    assert len(types) == len(set(types))


def test_a_state_report_is_at_most_48_bytes() -> None:
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    for row in (wire.LampState, wire.BayState, wire.NodeState):
        assert wire.encode_into(buffer, row(), 0) + wire.TAG_SIZE <= 48


def test_every_message_fits_a_frame() -> None:
    for row in wire.MESSAGES:
        tail = 2 + wire.CHUNK_SIZE_MAX if row.TAIL else 0
        assert wire.HEADER_SIZE + row.REQUIRED + tail + wire.TAG_SIZE <= wire.FRAME_SIZE_MAX


@given(messages(), st.integers(0, 2**30), st.integers(0, 255))
def test_what_is_encoded_is_decoded_the_same(
    message: wire.Message, sequence: int, flags: int
) -> None:
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    size = wire.encode_into(buffer, message, sequence, flags)
    frame = bytes(buffer[: size + wire.TAG_SIZE])
    assert wire.decode(frame).as_dict() == message.as_dict()
    assert wire.peek(frame) == (message.TYPE, sequence & 0xFFFF)


@given(messages())
def test_a_value_outside_its_range_is_our_own_error(message: wire.Message) -> None:
    for name, (low, high) in ranges(type(message)).items():
        for wrong in (low - 1, high + 1):
            kept = getattr(message, name)
            setattr(message, name, wrong)
            with pytest.raises(wire.EncodeError, match=name):
                wire.encode_into(bytearray(wire.FRAME_SIZE_MAX), message, 0)
            setattr(message, name, kept)


def test_a_message_refuses_a_field_it_does_not_have() -> None:
    with pytest.raises(wire.EncodeError, match="level"):
        wire.LampState(level=5)
