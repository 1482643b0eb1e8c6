"""Presence to light: from a person's step to the own lamp's light and to its neighbour's."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from hardware_sim import provision
from protocol import plan

from .figures import Figure
from .road import LAMPS, city

_QUIET, _WALKED = 30, 80
_RISEN = 5  # Points above the quiet level: light that an eye sees coming.
_ROUNDS = 30
_SPEED = 10  # Of the world, so that holds end soon; what is measured is real time.
_RISE_S_MAX, _QUIET_S_MAX = 5.0, 60.0
_PROGRAM = {
    "name": "Quiet street",
    "steps": [{"at": "00:00", "level_percent": _QUIET, "ramp_s": 0}],
    "dynamic": [
        {"sensor": "presence", "operation": "max", "level_percent": _WALKED, "hold_s": 10}
    ],
}


def _pairs() -> list[tuple[str, str]]:
    """A lamp and its neighbour in each street that has two, no lamp in two pairs."""
    site = plan.quarter(LAMPS, 16, stations=True)
    places = provision.places(site)
    streets: dict[str, list[str]] = {}
    for asset in site.assets:
        if asset.kind == "lamp":
            streets.setdefault(asset.street_id, []).append(asset.asset_id)
    rows = [sorted(row, key=places.__getitem__) for row in streets.values()]
    return [(row[0], row[1]) for row in rows if len(row) > 1]


class _Street:
    def __init__(self, api: httpx.Client, world: httpx.Client) -> None:
        self._api, self._world = api, world

    def light(self, lamp: str) -> float:
        return float(self._world.get(f"/world/lamps/{lamp}").json()["light_percent"])

    def person(self, lamp: str, present: bool) -> None:
        self._world.put(f"/world/people/{lamp}", json={"present": present}).raise_for_status()

    def follow(self, lamps: Sequence[str]) -> None:
        """All these lamps on the quiet program."""
        program = self._post("/programs", _PROGRAM)["id"]
        calendar = {"name": "Quiet", "default_program_id": program, "rules": []}
        said = {"calendar_id": self._post("/calendars", calendar)["id"], "lamp_ids": list(lamps)}
        self._post("/assignments", said)
        self.quiet(lamps)

    def _post(self, path: str, body: object) -> Any:
        answer = self._api.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def quiet(self, lamps: Sequence[str]) -> None:
        """Wait until all are at the quiet level."""
        end = time.monotonic() + _QUIET_S_MAX
        while not all(abs(self.light(lamp) - _QUIET) < 1 for lamp in lamps):
            if time.monotonic() > end:
                raise RuntimeError("the street does not get quiet")
            time.sleep(0.05)

    def rise_s(self, own: str, neighbour: str) -> tuple[float, float]:
        """Seconds until the light of either comes."""
        begin = time.monotonic()
        self.person(own, True)
        seen: dict[str, float] = {}
        while len(seen) < 2 and time.monotonic() - begin < _RISE_S_MAX:
            for lamp in (own, neighbour):
                if lamp not in seen and self.light(lamp) > _QUIET + _RISEN:
                    seen[lamp] = time.monotonic() - begin
        self.person(own, False)
        return seen.get(own, _RISE_S_MAX), seen.get(neighbour, _RISE_S_MAX)


def measure() -> list[Figure]:
    """Medians and 99th percentiles; the controller has no part in either road."""
    pairs = _pairs()
    lamps = [lamp for pair in pairs for lamp in pair]
    trips: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder, city(Path(folder), _SPEED) as (api, world):
        street = _Street(api, world)
        street.follow(lamps)
        for _ in range(_ROUNDS):
            trips += [street.rise_s(*pair) for pair in pairs]
            street.quiet(lamps)
    own, near = [trip[0] for trip in trips], [trip[1] for trip in trips]
    figures = []
    for name, found, goal_s in (("own", own, 0.3), ("neighbour", near, 1.0)):
        hundredths = statistics.quantiles(found, n=100)
        figures += [
            Figure(f"presence_to_{name}_light_median", statistics.median(found), "s", None, None,
                   None, "lower"),
            Figure(f"presence_to_{name}_light_p99", hundredths[98], "s", None, None, goal_s,
                   "lower"),
        ]  # fmt: skip
    return figures
