"""What operators want of a node, of several CMSs together."""

from __future__ import annotations

from gateway_rig import Rig

from controller import wishes
from controller.attachment import Attachment, Configured


def asked(rig: Rig, address: str, function: str, name: str, value: object) -> Attachment:
    """A CMS that has set one attribute of a device."""
    made = Attachment("urn:cms", rig.gateway.devices, rig.gateway.site)
    said = {function: {name: {"value": value}}}
    made.configured[address] = Configured(said)
    return made


def test_of_two_levels_the_lighter_and_of_two_stays_the_shorter_counts() -> None:
    rig = Rig()
    device = next(iter(rig.gateway.devices.values()))
    at = device.address
    lights = [asked(rig, at, "lamp", "defaultLightState", {"value": v}) for v in (20.0, 70.0)]
    stays = [asked(rig, at, "bay", "maxDuration", v) for v in (7200, 1790, 0)]
    assert wishes.wanted(lights + stays, device) == (70, 30)


def test_who_asks_for_nothing_gets_full_light_and_any_stay() -> None:
    rig = Rig()
    device = next(iter(rig.gateway.devices.values()))
    assert wishes.wanted([], device) == (100, 0)
