"""Keeps the timestamps of one source unique, so that an entry is known by them for ever."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from protocol import talq

# Of each source and name so many runs of neighbouring times are remembered. What comes late (a
# node's old event, a clock that was set back) meets a few of them, hardly ever more.
RUNS_MAX = 8
_PLACES_MAX = 100_000  # Sources and names; beyond it the oldest are forgotten.


class Stamps:
    """The times last given to each CMS, source and name, as runs (first, last), newest last."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str, str], list[tuple[int, int]]] = {}

    def unique(self, cms: str, entry: Mapping[str, Any], at_ms: int) -> int:
        """Move the entry's time (POSIX ms) on to the next that is free there; its time then."""
        data = entry["data"]
        name = data.get("attributeName") or data.get("eventType")
        place = (cms, data["srcAddress"], str(name))
        runs = self._runs.pop(place, [])
        free_ms = _take(runs, at_ms)
        if free_ms != at_ms:
            data["timestamp"] = talq.timestamp_ms(free_ms)
            if "attributeValue" in data:
                data["attributeValue"] = {**data["attributeValue"], "timestamp": data["timestamp"]}
        self._runs[place] = runs
        if len(self._runs) > _PLACES_MAX:
            del self._runs[next(iter(self._runs))]
        return free_ms


_last = operator.itemgetter(1)


def _take(runs: list[tuple[int, int]], at_ms: int) -> int:
    """The first time from `at_ms` on that no run holds; it is noted in the runs."""
    if not runs or at_ms > max(runs, key=_last)[1] + 1:  # As it nearly always is.
        runs.append((at_ms, at_ms))
        del runs[:-RUNS_MAX]
        return at_ms
    free_ms = at_ms
    for first, last in sorted(runs):
        if first <= free_ms <= last:
            free_ms = last + 1
    begin_ms, end_ms = free_ms, free_ms
    for run in list(runs):
        if run[1] == free_ms - 1 or run[0] == free_ms + 1:  # A neighbour: they become one.
            begin_ms, end_ms = min(begin_ms, run[0]), max(end_ms, run[1])
            runs.remove(run)
    runs.append((begin_ms, end_ms))
    del runs[:-RUNS_MAX]
    return free_ms
