"""Rows of the message table as strings: made, asked for and read as the classes are."""

from __future__ import annotations

from typing import Any

import pytest

from flasher.build import ROOT
from flasher.link import Linked, link
from flasher.rows import LinkError
from protocol import wire

ROOM = "protocol/wire"
PROGRAM = '''
from protocol import wire


def made(value):
    """A frame of an Ack and the command in an Override's frame."""
    buffer = bytearray(208)
    end = wire.encode_into(buffer, wire.Ack(3, command_id=value, status=1), 9)
    return bytes(buffer[:end])


def read(frame):
    message = wire.decode(frame)
    if isinstance(message, wire.Ask):
        return "ask"
    if not isinstance(message, wire.Override):
        return "other"
    return message.command_id, message.level_percent, wire.Override.TYPE


def empty():
    return wire.Ack().status
'''


def linked(program: str) -> Linked:
    sources = {f"{ROOM}/{p.name}": p.read_text() for p in (ROOT / ROOM).glob("*.py")}
    sources["protocol/__init__.py"] = ""
    sources["program.py"] = program
    return link(sources, {}, [("program", name) for name in ("made", "read", "empty")])


def loaded(program: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    text = linked(program).text.replace("from micropython import const; ", "")
    exec(compile(text, "linked.py", "exec"), space)
    return space


def frame_of(message: wire.Message) -> bytes:
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    end = wire.encode_into(buffer, message, 9)
    return bytes(buffer[: end + wire.TAG_SIZE])


def test_a_linked_program_makes_and_reads_the_same_frames() -> None:
    space = loaded(PROGRAM)
    ours = frame_of(wire.Ack(3, command_id=500, status=1))
    assert space["made"](500) == ours[: -wire.TAG_SIZE]
    override = wire.Override(command_id=7, action=1, level_percent=35)
    assert space["read"](frame_of(override)) == (7, 35, 0x45)
    assert space["read"](frame_of(wire.Ask(command_id=7))) == "ask"
    assert space["read"](frame_of(wire.EventAck())) == "other"
    assert space["empty"]() == 0


def test_a_linked_program_has_no_class_for_a_row() -> None:
    text = linked(PROGRAM).text
    assert text.count("class ") < 6
    assert "isinstance(message" not in text


def test_every_down_row_is_read_and_an_up_row_only_if_it_is_made() -> None:
    text = linked(PROGRAM).text
    for row in wire.MESSAGES:
        wanted = wire.direction(row.TYPE) == wire.DOWN or row is wire.Ack
        wanted = wanted and row is not wire.SetOutput  # It is for those that name it.
        found = f' {row.TYPE}: "{row.KINDS} ' in text or f'{{{row.TYPE}: "{row.KINDS} ' in text
        assert found is wanted, row


@pytest.mark.parametrize("wrong", ["table = [wire.Ack]", "row = wire.Ack", "wire.Ack.FIELDS"])
def test_any_other_use_of_a_row_is_refused_with_its_place(wrong: str) -> None:
    program = PROGRAM.replace("    buffer = bytearray(208)", f"    {wrong}\n    buffer = None")
    with pytest.raises(LinkError, match=r"program\.py:7"):
        linked(program)
