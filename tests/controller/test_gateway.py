from __future__ import annotations

from typing import Any

import pytest
from gateway_rig import CMS, EVENTS, LIVE, START_S, Rig, RigNode
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.gateway import JOINS_PER_TICK, SILENT_HEARTBEATS, SILENT_REAL_MS
from controller.library import Library
from controller.translate import wire_time
from protocol import talq, wire

HEARTBEAT_S = 60


def joined(*, loggers: bool = True) -> Rig:
    rig = Rig()
    if loggers:
        rig.loggers()
    rig.run(2)
    return rig


def event(node: RigNode, number: int, kind: str = "lamp_failure", **more: Any) -> wire.Event:
    day, second, millis = wire_time(START_S - 60)
    said = {
        "boot_count": node.boot, "number": number, "kind": wire.EVENT_NAMES.index(kind),
        "started": wire.STARTED, "quality": 2, "day": day, "second": second, "millis": millis,
    }  # fmt: skip
    made = wire.Event(**{**said, **more})
    node.events[number] = made
    return made


def override(address: str, **more: Any) -> dict[str, Any]:
    command = {"state": {"name": "LevelState", "value": 40}, "cmsRefId": "ordinary:1", **more}
    return {
        "addresses": [{"resource": "devices", "address": address}],
        "targetCommand": command,
    }


def failures(rig: Rig) -> list[str]:
    return [
        entry["data"]["srcAddress"]
        for entry in rig.outbox("events")
        if entry["data"]["eventType"] == "lampFailure"
    ]


def contacts(rig: Rig) -> list[bool]:
    return [
        entry["data"]["startEndFlag"]
        for entry in rig.outbox("events")
        if entry["data"]["eventType"] == "communicationFailure"
    ]


def test_an_event_is_on_disk_before_the_node_may_forget_it() -> None:
    rig = joined()
    _, node = rig.lamp()
    rig.gateway.frame(node.node_id, node.session.seal(event(node, 1)), rig.now)
    names = [name for name, _ in rig.gateway.effects.writes]
    assert names == ["event", "outbox"]
    assert node.events
    assert len(rig.gateway.effects.frames) == 1
    rig.settle()
    assert not node.events


def test_an_event_that_comes_again_is_told_once_and_acknowledged_again() -> None:
    rig = joined()
    address, node = rig.lamp()
    made = event(node, 1)
    for _ in range(3):
        rig.say(node, made)
    assert failures(rig) == [f"{address}/monitor"]
    assert len([m for m in node.got if isinstance(m, wire.EventAck)]) == 3


def test_while_nobody_records_events_the_node_keeps_them() -> None:
    rig = joined(loggers=False)
    _, node = rig.lamp()
    made = event(node, 1)
    rig.say(node, made)
    assert node.events
    rig.loggers()
    rig.say(node, made)
    assert not node.events
    assert len(failures(rig)) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 15))
def test_events_are_told_once_each_whatever_the_link_does(seed: int, count: int) -> None:
    rig = Rig(1, 0, seed, loss=0.4, twice=0.3)
    rig.loggers()
    address, node = rig.lamp()
    for number in range(1, count + 1):
        event(node, number)
    for _ in range(6000):  # After some minutes a join is tried every five, and may be lost again.
        waiting = list(node.events.values())
        rig.rng.shuffle(waiting)
        for made in waiting:
            if node.session.joined:
                rig.say(node, made)
        rig.run(1)
        if not node.events:
            break
    assert not node.events
    stored = [values for name, values in rig.disk if name == "event"]
    assert sorted(stored) == [(node.node_id, node.boot, n) for n in range(1, count + 1)]
    told = rig.outbox("events")
    ours = [e["data"]["timestamp"] for e in told if e["data"]["eventType"] == "lampFailure"]
    assert len(ours) == count
    assert len(set(ours)) == count  # By these times the CMS knows them.
    assert {e["data"]["srcAddress"] for e in told if "lamp" in e["data"]["eventType"]} == {
        f"{address}/monitor"
    }


def test_the_same_number_of_another_boot_is_another_event() -> None:
    rig = joined()
    _, node = rig.lamp()
    rig.say(node, event(node, 1))
    rig.say(node, event(node, 1, boot_count=node.boot + 1))
    assert len(failures(rig)) == 2


