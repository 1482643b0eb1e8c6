"""What the standard demands of each announced profile is announced, served and told.

Nothing is listed here: the marks of the model say what is mandatory.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from gateway_rig import CMS, Rig

from controller import announce
from controller.attachment import LIMITS
from controller.io import talq_server_io
from controller.profiles import PROFILES
from protocol import plan, talq, wire

URIS = {"cms": CMS, "gateway": "http://gateway.test"}
ADDRESSES = ("3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11", "a9a6c7f2-3a3e-5b8e-9c59-6cf0b9d7f4e2")


def marks(kind: str) -> list[tuple[str, talq.Mark]]:
    """(profile, mark) of a kind over all announced profiles."""
    return [
        (profile, mark)
        for profile in PROFILES
        for mark in talq.marks("gateway", profile)
        if mark.kind == kind
    ]


def announced() -> dict[str, list[dict[str, Any]]]:
    """Every function of every class, by its type."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in announce.CLASSES:
        for function in announce.device_class(name)["functions"]:
            found.setdefault(function["type"], []).append(function)
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, dict[str, Any]]]:
    """Function type to attribute to its body, of devices whose nodes have spoken."""
    rig = Rig(1, 1, stations=True)
    rig.loggers()
    rig.run(2)
    rig.say(rig.lamp(0)[1], rig.lamp(0)[1].state(40, lux_dx=120, energy_wh=5, burning_min=60))
    rig.say(rig.lamp(1)[1], wire.BayState(state=2, confidence_percent=90))
    rig.say(rig.lamp(0)[1], wire.NodeState(day=9820, second=3600, quality=2))
    for kind in plan.STATION_KINDS:
        for part in (wire.QUANTITY_NAMES[:29], wire.QUANTITY_NAMES[29:]):  # A frame holds 37.
            rig.read(kind, **dict.fromkeys(part, 1))
    rig.run(1)
    devices = [announce.device(d, CMS, rig.site) for d in rig.gateway.devices.values()]
    devices.append(announce.gateway_device(rig.site, URIS, ADDRESSES, rig.domain_s))
    assert talq.check("[Device]", devices) == []
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for device in devices:
        for function in device["functions"]:
            known = found.setdefault(function["type"], {})
            known |= {k: v for k, v in function.items() if isinstance(v, dict)}
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_the_standard_demands_something_of_each_profile(profile: str) -> None:
    assert {mark.kind for mark in talq.marks("gateway", profile)} >= {"function", "service"}


def test_every_mandatory_operation_has_a_handler() -> None:
    parts: Any = mock.MagicMock()  # Handlers are bound before anything is asked of them.
    handlers = talq_server_io.GatewayServer(parts, [], parts).handlers
    missing = [mark.name for _, mark in marks("operation") if mark.name not in handlers]
    assert not missing


def test_every_mandatory_service_is_announced() -> None:
    names = {service["name"] for service in announce.services(LIMITS)}
    assert not [(p, mark.name) for p, mark in marks("service") if mark.name not in names]


def test_every_mandatory_function_is_in_a_class() -> None:
    known = announced()
    assert not [(p, mark.name) for p, mark in marks("function") if mark.name not in known]


@pytest.mark.parametrize(("kind", "rows", "key"), [
    ("attribute", "attributes", "name"), ("event", "events", "type"),
])  # fmt: skip
def test_every_mandatory_part_of_an_announced_function_is_in_its_class(
    kind: str, rows: str, key: str
) -> None:
    known = announced()
    missing = {
        (mark.of, mark.name)
        for _, mark in marks(kind)
        for function in known.get(mark.of, ())
        if mark.name not in {row[key] for row in function.get(rows, ())}
    }
    assert not missing


def test_every_mandatory_attribute_of_an_announced_function_has_a_value_of_its_type(
    told: dict[str, dict[str, dict[str, Any]]],
) -> None:
    known = announced()
    missing = set()
    for _, mark in marks("attribute"):
        if mark.of not in known:
            continue
        body = told.get(mark.of, {}).get(mark.name, {})
        fact = talq.properties_of(mark.of)[mark.name]
        kinds = {fact.type, *talq.derived(fact.type)}
        if body.get("value") is None or body.get("type") not in kinds:
            missing.add((mark.of, mark.name, body.get("type")))
    assert not missing
