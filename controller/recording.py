"""When a logger may record: its active periods, read as those of a control program (L6).

A program with these periods and full light says by its light whether they hold; so they mean here
what they mean for lamps, and are evaluated by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocol import plan, schedule

from . import compile as compiler
from .sources import Numbering, Source

_EPOCH_S, _DAY_S = 946_684_800, 86_400
_VALID_S = 3600
Known = Callable[[str, str, str], object]


class Recording:
    """The active periods of one logger at a site. `known` gives newest values of attributes."""

    def __init__(self, periods: list[Any], site: plan.Plan, zone: bytes, known: Known) -> None:
        self._known = known
        numbering = Numbering()
        program = {
            "type": "ControlProgramOne", "id": "recording", "activePeriods": periods,
            "fixedTimeControls": [
                {"startTime": "00:00",
                 "command": {"state": {"name": "LevelState", "value": 100}}},
            ],
        }  # fmt: skip
        table = compiler.table_of(
            {"id": "recording", "defaultProgram": "recording"}, {"recording": program}, numbering
        )
        self._sources: tuple[Source, ...] = numbering.sources
        self._states: dict[Source, int] = {}
        self._inputs = schedule.Inputs()
        self._decision = schedule.Decision()
        self._evaluator = schedule.Evaluator(
            table, round(site.site.lat * 100000), round(site.site.lon * 100000),
            schedule.Zone.from_bytes(zone), self._inputs,
        )  # fmt: skip

    def allows(self, now_s: float) -> bool:
        """Whether the logger records at this moment (POSIX seconds)."""
        since = int(now_s) - _EPOCH_S
        self._inputs.now_s = since
        for number, source in enumerate(self._sources):
            before = self._states.get(source, schedule.UNKNOWN)
            value = self._known(source.device, source.function, source.attribute)
            self._states[source] = source.state(value, before)
            self._inputs.tell(number, self._states[source], _VALID_S)
        self._evaluator.at(since // _DAY_S, since % _DAY_S, -1, self._decision)
        return self._decision.level_percent > 0
