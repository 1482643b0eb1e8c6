"""What a profile makes mandatory comes from the marks of the official files."""

from __future__ import annotations

import pytest

from protocol import talq
from protocol.talq.profiles import is_mandatory

SIDES = ("cms", "gateway")


def names(side: str, profile: str, kind: str) -> set[str]:
    return {mark.name for mark in talq.marks(side, profile) if mark.kind == kind}


def test_lighting_asks_a_gateway_for_its_functions_and_services() -> None:
    functions = names("gateway", "lighting", "function")
    assert functions == {
        "BasicFunction", "GatewayFunction", "LampActuatorFunction", "LampMonitorFunction",
    }  # fmt: skip
    assert names("gateway", "lighting", "service") == {
        "ConfigurationService", "ControlService", "DataCollectService",
    }  # fmt: skip


def test_attributes_and_events_tell_their_function() -> None:
    found = talq.marks("gateway", "lighting")
    assert talq.Mark("attribute", "targetLightCommand", "LampActuatorFunction") in found
    assert talq.Mark("event", "deviceReset", "BasicFunction") in found


@pytest.mark.parametrize("side", SIDES)
def test_the_operations_of_the_bootstrap_are_mandatory(side: str) -> None:
    wanted = {"cms": {"addDevices", "addDeviceClasses"}, "gateway": {"getServices", "getDevices"}}
    assert names(side, "smartParking", "operation") >= wanted[side]


def test_a_line_for_all_profiles_and_a_line_for_one_are_read() -> None:
    assert is_mandatory(("* cms",), "cms", "lighting")
    assert not is_mandatory(("* cms",), "gateway", "lighting")
    assert is_mandatory(("lighting cms gateway",), "gateway", "lighting")
    assert not is_mandatory(("lighting cms gateway",), "gateway", "smartParking")
