"""Commands on groups and types, and two CMSs on one gateway, at the core of the controller."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_rig import CMS, EVENTS, LIVE, Rig, RigNode
from talq_examples import examples, minimal

from controller.configure import Configure
from controller.control import Control
from controller.library import Library
from protocol import talq, wire

OTHER = "http://other.test/talq"
PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
CALENDAR = {"id": "year", "rules": [], "defaultProgram": "residential"}
OWNER = "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"
GATEWAYS = ("3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11", "4f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c12")


@pytest.fixture
def rig() -> Rig:
    made = Rig(3, 1)
    made.loggers()
    made.run(6)
    return made


def rows(*addresses: str, resource: str = "devices") -> list[dict[str, str]]:
    return [{"resource": resource, "address": address} for address in addresses]


def group(name: str, *members: dict[str, str]) -> dict[str, Any]:
    return {"address": name, "ownerCMS": OWNER, "members": list(members)}


def put_group(rig: Rig, name: str, *members: dict[str, str], new: bool = True) -> None:
    rig.library.put("groups", [group(name, *members)], new, rig.now)


def dim(*targets: dict[str, str], level: int = 40, ref: str = "ordinary:1") -> dict[str, Any]:
    command = {"state": {"name": "LevelState", "value": level}, "cmsRefId": ref}
    return {"addresses": list(targets), "targetCommand": command}


def lamps(rig: Rig) -> list[tuple[str, RigNode]]:
    return [rig.lamp(index) for index in range(3)]


def levels(rig: Rig) -> list[dict[int, int]]:
    return [node.levels for _, node in lamps(rig)]


# Groups.


def test_c9_g1_an_override_of_a_nested_group_reaches_its_lamps_and_no_bay(rig: Rig) -> None:
    (first, _), (second, _), _ = lamps(rig)
    bay, _ = rig.lamp(-1)
    put_group(rig, "inner", *rows(f"{second}/lamp"))
    put_group(rig, "outer", *rows(first, bay), *rows("inner", resource="groups"))
    rig.control.override(dim(*rows("outer", resource="groups")), "", rig.now)
    rig.settle()
    assert levels(rig) == [{0: 40}, {0: 40}, {}]
    rig.control.override({"addresses": rows("outer", resource="groups")}, "", rig.now)
    rig.settle()
    assert levels(rig) == [{}, {}, {}]


def test_c9_a_lamp_named_by_itself_and_by_its_group_is_told_once(rig: Rig) -> None:
    (first, node), *_ = lamps(rig)
    put_group(rig, "g", *rows(first))
    said = dim(*rows(first), *rows("g", resource="groups"))
    rig.control.override(said, "", rig.now)
    rig.settle()
    assert sum(isinstance(m, wire.Override) for m in node.got) == 1


@pytest.mark.parametrize("name", ["none", "inner"])
def test_t9_c9_a_group_that_is_not_here_refuses_the_whole_override(rig: Rig, name: str) -> None:
    (first, _), *_ = lamps(rig)
    Library(rig.gateway, OTHER).put("groups", [group("inner", *rows(first))], True, rig.now)
    with pytest.raises(talq.TalqError) as caught:
        rig.control.override(dim(*rows(first), *rows(name, resource="groups")), "", rig.now)
    assert (caught.value.status, caught.value.key) == (422, "overrideAddressNotValid")
    rig.settle()
    assert levels(rig) == [{}, {}, {}]


def test_g2_c10_a_calendar_goes_to_those_who_are_members_today(rig: Rig) -> None:
    (first, one), (second, two), _ = lamps(rig)
    rig.library.put("control-programs", [PROGRAM], True, rig.now)
    rig.library.put("calendars", [CALENDAR], True, rig.now)
    put_group(rig, "g", *rows(first))
    said = {"addresses": rows("g", resource="groups"),
            "entity": {"resource": "calendars", "address": "year"}}  # fmt: skip
    rig.control.assign(said, "", rig.now)
    put_group(rig, "g", *rows(second), new=False)
    rig.run(3)
    assert wire.UPLOAD_SCHEDULE in one.contents
    assert wire.UPLOAD_SCHEDULE not in two.contents
    devices = rig.gateway.devices
    assert (devices[first].calendar_id, devices[second].calendar_id) == ("year", "")
    (command,) = [c for c in rig.control.assigned() if c["entity"]["resource"] == "calendars"]
    assert command["addresses"] == rows(first)


# Types.


def lamp_type(rig: Rig, name: str = "warm") -> None:
    rig.library.put("lamp-types", [minimal("LampType", address=name)], True, rig.now)


def type_of(rig: Rig, address: str) -> Any:
    body = rig.gateway.attachment(CMS).body(rig.gateway.devices[address])
    (lamp,) = [f for f in body["functions"] if f["id"] == "lamp"]
    return lamp["lampTypeId"]["value"]


def assign_type(rig: Rig, name: str, *targets: dict[str, str]) -> None:
    said = {"addresses": list(targets), "entity": {"resource": "lamp-types", "address": name}}
    rig.control.assign(said, "", rig.now)
    rig.settle()


def test_c10_a_lamp_type_is_given_to_a_group_and_taken_away(rig: Rig) -> None:
    (first, _), (second, _), _ = lamps(rig)
    bay, _ = rig.lamp(-1)
    lamp_type(rig)
    put_group(rig, "g", *rows(first, bay, f"{second}/lamp"))
    assign_type(rig, "warm", *rows("g", resource="groups"))
    assert [type_of(rig, a) for a in (first, second)] == ["warm", "warm"]
    (command,) = [c for c in rig.control.assigned() if c["entity"]["address"] == "warm"]
    assert {row["address"] for row in command["addresses"]} == {first, second}
    assign_type(rig, "", *rows(first))
    assert [type_of(rig, a) for a in (first, second)] == ["", "warm"]
    assert all(c["entity"]["address"] for c in rig.control.assigned())


def test_d8_a_type_that_a_lamp_has_stays_until_it_is_taken_away(rig: Rig) -> None:
    (first, _), *_ = lamps(rig)
    lamp_type(rig)
    assign_type(rig, "warm", *rows(first))
    with pytest.raises(talq.TalqError) as caught:
        rig.library.remove("lamp-types", "warm")
    assert caught.value.key == "deletingResourceIsReferred"
    assign_type(rig, "", *rows(first))
    assert rig.library.remove("lamp-types", "warm")["address"] == "warm"


@pytest.mark.parametrize(("name", "index", "key"), [
    ("none", 0, "assignmentEntityNotValid"),
    ("warm", -1, "assignmentAddressNotValid"),
    ("warm", None, "assignmentAddressNotValid"),
])  # fmt: skip
def test_c10_t9_a_type_that_does_not_fit_is_given_to_nobody(
    rig: Rig, name: str, index: int | None, key: str
) -> None:
    (first, _), *_ = lamps(rig)
    lamp_type(rig)
    rig.settle()
    before = type_of(rig, first)
    wrong = OWNER if index is None else rig.lamp(index)[0]
    with pytest.raises(talq.TalqError) as caught:
        assign_type(rig, name, *rows(first, wrong))
    assert (caught.value.status, caught.value.key) == (422, key)
    assert type_of(rig, first) == before
    assert rig.gateway.effects.writes == []


# Asked, in effect, and physical.


def test_c12_asked_in_effect_and_physical_stay_three_things(rig: Rig) -> None:
    (address, node), *_ = lamps(rig)
    failed = node.state(60, target_percent=80, faults=wire.FAULT_LAMP, power_mw=0, quality=2)
    rig.say(node, failed)
    body = rig.gateway.attachment(CMS).body(rig.gateway.devices[address])
    (lamp,) = [f for f in body["functions"] if f["id"] == "lamp"]
    assert lamp["targetLightCommand"]["value"]["state"]["value"] == 80
    assert lamp["feedbackLightCommand"]["value"]["state"]["value"] == 60
    assert lamp["actualLightState"]["value"]["value"] == 0


# Two CMSs.


def test_t12_each_cms_sees_its_own_resources_alone(rig: Rig) -> None:
    other = Library(rig.gateway, OTHER)
    for library, percent in ((rig.library, 1), (other, 2)):
        program = {**PROGRAM, "description": str(percent)}
        library.put("control-programs", [program], True, rig.now)
        library.put("calendars", [CALENDAR], True, rig.now)
        library.put("groups", [group("g")], True, rig.now)
        library.put("lamp-types", [minimal("LampType", address="warm")], True, rig.now)
    other.put("logger-configs", [LIVE | {"address": "theirs"}], True, rig.now)
    assert "theirs" not in rig.gateway.attachment(CMS).loggers
    assert rig.gateway.attachment(CMS).programs[PROGRAM["id"]]["description"] == "1"
    assert other.own.programs[PROGRAM["id"]]["description"] == "2"
    for collection, name in (
        ("calendars", "year"), ("control-programs", PROGRAM["id"]), ("groups", "g"),
        ("lamp-types", "warm"), ("logger-configs", "theirs"),
    ):  # fmt: skip
        other.remove(collection, name)
        assert (name in rig.gateway.attachment(CMS).catalogue.tables[collection]) == (
            name != "theirs"
        )


@pytest.mark.parametrize("ref", ["ordinary:1", "event:2"])
def test_c9_t12_an_override_of_one_cms_is_not_ended_by_the_other(rig: Rig, ref: str) -> None:
    (first, node), *_ = lamps(rig)
    rig.control.override(dim(*rows(first), ref="ordinary:1"), "", rig.now)
    rig.settle()
    other = Control(rig.gateway, OTHER)
    other.override({"addresses": rows(first), "cmsRefId": ref}, "", rig.now)
    other.override({"addresses": rows(first)}, "", rig.now)
    rig.settle()
    assert node.levels == {0: 40}
    rig.control.override({"addresses": rows(first)}, "", rig.now)
    rig.settle()
    assert node.levels == {}


def test_c10_t12_a_calendar_of_one_cms_is_not_taken_away_by_the_other(rig: Rig) -> None:
    (first, node), *_ = lamps(rig)
    rig.library.put("control-programs", [PROGRAM], True, rig.now)
    rig.library.put("calendars", [CALENDAR], True, rig.now)
    entity = {"resource": "calendars", "address": "year"}
    rig.control.assign({"addresses": rows(first), "entity": entity}, "", rig.now)
    rig.run(3)
    table = node.contents[wire.UPLOAD_SCHEDULE]
    nothing = {"resource": "calendars", "address": ""}
    other = Control(rig.gateway, OTHER)
    other.assign({"addresses": rows(first), "entity": nothing}, OWNER, rig.now)
    assert rig.gateway.effects.patches == [(OTHER, OWNER, first)]
    rig.run(3)
    assert rig.gateway.devices[first].calendar_id == "year"
    assert node.contents[wire.UPLOAD_SCHEDULE] == table
    rig.control.assign({"addresses": rows(first), "entity": nothing}, "", rig.now)
    rig.run(3)
    assert node.contents[wire.UPLOAD_SCHEDULE] != table


def test_b7_t12_a_resync_of_one_cms_leaves_the_others_alone(rig: Rig) -> None:
    (first, node), *_ = lamps(rig)
    other = Library(rig.gateway, OTHER)
    other.put("control-programs", [PROGRAM], True, rig.now)
    other.put("calendars", [CALENDAR], True, rig.now)
    Control(rig.gateway, OTHER).override(dim(*rows(first), level=70), "", rig.now)
    rig.settle()
    rig.library.forget()
    rig.settle()
    assert list(rig.gateway.attachment(OTHER).calendars) == ["year"]
    assert rig.gateway.attachment(CMS).loggers == {}
    rig.run(2)
    assert node.levels == {0: 70}


def test_b8_a_second_cms_is_told_to_the_first_and_not_to_itself(rig: Rig) -> None:
    for cms, address in zip((CMS, OTHER), GATEWAYS, strict=True):
        rig.gateway.attachment(cms).gateway_address = address
    Library(rig.gateway, OTHER).put("logger-configs", [EVENTS], True, rig.now)
    rig.settle()
    rig.disk.clear()
    rig.gateway.attached(OTHER, rig.now)
    rig.settle()
    ((_, values),) = [(n, v) for n, v in rig.disk if n == "outbox"]
    data = talq.read_json(values[2])["data"]
    assert values[0] == CMS
    assert data["eventType"] == "newCmsAttached"
    assert data["srcAddress"] == f"{GATEWAYS[0]}/gateway"


def test_t12_what_one_cms_sets_on_a_device_is_not_shown_to_the_other(rig: Rig) -> None:
    (first, _), *_ = lamps(rig)
    basic = {"id": "basic", "type": "BasicFunction",
             "assetId": {"type": "AttributeString", "value": "mine"}}  # fmt: skip
    Configure(rig.gateway, CMS).patch(
        [{"address": first, "functions": [basic]}], rig.now, whole=False
    )
    shown = rig.gateway.attachment(OTHER).body(rig.gateway.devices[first])
    assert shown["functions"][0]["assetId"]["value"] == "L-0001"
