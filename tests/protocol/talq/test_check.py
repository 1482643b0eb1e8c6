"""Objects are held against the tables: types, bounds, what is required, what extends what."""

from __future__ import annotations

from typing import Any

import pytest

from protocol import talq

ADDRESS = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"


def device(*functions: dict[str, Any]) -> dict[str, Any]:
    return {"address": ADDRESS, "name": "L-0001", "class": "lamp", "functions": list(functions)}


def override(command: dict[str, Any]) -> dict[str, Any]:
    where = {"resource": "devices", "address": ADDRESS}
    return {"addresses": [where], "targetCommand": command}


def level(percent: Any) -> dict[str, Any]:
    return {"state": {"name": "LevelState", "value": percent}}


def fields(kind: str, value: Any, partial: bool = False) -> dict[str, int]:
    return {fault.field: fault.status for fault in talq.check(kind, value, partial=partial)}


@pytest.mark.parametrize("percent", [-1, 101, 50.5, "50", True, None, []])
def test_a_level_that_is_none_is_refused_at_its_field(percent: Any) -> None:
    found = fields("OverrideCommand", override(level(percent)))
    assert found == {"targetCommand.state.value": 400}


@pytest.mark.parametrize("percent", [0, 1, 99, 100])
def test_a_level_from_0_to_100_is_taken(percent: int) -> None:
    assert not talq.check("OverrideCommand", override(level(percent)))


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-21",
        "2026-11-21T16:20:00",
        "2026-02-30T00:00:00Z",
        "soon",
        5,
        "2026-11-21T25:00:00Z",
    ],
)
def test_a_time_that_is_none_is_refused(moment: Any) -> None:
    assert fields("OverrideCommand", override(level(5) | {"expiration": moment})) == {
        "targetCommand.expiration": 400
    }


@pytest.mark.parametrize(
    "moment", ["2026-11-21T16:20:00Z", "2026-11-21t16:20:00.5z", "2026-11-21T16:20:00+01:00"]
)
def test_every_form_of_rfc_3339_is_taken(moment: str) -> None:
    assert not talq.check("OverrideCommand", override(level(5) | {"start": moment}))


def test_a_missing_property_is_named() -> None:
    assert fields("Device", {"address": ADDRESS, "name": "x"}) == {"class": 400}
    assert fields("[Device]", [{"address": "x", "name": "x", "class": "y"}]) == {"0.address": 400}


def test_a_function_is_checked_as_its_own_type() -> None:
    wrong = {"id": "lamp", "type": "LampActuatorFunction",
             "calendarID": {"type": "AttributeString", "value": 5}}  # fmt: skip
    assert fields("Device", device(wrong)) == {"functions.0.calendarID.value": 400}


def test_an_attribute_of_another_type_than_the_tables_is_refused() -> None:
    wrong = {"id": "lamp", "type": "LampActuatorFunction",
             "calendarID": {"type": "AttributeInteger", "value": 5}}  # fmt: skip
    assert fields("Device", device(wrong)) == {"functions.0.calendarID.type": 400}


def test_vendor_functions_and_attributes_are_kept_t10() -> None:
    theirs = {"id": "x", "type": "AcmeFunction", "glow": {"type": "AcmeAttribute", "value": None}}
    ours = {"id": "basic", "type": "BasicFunction", "acme": {"type": "AttributeString"}, "n": 3}
    assert not talq.check("Device", device(theirs, ours) | {"acme": [1]})


def test_read_only_attributes_from_a_cms_are_taken_t14() -> None:
    measured = {"id": "monitor", "type": "LampMonitorFunction",
                "activePower": {"type": "AttributeFloat", "value": 5}}  # fmt: skip
    assert not talq.check("Device", device(measured), partial=True)


def test_our_vendor_function_is_checked_like_the_official_ones() -> None:
    wrong = {"id": "node", "type": "LamplighterNodeFunction",
             "confidencePercent": {"type": "AttributeInteger", "value": "97"}}  # fmt: skip
    assert fields("Device", device(wrong)) == {"functions.0.confidencePercent.value": 400}


def test_a_patch_shows_only_what_changes() -> None:
    gateway = {"id": "gateway", "type": "GatewayFunction"}
    assert not talq.check("Device", {"address": ADDRESS, "functions": [gateway]}, partial=True)
    assert "functions.0.cmsUri" in fields("Device", device(gateway))
    assert fields("Device", {"functions": []}, partial=True) == {"address": 400}
    assert fields("Function", {"id": "x"}, partial=True) == {"type": 400}


def test_the_first_announcement_has_attributes_without_a_value() -> None:
    empty = {"type": "AttributeString"}
    uri = {"type": "AttributeUri", "value": "http://127.0.0.1:1"}
    gateway = {"id": "g", "type": "GatewayFunction", "cmsUri": {"type": "AttributeUri"},
               "cmsAddress": empty, "gatewayUri": uri, "gatewayAddress": empty}  # fmt: skip
    assert not talq.check("Device", device(gateway) | {"address": talq.NIL})


def test_a_closed_set_of_types_is_closed() -> None:
    logger = {"address": "l", "ownerCMS": "c", "recordingMode": {"type": "AcmeMode"}}
    assert fields("LoggerConfig", logger) == {"recordingMode.type": 400}


def test_the_discriminator_alone_decides_the_mode() -> None:
    logger = {"address": "l", "ownerCMS": "c",
              "recordingMode": {"type": "PeriodicRecordingMode", "content": []}}  # fmt: skip
    assert fields("LoggerConfig", logger) == {"recordingMode.samplingProfiles": 400}


def test_an_active_period_without_its_times_is_impossible_not_malformed() -> None:
    program = {"type": "ControlProgramOne", "id": "p", "ownerCMS": "c", "fixedTimeControls": [],
               "activePeriods": [{"name": "AbsoluteActivePeriod"}]}  # fmt: skip
    found = fields("[ControlProgram]", [program])
    assert found == {
        "0.activePeriods.0.startTime": 422, "0.activePeriods.0.endTime": 422,
    }  # fmt: skip


@pytest.mark.parametrize("start", ["---01", "--12-24", "2026-12-24"])
def test_a_calendar_date_has_three_forms(start: str) -> None:
    condition = {"type": "ccDate", "dates": [{"start": start}]}
    calendar = {"id": "c", "ownerCMS": "x", "rules": [{"program": "p", "condition": condition}]}
    assert not talq.check("Calendar", calendar)


@pytest.mark.parametrize("start", ["--13-01", "---32", "12-24", "2026-02-30", ""])
def test_a_calendar_date_of_no_form_is_refused(start: str) -> None:
    condition = {"type": "ccDate", "dates": [{"start": start}]}
    calendar = {"id": "c", "ownerCMS": "x", "rules": [{"program": "p", "condition": condition}]}
    assert fields("Calendar", calendar) == {"rules.0.condition.dates.0.start": 400}


def test_null_is_taken_only_where_it_is_allowed() -> None:
    assign = {"addresses": [{"resource": "devices", "address": ADDRESS}], "entity": None}
    assert not talq.check("AssignCommand", assign)
    assert fields("Device", device() | {"name": None}) == {"name": 400}


def test_too_many_faults_are_not_all_told() -> None:
    assert len(talq.check("[Device]", [5] * 1000)) == 20


def test_vendor_events_in_logs_are_taken() -> None:
    entry = {"data": {"type": "EventLogData", "srcAddress": ADDRESS, "eventType": "acmeGlow"}}
    assert not talq.check("LogReport", {"address": "theirs", "entries": [entry]})


def test_an_unknown_kind_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        talq.check("Lantern", {})
