from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from gateway_rig import EVENTS, LIVE, START_S, Rig
from hypothesis import given, settings
from hypothesis import strategies as st
from talq_examples import examples

from controller import compile as compiler
from controller.attachment import LOGGERS_MAX
from controller.control import Control
from controller.library import Library
from protocol import talq, wire

PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
CALENDAR = {"id": "year", "rules": [], "defaultProgram": "residential"}
PROGRAMS, CALENDARS = "control-programs", "calendars"


def at(seconds: float) -> str:
    return talq.timestamp(START_S + seconds)


def override(*addresses: str, level: object = 40, ref: str = "ordinary:1", **more: Any) -> Any:
    command = {"state": {"name": "LevelState", "value": level}, "cmsRefId": ref, **more}
    return {"addresses": targets(*addresses), "targetCommand": command}


def targets(*addresses: str) -> list[dict[str, str]]:
    return [{"resource": "devices", "address": address} for address in addresses]


def assignment(name: str, *addresses: str) -> dict[str, Any]:
    return {
        "addresses": targets(*addresses),
        "entity": {"resource": "calendars", "address": name},
    }


def joined(lamps: int = 2, bays: int = 1) -> Rig:
    rig = Rig(lamps, bays)
    rig.loggers()
    rig.run(2)
    return rig


def everything(rig: Rig) -> Any:
    """What a refused request must leave as it was."""
    own = rig.gateway.attachment("http://cms.test/talq")
    devices = [
        (d.calendar_id, d.calendar_s, copy.deepcopy(d.overrides), dict(d.node.uploads))
        for d in rig.gateway.devices.values()
    ]
    return copy.deepcopy((own.programs, own.calendars, list(own.loggers), devices))


def refusal(rig: Rig, ask: Callable[[Rig], None], status: int, key: str) -> talq.TalqError:
    """The error of a request that is refused and has changed nothing (T9)."""
    before = everything(rig)
    with pytest.raises(talq.TalqError) as caught:
        ask(rig)
    assert (caught.value.status, caught.value.key) == (status, key)
    assert everything(rig) == before
    assert rig.gateway.effects.writes == []
    assert rig.gateway.effects.frames == []
    return caught.value


def test_an_override_is_on_disk_before_it_goes_to_the_node() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.control.override(override(address), "request-1", rig.now)
    assert [name for name, _ in rig.gateway.effects.writes] == ["override"]
    assert node.levels == {}
    rig.settle()
    assert node.levels == {0: 40}
    assert rig.patches == [("http://cms.test/talq", "request-1", address)]


@pytest.mark.parametrize(("word", "rank"), [("ordinary", 0), ("emergency", 3), ("other", 0)])
def test_the_rank_of_an_override_is_the_word_of_its_reference(word: str, rank: int) -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.control.override(override(address, ref=f"{word}:7"), "", rig.now)
    rig.settle()
    assert node.levels == {rank: 40}


def test_c9_start_expiry_and_ramp_of_an_override_reach_the_node() -> None:
    rig = joined()
    address, node = rig.lamp()
    said = override(address, start=at(600), expiration=at(4200), rampToLevelTime=1.5)
    rig.control.override(said, "", rig.now)
    rig.settle()
    message = node.got[-1]
    assert isinstance(message, wire.Override)
    start_s, expiry_s = (
        946684800 + day * 86400 + second
        for day, second in (
            (message.start_day, message.start_second),
            (message.expiry_day, message.expiry_second),
        )
    )
    assert (start_s - START_S, expiry_s - START_S) == (600, 4200)
    assert message.ramp_ds == 15
    assert message.life_s == pytest.approx(4200 - 2, abs=1)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"expiration": at(-1)}, "targetCommand.expiration"),
        ({"start": at(100), "expiration": at(50)}, "targetCommand.expiration"),
        ({"level": 101}, "targetCommand.state"),
        ({"level": None}, "targetCommand.state"),
        ({"expiration": "2999-01-01T00:00:00Z"}, "targetCommand.expiration"),
        ({"start": "2999-01-01T00:00:00Z"}, "targetCommand.start"),
        ({"rampToLevelTime": -1.0}, "targetCommand.rampToLevelTime"),
    ],
)
def test_an_override_that_no_node_could_do_is_refused(more: dict[str, Any], field: str) -> None:
    rig = joined()
    address, _ = rig.lamp()
    said = override(address, **more)
    error = refusal(
        rig, lambda r: r.control.override(said, "", rig.now), 422, "overrideCommandNotValid"
    )
    assert error.field == field


