"""Feeders: which cables are live, by their switching plan or because somebody switched them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from protocol import plan

from . import sun

_LOOK_BACK_S = 86400.0


class Mains:
    """Which feeders are live.

    `forced` holds what was switched by hand, `open` cabinets whose contactor lets nothing through.
    """

    def __init__(self, site_plan: plan.Plan) -> None:
        self._site = site_plan.site
        self._feeders = {feeder.id: feeder for feeder in site_plan.feeders}
        self._order = list(self._feeders)
        self._of_asset = np.array([self._order.index(a.feeder_id) for a in site_plan.assets], int)
        self._planned: dict[str, bool] = {}
        self._planned_until_s = 0.0
        self.forced: dict[str, bool] = {}
        self.open: set[str] = set()

    def known(self, feeder_id: str) -> bool:
        """Whether there is such a feeder."""
        return feeder_id in self._feeders

    def live(self, feeder_id: str, now_s: float) -> bool:
        """Whether a feeder is live now."""
        if feeder_id in self.forced:
            return self.forced[feeder_id]
        feeder = self._feeders[feeder_id]
        if feeder.behind_contactor and feeder.cabinet_id in self.open:
            return False
        self._renew(now_s)
        return self._planned[feeder_id]

    def of_assets(self, now_s: float) -> NDArray[np.bool_]:
        """For each asset of the plan, in its order, whether its feeder is live."""
        live = np.array([self.live(feeder_id, now_s) for feeder_id in self._order], bool)
        return np.asarray(live[self._of_asset], bool)

    def _renew(self, now_s: float) -> None:
        """Work out the plan's switching again when the next switching time has come."""
        if self._planned and now_s < self._planned_until_s:
            return
        until = now_s + 600.0
        for feeder_id, feeder in self._feeders.items():
            live, change_s = self._switched(feeder.switching, now_s)
            self._planned[feeder_id] = live
            until = min(until, change_s)
        self._planned_until_s = until

    def _switched(self, switching: plan.Switching, now_s: float) -> tuple[bool, float]:
        if switching.always_on:
            return True, now_s + 86400.0
        lat, lon = self._site.lat, self._site.lon
        on_s = switching.on_offset_min * 60.0
        off_s = switching.off_offset_min * 60.0
        last: tuple[float, bool] = (now_s - _LOOK_BACK_S, True)
        coming = now_s + 86400.0
        for rising, shift_s in ((False, on_s), (True, off_s)):
            at = sun.crossing_s(now_s - _LOOK_BACK_S - shift_s, lat, lon, rising=rising)
            while at is not None and at + shift_s <= now_s:
                last = max(last, (at + shift_s, not rising))
                at = sun.crossing_s(at + 60, lat, lon, rising=rising)
            if at is not None:
                coming = min(coming, at + shift_s)
        return last[1], coming
