from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talq_examples import examples

from controller import loggers
from controller.loggers import EVENT, ON_CHANGE, PERIODIC, Logger, logger_of
from controller.translate import Value
from protocol import talq

LAMP, OTHER = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11", "a9a6c7f2-3a3e-5b8e-9c59-6cf0b9d7f4e2"
OURS = {
    made["address"]: made
    for made in (talq.read_json(body) for kind, body in examples() if kind == "LoggerConfig")
}

# The first sample of our periodic logger.
DAY_S = talq.read_timestamp_ms("2026-11-21T00:00:00Z") / 1000


def logger(mode: dict[str, Any], sources: dict[str, Any] | None = None) -> Logger:
    config = {"address": "x", "recordingMode": mode}
    if sources is not None:
        config["sourceAddresses"] = sources
    return logger_of(config)


def events(**rule: list[str]) -> dict[str, Any]:
    return {"type": EVENT, "sourceEvents": rule}


def power(watts: float, at_ms: int = 1000) -> Value:
    return Value(("monitor", "activePower"), "Float", watts, at_ms, always=True)


def energy(kwh: float) -> Value:
    return Value(("monitor", "activeEnergy"), "Float", kwh, 1000)


def test_our_three_loggers_hear_every_device() -> None:
    made = [logger_of(config) for config in OURS.values()]
    assert [x.mode for x in made] == [EVENT, PERIODIC, ON_CHANGE]
    assert all(x.hears(LAMP) and x.hears(OTHER) for x in made)


@pytest.mark.parametrize(
    ("sources", "hears"),
    [
        (None, False),
        ({}, False),
        ({"blackList": []}, True),
        ({"blackList": [LAMP]}, False),
        ({"whiteList": [LAMP]}, True),
        ({"whiteList": [f"{LAMP}/monitor"]}, True),
        ({"whiteList": [f"{LAMP}/lamp"]}, False),
        ({"blackList": [f"{LAMP}/monitor"]}, False),
        ({"whiteList": [OTHER]}, False),
        ({"whiteList": [LAMP], "blackList": [LAMP]}, False),
    ],
)
def test_l1_a_logger_hears_the_sources_of_its_lists(
    sources: dict[str, list[str]] | None, hears: bool
) -> None:
    made = logger(events(blackList=[]), references(sources))
    assert made.hears(LAMP, "monitor") is hears


def references(lists: dict[str, list[str]] | None) -> dict[str, Any] | None:
    if lists is None:
        return None
    return {
        name: [{"resource": "devices", "address": address} for address in addresses]
        for name, addresses in lists.items()
    }


def test_g2_a_logger_keeps_the_members_that_a_group_had() -> None:
    member = {"resource": "devices", "address": LAMP}
    groups = {"g": {"members": [member]}}
    config = {
        "address": "x",
        "sourceAddresses": {"whiteList": [{"resource": "groups", "address": "g"}]},
        "recordingMode": events(blackList=[]),
    }
    made = logger_of(config, groups)
    groups["g"]["members"] = [{"resource": "devices", "address": OTHER}]
    assert made.hears(LAMP)
    assert not made.hears(OTHER)


def test_l1_scheduled_reports_wait_for_their_time_and_a_chance() -> None:
    config = {
        "address": "x", "recordingMode": events(blackList=[]),
        "reportingMode": {
            "type": "ScheduledReportingMode", "times": ["06:00", "18:00"], "randomTime": 600,
        },
    }  # fmt: skip
    made = logger_of(config)
    assert made.wait_s(5 * 3600, 0.0) == 3600
    assert made.wait_s(19 * 3600, 0.5) == 11 * 3600 + 300
    delayed = {**config, "reportingMode": {"type": "ImmediateReportingMode", "delay": 7}}
    assert logger_of(delayed).wait_s(0, 0.9) == 7


@pytest.mark.parametrize(
    ("rule", "records"),
    [
        ({}, False),
        ({"blackList": []}, True),
        ({"blackList": ["lampFailure"]}, False),
        ({"whiteList": ["lampFailure"]}, True),
        ({"whiteList": ["supplyLoss"]}, False),
        ({"whiteList": ["lampFailure"], "blackList": ["lampFailure"]}, False),
    ],
)
def test_an_event_logger_records_the_events_of_its_lists(
    rule: dict[str, list[str]], records: bool
) -> None:
    made = logger(events(**rule), {"blackList": []})
    assert made.records_event(LAMP, "monitor", "lampFailure") is records
    assert not made.records_value(LAMP, power(5))


