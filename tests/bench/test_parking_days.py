"""The judge of the bay detector: it counts what was wrong, and nothing pleases it by chance."""

from __future__ import annotations

import numpy as np

from bench import parking_days
from hardware_sim import parking_traces as traces


def test_a_detector_that_always_says_the_same_is_half_right() -> None:
    day = traces.make(2)
    states = np.full(len(day.truth), traces.OCCUPIED, np.int8)
    always = parking_days.Run(states, np.full(len(day.truth), 99, np.int8), 0, 0)
    score = parking_days.judge(day, always)
    assert score.share(traces.OCCUPIED) == 1.0
    assert score.share(traces.VACANT) == 0.0
    assert score.missed > 0


def test_not_knowing_counts_as_wrong() -> None:
    day = traces.make(2)
    nothing = np.zeros(len(day.truth), np.int8)
    score = parking_days.judge(day, parking_days.Run(nothing, nothing, 0, 0))
    assert score.share(traces.OCCUPIED) == score.share(traces.VACANT) == 0.0


def test_the_truth_itself_is_judged_right_and_at_once() -> None:
    day = traces.make(2)
    sure = np.full(len(day.truth), 99, np.int8)
    score = parking_days.judge(day, parking_days.Run(day.truth.copy(), sure, 0, 0))
    assert score.share(traces.OCCUPIED) == score.share(traces.VACANT) == 1.0
    assert max(score.delays_s) == 0.0
    assert not score.missed


def test_the_detector_is_right_on_days_it_was_not_fitted_on() -> None:
    total = parking_days.Score()
    for seed in list(traces.JUDGE_SEEDS)[:3]:
        total.add(parking_days.of_seed(seed))
    assert total.share(traces.OCCUPIED) > 0.98
    assert total.share(traces.VACANT) > 0.98
    assert float(np.median(total.delays_s)) < 5.0
