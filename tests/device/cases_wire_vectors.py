# mypy: ignore-errors
"""The wire vectors, with rows as classes and as the strings that a linked image holds."""

import json

from protocol import wire
from protocol.wire import message as room

ROOT = __file__.rsplit("/tests/", 1)[0]
with open(ROOT + "/protocol/wire/vectors/frames.json") as vectors_file:
    SAID = json.load(vectors_file)
KEY = bytes.fromhex(SAID["key"])
FRAMES = SAID["frames"]
ROWS = {row.__name__: row for row in wire.MESSAGES}


def fields_of(said):
    """Field names and values of a vector, bytes as bytes."""
    row = ROWS[said["message"]]
    values = {}
    for name, kind in zip(row.FIELDS, row.KINDS):
        values[name] = bytes.fromhex(said[name]) if kind == "n" else said[name]
    if row.TAIL:
        values[row.TAIL] = bytes.fromhex(said[row.TAIL])
    return row, values


def as_string(row):
    """A row as a linked image holds it."""
    return " ".join([row.KINDS, row.LAYOUT, row.TAIL] + list(row.FIELDS))


def test_there_is_a_vector_pair_for_every_message():
    names = [said["message"] for said in FRAMES]
    for name in ROWS:
        assert names.count(name) == 2, name


def test_every_frame_has_its_tag():
    for said in FRAMES:
        frame = bytes.fromhex(said["frame"])
        way = wire.direction(frame[1])
        tag = wire.Key(KEY).tag(way, said["counter"], frame[:-8])
        assert wire.same(tag, frame[-8:]), said


def test_every_frame_is_read_as_its_fields():
    for said in FRAMES:
        row, values = fields_of(said)
        frame = bytes.fromhex(said["frame"])
        # A vector shows how values are packed; some of them no receiver would take.
        try:
            message = wire.decode(frame)
        except wire.DecodeError as error:
            assert error.reason == "value"
            continue
        assert isinstance(message, row)
        assert message.channel == said["channel"]
        for name in values:
            assert getattr(message, name) == values[name], (said, name)


def test_every_message_is_written_as_its_frame():
    for said in FRAMES:
        row, values = fields_of(said)
        buffer = bytearray(wire.FRAME_SIZE_MAX)
        end = wire.encode_into(buffer, row(said["channel"], **values), said["counter"])
        assert bytes(buffer[:end]) == bytes.fromhex(said["frame"])[:-8], said


def test_rows_that_are_strings_read_and_write_the_same():
    kept = dict(room.ROWS)
    try:
        for row in wire.MESSAGES:
            room.ROWS[row.TYPE] = as_string(row)
        for said in FRAMES:
            row, values = fields_of(said)
            frame = bytes.fromhex(said["frame"])
            buffer = bytearray(wire.FRAME_SIZE_MAX)
            made = wire.Message(said["channel"], row_type=row.TYPE, **values)
            end = wire.encode_into(buffer, made, said["counter"])
            assert bytes(buffer[:end]) == frame[:-8], said
            message = wire.decode(frame)
            assert type(message) is wire.Message
            assert message.TYPE == row.TYPE
            for name in values:
                assert getattr(message, name) == values[name], (said, name)
    finally:
        room.ROWS.update(kept)


def test_a_string_row_refuses_a_field_that_it_does_not_have():
    kept = room.ROWS[wire.Ack.TYPE]
    room.ROWS[wire.Ack.TYPE] = as_string(wire.Ack)
    try:
        wire.Message(0, row_type=wire.Ack.TYPE, level=5)
        said = ""
    except wire.EncodeError as error:
        said = str(error)
    finally:
        room.ROWS[wire.Ack.TYPE] = kept
    assert "level" in said


def test_bounds_hold_in_both_directions():
    for percent, right in ((0, True), (100, True), (101, False), (-1, False)):
        buffer = bytearray(wire.FRAME_SIZE_MAX)
        try:
            wire.encode_into(buffer, wire.LampState(level_percent=percent), 0)
            assert right
        except wire.EncodeError as error:
            assert not right
            assert "level_percent" in str(error)
    end = wire.encode_into(buffer, wire.LampState(level_percent=100), 0)
    buffer[13] = 101  # Header 6, day 2, second 4, quality 1: the level.
    try:
        wire.decode(bytes(buffer[: end + 8]))
        reason = ""
    except wire.DecodeError as error:
        reason = error.reason
    assert reason == "value"