def test_an_event_keeps_the_time_of_the_node() -> None:
    rig = joined()
    _, node = rig.lamp()
    rig.say(node, event(node, 1))
    stamp = rig.outbox("events")[-1]["data"]["timestamp"]
    assert talq.read_timestamp_ms(stamp) == int((START_S - 60) * 1000)


def test_an_event_without_a_clock_is_dated_by_its_uptime() -> None:
    rig = joined()
    _, node = rig.lamp()
    rig.run(30)
    rig.say(node, event(node, 1, quality=0, uptime_ms=11_000))
    stamp = rig.outbox("events")[-1]["data"]["timestamp"]
    # Its Hello said 1 s of uptime, some 0.1 s after the start: 10 s later it happened.
    assert talq.read_timestamp_ms(stamp) / 1000 == pytest.approx(START_S + 10, abs=1)


def test_an_event_of_a_boot_that_knew_no_time_is_dated_when_heard() -> None:
    rig = joined()
    _, node = rig.lamp()
    rig.say(node, event(node, 1, quality=0, boot_count=0, uptime_ms=5))
    stamp = rig.outbox("events")[-1]["data"]["timestamp"]
    assert talq.read_timestamp_ms(stamp) / 1000 == pytest.approx(rig.domain_s, abs=0.01)


def test_an_override_is_sent_again_to_a_node_that_was_away() -> None:
    rig = joined()
    address, node = rig.lamp()
    node.up = False
    rig.control.override(override(address), "request", rig.now)
    rig.run(5)
    assert node.levels == {}
    node.restart()
    node.up = True
    rig.run(20)
    assert node.levels == {0: 40}


def test_an_override_that_ran_out_while_the_node_was_away_never_arrives() -> None:
    rig = joined()
    address, node = rig.lamp()
    node.up = False
    until = talq.timestamp(rig.domain_s + 60)
    rig.control.override(override(address, expiration=until), "", rig.now)
    rig.run(90)
    node.up = True
    rig.run(120)
    assert node.levels == {}
    assert rig.gateway.devices[address].overrides == {}
    assert ("override_gone", (address, "ordinary")) in rig.disk


def test_a_lamp_that_cannot_be_reached_is_told_as_silent_once() -> None:
    rig = joined()
    address, node = rig.lamp()
    node.up = False
    rig.control.override(override(address), "request", rig.now)
    rig.run(2 * SILENT_REAL_MS / 1000 - 1)
    assert rig.patches == []
    rig.run(60)
    assert rig.patches == [(CMS, "request", address)]
    said = rig.gateway.devices[address].attribute("node", "contact")
    assert said is not None
    assert said["value"] == "silent"


def test_a_silent_node_is_told_once_and_once_more_when_it_is_back() -> None:
    rig = joined()
    _, node = rig.lamp()
    node.up = False
    rig.run(SILENT_HEARTBEATS * HEARTBEAT_S - 5)
    assert contacts(rig) == []
    rig.run(10)
    assert contacts(rig) == [True]
    rig.run(600)
    assert contacts(rig) == [True]
    node.up = True
    rig.run(30)
    assert contacts(rig) == [True, False]
    assert rig.told("contact")[-1] == "ok"


def test_a_fast_world_alone_makes_nobody_silent() -> None:
    rig = joined()
    _, node = rig.lamp()
    node.up = False
    rig.run(SILENT_REAL_MS / 1000 - 3, world_s=86400)
    assert contacts(rig) == []
    rig.run(4, world_s=1)
    assert contacts(rig) == [True]


def test_at_the_start_nodes_are_asked_to_join_a_few_at_a_time() -> None:
    rig = Rig(100, 0)
    rig.gateway.tick(rig.now)
    assert len(rig.gateway.effects.frames) == JOINS_PER_TICK
    for _ in range(3):
        rig.gateway.tick(rig.now)
    assert len(rig.gateway.effects.frames) == 100


def test_a_joined_node_is_told_as_in_contact_and_under_mains() -> None:
    rig = joined()
    address, _ = rig.lamp()
    device = rig.gateway.devices[address]
    for name, value in (("contact", "ok"), ("mains", "on")):
        said = device.attribute("node", name)
        assert said is not None
        assert said["value"] == value
    digests = [device.attribute("node", f"configurationDigest{end}") for end in ("", "Wanted")]
    assert digests[0] is not None
    assert digests[1] is not None
    assert digests[0]["value"] == digests[1]["value"] != "00" * 8


