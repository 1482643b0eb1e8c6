"""The battery's budget is made of the constants of the firmware and adds up."""

from __future__ import annotations

import pytest

from bench import parking_budget
from firmware import duty


def test_the_parts_add_up_to_the_mean_current() -> None:
    found = parking_budget.budget(1.0, 0.1)
    assert found.asleep_ua == pytest.approx(duty.LIGHT_UA * 0.99)
    assert found.radar_ua == pytest.approx(32.0)
    assert found.mean_ua == pytest.approx(792 + 440 + 250 + 32 + 183.3, rel=1e-3)


def test_who_samples_more_lives_shorter() -> None:
    assert parking_budget.budget(4.0, 0.1).years < parking_budget.budget(1.0, 0.1).years
    assert parking_budget.budget(1.0, 1.0).years < parking_budget.budget(1.0, 0.1).years


def test_the_report_states_current_and_years() -> None:
    text = parking_budget.report(1.0, 0.1)
    assert "uA" in text
    assert "years" in text
