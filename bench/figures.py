"""One figure: what was measured, against which baseline, and what it should be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """`ratio` is value / baseline where there is one; `goal` is compared with it, else with value.

    better: "higher" or "lower".
    """

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    goal: float | None
    better: str

    @property
    def reached(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.goal if self.better == "higher" else measured <= self.goal


def against(
    name: str, value: float, unit: str, baseline: float, *, goal: float | None, better: str
) -> Figure:
    """A figure as a ratio to its baseline."""
    return Figure(name, value, unit, baseline, value / baseline, goal, better)


def write(figures: Sequence[Figure], path: Path) -> None:
    """The list as JSON, whole."""
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")
    part.replace(path)
