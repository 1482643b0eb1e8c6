from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talq_examples import examples

from cms import fleet, reports
from cms.assets import Device
from protocol import talq

ADDRESS = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"
STEPS = [operation for _, operation, _ in fleet.BOOTSTRAP]
OPERATIONS = sorted({*STEPS, "addDevices", "sendLogReport", "partialUpdateDevices", "getDevices"})
REPORTS = [talq.read_json(body) for kind, body in examples() if kind == "LogReport"]
LAMP = next(talq.read_json(body) for kind, body in examples() if kind == "Device")


def device() -> Device:
    return Device(ADDRESS, "gateway", "L-1")


def attribute(value: object, at_ms: int | None = None, kind: str = "Float") -> dict[str, Any]:
    made = {"type": f"Attribute{kind}", "value": value}
    return made if at_ms is None else made | {"timestamp": talq.timestamp_ms(at_ms)}


def test_the_bootstrap_in_its_order_ends_attached() -> None:
    stage = fleet.ANNOUNCED
    for operation in STEPS:
        stage = fleet.next_stage(stage, operation)
    assert stage == fleet.ATTACHED


@pytest.mark.parametrize(
    ("stage", "operation"), list(itertools.product(range(fleet.ATTACHED), OPERATIONS))
)
def test_every_wrong_turn_of_the_bootstrap_is_refused(stage: int, operation: str) -> None:
    if operation == STEPS[stage]:
        assert fleet.next_stage(stage, operation) == stage + 1
    elif operation in STEPS[:stage]:
        assert fleet.next_stage(stage, operation) == stage  # Said again after a break.
    else:
        with pytest.raises(talq.TalqError) as refusal:
            fleet.next_stage(stage, operation)
        assert refusal.value.status == 403
        assert STEPS[stage] in str(refusal.value)


@given(st.lists(st.sampled_from(OPERATIONS), max_size=30))
def test_a_bootstrap_never_goes_back_and_never_skips(operations: list[str]) -> None:
    stage = fleet.ANNOUNCED
    for operation in operations:
        try:
            after = fleet.next_stage(stage, operation)
        except talq.TalqError:
            continue
        assert after in (stage, stage + 1)
        stage = after


def test_an_attached_gateway_may_say_everything() -> None:
    assert {fleet.next_stage(fleet.ATTACHED, name) for name in OPERATIONS} == {fleet.ATTACHED}


def test_a_report_is_sorted_into_events_and_values() -> None:
    events, values = (reports.sorted_report(body, 5) for body in REPORTS)
    assert [(row["type"], row["flag"]) for row in events.events] == [
        ("occupancyChangeToOccupied", -1), ("lampFailure", 1),
    ]  # fmt: skip
    assert [row.key for row in values.values] == [
        "monitor.activePower", "lamp.feedbackLightCommand",
    ]  # fmt: skip
    assert values.devices == {ADDRESS}
    assert not events.values
    assert not values.events


def test_a_source_that_is_no_address_refuses_the_report() -> None:
    body = {"entries": [*REPORTS[0]["entries"], {"data": {
        "type": "EventLogData", "srcAddress": "a/b/c/d", "eventType": "x",
        "timestamp": talq.timestamp_ms(0)}}]}  # fmt: skip
    with pytest.raises(talq.TalqError) as refusal:
        reports.sorted_report(body, 5)
    assert refusal.value.status == 422
    assert refusal.value.field == f"entries[{len(REPORTS[0]['entries'])}].data.srcAddress"


@given(st.permutations([(n, n * 10) for n in range(6)]))
def test_an_older_value_never_takes_the_place_of_a_newer(order: list[tuple[int, int]]) -> None:
    found = device()
    for at_ms, value in order:
        fleet.keep(found, "monitor", "activePower", attribute(value, at_ms), 999)
    assert found.newest["monitor.activePower"] == [50, 5]


def test_a_value_without_a_time_is_of_now() -> None:
    found = device()
    assert fleet.keep(found, "node", "contact", attribute("ok", kind="String"), 700)
    assert found.newest["node.contact"] == ["ok", 700]
    assert fleet.keep(found, "node", "contact", attribute("silent", 700, "String"), 1)
    assert not fleet.keep(found, "node", "contact", attribute("ok", 699, "String"), 1)


