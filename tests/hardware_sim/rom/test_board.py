"""The board's states: straps, boot, application, and faults in the midst of it."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.rom import CHIPS, micropython_image, slip
from hardware_sim.rom import board as states
from hardware_sim.rom.board import Board, Effect, Input, Send, Start, Stop, Unplug
from hardware_sim.rom.chips import stub_entries
from hardware_sim.rom.efuses import Efuses, factory
from hardware_sim.rom.faults import Line, parse
from hardware_sim.rom.flash import Flash

MAC = bytes.fromhex("246f28010203")
SYNC = struct.pack("<BBHI", 0, 8, 36, 0) + b"\x07\x07\x12\x20" + b"\x55" * 32


def board_of(*faults: str, name: str = "esp32", programmed: bool = False) -> Board:
    chip = CHIPS[name]
    flash = Flash(bytearray(b"\xff" * (4 << 20)))
    if programmed:
        flash.program(chip.bootloader_offset, micropython_image(name, 4))
    found = tuple(parse(fault) for fault in faults)
    efuses = Efuses(chip, factory(chip, MAC))
    line = Line(found, random.Random(1))
    return Board(chip, flash, efuses, stub_entries(chip), found, line)


def sent(effects: list[Effect]) -> bytes:
    return b"".join(effect.data for effect in effects if isinstance(effect, Send))


def strap(board: Board) -> bytes:
    """The reset that esptool does, on modem lines that change one by one."""
    effects = []
    for dtr, rts in ((False, True), (True, True), (True, False), (False, False)):
        effects += board.lines(dtr, rts)
    return sent(effects)


@pytest.mark.parametrize("name", sorted(CHIPS))
def test_the_straps_lead_to_download(name: str) -> None:
    board = board_of(name=name)
    board.power_on()
    assert strap(board).endswith(b"waiting for download\r\n")
    assert board.state == states.DOWNLOAD
    assert sent(board.received(slip.encode(SYNC))).count(b"\xc0") == 16


def test_a_pulse_on_reset_alone_boots_the_flash() -> None:
    board = board_of(programmed=True)
    board.power_on()
    strap(board)
    board.lines(False, True)
    effects = board.lines(False, False)
    assert b"SPI_FAST_FLASH_BOOT" in sent(effects)
    assert [type(effect) for effect in effects][-1] is Start


def test_opening_a_port_resets_nothing() -> None:
    board = board_of(programmed=True)
    board.power_on()
    effects = board.lines(True, False) + board.lines(True, True) + board.lines(True, False)
    assert effects + board.lines(False, False) == []


def test_a_blank_chip_complains_for_ever() -> None:
    board = board_of()
    board.power_on()
    heard = b"".join(sent(board.tick(ms)) for ms in range(0, 3000, 100))
    assert heard.count(b"invalid header: 0xffffffff\r\n") == 9


def test_the_console_reaches_the_application() -> None:
    board = board_of(programmed=True)
    board.power_on()
    assert board.received(b"\r\x03") == [Input(b"\r\x03")]
    assert sent(board.said(b">>> ")) == b">>> "
    assert Stop() in board.lines(False, True)
    assert board.said(b"too late") == []


def test_a_wrong_rate_is_not_understood() -> None:
    board = board_of(programmed=True)
    board.power_on()
    board.host_baud = 9600
    assert sent(board.said(b"MicroPython")) != b"MicroPython"


def test_a_wrong_strap_boots_instead() -> None:
    board = board_of("wrong-strap")
    board.power_on()
    assert b"boot:0x13 (SPI_FAST_FLASH_BOOT)" in strap(board)
    assert board.received(slip.encode(SYNC)) == []


def test_a_mute_board_answers_nothing() -> None:
    board = board_of("mute")
    assert board.power_on() == []
    assert strap(board) == b""
    assert board.received(slip.encode(SYNC)) == []


def test_unplugging_strikes_at_its_byte() -> None:
    board = board_of("unplug-at=10")
    board.power_on()
    strap(board)
    assert board.received(bytes(9)) == []
    assert board.received(bytes(5)) == [Unplug()]
    assert board.received(slip.encode(SYNC)) == []
    assert board.lines(False, True) == []


def test_a_brown_out_resets_into_what_was_written_so_far() -> None:
    board = board_of("brownout-at=60", programmed=True)
    board.power_on()
    strap(board)
    effects = board.received(slip.encode(SYNC) * 2)
    assert b"Brownout detector was triggered" in sent(effects)
    assert b"RTCWDT_BROWN_OUT_RESET" in sent(effects)
    assert board.state == states.RUNNING
    # It strikes once: after that the board is as good as any.
    assert b"waiting for download" in strap(board)
    assert sent(board.received(slip.encode(SYNC)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.binary(max_size=60)
        | st.tuples(st.booleans(), st.booleans())
        | st.integers(0, 10_000)
        | st.just(slip.encode(SYNC)),
        max_size=20,
    )
)
def test_no_bytes_and_lines_break_the_board(events: list[bytes | tuple[bool, bool] | int]) -> None:
    board = board_of(programmed=True)
    board.power_on()
    for event in events:
        if isinstance(event, bytes):
            board.received(event)
        elif isinstance(event, tuple):
            board.lines(*event)
        else:
            board.tick(event)
    strap(board)
    assert board.state == states.DOWNLOAD
    assert sent(board.received(slip.encode(SYNC)))