def test_a_state_has_the_time_of_its_node_and_never_a_later_one_than_ours() -> None:
    rig = joined()
    _, node = rig.lamp()
    day, second, _ = wire_time(rig.domain_s - 3)
    rig.say(node, node.state(10, day=day, second=second, quality=2))
    ahead = wire_time(rig.domain_s + 3600)
    rig.say(node, node.state(20, day=ahead[0], second=ahead[1], quality=2))
    stamps = [
        talq.read_timestamp_ms(e["data"]["timestamp"]) / 1000
        for e in rig.outbox("live")
        if e["data"]["attributeName"] == "feedbackLightCommand"
    ]
    assert stamps == pytest.approx([rig.domain_s - 3, rig.domain_s], abs=1)


def test_a_new_logger_is_told_what_is_known_already() -> None:
    rig = joined(loggers=False)
    _, node = rig.lamp()
    rig.say(node, node.state(33))
    rig.log(LIVE)
    rig.settle()
    assert [v["state"]["value"] for v in rig.told("feedbackLightCommand")] == [33]


def test_refused_frames_are_told_by_reason() -> None:
    rig = joined()
    _, node = rig.lamp()
    frame = bytearray(node.session.seal(node.state()))
    frame[-1] ^= 1
    rig.gateway.frame(node.node_id, bytes(frame), rig.now)
    rig.run(1)
    assert rig.told("refusedTag")[-1] == 1
    rig.gateway.frame("ffffffffffff", b"x", rig.now)
    assert rig.gateway.refused() == {"tag": 1, "stranger": 1}


def test_strangers_do_not_fill_the_memory() -> None:
    rig = Rig(1, 0)
    for number in range(1500):
        rig.gateway.frame(f"{number:012x}", b"x", rig.now)
    assert len(rig.gateway.strangers) <= 1001
    assert rig.gateway.refused()["stranger"] == 1500


@given(st.binary(max_size=300))
def test_no_frame_whatever_disturbs_the_gateway(frame: bytes) -> None:
    rig = Rig(1, 0)
    rig.gateway.frame(rig.lamp()[1].node_id, frame, rig.now)
    assert rig.gateway.effects.writes == []


def test_a_periodic_logger_samples_every_device_at_its_time() -> None:
    rig = joined(loggers=False)
    periodic = {
        "address": "periodic",
        "sourceAddresses": {"blackList": []},
        "recordingMode": {
            "type": "PeriodicRecordingMode",
            "content": [{"function": {"functionType": "LampMonitorFunction"}}],
            "samplingProfiles": [{"samplingPeriod": "PT1M"}],
        },
    }
    rig.log(periodic)
    for index in (0, 1):
        node = rig.lamp(index)[1]
        rig.say(node, node.state())
    rig.run(61)
    told = rig.outbox("periodic")
    assert len({entry["data"]["srcAddress"] for entry in told}) == 2
    assert len(told) == 8  # Two lamps of four values each.


def test_a_refused_table_is_told_as_an_event() -> None:
    rig = joined()
    address, node = rig.lamp()
    node.refuses = True
    rig.gateway.schedule(rig.gateway.devices[address], b"nonsense", rig.now)
    rig.settle()
    types = [entry["data"]["eventType"] for entry in rig.outbox("events")]
    assert types == ["invalidProgram"]


def test_two_cms_hear_of_one_event_at_one_time() -> None:
    rig = joined()
    other = "http://other.test/talq"
    Library(rig.gateway, other).put("logger-configs", [EVENTS], True, rig.now)
    _, node = rig.lamp()
    rig.say(node, event(node, 1))
    told = [
        (values[0], talq.read_json(values[2])["data"]["timestamp"])
        for name, values in rig.disk
        if name == "outbox" and values[1] == "events"
    ]
    assert {cms for cms, _ in told} == {CMS, other}
    assert len({stamp for _, stamp in told}) == 1


def test_a_table_that_was_stored_while_we_were_down_is_told_at_the_next_join() -> None:
    rig = joined()
    address, node = rig.lamp()
    table = b"\x01\x00\x00\xff"
    device = rig.gateway.devices[address]
    rig.gateway.schedule(device, table, rig.now)
    rig.settle()
    device.cms, device.calendar_origin = CMS, "request"  # As the store gives it back.
    node.restart()
    rig.run(8)
    assert node.session.joined
    assert rig.patches == [(CMS, "request", address)]
