from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_messages import messages

from controller import driver_words, translate
from controller.translate import OverrideSaid, Value
from protocol import plan, talq, wire

ADDRESS = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"
LOGGER = "0b8c7c1e-6f0f-4a57-9c0c-3a2f6f6f0b11"
LAMP = plan.LampType("led", 100.0, [(0, 0.01), (10, 0.2), (100, 1.0)])
AT_MS = 1_795_248_000_123
OVERRIDES = st.none() | st.builds(
    OverrideSaid, st.just("emergency:7"), st.sampled_from(wire.RANK_NAMES)
)


def told(values: list[Value]) -> dict[tuple[str, str], Any]:
    return {value.place: value.value for value in values}


def faults(entries: list[dict[str, Any]]) -> list[talq.Fault]:
    return talq.check("LogReport", {"address": LOGGER, "entries": entries})


def entries_of(values: list[Value]) -> list[dict[str, Any]]:
    return [translate.attribute_entry(ADDRESS, value) for value in values]


@given(messages((wire.LampState,)), OVERRIDES)
def test_every_lamp_state_becomes_entries_that_talq_takes(
    message: wire.LampState, override: OverrideSaid | None
) -> None:
    values = translate.lamp_values(message, LAMP, override, AT_MS)
    assert faults(entries_of(values)) == []
    for entry in entries_of(values):  # README.md: both times are one.
        data = entry["data"]
        assert data["timestamp"] == data["attributeValue"]["timestamp"]


@given(messages((wire.BayState,)))
def test_every_bay_state_becomes_entries_that_talq_takes(message: wire.BayState) -> None:
    if message.state < len(wire.BAY_NAMES):
        assert faults(entries_of(translate.bay_values(message, AT_MS))) == []


@given(messages((wire.NodeState,)))
def test_every_node_state_becomes_entries_that_talq_takes(message: wire.NodeState) -> None:
    values = translate.node_values(message, AT_MS)
    assert faults(entries_of(values)) == []
    assert told(values)["node", "uptimeS"] == message.uptime_ms // 1000


@given(messages((wire.NodeWear,)))
def test_what_a_node_says_of_its_age_becomes_entries_that_talq_takes(
    message: wire.NodeWear,
) -> None:
    values = translate.wear_values(message, AT_MS)
    assert faults(entries_of(values)) == []
    assert (("node", "clockErrorS") in told(values)) == (message.clock_error_s < 65535)


@given(messages((wire.DriverData,)))
def test_whatever_bytes_a_driver_holds_become_entries_that_talq_takes(
    message: wire.DriverData,
) -> None:
    assert faults(entries_of(translate.driver_values(message, AT_MS))) == []


def filled(bank: int, first: int, size: int) -> bytes:
    """A part of a bank in which every byte is 1, and powers of ten are 0."""
    content = bytearray(b"\x01" * (first + size))
    if bank in (203, 204):
        content[4] = content[11] = 0
    return bytes((bank, first, size)) + content[first:]


def test_each_number_of_a_driver_has_its_attribute_in_the_models_unit() -> None:
    parts = ((1, 3, 32), (203, 4, 12), (204, 4, 12), (205, 4, 25), (206, 7, 26), (207, 4, 3),
             (255, 0, 1))  # fmt: skip
    banks = b"".join(filled(*part) for part in parts)
    values = translate.driver_values(wire.DriverData(banks=banks), AT_MS)
    assert faults(entries_of(values)) == []
    assert [value.place for value in values] == [
        driver_words.FACTS[name][:2]
        for name, _ in wire.driver_facts(banks)
        if name != "input_instances"
    ]
    assert len(values) == len(driver_words.FACTS) == len({value.place for value in values})
    of = told(values)
    assert of["node", "driverLuminaireGtin"] == str(0x010101010101)
    assert of["node", "driverGearOnS"] == 0x01010101
    assert of["node", "driverGearC"] == -59
    assert of["node", "driverLightMa"] == of["node", "driverColourK"] == 257
    assert of["node", "driverLoadPowerW"] == 0x01010101
    assert of["monitor", "powerFactor"] == 0.01
    assert of["monitor", "apparentPower"] == 0x01010101
    assert of["monitor", "switchOnCounter"] == 0x010101


