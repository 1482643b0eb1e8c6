"""Fits the weights of the bay detector on simulated days: `python -m tools.fit_parking`.

A weight is the logarithm of how much likelier an observation is with a car than without, counted
on the fitting seeds while the detector runs with the weights it has. So a second run after the
constants were taken over shows whether they still move. What was never seen counts as half seen.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from bench import parking_days
from firmware import parking
from hardware_sim import parking_traces as traces

_ECHOES = 3
# Echoes of one standing car are alike: more of them do not make it surer.
_ECHO_MAX, _FIELD_MAX = 450, 600
_GRAIN = 10
_WRONG_STEPS = 240
Counts = list[list[int]]


def counted(seed: int) -> tuple[Counts, Counts]:
    """Of one day: steps by (kind of echo, car) and by (distance of the field, car).

    Distances at calm sites come first, then those at restless ones. What the detector says after
    it was wrong for a minute does not count: its baseline is then not the empty bay's.
    """
    rows = len(parking.FIELD_BOUNDS_NT) + 1
    echoes = [[0, 0] for _ in range(_ECHOES)]
    fields = [[0, 0] for _ in range(2 * rows)]
    wrong = 0
    trace = traces.make(seed)
    truth = trace.truth.tolist()

    def look(at: int, bay: parking.Bay) -> None:
        if truth[at] not in (traces.VACANT, traces.OCCUPIED):
            return
        nonlocal wrong
        car = int(truth[at] == traces.OCCUPIED)
        wrong = 0 if bay.state == truth[at] else wrong + 1
        if wrong > _WRONG_STEPS:
            return
        if bay.kind < _ECHOES:
            echoes[bay.kind][car] += 1
        if bay.trusted > 1:
            beyond = sum(bay.far_nt > bound for bound in parking.FIELD_BOUNDS_NT)
            fields[beyond + rows * bay.baseline.restless][car] += 1

    parking_days.run(trace, look=look)
    return echoes, fields


def weights(counts: Counts, highest: int) -> list[int]:
    """Hundredths of the logarithm of the odds that each row gives, rounded to tens."""
    sums = [sum(row[car] for row in counts) + len(counts) / 2 for car in (0, 1)]
    found = []
    for empty, car in counts:
        odds = math.log((car + 0.5) / sums[1]) - math.log((empty + 0.5) / sums[0])
        found.append(max(-highest, min(highest, round(odds * 100 / _GRAIN) * _GRAIN)))
    return found


def fit(seeds: Iterable[int]) -> tuple[list[int], list[int], list[int]]:
    """Weights of echoes, of the field at calm sites, at restless ones, from these days."""
    echoes = [[0, 0] for _ in range(_ECHOES)]
    fields = [[0, 0] for _ in range(2 * len(parking.FIELD_BOUNDS_NT) + 2)]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for day in pool.map(counted, seeds, chunksize=2):
            for total, part in zip((echoes, fields), day, strict=True):
                for row, add in zip(total, part, strict=True):
                    row[0] += add[0]
                    row[1] += add[1]
    print("echoes", echoes, "field", fields)
    half = len(fields) // 2
    return (
        weights(echoes, _ECHO_MAX),
        weights(fields[:half], _FIELD_MAX),
        weights(fields[half:], _FIELD_MAX),
    )


if __name__ == "__main__":
    found = fit(traces.FIT_SEEDS)
    print(f"ECHO_WEIGHTS = {tuple(found[0])}")
    print(f"FIELD_WEIGHTS_CALM = {tuple(found[1])}")
    print(f"FIELD_WEIGHTS_RESTLESS = {tuple(found[2])}")
