from __future__ import annotations

import datetime
from typing import Any

import pytest

from cms import assets
from cms.assets import Around, Device
from cms.site import Site
from protocol import plan

DAY_S = datetime.datetime(2026, 6, 21, 10, tzinfo=datetime.UTC).timestamp()
NIGHT_S = DAY_S + 13 * 3600
SITE = Site(plan.quarter(2, 1, day_off=True))
LAMP, BAY = SITE.lamps["L-0001"], SITE.bays["B-0001"]


def device(at_s: float = NIGHT_S, asset: str = "L-0001", **values: Any) -> Device:
    newest = {name.replace("__", "."): [value, at_s * 1000] for name, value in values.items()}
    return Device("address", "gateway", asset, newest)


def lamp(found: Device | None, now_s: float = NIGHT_S) -> dict[str, Any]:
    return assets.lamp(SITE, LAMP, found, Around(), now_s)


def test_what_was_never_told_is_null() -> None:
    told = lamp(None)
    for name in ("level_percent", "target_percent", "light_percent", "power_w", "reported_at",
                 "age_s", "reason", "presence", "gateway_id", "override_id",
                 "refused_frames"):  # fmt: skip
        assert told[name] is None, name
    assert (told["health"], told["group_ids"]) == ("unmanaged", [])
    assert assets.bay(SITE, BAY, None, NIGHT_S)["state"] == "unknown"
    assert assets.bay(SITE, BAY, None, NIGHT_S)["since"] is None


@pytest.mark.parametrize(
    ("values", "faults", "now_s", "word"),
    [
        ({}, [], NIGHT_S, "unknown"),
        ({"monitor__activePower": 5.0}, [], NIGHT_S, "ok"),
        ({"monitor__activePower": 5.0}, ["lamp_failure"], NIGHT_S, "fault"),
        ({"monitor__activePower": 5.0}, ["other"], NIGHT_S, "ok"),
        ({"node__contact": "silent"}, ["lamp_failure"], NIGHT_S, "silent"),
        ({"node__contact": "silent"}, [], DAY_S, "unpowered"),
        ({"node__contact": "ok", "node__mains": "off"}, [], NIGHT_S, "unpowered"),
    ],
)
def test_health_is_one_word(
    values: dict[str, Any], faults: list[str], now_s: float, word: str
) -> None:
    found = device(**values)
    found.faults = faults
    assert assets.health(SITE, LAMP, found, now_s) == word


def test_age_is_that_of_the_newest_measurement_and_never_negative() -> None:
    found = device(NIGHT_S - 30, monitor__activePower=5.0)
    found.newest["node.uptimeS"] = [9, (NIGHT_S - 10) * 1000]
    found.newest["lamp.calendarID"] = ["year", NIGHT_S * 1000]  # No measurement.
    assert lamp(found)["age_s"] == 10
    assert lamp(found)["reported_at"] == SITE.rfc3339(NIGHT_S - 10)
    assert lamp(found, NIGHT_S - 60)["age_s"] == 0


def test_light_is_read_from_the_power() -> None:
    kind = SITE.lamp_type(LAMP)
    for percent in (0, 10, 50, 100):
        found = device(monitor__activePower=kind.power_w(percent))
        assert lamp(found)["light_percent"] == pytest.approx(percent, abs=0.1)


def test_a_lamp_of_a_stranger_tells_talqs_reason() -> None:
    effect = {"level": 30, "reason": "override", "ref": None}
    assert lamp(device(lamp__feedbackLightCommand=effect))["reason"] == "override"
    ours = device(lamp__feedbackLightCommand=effect, node__reasonCode="floor")
    assert (lamp(ours)["reason"], lamp(ours)["level_percent"]) == ("floor", 30)


def test_refused_frames_of_both_ends_are_added() -> None:
    assert lamp(device(node__refusedTag=2, node__refusedByNode=3))["refused_frames"] == 5


@pytest.mark.parametrize(
    ("word", "contact", "state"),
    [("Vacant", "ok", "vacant"), ("Occupied", "ok", "occupied"), ("Closed", "ok", "closed"),
     ("Unknown", "ok", "unknown"), ("Strange", "ok", "unknown"),
     ("Occupied", "silent", "unknown")],
)  # fmt: skip
def test_a_bay_tells_what_it_knows(word: str, contact: str, state: str) -> None:
    found = device(asset="B-0001", bay__occupancy=word, node__contact=contact)
    told = assets.bay(SITE, BAY, found, NIGHT_S)
    assert told["state"] == state
    assert told["since"] == SITE.rfc3339(NIGHT_S)


@pytest.mark.parametrize(
    ("contacts", "mains"),
    [([], "unknown"), (["ok"], "on"), (["ok", "silent"], "on"), (["silent", "silent"], "off"),
     (["silent", None], "unknown")],
)  # fmt: skip
def test_the_mains_of_a_feeder_are_what_its_nodes_tell(
    contacts: list[str | None], mains: str
) -> None:
    site = Site(plan.quarter(24, 0, day_off=True))
    fed = [a.asset_id for a in site.plan.assets if a.feeder_id == "F-1"]
    devices = {}
    for name, contact in zip(fed, contacts, strict=False):
        devices[name] = device(asset=name)
        if contact is not None:
            devices[name].newest["node.contact"] = [contact, 1000]
    told = assets.feeder(site, "F-1", devices, NIGHT_S)
    assert told["mains"] == mains
    assert told["expected_on"] is True
    assert told["asset_ids"] == fed
