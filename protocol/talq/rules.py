"""What the schemas cannot say: bodies that are well formed and yet impossible (422)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .errors import Fault
from .times import read_date, read_time_s


def rule_faults(kind: str, value: Any) -> list[Fault]:
    """What is impossible in a body whose shape is right; kind as for `check`."""
    rule = _RULES.get(kind.strip("[]"))
    if rule is None:
        return []
    if kind.startswith("["):
        return [fault for number, one in enumerate(value) for fault in rule(one, f"{number}.")]
    return list(rule(value, ""))


def _program(value: dict[str, Any], start: str) -> Iterator[Fault]:
    """Fixed times strictly increase from midnight, so no two are alike (C5)."""
    before_s = -1
    for number, control in enumerate(value.get("fixedTimeControls", ())):
        time_s = read_time_s(control["startTime"])
        if time_s <= before_s:
            yield Fault(
                422,
                "resourceConflict",
                "must be later than the one before",
                f"{start}fixedTimeControls.{number}.startTime",
            )
        before_s = time_s


def _calendar(value: dict[str, Any], start: str) -> Iterator[Fault]:
    """A rule between two full dates does not end before it starts."""
    for number, rule in enumerate(value.get("rules", ())):
        first, last = rule.get("startDate", ""), rule.get("endDate", "")
        if first[:1].isdigit() and last[:1].isdigit() and read_date(last) < read_date(first):
            yield Fault(
                422, "resourceConflict", "ends before it starts", f"{start}rules.{number}.endDate"
            )


def _override(value: dict[str, Any], start: str) -> Iterator[Fault]:
    """Without addresses only an external sensor speaks, and it names itself (C6)."""
    command = value.get("targetCommand") or {}
    if not value.get("addresses") and not (
        command.get("reason") == "sensor" and command.get("refAddress")
    ):
        yield Fault(
            422,
            "overrideCommandNotValid",
            "needs addresses, or the reason sensor with refAddress",
            f"{start}addresses",
        )


def _assign(value: dict[str, Any], start: str) -> Iterator[Fault]:
    """Something is assigned to somebody."""
    if not value["addresses"]:
        yield Fault(422, "assignmentAddressNotValid", "must not be empty", f"{start}addresses")


_RULES = {
    "ControlProgram": _program,
    "Calendar": _calendar,
    "OverrideCommand": _override,
    "AssignCommand": _assign,
}
