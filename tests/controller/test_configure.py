from __future__ import annotations

import copy
from typing import Any

import pytest
from gateway_rig import CMS, EVENTS, Rig

from controller import announce
from controller.configure import Configure, Operation
from protocol import talq, wire

OTHER = "http://other.test/talq"
OWN_UUID = "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"
NEW_NODE = "0a1b2c3d4e5f"


def text(value: str) -> dict[str, Any]:
    return {"type": "AttributeString", "value": value}


def flag(value: bool) -> dict[str, Any]:
    return {"type": "AttributeBoolean", "value": value}


def level(value: int) -> dict[str, Any]:
    return {"type": "AttributeLevelState", "value": {"name": "LevelState", "value": value}}


class Set:
    """A rig whose CMS sets devices."""

    def __init__(self) -> None:
        self.rig = Rig(2, 1)
        self.rig.run(6)
        self.address, self.node = self.rig.lamp()
        self.configure = Configure(self.rig.gateway, CMS)

    def patch(self, *functions: dict[str, Any], **more: Any) -> list[Operation]:
        body = {"address": self.address, "functions": list(functions), **more}
        done = self.configure.patch([body], self.rig.now, whole=False)
        self.rig.settle()
        return done

    def put(self, *functions: dict[str, Any]) -> None:
        body = {"address": self.address, "functions": list(functions)}
        self.configure.patch([body], self.rig.now, whole=True)
        self.rig.run(3)

    def functions(self, cms: str = CMS) -> dict[str, dict[str, Any]]:
        own = self.rig.gateway.attachment(cms)
        body = own.body(self.rig.gateway.devices[self.address])
        return {f["id"]: f for f in body["functions"]}

    def new(self, node_id: str = NEW_NODE, address: str = talq.NIL, **more: Any) -> dict[str, Any]:
        """A lamp to be commissioned."""
        return {
            "address": address, "name": "L-new", "class": announce.LAMP_CLASS,
            "functions": [
                {"id": "basic", "type": "BasicFunction", "serial": text(node_id),
                 "assetId": text("L-new")},
            ], **more,
        }  # fmt: skip

    def ask(self, bodies: list[dict[str, Any]], adding: bool) -> None:
        """POST or PATCH."""
        if adding:
            self.configure.add(bodies)
        else:
            self.configure.patch(bodies, self.rig.now, whole=False)

    def named(self, name: str) -> dict[str, Any]:
        """A body that gives the lamp another asset id."""
        basic = {"id": "basic", "type": "BasicFunction", "assetId": text(name)}
        return {"address": self.address, "functions": [basic]}

    def refused(
        self, status: int, *bodies: dict[str, Any], adding: bool = False
    ) -> talq.TalqError:
        """The error of a request that is refused and has changed nothing (T9)."""
        before = copy.deepcopy(self.rig.gateway.attachment(CMS).configured)
        known = list(self.rig.gateway.devices)
        with pytest.raises(talq.TalqError) as caught:
            self.ask(list(bodies), adding)
        assert caught.value.status == status
        assert self.rig.gateway.attachment(CMS).configured == before
        assert list(self.rig.gateway.devices) == known
        assert self.rig.gateway.effects.writes == []
        return caught.value


@pytest.fixture
def here() -> Set:
    return Set()


def test_t13_a_patch_merges_functions_and_changes_only_what_is_sent(here: Set) -> None:
    before = here.functions()
    here.patch({"id": "basic", "type": "BasicFunction", "assetId": text("L-77")})
    after = here.functions()
    assert after["basic"]["assetId"]["value"] == "L-77"
    assert after["basic"] | {"assetId": 0} == before["basic"] | {"assetId": 0}
    assert {k: v for k, v in after.items() if k != "basic"} == {
        k: v for k, v in before.items() if k != "basic"
    }


def test_t13_a_put_removes_functions_that_are_not_sent_and_a_patch_brings_them(here: Set) -> None:
    here.put({"id": "lamp", "type": "LampActuatorFunction"})
    assert set(here.functions()) == {"lamp"}
    here.patch({"id": "basic", "type": "BasicFunction"})
    assert set(here.functions()) == {"lamp", "basic"}
    assert here.functions()["basic"]["assetId"]["value"] == "L-0001"


def test_t13_a_put_takes_back_what_was_set_before_at_the_node_too(here: Set) -> None:
    plain = here.node.contents[wire.UPLOAD_CONFIGURATION]
    here.patch({"id": "lamp", "type": "LampActuatorFunction", "defaultLightState": level(30)})
    here.rig.run(3)
    assert here.node.contents[wire.UPLOAD_CONFIGURATION] != plain
    here.put({"id": "lamp", "type": "LampActuatorFunction"})
    assert here.functions()["lamp"]["defaultLightState"]["value"]["value"] == 100
    assert here.node.contents[wire.UPLOAD_CONFIGURATION] == plain


