"""The fit of the detector's weights."""

from __future__ import annotations

from tools import fit_parking


def test_what_is_likelier_with_a_car_weighs_for_one() -> None:
    found = fit_parking.weights([[1000, 10], [100, 100], [10, 1000]], 450)
    assert found[0] < -300
    assert abs(found[1]) <= 10
    assert found[2] > 300


def test_weights_are_bounded_and_what_was_never_seen_is_no_certainty() -> None:
    assert fit_parking.weights([[10**9, 0], [0, 10**9]], 450) == [-450, 450]
    few = fit_parking.weights([[5, 0], [0, 5]], 450)
    assert -450 < few[0] < 0 < few[1] < 450
