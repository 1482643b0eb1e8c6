"""The plan file: its shape, and reading it with errors that name what is wrong."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import msgspec

from .identity import is_node_id


class PlanError(ValueError):
    """A plan file that cannot be used; the text names the file, the place and the rule."""


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name in the four languages of the pages."""

    fr: str
    nl: str
    en: str
    de: str


class Site(msgspec.Struct, frozen=True):
    """The place: position in degrees, zone as an IANA name. The name is part of MQTT topics."""

    name: str
    lat: float
    lon: float
    zone: str


class Cabinet(msgspec.Struct, frozen=True):
    """A street cabinet that feeds lamps."""

    id: str
    names: Names
    lat: float
    lon: float


class Switching(msgspec.Struct, frozen=True):
    """When a feeder is live: sunset + on_offset_min to sunrise + off_offset_min, or always."""

    on_offset_min: int = -30
    off_offset_min: int = 30
    always_on: bool = False


class Feeder(msgspec.Struct, frozen=True):
    """A cable out of a cabinet, its switching plan, and whether the contactor feeds it."""

    id: str
    names: Names
    cabinet_id: str
    switching: Switching = Switching()
    behind_contactor: bool = True


# Kinds of nodes that stand beside lamps and bays: each is read over Modbus.
Kind = Literal["lamp", "bay", "cabinet", "air", "sign"]
STATION_KINDS = ("cabinet", "air", "sign")
# Boards of lamps: a relay and PWM on an ANSI C136.41 socket, or a DALI-2 driver behind Zhaga's.
LampBoard = Literal["nema", "zhaga"]


class LampType(msgspec.Struct, frozen=True):
    """A luminaire model: `curve` holds (level percent, fraction of power_w_max), rising.

    A level is light in percent, or the place on the curve of IEC 62386 when it is logarithmic.
    With constant light output it starts at `clo_start_percent` (0: none) and is full after
    `clo_hours`.
    """

    id: str
    power_w_max: float
    curve: list[tuple[int, float]]
    floor_percent: int = 0
    lowest_percent: int = 0
    logarithmic: bool = False
    clo_start_percent: int = 0
    clo_hours: int = 0

    def power_w(self, level_percent: float) -> float:
        """Electrical power at a level, by linear interpolation of the curve."""
        points = self.curve
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            if level_percent <= x1:
                return self.power_w_max * (y0 + (y1 - y0) * (level_percent - x0) / (x1 - x0))
        return self.power_w_max * points[-1][1]

    def light_percent(self, power_w: float) -> float:
        """The level whose power is `power_w`: the curve read backwards, 0 below its foot."""
        part = power_w / self.power_w_max
        points = self.curve
        if part < points[1][1] / 2:
            return 0.0  # Below half of the lowest light only standby current flows.
        for at in range(1, len(points)):
            x1, y1 = points[at]
            if part <= y1:
                x0, y0 = points[at - 1]
                return max(float(x0), x0 + (x1 - x0) * (part - y0) / (y1 - y0))
        return float(points[-1][0])


class Street(msgspec.Struct, frozen=True):
    """A street's middle line as (lon, lat) pairs, for the map."""

    id: str
    names: Names
    line: list[tuple[float, float]]
    width_m: float = 8.0


class Asset(msgspec.Struct, frozen=True):
    """A lamp, a bay or a station, and the channel of the node that serves it."""

    asset_id: str
    node_id: str
    channel: int
    kind: Kind
    names: Names
    lat: float
    lon: float
    feeder_id: str
    street_id: str
    bearing_deg: float = 0.0
    lamp_type_id: str | None = None
    bay_kind: str | None = None
    cabinet_id: str | None = None  # The cabinet that a cabinet's node stands in.
    lamp_board: LampBoard = "nema"  # Of a lamp.


class Plan(msgspec.Struct, frozen=True):
    """Everything that stands in one site."""

    site: Site
    cabinets: list[Cabinet]
    feeders: list[Feeder]
    lamp_types: list[LampType]
    streets: list[Street]
    assets: list[Asset]

    def lamp_type(self, asset: Asset) -> LampType:
        """The type of a lamp asset; KeyError if it has none."""
        return {t.id: t for t in self.lamp_types}[asset.lamp_type_id or ""]

    def feeder(self, feeder_id: str) -> Feeder:
        """The feeder with that id; KeyError if there is none."""
        return {f.id: f for f in self.feeders}[feeder_id]


def _check(plan: Plan, path: Path) -> None:
    known = {
        "feeder_id": {f.id for f in plan.feeders},
        "street_id": {s.id for s in plan.streets},
        "lamp_type_id": {t.id for t in plan.lamp_types},
        "cabinet_id": {c.id for c in plan.cabinets},
    }
    seen: set[str] = set()
    ends: set[tuple[str, int]] = set()
    for asset in plan.assets:
        where = f"{path}: asset {asset.asset_id}"
        if asset.asset_id in seen:
            raise PlanError(f"{where}: the asset id is given twice")
        if (asset.node_id, asset.channel) in ends:
            raise PlanError(f"{where}: node {asset.node_id} channel {asset.channel} given twice")
        if not is_node_id(asset.node_id):
            raise PlanError(f"{where}: node_id {asset.node_id!r} is not 12 lower-case hex digits")
        seen.add(asset.asset_id)
        ends.add((asset.node_id, asset.channel))
        for field, values in known.items():
            value = getattr(asset, field)
            if value is not None and value not in values:
                raise PlanError(f"{where}: {field} {value!r} is not in the plan")
        if asset.kind == "lamp" and asset.lamp_type_id is None:
            raise PlanError(f"{where}: a lamp needs a lamp_type_id")
        if asset.kind == "cabinet" and asset.cabinet_id is None:
            raise PlanError(f"{where}: a cabinet's node needs a cabinet_id")
        if asset.kind != "lamp" and asset.lamp_board != "nema":
            raise PlanError(f"{where}: only a lamp has a lamp_board")


def load(path: str | Path) -> Plan:
    """Read and check a plan file; PlanError says what is wrong and where."""
    path = Path(path)
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise PlanError(f"{path}: {error}") from error
    _check(plan, path)
    return plan


def save(plan: Plan, path: str | Path) -> None:
    """Write a plan whole: temporary file, then rename."""
    path = Path(path)
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1))
    part.replace(path)
