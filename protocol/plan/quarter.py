"""A small quarter to demonstrate in: the Marolles in Brussels, drawn by hand from memory.

Streets are schematic (some ten metres off), names are real. The same call gives the same quarter.
More lamps than the streets can carry are set in copies of the quarter further east.
"""

from __future__ import annotations

import itertools
import math

from .model import (
    Asset,
    Cabinet,
    Feeder,
    LampType,
    Names,
    Plan,
    Site,
    Street,
    Switching,
)

_LAT_M = 111_320.0  # Metres in a degree of latitude.
_LAMPS_PER_TILE = 96
_BAYS_PER_TILE = 64
_TILE_LON = 0.0125
_ZHAGA = "RA"  # The street whose luminaires have DALI drivers, where one has.
_STATION_FEEDER = "F-4"  # Live day and night, before the contactor.

# id, French, Dutch, line as (lon, lat), feeder, may have bays.
_STREETS: tuple[tuple[str, str, str, tuple[tuple[float, float], ...], str, bool], ...] = (
    ("BL", "Rue Blaes", "Blaesstraat",
     ((4.34335, 50.83395), (4.34540, 50.83640), (4.34700, 50.83830), (4.34890, 50.84040)),
     "F-1", True),
    ("HA", "Rue Haute", "Hoogstraat",
     ((4.34570, 50.83330), (4.34760, 50.83560), (4.34880, 50.83710), (4.35060, 50.83950)),
     "F-2", True),
    ("TA", "Rue des Tanneurs", "Huidevettersstraat",
     ((4.34150, 50.83450), (4.34330, 50.83680), (4.34480, 50.83880), (4.34620, 50.84060)),
     "F-3", True),
    ("RE", "Rue des Renards", "Vossenstraat",
     ((4.34630, 50.83735), (4.34740, 50.83705), (4.34850, 50.83672)), "F-1", False),
    ("JB", "Place du Jeu de Balle", "Vossenplein",
     ((4.34490, 50.83720), (4.34570, 50.83755), (4.34625, 50.83735), (4.34560, 50.83680),
      (4.34490, 50.83720)), "F-1", False),
    ("SG", "Rue Saint-Ghislain", "Sint-Gisleinsstraat",
     ((4.34520, 50.83925), (4.34760, 50.83895), (4.34985, 50.83850)), "F-2", False),
    ("RA", "Rue de la Rasière", "Rasierestraat",
     ((4.34230, 50.83555), (4.34440, 50.83520), (4.34660, 50.83440)), "F-3", False),
)  # fmt: skip

_LAMP_TYPE = LampType(
    id="led-58w",
    power_w_max=58.0,
    # A driver's losses make low levels dearer than light is: 10 % of the light costs 14 %.
    curve=[(0, 0.009), (1, 0.07), (10, 0.14), (25, 0.27), (50, 0.51), (75, 0.755), (100, 1.0)],
)


def _same(text: str) -> Names:
    return Names(fr=text, nl=text, en=text, de=text)


def _length_m(line: tuple[tuple[float, float], ...]) -> float:
    return sum(_step_m(a, b) for a, b in itertools.pairwise(line))


def _step_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    east = (b[0] - a[0]) * _LAT_M * math.cos(math.radians(a[1]))
    return math.hypot(east, (b[1] - a[1]) * _LAT_M)


def _along(
    line: tuple[tuple[float, float], ...], at_m: float, aside_m: float
) -> tuple[float, float, float]:
    """(lon, lat, bearing) of the point `at_m` along the line and `aside_m` to its right."""
    for a, b in itertools.pairwise(line):
        step = _step_m(a, b)
        if at_m <= step or b is line[-1]:
            part = min(1.0, at_m / step)
            scale = _LAT_M * math.cos(math.radians(a[1]))
            east, north = (b[0] - a[0]) * scale, (b[1] - a[1]) * _LAT_M
            lon = a[0] + (b[0] - a[0]) * part + aside_m * north / step / scale
            lat = a[1] + (b[1] - a[1]) * part - aside_m * east / step / _LAT_M
            return round(lon, 6), round(lat, 6), round(math.degrees(math.atan2(east, north)), 1)
        at_m -= step
    raise ValueError("a line needs two points")


def _share(total: int, weights: list[float]) -> list[int]:
    """Split `total` by weight, largest remainders first, so that the parts add up."""
    exact = [total * w / sum(weights) for w in weights]
    parts = [int(x) for x in exact]
    order = sorted(range(len(weights)), key=lambda i: parts[i] - exact[i])
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def _shifted(line: tuple[tuple[float, float], ...], tile: int) -> tuple[tuple[float, float], ...]:
    return tuple((lon + tile * _TILE_LON, lat) for lon, lat in line)


def _names(french: str, dutch: str, number: str) -> Names:
    return Names(
        fr=f"{french} {number}", nl=f"{dutch} {number}",
        en=f"{french} {number}", de=f"{french} {number}",
    )  # fmt: skip


