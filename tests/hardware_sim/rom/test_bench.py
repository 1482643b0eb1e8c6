"""What hangs on a board on a bench."""

from __future__ import annotations

import mmap

from hardware_sim.board import layout
from hardware_sim.rom.bench import power_of, turn


def _word(page: mmap.mmap, at: int) -> int:
    return int.from_bytes(page[at : at + 4], "little")


def test_an_undriven_lamp_shines_and_is_metered() -> None:
    page = mmap.mmap(-1, layout.PAGE_SIZE)
    turn(page)
    assert _word(page, layout.POWER_MW) == 58_000
    assert _word(page, layout.METER) == _word(page, layout.LINK) == 1


def test_the_power_follows_the_duty_and_the_relay() -> None:
    page = mmap.mmap(-1, layout.PAGE_SIZE)
    page[layout.DRIVEN : layout.DRIVEN + 4] = b"\1\0\0\0"
    page[layout.DUTY : layout.DUTY + 4] = (65535 // 2).to_bytes(4, "little")
    turn(page)
    assert 29_000 < _word(page, layout.POWER_MW) < 30_000
    page[layout.RELAY : layout.RELAY + 4] = b"\1\0\0\0"
    turn(page)
    assert _word(page, layout.POWER_MW) == 0


def test_more_duty_never_draws_less_power() -> None:
    drawn = [power_of(duty) for duty in range(0, 70_000, 500)]
    assert drawn == sorted(drawn)
    assert drawn[0] == 522
    assert drawn[-1] == 58_000


def test_the_power_follows_the_level_of_a_driver_once_the_board_speaks_to_it() -> None:
    page = mmap.mmap(-1, layout.PAGE_SIZE)
    turn(page)
    assert _word(page, layout.GEAR_LEVELS) == 255 << 8 | 254, "as from the factory"
    page[layout.GEAR_TURN : layout.GEAR_TURN + 4] = b"\x05\0\0\0"
    page[layout.GEAR_ARC : layout.GEAR_ARC + 4] = b"\xe5\0\0\0"  # 229: half the light.
    turn(page)
    assert 28_000 < _word(page, layout.POWER_MW) < 31_000
    page[layout.GEAR_ARC : layout.GEAR_ARC + 4] = bytes(4)
    turn(page)
    assert _word(page, layout.POWER_MW) < 600
