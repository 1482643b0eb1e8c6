"""The simulated days: seeds, truth, and that they are as hard as the literature says."""

from __future__ import annotations

import numpy as np
import pytest

from hardware_sim import parking_traces as traces


@pytest.fixture(scope="module")
def days() -> list[traces.Trace]:
    """Some days of the fitting seeds."""
    return [traces.make(seed) for seed in list(traces.FIT_SEEDS)[:12]]


def test_no_day_is_both_fitted_and_judged() -> None:
    assert not set(traces.FIT_SEEDS) & set(traces.JUDGE_SEEDS)
    assert len(traces.FIT_SEEDS) >= 100
    assert len(traces.JUDGE_SEEDS) >= 100


def test_the_same_seed_makes_the_same_day() -> None:
    one, two, other = traces.make(7), traces.make(7), traces.make(8)
    assert np.array_equal(one.field_nt, two.field_nt)
    assert np.array_equal(one.echoes.strength_db, two.echoes.strength_db)
    assert not np.array_equal(one.field_nt, other.field_nt)


def test_a_day_is_cut_short_and_stays_the_same_until_there() -> None:
    whole, hour = traces.make(9), traces.make(9, hours=1.0)
    assert len(hour.truth) == 3_600_000 // traces.STEP_MS
    assert np.array_equal(whole.truth[: len(hour.truth)], hour.truth)


def test_both_truths_take_their_part_of_the_day(days: list[traces.Trace]) -> None:
    truth = np.concatenate([day.truth for day in days])
    for state in (traces.VACANT, traces.OCCUPIED):
        assert 0.2 < (truth == state).mean() < 0.8
    assert (truth == traces.MOVING).mean() < 0.01


def test_cars_bend_the_field_by_microteslas(days: list[traces.Trace]) -> None:
    medians = []
    for day in days:
        empty = np.median(day.field_nt[day.truth == traces.VACANT], axis=0)
        there = day.field_nt[day.truth == traces.OCCUPIED]
        medians.append(np.median(np.linalg.norm(there - empty, axis=1)))
    assert 2_000 < np.median(medians) < 20_000


def test_trams_make_a_site_restless(days: list[traces.Trace]) -> None:
    spread = {True: [], False: []}  # type: dict[bool, list[float]]
    for day in days:
        empty = day.field_nt[day.truth == traces.VACANT]
        spread["trams" in day.flags].append(float(empty.std(axis=0).max()))
    assert np.median(spread[True]) > 1.5 * np.median(spread[False])


def test_echoes_are_mostly_right_and_sometimes_missing(days: list[traces.Trace]) -> None:
    truth = np.concatenate([day.truth for day in days])
    heard = np.concatenate([day.echoes.mm for day in days]) > 0
    assert 0.001 < heard[truth == traces.VACANT].mean() < 0.1
    assert 0.9 < heard[truth == traces.OCCUPIED].mean() <= 1.0


def test_a_steel_plate_is_near_and_nothing_is_seen_beyond() -> None:
    day = next(found for found in map(traces.make, traces.FIT_SEEDS) if "plate" in found.flags)
    under = day.truth == traces.COVERED
    assert under.any()
    assert day.echoes.near[under].all()
    assert not day.echoes.mm[under].any()
