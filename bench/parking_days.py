"""Runs the bay detector through simulated days and counts what it got right.

`python -m bench.parking_days [--count N] [--fit-seeds] [--silent-radar]` prints all counts.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from firmware.echo import Echo
from firmware.now import Now
from firmware.parking import SLOW_MS, Bay
from hardware_sim import parking_traces as traces
from protocol import wire

_CLAIM_PERCENT = 80
_LATE_S = 60.0  # A change that is told later than that was missed.
_TICK_MASK = 0x3FFFFFFF
_CALM_STEPS = SLOW_MS // traces.STEP_MS


@dataclass
class Score:
    """Counts of steps (STEP_MS) and the delays of changes in seconds."""

    right: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    wrong: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    unknown: dict[int, int] = field(default_factory=lambda: {1: 0, 2: 0})
    delays_s: list[float] = field(default_factory=list)
    missed: int = 0
    false_changes: int = 0
    covered_steps: int = 0
    covered_claims: int = 0
    claims: dict[int, list[int]] = field(default_factory=dict)
    echoes: int = 0
    samples: int = 0
    steps: int = 0
    by_flag: dict[str, list[int]] = field(default_factory=dict)

    def add(self, other: Score) -> None:
        """Take up another day's counts."""
        for mine, theirs in (
            (self.right, other.right), (self.wrong, other.wrong), (self.unknown, other.unknown),
        ):  # fmt: skip
            for state in mine:
                mine[state] += theirs[state]
        for percent, (right, all_) in other.claims.items():
            mine_claims = self.claims.setdefault(percent, [0, 0])
            mine_claims[0] += right
            mine_claims[1] += all_
        for flag, counts in other.by_flag.items():
            mine_counts = self.by_flag.setdefault(flag, [0, 0])
            mine_counts[0] += counts[0]
            mine_counts[1] += counts[1]
        self.delays_s += other.delays_s
        for name in (
            "missed", "false_changes", "covered_steps", "covered_claims", "echoes", "samples",
            "steps",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def share(self, state: int) -> float:
        """Part of the time in that true state in which the detector said so."""
        whole = self.right[state] + self.wrong[state] + self.unknown[state]
        return self.right[state] / whole if whole else 1.0


@dataclass
class Run:
    """What the detector said at each step, and how many echoes and samples it took."""

    states: NDArray[np.int8]
    confidences: NDArray[np.int8]
    echoes: int
    samples: int


def run(
    trace: traces.Trace, silent_radar: bool = False, look: Callable[[int, Bay], None] | None = None
) -> Run:
    """Feed a day to the detector, at the pace the detector asks for."""
    count = len(trace.truth)
    states = np.zeros(count, np.int8)
    sure = np.zeros(count, np.int8)
    fields = trace.field_nt.tolist()
    warm = trace.temperature_dc.tolist()
    mm, strength = trace.echoes.mm.tolist(), trace.echoes.strength_db.tolist()
    near, off = trace.echoes.near.tolist(), trace.off.tolist()
    bay, echo, now = Bay(), Echo(), Now()
    born, echoes, samples, memory = 0, 0, 0, b""
    now.quality = wire.TIME_SYNCHRONISED
    for at in range(count):
        if off[at]:
            if at and not off[at - 1]:
                memory = bay.memory()
            born = at + 1
            continue
        if at and off[at - 1]:
            bay, echo = Bay(), Echo()
            bay.remember(memory)
        if echo.wanted and not silent_radar:
            echoes += 1
            echo.count += 1
            echo.mm, echo.strength_db, echo.near = mm[at], strength[at], near[at]
        now.tick_ms = at * traces.STEP_MS & _TICK_MASK
        now.uptime_s = (at - born) * traces.STEP_MS // 1000
        now.day, now.second = 9821, min(86399, at * traces.STEP_MS // 1000)
        samples += bay.alert or at % _CALM_STEPS == 0
        bay.tick(fields[at], echo, warm[at], now)
        states[at], sure[at] = bay.state, bay.confidence_percent
        if look is not None:
            look(at, bay)
    return Run(states, sure, echoes, samples)


def judge(trace: traces.Trace, found: Run) -> Score:
    """Compare what was said with the truth."""
    score = Score(steps=len(trace.truth), echoes=found.echoes, samples=found.samples)
    on = ~trace.off
    for state in (traces.VACANT, traces.OCCUPIED):
        there = (trace.truth == state) & on
        said = found.states[there]
        score.right[state] = int((said == state).sum())
        score.unknown[state] = int((said == 0).sum())
        score.wrong[state] = int(there.sum()) - score.right[state] - score.unknown[state]
    covered = (trace.truth == traces.COVERED) & on
    score.covered_steps = int(covered.sum())
    score.covered_claims = int(
        ((found.states == traces.OCCUPIED) & (found.confidences >= _CLAIM_PERCENT) & covered).sum()
    )
    right_steps = sum(score.right.values())
    both = right_steps + sum(score.wrong.values()) + sum(score.unknown.values())
    score.by_flag = {flag: [right_steps, both] for flag in sorted(trace.flags) or ("none",)}
    known = on & (found.states != 0) & ((trace.truth == 1) | (trace.truth == 2))
    for percent in np.unique(found.confidences[known]):
        there = known & (found.confidences == percent)
        right = int((found.states[there] == trace.truth[there]).sum())
        score.claims[int(percent)] = [right, int(there.sum())]
    _delays(trace, found, score)
    return score


def _delays(trace: traces.Trace, found: Run, score: Score) -> None:
    """From each change of the truth to the detector's saying so, as long as the truth holds."""
    truth = trace.truth
    settled = np.nonzero((truth == traces.VACANT) | (truth == traces.OCCUPIED))[0]
    values = truth[settled]
    cuts = np.nonzero(np.diff(values))[0]
    for at, cut in enumerate(cuts):
        begin = int(settled[cut + 1])
        end = int(settled[cuts[at + 1]]) if at + 1 < len(cuts) else len(truth)
        if trace.off[begin : begin + 40].any() or (truth[settled[cut] : begin] == 3).any():
            continue
        right = np.nonzero(found.states[begin:end] == truth[begin])[0]
        delay_s = float(right[0]) * traces.STEP_MS / 1000 if len(right) else _LATE_S
        score.missed += delay_s >= _LATE_S
        score.delays_s.append(min(delay_s, _LATE_S))
    changes = int((np.diff(found.states) != 0).sum())
    score.false_changes = max(0, changes - len(cuts) - 1)


def of_seed(seed: int, silent_radar: bool = False) -> Score:
    """The score of one simulated day."""
    trace = traces.make(seed)
    return judge(trace, run(trace, silent_radar))


def of_seeds(seeds: Iterable[int], silent_radar: bool = False) -> Score:
    """The score of many days, on all cores."""
    total = Score()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for score in pool.map(partial(of_seed, silent_radar=silent_radar), seeds, chunksize=2):
            total.add(score)
    return total


def report(score: Score) -> str:
    """The figures as text."""
    delays = np.array(score.delays_s or [0.0])
    hours = score.steps * traces.STEP_MS / 3_600_000
    claims = ", ".join(
        f"{percent}: {right / all_:.4f} of {all_ * traces.STEP_MS / 3_600_000:.1f} h"
        for percent, (right, all_) in sorted(score.claims.items())
    )
    days = ", ".join(f"{k} {a / b:.4f}" for k, (a, b) in sorted(score.by_flag.items()))
    return "\n".join(
        [
            f"simulated: {hours:.0f} h, {len(score.delays_s)} changes",
            f"sensitivity {score.share(2):.5f} "
            f"(steps unknown {score.unknown[2]}, wrong {score.wrong[2]})",
            f"specificity {score.share(1):.5f} "
            f"(steps unknown {score.unknown[1]}, wrong {score.wrong[1]})",
            f"delay median {np.median(delays):.2f} s, p95 {np.percentile(delays, 95):.2f} s, "
            f"p99 {np.percentile(delays, 99):.2f} s, under 5 s {np.mean(delays < 5):.4f}, "
            f"missed {score.missed}",
            f"changes beyond the true ones: {score.false_changes}",
            f"covered: {score.covered_claims} of {score.covered_steps} steps claimed occupied",
            f"echoes an hour {score.echoes / hours:.1f}",
            f"samples a second {score.samples / hours / 3600:.2f}",
            f"right by what a day has: {days}",
            f"confidence: {claims}",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=len(traces.JUDGE_SEEDS))
    parser.add_argument("--fit-seeds", action="store_true")
    parser.add_argument("--silent-radar", action="store_true")
    given = parser.parse_args()
    seeds = traces.FIT_SEEDS if given.fit_seeds else traces.JUDGE_SEEDS
    print(report(of_seeds(list(seeds)[: given.count], given.silent_radar)))