def test_a_logger_of_values_records_no_events() -> None:
    for name in ("lamplighter-periodic", "lamplighter-live"):
        assert not logger_of(OURS[name]).records_event(LAMP, "monitor", "lampFailure")


def test_on_change_tells_a_value_once_and_a_measurement_each_time() -> None:
    content = [{"function": {"functionType": "LampMonitorFunction"}}]
    made = logger({"type": ON_CHANGE, "content": content}, {"blackList": []})
    assert made.news(LAMP, [power(5), energy(1)]) == [power(5), energy(1)]
    assert made.news(LAMP, [power(5, 2000), energy(1)]) == [power(5, 2000)]
    assert made.news(LAMP, [energy(2), energy(2)]) == [energy(2)]
    assert made.news(OTHER, [energy(2)]) == [energy(2)]  # Each device has its own last value.


def test_on_change_leaves_out_what_nobody_asked_for() -> None:
    content = [{"function": {"functionType": "LampMonitorFunction",
                             "attributes": [{"name": "activePower"}]}}]  # fmt: skip
    made = logger({"type": ON_CHANGE, "content": content}, {"blackList": []})
    bay = Value(("bay", "occupancy"), "ParkingSlotOccupancyStatus", "Vacant", 1)
    assert made.news(LAMP, [energy(1), power(3), bay]) == [power(3)]
    nothing = {"type": ON_CHANGE, "content": []}
    assert logger(nothing, {"blackList": []}).news(LAMP, [power(3)]) == []
    # Without content the vendor chooses, and we choose all.
    assert logger({"type": ON_CHANGE}, {"blackList": []}).news(LAMP, [bay]) == [bay]
    assert logger({"type": ON_CHANGE, "content": content}, None).news(LAMP, [power(3)]) == []


def test_a_periodic_logger_is_due_on_whole_periods_of_the_day() -> None:
    made = logger_of(OURS["lamplighter-periodic"])
    assert made.period_s() == 900
    assert not made.due(DAY_S + 10_000)
    assert not made.due(DAY_S + 10_799)
    assert made.due(DAY_S + 10_800)
    assert not made.due(DAY_S + 10_801)
    assert made.due(DAY_S + 14_000)  # Late by three periods: one sample, not three.
    assert not made.due(DAY_S + 14_399)
    assert made.due(DAY_S + 14_400)


def test_a_periodic_logger_keeps_to_its_start_and_end() -> None:
    profile = {
        "samplingStartTime": talq.timestamp(DAY_S), "samplingPeriod": "PT10M",
        "samplingEndTime": talq.timestamp(DAY_S + 1200),
    }  # fmt: skip
    made = logger({"type": PERIODIC, "content": [], "samplingProfiles": [profile]})
    due = [at for at in range(-600, 4000, 100) if made.due(DAY_S + at)]
    assert due == [0, 600, 1200]


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=60), st.floats(0, 1e9))
def test_a_sample_is_due_once_in_each_period_that_is_looked_at(
    steps_s: list[float], start_s: float
) -> None:
    made = logger_of(OURS["lamplighter-periodic"])
    start_s += DAY_S
    made.due(start_s)
    now_s, told, periods = start_s, 0, {start_s // 900}
    for step_s in steps_s:
        now_s += step_s
        told += made.due(now_s)
        periods.add(now_s // 900)
    assert told == len(periods) - 1


def test_loggers_of_another_kind_are_never_due() -> None:
    assert not any(logger_of(OURS[n]).due(1e9) for n in ("lamplighter-events", "lamplighter-live"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT15M", 900), ("PT1H30M", 5400), ("P1D", 86400), ("P1DT1S", 86401), ("PT0.5S", 0.5),
        ("", 0), ("P1Y", 0), ("15M", 0), ("P15M", 0), ("PT", 0), ("nonsense", 0), ("PT1.2.3S", 0),
        ("PT٣S", 0),
    ],
)  # fmt: skip
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert loggers.duration_s(text) == seconds


@given(st.text("PTDHMS.0123456789²", max_size=8))
def test_any_text_for_a_duration_gives_seconds_and_no_error(text: str) -> None:
    assert loggers.duration_s(text) >= 0


@given(st.integers(0, 30), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_every_duration_is_read_back(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"P{days}DT{hours}H{minutes}M{seconds}S"
    assert loggers.duration_s(text) == days * 86400 + hours * 3600 + minutes * 60 + seconds


def test_a_period_without_a_usable_duration_is_at_least_a_second() -> None:
    for period in ("", "PT0S"):
        mode = {"type": PERIODIC, "samplingProfiles": [{"samplingPeriod": period}]}
        assert logger(mode).period_s() == 1
    assert logger({"type": PERIODIC}).period_s() == 900
