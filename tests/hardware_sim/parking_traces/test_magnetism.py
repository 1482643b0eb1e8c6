"""Fields of dipoles and currents against what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from hardware_sim.parking_traces import magnetism


def test_a_dipole_on_its_axis_has_twice_the_field_of_its_side() -> None:
    moment = np.array([[0.0, 0.0, 100.0]])
    above = magnetism.dipoles_ut(np.array([[0.0, 0.0, 2.0]]), moment)
    beside = magnetism.dipoles_ut(np.array([[2.0, 0.0, 0.0]]), moment)
    assert above == pytest.approx([0.0, 0.0, 2.5])  # mu0 / 4 pi * 2 m / r^3
    assert beside == pytest.approx([0.0, 0.0, -1.25])


def test_a_wire_has_the_field_of_ampere() -> None:
    field = magnetism.traction_ut_per_a(3.0, 0.0)
    assert np.linalg.norm(field) == pytest.approx(0.2 / np.hypot(3.0, 5.5))


def test_a_current_that_returns_in_its_rails_is_felt_less_far_away() -> None:
    near = np.linalg.norm(magnetism.traction_ut_per_a(5.0, 1.0))
    far = np.linalg.norm(magnetism.traction_ut_per_a(50.0, 1.0))
    assert far < near / 50


def test_a_neighbour_is_felt_less_than_a_car_above() -> None:
    rng = np.random.default_rng(4)
    above, beside = [], []
    for _ in range(300):
        car = magnetism.make_car(rng)
        above.append(np.linalg.norm(magnetism.car_ut(car, np.array([0.0]), 0.0)))
        beside.append(np.linalg.norm(magnetism.car_ut(car, np.array([0.0]), 2.5)))
    assert 2.0 < np.median(above) < 20.0
    assert 0.2 < np.median(beside) < 2.0


def test_smooth_noise_has_deviation_one_and_forgets_itself() -> None:
    rng = np.random.default_rng(5)
    noise = magnetism.smooth_noise(rng, 400_000, 0.25, 25.0)
    assert 0.8 < noise.std() < 1.2
    shifted = np.corrcoef(noise[:-400], noise[400:])[0, 1]  # 100 s later
    assert abs(shifted) < 0.15