def test_a_state_replaces_what_was_measured_before_it_whatever_its_since() -> None:
    found = device()
    since = attribute("Vacant", 400, "ParkingSlotOccupancyStatus")
    assert fleet.keep(found, "bay", "occupancy", attribute("Unknown", 500, "String"), 500, 500)
    assert fleet.keep(found, "bay", "occupancy", since, 600, 600)  # It has held since before.
    assert found.newest["bay.occupancy"] == ["Vacant", 400, 600]
    assert not fleet.keep(found, "bay", "occupancy", since, 599, 599)


def test_a_value_that_was_never_told_is_not_known() -> None:
    found = Device("d", "g", "L-1")
    assert not fleet.keep(found, "lamp", "calendarID", {"type": "AttributeString"}, 5)
    assert found.newest == {}
    fleet.keep(found, "lamp", "calendarID", attribute("year", 5, "String"), 5)
    assert fleet.keep(found, "lamp", "calendarID", attribute(None, 6, "String"), 6)
    assert found.value("lamp.calendarID") is None


def test_commands_and_levels_are_kept_plainly() -> None:
    found = device()
    fleet.keep_functions(found, LAMP["functions"], 0)
    assert found.value("lamp.feedbackLightCommand") == {
        "level": 40, "reason": "override", "ref": "ordinary:5f1c7c1e",
    }  # fmt: skip
    assert found.value("lamp.actualLightState") == 41
    assert found.value("monitor.activePower") == 17.25
    assert found.value("node.reasonCode") == "override"
    assert found.value("lamp.id") is None


@pytest.mark.parametrize(
    ("state", "level"),
    [({"name": "LevelState", "value": 39.6}, 40), ({"name": "SwitchState", "value": True}, 100),
     ({"name": "SwitchState", "value": False}, 0), ({"name": "SwitchState", "value": 1}, 100),
     ({"name": "RGBState", "value": [1, 2, 3]}, None), ({}, None)],
)  # fmt: skip
def test_a_command_of_any_kind_has_a_level_or_none(
    state: dict[str, Any], level: int | None
) -> None:
    made = fleet.plain({"type": "AttributeCommand", "value": {"state": state}})
    assert made["level"] == level


def test_the_asset_is_the_asset_id_else_the_name() -> None:
    assert fleet.asset_id_of(LAMP) == "L-0001"
    bare = {"address": ADDRESS, "name": "their lamp", "functions": []}
    assert fleet.asset_id_of(bare) == "their lamp"
    assert fleet.asset_id_of({"address": ADDRESS}) == ADDRESS


def test_a_patch_changes_what_it_names_and_nothing_else_t13() -> None:
    said = {"address": ADDRESS, "functions": [
        {"id": "monitor", "type": "LampMonitorFunction", "activePower": attribute(1.0)},
        {"id": "theirs", "type": "AcmeFunction", "glow": 3},
    ]}  # fmt: skip
    made = fleet.merged(LAMP, said)
    functions = {f["id"]: f for f in made["functions"]}
    before = {f["id"]: f for f in LAMP["functions"]}
    assert functions["monitor"] == before["monitor"] | {"activePower": attribute(1.0)}
    assert functions["theirs"]["glow"] == 3
    assert functions["lamp"] == before["lamp"]
    assert {k: v for k, v in made.items() if k != "functions"} == {
        k: v for k, v in LAMP.items() if k != "functions"
    }


def test_a_patch_leaves_the_body_it_was_made_from_alone() -> None:
    before = copy.deepcopy(LAMP)
    fleet.merged(LAMP, {"functions": [{"id": "lamp", "x": 1}]})
    assert before == LAMP


def test_an_event_of_a_report_begins_ends_or_just_happens() -> None:
    for flag, started in ((-1, None), (0, False), (1, True)):
        row = {"flag": flag, "type": "lampFailure", "at_ms": 5}
        made = fleet.event_of(row, "L-1")
        assert (made.kind, made.asset_id, made.started) == ("lamp_failure", "L-1", started)
