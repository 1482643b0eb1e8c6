"""What the supervisor of a board's process reads from its console."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware_sim.repl.console import Console, pieces

RAW = b"\r\nraw REPL; CTRL-B to exit\r\n>"
FRIENDLY = b'\r\nMicroPython v1\r\nType "help()" for more information.\r\n>>> '


@given(st.binary(max_size=60))
def test_input_is_cut_at_interrupts_and_loses_nothing(data: bytes) -> None:
    cut = list(pieces(data))
    assert b"".join(cut) == data
    assert all(piece == b"\x03" or b"\x03" not in piece for piece in cut)


@given(st.integers(1, 40))
def test_raw_mode_is_seen_however_it_is_cut(step: int) -> None:
    console = Console()
    for at in range(0, len(RAW), step):
        console.said(RAW[at : at + step])
    assert console.raw
    for at in range(0, len(FRIENDLY), step):
        console.said(FRIENDLY[at : at + step])
    assert not console.raw


def test_raw_mode_outlives_a_soft_reset() -> None:
    console = Console()
    console.said(RAW)
    console.restarted()
    assert console.raw
    assert not console.ready
    console.said(b">>> ")
    assert console.ready
