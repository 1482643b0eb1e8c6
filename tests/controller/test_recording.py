from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from gateway_rig import EVENTS, LIVE, Rig
from hypothesis import given
from hypothesis import strategies as st

from controller.recording import Recording
from protocol import plan, wire
from protocol.schedule import planning

SITE = plan.quarter(2, 1)
ZONE = planning.zone_from_name(SITE.site.zone).to_bytes()
EVENING = {"name": "AbsoluteActivePeriod", "startTime": "16:00", "endTime": "08:00"}
NOON = {"name": "AbsoluteActivePeriod", "startTime": "11:00", "endTime": "12:30"}
NIGHT = {"name": "AstroClockActivePeriod", "sunsetOffset": 0, "sunriseOffset": 0}


def recording(*periods: dict[str, Any], known: Any = lambda *_: None) -> Recording:
    return Recording(list(periods), SITE, ZONE, known)


def at_s(hour: int, minute: int = 0, day: int = 21) -> float:
    """A local time in November 2026."""
    zone = zoneinfo.ZoneInfo(SITE.site.zone)
    return datetime.datetime(2026, 11, day, hour, minute, tzinfo=zone).timestamp()


@given(st.integers(1, 28), st.integers(0, 23), st.integers(0, 59))
def test_l6_a_period_over_midnight_holds_on_both_sides_of_it(
    day: int, hour: int, minute: int
) -> None:
    allowed = recording(EVENING).allows(at_s(hour, minute, day))
    assert allowed == (hour >= 16 or hour < 8)


def test_l6_any_of_several_periods_lets_it_record() -> None:
    both = recording(EVENING, NOON)
    assert [both.allows(at_s(hour)) for hour in (7, 9, 12, 13, 17)] == [
        True, False, True, False, True,
    ]  # fmt: skip


def test_l6_the_night_of_the_sun_is_that_of_the_lamps() -> None:
    night = recording(NIGHT)
    assert [night.allows(at_s(hour)) for hour in (2, 12, 22)] == [True, False, True]


def test_l6_a_period_may_hang_on_a_value_of_a_device() -> None:
    values: dict[str, Any] = {"cabinet/segment/state": 0}
    period = {
        "name": "ValueActivePeriod", "operator": "GT", "state": {"name": "LevelState", "value": 5},
        "reference": {"resource": "devices", "address": "cabinet/segment/state"},
    }  # fmt: skip
    made = recording(period, known=lambda *place: values.get("/".join(place)))
    assert not made.allows(at_s(12))
    values["cabinet/segment/state"] = 50
    assert made.allows(at_s(12))


def timed(config: dict[str, Any], *periods: dict[str, Any]) -> dict[str, Any]:
    return config | {"recordingMode": config["recordingMode"] | {"activePeriods": list(periods)}}


def failure(number: int, started: int = 1) -> wire.Event:
    return wire.Event(boot_count=1, number=number, kind=2, started=started, quality=0)


def test_l6_by_day_a_logger_of_the_night_records_neither_events_nor_silence() -> None:
    rig = Rig(1, 0)
    rig.run(6)
    rig.log(timed(EVENTS, EVENING))
    _, node = rig.lamp()
    rig.run(11)
    rig.say(node, failure(1))
    node.up = False
    rig.run(200, world_s=3 * 3600)  # To the early afternoon.
    assert rig.outbox("events") == []
    node.up = True
    rig.run(30, world_s=5 * 3600)  # Into the period.
    before = len(rig.outbox("events"))
    rig.say(node, failure(2))
    (entry,) = rig.outbox("events")[before:]
    assert entry["data"]["eventType"] == "lampFailure"


def test_l6_a_logger_that_may_not_record_now_tells_nothing_when_it_is_new() -> None:
    rig = Rig(1, 0)
    rig.run(6)
    _, node = rig.lamp()
    rig.say(node, node.state(50))
    rig.log(timed(LIVE, EVENING))
    rig.log(timed(EVENTS, EVENING))
    rig.say(node, failure(1))
    rig.settle()
    assert rig.outbox("live") == []
    assert rig.outbox("events") == []
    rig.log(LIVE | {"address": "always"})
    rig.settle()
    assert rig.outbox("always")
