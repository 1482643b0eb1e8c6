"""Well formed and yet impossible: 422, with the field."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import talq

COMMAND = {"state": {"name": "LevelState", "value": 50}}


def program(*times: str) -> dict[str, Any]:
    controls = [{"startTime": time, "command": COMMAND} for time in times]
    return {"type": "ControlProgramOne", "id": "p", "ownerCMS": "c", "activePeriods": [],
            "fixedTimeControls": controls}  # fmt: skip


@pytest.mark.parametrize("times", [("22:30", "22:30:00"), ("22:30", "06:00")])
def test_fixed_times_that_do_not_increase_are_422_c5(times: tuple[str, ...]) -> None:
    with pytest.raises(talq.TalqError) as caught:
        talq.decode("[ControlProgram]", talq.encode([program("01:00"), program(*times)]))
    assert caught.value.status == 422
    assert caught.value.field == "1.fixedTimeControls.1.startTime"


def test_fixed_times_that_increase_are_taken() -> None:
    assert not talq.check("ControlProgram", program("00:00", "00:00:01", "23:59:59"))


def test_a_rule_that_ends_before_it_starts_is_422() -> None:
    rule = {"program": "p", "startDate": "2026-12-24", "endDate": "2026-01-02"}
    faults = talq.check("Calendar", {"id": "c", "ownerCMS": "x", "rules": [rule]})
    assert [(fault.status, fault.field) for fault in faults] == [(422, "rules.0.endDate")]


def test_a_yearly_rule_may_go_over_new_year() -> None:
    rule = {"program": "p", "startDate": "--12-24", "endDate": "--01-02"}
    assert not talq.check("Calendar", {"id": "c", "ownerCMS": "x", "rules": [rule]})


def test_an_override_for_nobody_is_refused() -> None:
    assert [f.key for f in talq.check("OverrideCommand", {})] == ["overrideCommandNotValid"]


def test_an_external_sensor_needs_no_addresses_c6() -> None:
    command = COMMAND | {"reason": "sensor", "refAddress": "sensor-1"}
    assert not talq.check("OverrideCommand", {"targetCommand": command})


def test_an_assignment_to_nobody_is_refused() -> None:
    entity = {"resource": "calendars", "address": "c"}
    faults = talq.check("AssignCommand", {"addresses": [], "entity": entity})
    assert [(f.status, f.key) for f in faults] == [(422, "assignmentAddressNotValid")]
