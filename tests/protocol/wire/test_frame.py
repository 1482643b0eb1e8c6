"""Frames from strangers: whatever they hold, a DecodeError with a named reason, nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_pair import reason_of
from wire_messages import messages

from protocol import wire


def framed(message: wire.Message) -> bytes:
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    size = wire.encode_into(buffer, message, 7)
    return bytes(buffer[: size + wire.TAG_SIZE])


@given(st.binary(max_size=300))
def test_strange_bytes_raise_a_decode_error_and_nothing_else(data: bytes) -> None:
    assert reason_of(wire.decode, data) in (*wire.REASONS, "")


@given(messages(), st.data())
def test_a_truncated_body_is_refused(message: wire.Message, data: st.DataObject) -> None:
    frame = framed(message)
    cut = data.draw(st.integers(0, wire.HEADER_SIZE + message.REQUIRED + wire.TAG_SIZE - 1))
    with pytest.raises(wire.DecodeError) as caught:
        wire.decode(frame[:cut])
    assert caught.value.reason in ("too_short", "body")


@given(messages(), st.binary(min_size=1, max_size=10))
def test_fields_appended_later_are_skipped(message: wire.Message, later: bytes) -> None:
    frame = framed(message)
    longer = frame[: -wire.TAG_SIZE] + later + frame[-wire.TAG_SIZE :]
    if len(longer) <= wire.FRAME_SIZE_MAX:
        assert wire.decode(longer).as_dict() == message.as_dict()


@pytest.mark.parametrize(
    ("at", "value", "reason"), [(0, 9, "version"), (1, 0x3F, "type"), (10, 255, "value")]
)
def test_a_refusal_names_its_reason(at: int, value: int, reason: str) -> None:
    frame = bytearray(framed(wire.LampState()))
    frame[at] = value
    if reason == "value":
        frame[at - 2 : at + 2] = b"\xff\xff\xff\xff"
    with pytest.raises(wire.DecodeError) as caught:
        wire.decode(bytes(frame))
    assert caught.value.reason == reason


def test_a_frame_longer_than_the_bound_is_refused() -> None:
    with pytest.raises(wire.DecodeError) as caught:
        wire.decode(bytes(wire.FRAME_SIZE_MAX + 1))
    assert caught.value.reason == "too_long"


def test_a_chunk_longer_than_a_frame_is_our_own_error() -> None:
    with pytest.raises(wire.EncodeError, match="data"):
        framed(wire.UploadChunk(kind=1, data=bytes(500)))
