"""What a played gateway offers, against the tables."""

from __future__ import annotations

import pytest

from lamplighter.talq import offer
from protocol import talq


def test_an_offer_is_of_the_official_shapes_and_fits_its_own_classes() -> None:
    made = offer.offer(offer.PROFILES, "http://g.example", 1_795_000_000.0)
    talq.decode("[Service]", talq.encode(made.services))
    talq.decode("[Device]", talq.encode(made.devices))
    classes = {one["name"]: one for one in talq.decode("[DeviceClass]", talq.encode(made.classes))}
    for device in made.devices:
        assert talq.misfits(device, classes[device["class"]]) == []
    assert offer.profiles_of(made.services) == list(offer.PROFILES)


@pytest.mark.parametrize("profile", offer.PROFILES)
def test_everything_mandatory_of_a_profile_is_offered(profile: str) -> None:
    made = offer.offer((profile,), "http://g.example", 1_795_000_000.0)
    functions = [one for body in made.classes for one in body["functions"]]
    services = {one["name"] for one in made.services}
    for mark in offer.marks([profile]):
        if mark.kind == "service":
            assert mark.name in services
        if mark.kind == "function" and mark.name != "GatewayFunction":
            assert mark.name in {one["type"] for one in functions}
        if mark.kind == "event" and offer.is_event(mark.name) and mark.of != "GatewayFunction":
            carriers = [one for one in functions if one["type"] == mark.of]
            assert all(mark.name in {e["type"] for e in one["events"]} for one in carriers)


def test_two_gateways_offer_different_devices() -> None:
    one, other = (offer.offer(("lighting",), uri, 1.0).devices for uri in ("http://a", "http://b"))
    assert {d["address"] for d in one}.isdisjoint(d["address"] for d in other)
