"""Simulated days of one parking bay, as its magnetometer and its radar see them.

What is modelled, and after which literature, is in docs/parking.md.
"""

from .trace import (
    COVERED,
    FIT_SEEDS,
    JUDGE_SEEDS,
    MOVING,
    OCCUPIED,
    STEP_MS,
    VACANT,
    Trace,
    make,
)

__all__ = [
    "COVERED",
    "FIT_SEEDS",
    "JUDGE_SEEDS",
    "MOVING",
    "OCCUPIED",
    "STEP_MS",
    "VACANT",
    "Trace",
    "make",
]