class _Maker:
    """Collects the assets of a plan and numbers them."""

    def __init__(self, zhaga: bool) -> None:
        self._zhaga = _ZHAGA if zhaga else ""
        self.assets: list[Asset] = []
        self.streets: list[Street] = []
        self.counts = {"lamp": 0, "bay": 0}

    def _number(self, kind: str) -> tuple[str, str]:
        self.counts[kind] += 1
        number = self.counts[kind]
        # Locally administered addresses: lamps 02:aa:00, bays 02:bb:00.
        prefix, block = ("L", "02aa00") if kind == "lamp" else ("B", "02bb00")
        return f"{prefix}-{number:04d}", f"{block}{number:06x}"

    def lamp(self, row: int, tile: int, at_m: float, index: int) -> None:
        code, french, dutch, line, feeder, _ = _STREETS[row]
        side = 5.0 if index % 2 else -5.0
        lon, lat, bearing = _along(_shifted(line, tile), at_m, side)
        asset_id, node_id = self._number("lamp")
        self.assets.append(
            Asset(asset_id, node_id, 0, "lamp", _names(french, dutch, f"{code}-{index + 1:02d}"),
                  lat, lon, feeder, _street_id(code, tile), bearing, _LAMP_TYPE.id,
                  lamp_board="zhaga" if code == self._zhaga else "nema")
        )  # fmt: skip

    def bay(self, row: int, tile: int, at_m: float, index: int) -> None:
        code, french, dutch, line, _, _ = _STREETS[row]
        lon, lat, bearing = _along(_shifted(line, tile), at_m, 3.4)
        asset_id, node_id = self._number("bay")
        self.assets.append(
            Asset(asset_id, node_id, 0, "bay", _names(french, dutch, f"P{index + 1:02d}"), lat,
                  lon, "F-4", _street_id(code, tile), bearing, None, "parallel")
        )  # fmt: skip

    def tile(self, tile: int, lamps: int, bays: int) -> None:
        lengths = [_length_m(s[3]) for s in _STREETS]
        for row, count in enumerate(_share(lamps, lengths)):
            for i in range(count):
                self.lamp(row, tile, lengths[row] * (i + 0.5) / count, i)
        with_bays = [row for row, s in enumerate(_STREETS) if s[5]]
        for row, count in zip(with_bays, _share(bays, [1.0] * len(with_bays)), strict=True):
            for i in range(count):
                self.bay(row, tile, lengths[row] * 0.28 + 6.2 * i, i)
        for code, french, dutch, line, _, _ in _STREETS:
            names = Names(fr=french, nl=dutch, en=french, de=french)
            self.streets.append(Street(_street_id(code, tile), names, list(_shifted(line, tile))))


def _street_id(code: str, tile: int) -> str:
    return code if tile == 0 else f"{code}{tile + 1}"


def _stations(cabinet: Cabinet) -> list[Asset]:
    """A node in the cabinet, an air station and a sign that guides to the bays."""
    # Locally administered addresses again: 02:cc:00, 02:dd:00, 02:ee:00.
    cabinet_names = _names("Armoire", "Kast", cabinet.id)
    air = Names(fr="Air Rue Blaes", nl="Lucht Blaesstraat", en="Air Rue Blaes",
                de="Luft Rue Blaes")  # fmt: skip
    sign = Names(fr="Panneau Rue Haute", nl="Bord Hoogstraat", en="Sign Rue Haute",
                 de="Tafel Rue Haute")  # fmt: skip
    return [
        Asset("K-0001", "02cc00000001", 0, "cabinet", cabinet_names, cabinet.lat, cabinet.lon,
              _STATION_FEEDER, "HA", cabinet_id=cabinet.id),
        Asset("A-0001", "02dd00000001", 0, "air", air, 50.83745, 4.34620, _STATION_FEEDER, "BL"),
        Asset("S-0001", "02ee00000001", 0, "sign", sign, 50.83345, 4.34585, _STATION_FEEDER, "HA"),
    ]  # fmt: skip


def quarter(
    lamps: int = 24,
    bays: int = 16,
    *,
    day_off: bool = False,
    stations: bool = False,
    zhaga: bool = False,
) -> Plan:
    """A plan with so many lamps and bays; `day_off` switches the lamps' feeders by the sun.

    `stations` adds a node in the cabinet, an air station and a parking guidance sign; `zhaga`
    gives the luminaires of one street DALI drivers.
    """
    if lamps < 0 or bays < 0 or lamps + bays == 0:
        raise ValueError(f"a quarter needs lamps or bays, not {lamps} and {bays}")
    maker = _Maker(zhaga)
    tiles = max(1, math.ceil(lamps / _LAMPS_PER_TILE), math.ceil(bays / _BAYS_PER_TILE))
    lamp_parts, bay_parts = _share(lamps, [1.0] * tiles), _share(bays, [1.0] * tiles)
    for tile in range(tiles):
        maker.tile(tile, lamp_parts[tile], bay_parts[tile])
    switching = Switching(always_on=not day_off)
    streets = {"F-1": "Rue Blaes", "F-2": "Rue Haute", "F-3": "Rue des Tanneurs"}
    feeders = [Feeder(i, _same(f"{i} {name}"), "C-1", switching) for i, name in streets.items()]
    permanent = Names(fr="F-4 Stationnement", nl="F-4 Parkeren", en="F-4 Parking", de="F-4 Parken")
    feeders.append(
        Feeder("F-4", permanent, "C-1", Switching(always_on=True), behind_contactor=False)
    )
    cabinet = Cabinet("C-1", _names("Rue Haute", "Hoogstraat", "C-1"), 50.8372, 4.3490)
    if stations:
        maker.assets.extend(_stations(cabinet))
    return Plan(
        site=Site("marolles", 50.8368, 4.3459, "Europe/Brussels"),
        cabinets=[cabinet],
        feeders=feeders,
        lamp_types=[_LAMP_TYPE],
        streets=maker.streets,
        assets=maker.assets,
    )
