"""A line's speed."""

from __future__ import annotations

import pytest

from hardware_sim.rom.pace import Pace


@pytest.mark.parametrize("baud", [115_200, 460_800])
def test_a_second_passes_a_tenth_of_the_rate(baud: int) -> None:
    pace = Pace()
    passed = sum(pace.take(10**9, baud, turn / 200) for turn in range(201))
    assert passed == pytest.approx(baud / 10, rel=0.01)


def test_silence_gains_no_more_than_a_burst() -> None:
    pace = Pace()
    pace.take(0, 115_200, 0.0)
    pace.take(0, 115_200, 100.0)
    assert pace.take(10**9, 115_200, 100.0) == pytest.approx(230, abs=1)