@given(messages((wire.Why,)))
def test_every_chain_of_rules_becomes_an_entry_that_talq_takes(message: wire.Why) -> None:
    values = translate.why_values(message, "", AT_MS)
    assert faults(entries_of(values)) == []
    rows = json.loads(told(values)["node", "reasonChain"])
    known = [rule for rule in message.rules[:-1:2] if rule < len(wire.RULE_NAMES)]
    assert [row["rule"] for row in rows] == [wire.RULE_NAMES[rule] for rule in known]


def test_a_rule_that_stays_keeps_its_since() -> None:
    def chain(rules: bytes, before: str, at_ms: int) -> str:
        return str(translate.why_values(wire.Why(rules=rules), before, at_ms)[0].value)

    first = chain(b"\x00\x64\x02\x3c", "", AT_MS)
    second = chain(b"\x00\x64\x02\x50", first, AT_MS + 60_000)
    (default, program), (_, later) = json.loads(first), json.loads(second)
    assert json.loads(second)[0] == default
    assert later["value"] == 80
    assert later["since"] > program["since"]


@given(messages((wire.Event,)))
def test_every_event_becomes_an_entry_that_talq_takes(message: wire.Event) -> None:
    names = wire.EVENT_NAMES
    kind = names[message.kind] if message.kind < len(names) else "unknown"
    at_ms = translate.posix_ms(message.day, message.second, message.millis)
    entry = translate.event_entry(ADDRESS, kind, message.started, at_ms, message.value)
    assert faults([entry]) == []
    assert talq.read_timestamp_ms(entry["data"]["timestamp"]) == at_ms


def test_a_lamp_tells_target_effect_energy_and_why() -> None:
    message = wire.LampState(
        level_percent=40, target_percent=60, reason=wire.REASON_NAMES.index("dynamic"),
        power_mw=55_500, energy_wh=12_345, voltage_dv=2301, presence=1, burning_min=90, quality=2,
    )  # fmt: skip
    said = told(translate.lamp_values(message, LAMP, None, AT_MS))
    target = said["lamp", "targetLightCommand"]
    assert target == {"state": {"name": "LevelState", "value": 60}, "reason": "sensor"}
    assert said["lamp", "feedbackLightCommand"]["state"]["value"] == 40
    assert said["monitor", "activeEnergy"] == 12.345
    assert said["monitor", "operatingHours"] == 1.5
    assert said["monitor", "activePower"] == 55.5
    assert said["monitor", "supplyVoltage"] == 230.1
    assert said["presence", "presenceStatus"] is True
    assert said["node", "reasonCode"] == "dynamic"
    assert said["node", "clockQuality"] == "synchronised"
    assert said["node", "lightPercent"] == round(LAMP.light_percent(55.5))


def test_without_a_meter_nothing_is_claimed_of_power_and_light() -> None:
    message = wire.LampState(level_percent=80, faults=wire.FAULT_METER, power_mw=1000)
    said = told(translate.lamp_values(message, LAMP, None, AT_MS))
    silent = {("monitor", "activePower"), ("monitor", "supplyVoltage"), ("node", "lightPercent")}
    assert not silent & said.keys()
    assert said["lamp", "feedbackLightCommand"]["state"]["value"] == 80


def test_a_lamp_that_has_failed_gives_no_light_whatever_it_draws() -> None:
    message = wire.LampState(level_percent=100, faults=wire.FAULT_LAMP, power_mw=90_000)
    assert told(translate.lamp_values(message, LAMP, None, AT_MS))["node", "lightPercent"] == 0


