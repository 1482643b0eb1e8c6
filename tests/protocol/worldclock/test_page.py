"""The page of simulated time: speed, continuity over changes, and refusal of other files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from protocol import worldclock


def test_time_runs_at_the_speed_that_was_set(tmp_path: Path) -> None:
    clock = worldclock.open_page(tmp_path / "clock", create=True)
    clock.set(1_000_000.0, 10_000)
    start = time.monotonic()
    first = clock.now_s()
    while time.monotonic() < start + 0.02:
        pass
    assert 1_000_000.0 <= first < clock.now_s()
    assert clock.now_s() - 1_000_000.0 == pytest.approx(
        (time.monotonic() - start) * 10_000, rel=0.2
    )


def test_a_second_process_reads_the_same_instant(tmp_path: Path) -> None:
    writer = worldclock.open_page(tmp_path / "clock", create=True)
    writer.set(5_000.0, 1)
    reader = worldclock.open_page(tmp_path / "clock")
    assert abs(reader.now_s() - writer.now_s()) < 0.1
    writer.set(9_000.0, 60)
    assert reader.now_s() >= 9_000.0
    assert reader.speed() == 60


def test_a_file_that_is_no_clock_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"x" * 5000)
    with pytest.raises(worldclock.ClockPageError, match="lacks its mark"):
        worldclock.open_page(tmp_path / "other")
    with pytest.raises(worldclock.ClockPageError, match="not a clock page"):
        worldclock.open_page(tmp_path / "missing")


def test_a_speed_of_zero_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    clock = worldclock.open_page(tmp_path / "clock", create=True)
    clock.set(5_000.0, 2)
    with pytest.raises(ValueError, match="speed"):
        clock.set(0.0, 0)
    assert clock.speed() == 2