@pytest.mark.parametrize("wrong", ["stranger", "bay", "function", "resource"])
def test_one_wrong_address_refuses_the_whole_override(wrong: str) -> None:
    rig = joined()
    good, _ = rig.lamp()
    bad = {
        "stranger": targets("3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c99"),
        "bay": targets(rig.lamp(-1)[0]),
        "function": targets(f"{rig.lamp(1)[0]}/monitor"),
        "resource": [{"resource": "groups", "address": rig.lamp(1)[0]}],
    }[wrong]
    said = override(good)
    said["addresses"] += bad
    error = refusal(
        rig, lambda r: r.control.override(said, "", rig.now), 422, "overrideAddressNotValid"
    )
    assert error.field == "addresses[1].address"


def test_c9_a_release_takes_the_override_away_at_the_node() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.control.override(override(address), "", rig.now)
    rig.settle()
    rig.control.override({"addresses": targets(address)}, "", rig.now)
    rig.settle()
    assert node.levels == {}
    assert rig.gateway.devices[address].overrides == {}
    assert rig.disk[-1] == ("override_gone", (address, "ordinary"))


def test_a_release_by_reference_leaves_the_others() -> None:
    rig = joined()
    address, _ = rig.lamp()
    for ref in ("ordinary:1", "emergency:2"):
        rig.control.override(override(address, ref=ref), "", rig.now)
    said = {"addresses": targets(address), "cmsRefId": "ordinary:1"}
    rig.control.override(said, "", rig.now)
    rig.settle()
    assert list(rig.gateway.devices[address].overrides) == ["emergency"]


@pytest.mark.parametrize("end", ["replaced", "released"])
def test_a_lost_command_is_not_said_again_after_a_newer_one(end: str) -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.loss = 1.0
    rig.control.override(override(address, level=90), "", rig.now)
    rig.settle()
    rig.loss = 0.0
    newer = override(address, level=10) if end == "replaced" else {"addresses": targets(address)}
    rig.control.override(newer, "", rig.now)
    rig.run(120)
    assert node.levels == ({0: 10} if end == "replaced" else {})


def test_programs_and_calendars_become_a_table_in_the_node() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", address), "request-2", rig.now)
    rig.settle()
    wanted = compiler.table_of(CALENDAR, {"residential": PROGRAM})
    assert node.contents[wire.UPLOAD_SCHEDULE] == wanted
    assert rig.patches == [("http://cms.test/talq", "request-2", address)]
    assert rig.lamp(1)[1].contents.get(wire.UPLOAD_SCHEDULE) is None


def test_a_changed_program_goes_to_the_lamps_that_follow_it() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", address), "", rig.now)
    rig.settle()
    before = node.contents[wire.UPLOAD_SCHEDULE]
    changed = PROGRAM | {"activePeriods": []}
    rig.library.put(PROGRAMS, [changed], False, rig.now)
    rig.settle()
    assert node.contents[wire.UPLOAD_SCHEDULE] != before
    rig.control.assign(assignment("", address), "", rig.now)
    rig.settle()
    assert node.contents[wire.UPLOAD_SCHEDULE] == compiler.NO_CALENDAR


@pytest.mark.parametrize(
    ("ask", "status", "key"),
    [
        (lambda r, n: r.library.put(PROGRAMS, [PROGRAM], True, n), 409, "resourceConflict"),
        (lambda r, n: r.library.put(PROGRAMS, [PROGRAM | {"id": "x"}], False, n),
         404, "resourceNotFound"),
        (lambda r, n: r.library.put(
            CALENDARS, [CALENDAR | {"id": "y", "defaultProgram": "no"}], True, n),
         422, "relatedResourceNotFound"),
        (lambda r, n: r.library.put(PROGRAMS, [PROGRAM | {"id": "good"}, PROGRAM | {
            "id": "bad", "astroClockTimeControls": [{}]}], True, n),
         422, "serviceConstraintExceeded"),
        (lambda r, n: r.library.put(
            PROGRAMS, [PROGRAM | {"id": str(i)} for i in range(300)], True, n),
         422, "serviceConstraintExceeded"),
        (lambda r, n: r.library.remove(PROGRAMS, "residential"),
         422, "deletingResourceIsReferred"),
        (lambda r, n: r.library.remove(CALENDARS, "year"), 422, "deletingResourceIsReferred"),
        (lambda r, n: r.library.remove(CALENDARS, "no"), 404, "resourceNotFound"),
        (lambda r, n: r.log(LIVE, True), 409, "resourceConflict"),
        (lambda r, n: r.log(LIVE | {"address": "x"}, False), 404, "resourceNotFound"),
        (lambda r, n: r.log(
            LIVE | {"address": "x", "recordingMode": {"type": "OtherMode"}}, True),
         422, "serviceConstraintExceeded"),
        (lambda r, n: r.library.remove("logger-configs", "no"), 404, "resourceNotFound"),
    ],
)  # fmt: skip
def test_a_refused_request_changes_nothing(
    ask: Callable[[Rig, object], None], status: int, key: str
) -> None:
    rig = joined()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", rig.lamp()[0]), "", rig.now)
    rig.settle()
    refusal(rig, lambda c: ask(c, rig.now), status, key)