def test_t10_what_a_vendor_adds_is_kept_and_given_back(here: Set) -> None:
    here.patch(
        {"id": "lamp", "type": "LampActuatorFunction", "acmeGlow": text("blue")},
        {"id": "acme", "type": "AcmeFunction", "odd": {"deep": [1, None]}},
    )
    assert here.functions()["lamp"]["acmeGlow"]["value"] == "blue"
    assert here.functions()["acme"]["odd"] == {"deep": [1, None]}


def test_t14_read_only_attributes_are_taken_and_left_as_they_are(here: Set) -> None:
    here.rig.say(here.node, here.node.state(50, power_mw=42_000))
    before = here.functions()["monitor"]["activePower"]
    watts = {"type": "AttributeFloat", "value": 9999.0}
    assert here.patch({"id": "monitor", "type": "LampMonitorFunction", "activePower": watts}) == []
    assert here.functions()["monitor"]["activePower"] == before


@pytest.mark.parametrize("name", ["reboot", "factoryReset", "configurationReset"])
def test_d7_a_reset_acts_only_while_it_is_confirmed(here: Set, name: str) -> None:
    asked = {"id": "basic", "type": "BasicFunction", name: flag(True)}
    assert here.patch(asked) == []
    here.patch({"id": "basic", "type": "BasicFunction", "commandConfirmation": flag(True)})
    (done,) = here.patch(asked)
    assert (done.device.address, done.name, done.value) == (here.address, name, True)
    here.patch({"id": "basic", "type": "BasicFunction", "commandConfirmation": flag(False)})
    assert here.patch(asked) == []
    assert here.functions()["basic"].get(name, {}).get("value") is not True


def test_d7_the_confirmation_of_one_device_is_not_that_of_another(here: Set) -> None:
    here.patch({"id": "basic", "type": "BasicFunction", "commandConfirmation": flag(True)})
    here.address = here.rig.lamp(1)[0]
    assert here.patch({"id": "basic", "type": "BasicFunction", "reboot": flag(True)}) == []


def test_d6_what_a_cms_sets_reaches_the_node_and_has_its_time(here: Set) -> None:
    here.patch({"id": "lamp", "type": "LampActuatorFunction", "defaultLightState": level(30)})
    here.rig.run(3)
    wanted = here.rig.gateway.devices[here.address].node.uploads[wire.UPLOAD_CONFIGURATION]
    assert here.node.contents[wire.UPLOAD_CONFIGURATION] == wanted.content
    stamp = here.functions()["lamp"]["defaultLightState"]["timestamp"]
    assert abs(talq.read_timestamp_ms(stamp) / 1000 - here.rig.domain_s) < 60


def test_c1_of_two_defaults_of_two_cms_the_lighter_one_is_the_nodes(here: Set) -> None:
    lamp = {"id": "lamp", "type": "LampActuatorFunction"}
    here.patch({**lamp, "defaultLightState": level(30)})
    here.rig.run(3)
    low = here.node.contents[wire.UPLOAD_CONFIGURATION]
    body = {"address": here.address, "functions": [{**lamp, "defaultLightState": level(60)}]}
    Configure(here.rig.gateway, OTHER).patch([body], here.rig.now, whole=False)
    here.rig.run(3)
    assert here.node.contents[wire.UPLOAD_CONFIGURATION] != low
    assert here.functions()["lamp"]["defaultLightState"]["value"]["value"] == 30
    assert here.functions(OTHER)["lamp"]["defaultLightState"]["value"]["value"] == 60


@pytest.mark.parametrize(
    ("functions", "status"),
    [
        ([{"id": "lamp", "type": "BasicFunction"}], 422),
        ([{"id": "further", "type": "LampMonitorFunction"}], 422),
        ([{"id": "lamp", "type": "LampActuatorFunction", "calendarID": text("none")}], 422),
        ([{"id": "lamp", "type": "LampActuatorFunction", "lampTypeId": text("none")}], 422),
    ],
)
def test_t9_d9_one_device_that_does_not_fit_refuses_all(
    here: Set, functions: list[dict[str, Any]], status: int
) -> None:
    good = here.named("x")
    bad = {"address": here.rig.lamp(1)[0], "functions": functions}
    error = here.refused(status, good, bad)
    assert error.faults[0].field.startswith("1.")


def test_t8_a_device_that_is_not_here_is_404_and_refuses_all(here: Set) -> None:
    good = here.named("x")
    here.refused(404, good, {"address": OWN_UUID, "functions": []})


def test_b6_a_device_of_another_class_is_not_taken_as_one(here: Set) -> None:
    here.refused(422, {"address": here.address, "class": announce.BAY_CLASS, "functions": []})


# Commissioning.


def test_d2_a_device_that_is_known_is_answered_by_its_address(here: Set) -> None:
    (made,) = here.configure.add([here.new(here.node.node_id)])
    assert made["address"] == here.address
    assert len(here.rig.gateway.devices) == 3