def test_l3_the_commands_of_an_override_carry_its_reference() -> None:
    message = wire.LampState(reason=wire.REASON_NAMES.index("override"), level_percent=5)
    values = translate.lamp_values(message, LAMP, OverrideSaid("event:9", "event"), AT_MS)
    entries = {e["data"]["attributeName"]: e for e in entries_of(values)}
    assert entries["targetLightCommand"]["cmsRefId"] == "event:9"
    assert entries["targetLightCommand"]["data"]["attributeValue"]["value"]["reason"] == "override"
    assert "cmsRefId" not in entries["activeEnergy"]
    assert told(values)["node", "overrideRank"] == "event"


def test_the_occupancy_of_a_bay_has_the_time_since_when() -> None:
    message = wire.BayState(
        state=wire.BAY_NAMES.index("occupied"), confidence_percent=97, since_day=9000,
        since_second=61, stay_min=3,
    )  # fmt: skip
    state, stay, sure = translate.bay_values(message, AT_MS)
    assert (stay.place, stay.value) == (("bay", "duration"), 180)
    assert state.body["value"] == "Occupied"
    assert talq.read_timestamp_ms(state.body["timestamp"]) == translate.posix_ms(9000, 61)
    assert (sure.value, sure.at_ms) == (97, AT_MS)


def test_a_bay_that_does_not_know_since_when_tells_the_time_of_the_state() -> None:
    state, *_ = translate.bay_values(wire.BayState(state=0), AT_MS)
    assert (state.value, state.body["timestamp"]) == ("Unknown", talq.timestamp_ms(AT_MS))


@pytest.mark.parametrize(
    ("kind", "started", "event_type", "flag"),
    [
        ("overstay", wire.STARTED, "overstayDetected", True),
        ("overstay", wire.ENDED, "overstayDetected", False),
        ("lamp_failure", wire.STARTED, "lampFailure", True),
        ("lamp_failure", wire.ENDED, "lampFailure", False),
        ("bay_occupied", wire.INSTANT, "occupancyChangeToOccupied", None),
        ("presence", wire.INSTANT, "presenceStatusChanged", None),
        ("node_started", wire.INSTANT, "deviceReset", None),
    ],
)
def test_l5_an_event_has_its_talq_type_and_begins_or_ends(
    kind: str, started: int, event_type: str, flag: bool | None
) -> None:
    data = translate.event_entry(ADDRESS, kind, started, AT_MS, 0)["data"]
    assert data["eventType"] == event_type
    assert data.get("startEndFlag") is flag


def test_an_event_without_a_word_in_talq_tells_its_own_name() -> None:
    data = translate.event_entry(ADDRESS, "meter_silent", wire.STARTED, AT_MS, -3)["data"]
    assert data["eventType"] == "deviceMalfunction"
    assert data["info"] == [{"description": "meter_silent", "value": "-3"}]


def test_silence_begins_and_ends_as_a_communication_failure() -> None:
    lost, back = (translate.contact_entry(ADDRESS, lost, AT_MS) for lost in (True, False))
    assert faults([lost, back]) == []
    assert [e["data"]["startEndFlag"] for e in (lost, back)] == [True, False]


@given(st.dictionaries(st.sampled_from(wire.REASONS), st.integers(0, 1000)))
def test_refused_frames_are_told_by_reason_and_none_is_left_out(counts: dict[str, int]) -> None:
    said = told(translate.refused_values(counts, AT_MS))
    assert sum(said.values()) == sum(counts.values())
    assert said["node", "refusedTag"] == counts.get("tag", 0)
    assert said["node", "refusedReplay"] == counts.get("replay", 0)


@given(st.integers(0, 60000 * 86400_000))
def test_a_wire_time_and_back_is_the_same_millisecond(ms: int) -> None:
    domain_ms = translate.EPOCH_S * 1000 + ms
    day, second, millis = translate.wire_time(domain_ms / 1000)
    assert abs(translate.posix_ms(day, second, millis) - domain_ms) <= 1
    assert 0 <= second < 86400
    assert 0 <= millis < 1000
