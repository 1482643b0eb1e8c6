from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms import alarms
from cms.alarms import Closed, Event, Opened, decide


def row(number: int = 7, kind: str = "lamp_failure", asset: str = "L-1") -> dict[str, Any]:
    return {"id": number, "kind": kind, "asset_id": asset}


def event(started: bool | None = True, kind: str = "lamp_failure", asset: str = "L-1") -> Event:
    return Event(kind, asset, 5000, started)


def test_a_failure_opens_an_alarm_with_its_severity() -> None:
    assert decide([], event(), expected_on=True) == Opened("lamp_failure", "high", "L-1", 5000)
    contact = decide([], event(kind="no_contact"), expected_on=True)
    assert contact == Opened("no_contact", "normal", "L-1", 5000)


def test_one_alarm_is_open_for_each_kind_and_asset() -> None:
    assert decide([row()], event(), expected_on=True) is None
    assert isinstance(decide([row(asset="L-2")], event(), expected_on=True), Opened)
    assert isinstance(decide([row(kind="supply_lost")], event(), expected_on=True), Opened)


def test_the_end_of_an_event_closes_its_alarm_and_no_other() -> None:
    open_now = [row(1, asset="L-2"), row(2, kind="no_contact"), row(3)]
    assert decide(open_now, event(False), expected_on=True) == Closed(3, 5000)
    assert decide(open_now[:2], event(False), expected_on=True) is None


def test_a_node_without_power_by_plan_raises_no_alarm() -> None:
    assert decide([], event(kind="no_contact"), expected_on=False) is None
    assert isinstance(decide([], event(), expected_on=False), Opened)


def test_a_silent_node_that_is_back_ends_its_alarm_whatever_the_plan_says() -> None:
    open_now = [row(4, "no_contact")]
    assert decide(open_now, event(False, "no_contact"), expected_on=False) == Closed(4, 5000)


@pytest.mark.parametrize("kind", ["bay_occupied", "node_restarted", "presence", "anything"])
def test_what_is_no_fault_is_no_alarm(kind: str) -> None:
    assert decide([], event(kind=kind), expected_on=True) is None


def test_every_kind_that_alarms_is_a_word_of_the_api() -> None:
    assert set(alarms.SEVERITIES) <= set(alarms.KINDS.values())
    assert alarms.kind_of("lampFailure") == "lamp_failure"
    assert alarms.kind_of("somethingElse") == "somethingElse"


@given(st.lists(st.tuples(st.sampled_from(["L-1", "L-2"]),
                          st.sampled_from(sorted(alarms.SEVERITIES)), st.booleans())))  # fmt: skip
def test_whatever_comes_at_most_one_alarm_is_open_for_each(
    events: list[tuple[str, str, bool]],
) -> None:
    open_now: list[dict[str, Any]] = []
    truth: dict[tuple[str, str], bool] = {}
    for number, (asset, kind, started) in enumerate(events):
        done = decide(open_now, Event(kind, asset, number, started), expected_on=True)
        if isinstance(done, Opened):
            open_now.append(row(number, done.kind, done.asset_id))
        elif isinstance(done, Closed):
            open_now = [other for other in open_now if other["id"] != done.number]
        truth[asset, kind] = started
    found = [(other["asset_id"], other["kind"]) for other in open_now]
    assert sorted(found) == sorted(place for place, lasts in truth.items() if lasts)
