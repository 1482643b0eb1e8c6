"""The plan as the CMS asks it: assets, lamp types, feeders and their switching, the night."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable

from protocol import plan
from protocol.schedule import planning

_DAY_S = 86400.0


class Site:
    """What stands in one site, by id."""

    def __init__(self, site_plan: plan.Plan) -> None:
        self.plan = site_plan
        self.zone = zoneinfo.ZoneInfo(site_plan.site.zone)
        self.lamps = {a.asset_id: a for a in site_plan.assets if a.kind == "lamp"}
        self.bays = {a.asset_id: a for a in site_plan.assets if a.kind == "bay"}
        self.assets = self.lamps | self.bays
        self.places = {a.asset_id: (a.lat, a.lon) for a in site_plan.assets}
        self._of_node: dict[str, list[str]] = {}
        for asset in site_plan.assets:
            self._of_node.setdefault(asset.node_id, []).append(asset.asset_id)
        # Nodes of cabinets by the cabinet's id, and air stations by their own.
        self.cabinet_nodes = {a.cabinet_id: a for a in site_plan.assets if a.kind == "cabinet"}
        self.air = {a.asset_id: a for a in site_plan.assets if a.kind == "air"}
        self.types = {t.id: t for t in site_plan.lamp_types}
        self.feeders = {f.id: f for f in site_plan.feeders}
        self.schedule = planning.Site(
            site_plan.site.lat,
            site_plan.site.lon,
            planning.zone_from_name(site_plan.site.zone),
        )
        self._switched: dict[tuple[datetime.date, int, int], tuple[float, float]] = {}

    def served(self, node_id: str, label: str) -> str:
        """The asset that a node serves by the plan; by its label where the plan has it not."""
        known = self._of_node.get(node_id, [label])
        return label if label in known else known[0]

    def lamp_type(self, asset: plan.Asset) -> plan.LampType:
        """The type of a lamp."""
        return self.types[asset.lamp_type_id or ""]

    def local(self, at_s: float) -> datetime.datetime:
        """An instant on the site's clock."""
        return datetime.datetime.fromtimestamp(at_s, self.zone)

    def rfc3339(self, at_s: float | None) -> str | None:
        """An instant as the API tells it: with the site's offset, to the millisecond."""
        if at_s is None:
            return None
        return self.local(round(at_s, 3)).isoformat(timespec="milliseconds")

    def night_date(self, at_s: float) -> datetime.date:
        """The date on which the night (noon to noon) of an instant began."""
        return (self.local(at_s) - datetime.timedelta(hours=12)).date()

    def sun(self, date: datetime.date) -> tuple[float | None, float | None]:
        """POSIX seconds of the sunset of a date and of the sunrise after it."""
        lat, lon = self.plan.site.lat, self.plan.site.lon
        _, sunset = planning.sun_of(date, lat, lon)
        sunrise, _ = planning.sun_of(date + datetime.timedelta(days=1), lat, lon)
        return sunset, sunrise

    def feeder_on(self, feeder_id: str) -> Callable[[float], bool] | None:
        """Whether a feeder is meant to be live at an instant; None: always."""
        switching = self.feeders[feeder_id].switching
        if switching.always_on:
            return None
        return lambda at_s: self._expected(switching, at_s)

    def expected_on(self, feeder_id: str, at_s: float) -> bool:
        """Whether the switching plan has a feeder live."""
        rule = self.feeder_on(feeder_id)
        return rule is None or rule(at_s)

    def _expected(self, switching: plan.Switching, at_s: float) -> bool:
        key = (self.night_date(at_s), switching.on_offset_min, switching.off_offset_min)
        if key not in self._switched:
            sunset, sunrise = self.sun(key[0])
            if sunset is None or sunrise is None:
                return True  # A place without sunset or sunrise today: light wins.
            if len(self._switched) > 1000:
                self._switched.clear()
            on_s, off_s = switching.on_offset_min * 60.0, switching.off_offset_min * 60.0
            self._switched[key] = (sunset + on_s, sunrise + off_s)
        begin, end = self._switched[key]
        return begin <= at_s < end
