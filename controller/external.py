"""Commands of external sensors: overrides without addresses, whose source programs name (C6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from protocol import talq

from .inputs import Inputs, Trigger

KIND = "external-sensors"  # As the store calls them.


def listeners(programs: Iterable[Mapping[str, Any]]) -> set[str]:
    """The addresses that the dynamic controls of these programs name."""
    return {
        str(address)
        for program in programs
        for row in program.get("dynamicControls") or ()
        for address in _addresses(row.get("effect") or {})
    }


def _addresses(effect: Mapping[str, Any]) -> Iterable[object]:
    sensor = (effect.get("source") or {}).get("sensor") or {}
    return sensor.get("sensorAddresses") or ()


def take(
    inputs: Inputs,
    programs: Iterable[Mapping[str, Any]],
    command: Mapping[str, Any],
    trigger: Trigger,
) -> tuple[str, bytes]:
    """Take a command; the sensor's address and what to store. TalqError 422 for an unknown one."""
    address = str(command.get("refAddress") or "")
    if command.get("reason") != "sensor" or address not in listeners(programs):
        raise talq.TalqError(
            422, "overrideCommandNotValid", f"no program listens to {address!r}",
            "targetCommand.refAddress",
        )  # fmt: skip
    inputs.trigger(address, trigger)
    return address, talq.encode(trigger._asdict())


def restore(inputs: Inputs, address: str, kept: Mapping[str, Any]) -> None:
    """Take up what `take` gave to be stored."""
    inputs.trigger(address, Trigger(**kept))