@pytest.mark.parametrize("resource", ["calendars", "groups"])
def test_c10_an_assignment_to_what_is_not_there_is_refused(resource: str) -> None:
    rig = joined()
    said = assignment("no", rig.lamp()[0])
    said["entity"]["resource"] = resource
    refusal(rig, lambda r: r.control.assign(said, "", rig.now), 422, "assignmentEntityNotValid")


def test_c10_one_bay_refuses_the_whole_assignment() -> None:
    rig = joined()
    said = assignment("", rig.lamp()[0], rig.lamp(-1)[0])
    refusal(rig, lambda r: r.control.assign(said, "", rig.now), 422, "assignmentAddressNotValid")


def test_more_loggers_than_told_are_refused() -> None:
    rig = joined()
    for number in range(LOGGERS_MAX - 2):
        rig.log(EVENTS | {"address": str(number)})
    rig.settle()
    last = EVENTS | {"address": "last"}
    refusal(rig, lambda r: r.log(last, True), 422, "serviceConstraintExceeded")


def test_b7_a_resync_forgets_the_cms_and_keeps_the_light() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", address), "", rig.now)
    rig.settle()
    table = node.contents[wire.UPLOAD_SCHEDULE]
    rig.library.forget()
    assert rig.gateway.effects.bootstrap == ["http://cms.test/talq"]
    # Programs come before calendars (D9); meanwhile the lamp keeps its table.
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.settle()
    assert node.contents[wire.UPLOAD_SCHEDULE] == table


def test_a_calendar_of_another_cms_may_have_the_same_name() -> None:
    rig = joined()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", rig.lamp()[0]), "", rig.now)
    other = Library(rig.gateway, "http://other.test/talq")
    other.put(PROGRAMS, [PROGRAM], True, rig.now)
    other.put(CALENDARS, [CALENDAR], True, rig.now)
    other.remove(CALENDARS, "year")
    assert "year" in rig.gateway.attachment("http://cms.test/talq").calendars


def test_an_override_of_another_cms_leaves_the_calendar_with_its_own() -> None:
    rig = joined()
    address, node = rig.lamp()
    rig.library.put(PROGRAMS, [PROGRAM], True, rig.now)
    rig.library.put(CALENDARS, [CALENDAR], True, rig.now)
    rig.control.assign(assignment("year", address), "", rig.now)
    Control(rig.gateway, "http://other.test/talq").override(override(address), "", rig.now)
    rig.settle()
    before = node.contents[wire.UPLOAD_SCHEDULE]
    rig.library.put(PROGRAMS, [PROGRAM | {"activePeriods": []}], False, rig.now)
    rig.settle()
    assert node.contents[wire.UPLOAD_SCHEDULE] != before


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9999),
    st.lists(
        st.tuples(
            st.sampled_from(["set", "release", "restart", "wait"]),
            st.sampled_from(["ordinary", "event", "emergency"]),
            st.integers(0, 100),
        ),
        max_size=12,
    ),
)
def test_whatever_is_lost_the_node_does_in_the_end_what_was_asked_last(
    seed: int, asked: list[tuple[str, str, int]]
) -> None:
    rig = Rig(1, 0, seed, loss=0.3, twice=0.2)
    rig.run(60)
    address, node = rig.lamp()
    wanted: dict[int, int] = {}
    for number, (act, rank, level) in enumerate(asked):
        if act == "set":
            said = override(address, level=level, ref=f"{rank}:{number}")
            rig.control.override(said, "", rig.now)
            wanted[wire.RANK_NAMES.index(rank)] = level
        elif act == "release":
            rig.control.override({"addresses": targets(address)}, "", rig.now)
            wanted.clear()
        elif act == "restart":
            node.restart()
        rig.run(2 if act == "wait" else 0.2)
    rig.loss = 0.0
    rig.run(300)
    assert node.levels == wanted
