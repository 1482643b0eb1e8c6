"""The bay detector on simulated days it was not fitted on: every figure here is simulated."""

from __future__ import annotations

from functools import cache

import numpy as np

from hardware_sim import parking_traces as traces

from . import parking_days
from .figures import Figure
from .parking_budget import budget

_PART = "part, simulated"


@cache
def _score() -> parking_days.Score:
    return parking_days.of_seeds(traces.JUDGE_SEEDS)


def duty_cycle() -> tuple[float, float]:
    """(samples, echoes) a second on the judging days."""
    score = _score()
    seconds = score.steps * traces.STEP_MS / 1000
    return score.samples / seconds, score.echoes / seconds


def measure() -> list[Figure]:
    """Sensitivity, specificity, delays, claims under a steel plate, and the battery's life."""
    score = _score()
    delays = np.array(score.delays_s)
    claimed = score.covered_claims / max(1, score.covered_steps)
    spent = budget(*duty_cycle())
    return [
        Figure("parking_sensitivity", score.share(2), _PART, None, None, 0.99, "higher"),
        Figure("parking_specificity", score.share(1), _PART, None, None, 0.99, "higher"),
        Figure("parking_delay", float(np.percentile(delays, 95)), "s, p95, simulated", None,
               None, 5.0, "lower"),
        Figure("parking_delay_median", float(np.median(delays)), "s, simulated", None, None, 5.0,
               "lower"),
        Figure("parking_told_within_5_s", float(np.mean(delays < 5.0)), _PART, None, None, 0.99,
               "higher"),
        Figure("parking_claims_under_plate", claimed, _PART, None, None, 0.01, "lower"),
        Figure("parking_mean_current", spent.mean_ua / 1000, "mA, computed", None, None, None,
               "lower"),
        Figure("parking_battery_life", spent.years, "years, computed", None, None, None,
               "higher"),
    ]  # fmt: skip
