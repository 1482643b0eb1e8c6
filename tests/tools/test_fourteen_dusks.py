"""Two weeks without anybody leave each lamp within a quarter of an hour of its program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import fourteen_dusks

OFF_S_MAX = 900


@pytest.mark.parametrize("drift_ppm", [-100, 0, 100])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lamp_without_a_clock_stays_near_its_program(seed: int, drift_ppm: int) -> None:
    found = fourteen_dusks.nights(seed, drift_ppm=drift_ppm)
    assert len(found) == 15
    for night in found[1:]:
        off_s = fourteen_dusks.off_by_s(night)
        assert off_s <= OFF_S_MAX, f"night {night[0].night}: {off_s} s"
        levels = {one.level_percent for one in night}
        assert {50, 100} <= levels, "a lamp that only burns follows no program"


def test_an_estimate_says_by_how_much_it_may_be_wrong() -> None:
    for night in fourteen_dusks.nights(1)[1:]:
        assert fourteen_dusks.off_by_s(night) <= night[-1].error_s + 600
        assert night[0].error_s == 60 * night[0].night


def test_a_lamp_that_is_wrong_is_found_out() -> None:
    night = fourteen_dusks.nights(1, count=1)[1]
    moved = [
        fourteen_dusks.Instant(
            one.night, one.at_s, before.level_percent, one.wanted_percent, one.error_s
        )
        for before, one in zip(night, night[120:], strict=False)
    ]
    assert fourteen_dusks.off_by_s(moved) > OFF_S_MAX


def test_the_plot_that_is_shown_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    assert fourteen_dusks.main([str(tmp_path / "plot.svg")]) == 0
    shown = Path(__file__).parents[2] / "docs" / "images" / "fourteen-dusks.svg"
    assert (tmp_path / "plot.svg").read_text() == shown.read_text()
    assert fourteen_dusks.main([]) == 2
