"""What is wrong with a schedule that somebody wrote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Where, what was expected, and what stood there."""

    field: str
    rule: str
    got: object


class PlanningError(ValueError):
    """A schedule that cannot be used; `faults` holds everything found at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{f.field}: {f.rule}" for f in faults))
        self.faults = faults