@pytest.mark.parametrize("known", [True, False])
def test_d2_a_device_that_is_known_refuses_another_address(here: Set, known: bool) -> None:
    address = here.address if known else OWN_UUID
    here.refused(409, here.new(here.node.node_id, address), adding=True)


def test_d2_a_new_device_keeps_the_address_of_its_cms_and_its_node_joins(here: Set) -> None:
    (made,) = here.configure.add([here.new(NEW_NODE, OWN_UUID)])
    assert made["address"] == OWN_UUID
    device = here.rig.gateway.devices[OWN_UUID]
    assert (device.asset.node_id, device.asset.asset_id) == (NEW_NODE, "L-new")
    here.rig.settle()
    stored = [v for name, v in here.rig.disk if name == "resource" and v[1] == "commissioned"]
    assert [(v[0], v[2]) for v in stored] == [(CMS, OWN_UUID)]
    here.refused(409, here.new("0a1b2c3d4e60", OWN_UUID), adding=True)


def test_d2_a_nil_address_is_answered_with_one_and_the_same_one_later(here: Set) -> None:
    first, again = (here.configure.add([here.new()])[0]["address"] for _ in range(2))
    assert first == again != talq.NIL
    assert len(here.rig.gateway.devices) == 4


@pytest.mark.parametrize("address", [talq.NIL, OWN_UUID])
def test_t9_the_same_hardware_twice_in_one_list_is_refused(here: Set, address: str) -> None:
    other = "5d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c02" if address == OWN_UUID else address
    here.refused(409, here.new(NEW_NODE, address), here.new(NEW_NODE, other), adding=True)


def test_d2_the_address_of_the_gateway_is_no_address_for_a_lamp(here: Set) -> None:
    here.rig.gateway.attachment(CMS).gateway_address = OWN_UUID
    here.refused(409, here.new(NEW_NODE, OWN_UUID), adding=True)


@pytest.mark.parametrize("node_id", ["", "no node", "0a1b2c3d4e5f00"])
def test_d2_hardware_that_is_no_node_is_refused(here: Set, node_id: str) -> None:
    here.refused(422, here.new(node_id), adding=True)


def test_d1_a_device_of_a_class_that_was_not_announced_is_refused(here: Set) -> None:
    here.refused(422, here.new(**{"class": "strange"}), adding=True)


def test_d2_a_device_that_was_sent_away_comes_back_by_its_hardware(here: Set) -> None:
    own = here.rig.gateway.attachment(CMS)
    here.configure.remove(here.address)
    assert not own.sees(here.address)
    assert here.rig.gateway.attachment(OTHER).sees(here.address)
    here.configure.add([here.new(here.node.node_id, here.address)])
    assert own.sees(here.address)


def test_d8_a_device_in_a_group_is_not_deleted(here: Set) -> None:
    member = {"resource": "devices", "address": here.address}
    group = {"address": "g", "ownerCMS": OWN_UUID, "members": [member]}
    here.rig.library.put("groups", [group], True, here.rig.now)
    with pytest.raises(talq.TalqError) as caught:
        here.configure.remove(here.address)
    assert (caught.value.status, caught.value.key) == (422, "deletingResourceIsReferred")
    here.rig.library.remove("groups", "g")
    assert here.configure.remove(here.address)["address"] == here.address


def test_a_device_that_was_sent_away_is_told_to_the_other_cms_alone(here: Set) -> None:
    here.rig.log(EVENTS)
    here.rig.gateway.attachment(OTHER)
    here.configure.remove(here.address)
    here.rig.settle()
    written = len(here.rig.disk)
    here.rig.say(here.node, wire.Event(boot_count=1, number=1, kind=2, started=1, quality=2))
    assert not [v for name, v in here.rig.disk[written:] if name == "outbox"]


def test_the_longest_stay_of_a_bay_reaches_its_node_in_minutes(here: Set) -> None:
    gateway = here.rig.gateway
    bay = next(d for d in gateway.devices.values() if d.asset.kind == "bay")
    stay = {"type": "AttributeInteger", "value": 5400}
    here.address = bay.address
    here.patch({"id": "bay", "type": "ParkingSensorFunction", "maxDuration": stay})
    wanted = bay.node.uploads[wire.UPLOAD_CONFIGURATION].content
    assert wire.decode_configuration(wanted).stay_max_min == 90
    stay["value"] = 0
    here.patch({"id": "bay", "type": "ParkingSensorFunction", "maxDuration": stay})
    wanted = bay.node.uploads[wire.UPLOAD_CONFIGURATION].content
    assert wire.decode_configuration(wanted).stay_max_min == 0


def test_a_bay_is_asked_to_calibrate_anew_at_once(here: Set) -> None:
    bay = next(d for d in here.rig.gateway.devices.values() if d.asset.kind == "bay")
    here.address = bay.address
    (done,) = here.patch(
        {"id": "node", "type": "LamplighterNodeFunction", "recalibrate": flag(True)}
    )
    assert (done.device.address, done.name, done.value) == (bay.address, "recalibrate", True)
