from __future__ import annotations

import pytest
from gateway_rig import CMS, Rig

from controller import announce
from controller.attachment import LIMITS
from protocol import plan, talq, wire

CLASSES = announce.CLASSES
DRIVER = b"\x01\x03\x06\x04\xec\xc7\x39\x9c\x82\xcd\x0e\x01\x60\xcd\x1b\x01\x65"
URIS = {"cms": CMS, "gateway": "http://gateway.test"}
ADDRESSES = ("3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11", "a9a6c7f2-3a3e-5b8e-9c59-6cf0b9d7f4e2")


def spoken() -> Rig:
    """A rig whose lamp and bay have said what they can."""
    rig = Rig(1, 1, stations=True)
    rig.run(2)
    rig.say(rig.lamp()[1], rig.lamp()[1].state(40))
    rig.say(rig.lamp(1)[1], wire.BayState(state=2, confidence_percent=90))
    rig.say(rig.lamp()[1], wire.NodeState(boot_count=3))
    rig.say(rig.lamp()[1], wire.DriverData(banks=DRIVER))
    names = wire.QUANTITY_NAMES
    parts = [dict.fromkeys(part, 50) for part in (names[:29], names[29:])]  # A frame holds 37.
    for kind in plan.STATION_KINDS:
        for part in parts:
            rig.read(kind, **part | {"hand": 1})
    rig.run(1)
    return rig


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_ours_is_one_that_talq_takes(name: str) -> None:
    assert talq.check("[DeviceClass]", [announce.device_class(name)]) == []


def test_the_services_are_ones_that_talq_takes() -> None:
    said = announce.services(LIMITS)
    assert talq.check("[Service]", said) == []


@pytest.mark.parametrize("addresses", [("", ""), ADDRESSES])
def test_the_gateway_announces_itself_before_and_after_it_has_an_address(
    addresses: tuple[str, str],
) -> None:
    rig = Rig(1, 0)
    made = announce.gateway_device(rig.site, URIS, addresses, rig.domain_s)
    assert talq.check("[Device]", [made]) == []
    assert made["address"] == (addresses[0] or talq.NIL)


def test_every_device_is_one_that_talq_takes_before_and_after_it_spoke() -> None:
    for rig in (Rig(1, 1), spoken()):
        made = [announce.device(d, CMS, rig.site) for d in rig.gateway.devices.values()]
        assert talq.check("[Device]", made) == []


def test_a_device_tells_nothing_that_its_class_does_not_list() -> None:
    rig = spoken()
    for device in rig.gateway.devices.values():
        made = announce.device(device, CMS, rig.site)
        listed = {
            function["functionId"]: {
                row["name"]
                for row in [*function.get("attributes", ()), *function.get("vendorAttributes", ())]
            }
            for function in announce.device_class(made["class"])["functions"]
        }
        for function in made["functions"]:
            extra = set(function) - {"id", "type"} - listed[function["id"]]
            assert not extra, (made["class"], function["id"], extra)


def test_the_calendar_of_another_cms_is_not_told() -> None:
    rig = Rig(1, 0)
    device = rig.gateway.devices[rig.lamp()[0]]
    device.calendar_id, device.cms = "year", CMS
    for cms, told in ((CMS, "year"), ("http://other.test", "")):
        functions = announce.device(device, cms, rig.site)["functions"]
        lamp = next(f for f in functions if f["id"] == "lamp")
        assert lamp["calendarID"]["value"] == told


def test_d3_a_calendar_tells_when_it_was_assigned() -> None:
    rig = Rig(1, 0)
    device = next(iter(rig.gateway.devices.values()))
    device.since_s, device.calendar_id, device.calendar_s = 1000.0, "year", 2000.0
    body = announce.device(device, CMS, rig.site)
    lamp = next(f for f in body["functions"] if f["id"] == "lamp")
    assert lamp["calendarID"]["timestamp"] == talq.timestamp(2000.0)
    assert lamp["defaultLightState"]["timestamp"] == talq.timestamp(1000.0)


def test_what_a_driver_holds_is_told_of_its_lamp() -> None:
    rig = spoken()
    made = announce.device(rig.gateway.devices[rig.lamp()[0]], CMS, rig.site)
    told = {function["id"]: function for function in made["functions"]}
    assert told["node"]["driverLuminaireGtin"]["value"] == "5415001234562"
    assert told["node"]["driverGearC"]["value"] == 41
    assert told["monitor"]["powerFactor"]["value"] == 0.96
    assert "driverLightLm" not in told["node"], "it was not read"
