"""What is physically true in the street: light, power, fields, presence. Pure but for its pages.

Twenty times a second `step` reads what the nodes drive (their pages) and writes what their sensors
see. An undriven lamp input means full light, and an undriven relay a closed contact: that is how
they behave when a node is dead; DALI drivers are in `drivers.py`. Read `board/layout.py` for the
pages, `server.py` for the handles.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from protocol import plan

from ..pages import Pages
from . import sun
from .drivers import Drivers
from .mains import Mains
from .stations import Stations
from .traffic import Traffic

Fault = Literal["lamp_open", "driver_dead", "stuck_on"]
FAULTS: tuple[Fault, ...] = ("lamp_open", "driver_dead", "stuck_on")

_STANDBY_W = 0.35  # A driver whose lamp is open still feeds its own electronics.
_JOULES_PER_PULSE = 720.0  # 5 pulses a watt-hour, as the board file says.
_DUTY_FULL = 65535.0
_HISTORY_MAX = 4000
_HISTORY_KEPT = 100  # Changes of a lamp that outlive the world's own end.
_EARTH_NT = (19_800.0, 600.0, 44_900.0)  # Brussels, by the 2025 field model, rounded.
_NOISE_NT = 60.0
_CAR_ABOVE = 0.3  # From this part of it on a car is above the radar.
_CAR_DB = 20  # What its underbody sends back.
_CAR_ROLLS_S = 1.5  # A car's field builds up while it rolls over the detector.


class Street:
    """The state of one plan's street; `now_s` is simulated POSIX seconds."""

    def __init__(self, site_plan: plan.Plan, pages: Pages, seed: int) -> None:
        assets = site_plan.assets
        self._plan = site_plan
        self.pages = pages
        self._rng = np.random.default_rng(seed + 1)
        self.lamps = [i for i, a in enumerate(assets) if a.kind == "lamp"]
        self.bays = [i for i, a in enumerate(assets) if a.kind == "bay"]
        self.lamp_at = {assets[i].asset_id: n for n, i in enumerate(self.lamps)}
        self.bay_at = {assets[i].asset_id: n for n, i in enumerate(self.bays)}
        self.mains = Mains(site_plan)
        self.stations = Stations(site_plan, pages)
        self.traffic = Traffic(len(self.lamps), len(self.bays), seed)
        self.faults: list[Fault | None] = [None] * len(self.lamps)
        zhaga = [n for n, i in enumerate(self.lamps) if assets[i].lamp_board == "zhaga"]
        self.drivers = Drivers(zhaga, [self.lamps[number] for number in zhaga], pages)
        self.pulled: set[int] = set()  # Assets whose node is out of its socket.
        self.lux_forced: dict[int, float] = {}
        self.powered: NDArray[np.bool_] = np.zeros(len(assets), bool)
        self.light_percent: NDArray[np.float64] = np.zeros(len(self.lamps))
        self.power_w: NDArray[np.float64] = np.zeros(len(self.lamps))
        self.energy_j: NDArray[np.float64] = np.zeros(len(self.lamps))
        self.history = [deque[tuple[float, float]](maxlen=_HISTORY_MAX) for _ in self.lamps]
        self._told = np.full(len(self.lamps), -1.0)
        self._car_part: NDArray[np.float64] = self.traffic.cars.astype(float)
        self._car_nt = self._rng.normal(0, 1, (len(self.bays), 3)) * 4000 + np.array(
            [6000.0, 5000.0, 12000.0]
        )
        self._base_nt = np.array(_EARTH_NT) + self._rng.normal(0, 1500, (len(self.bays), 3))
        self._curves = self._lamp_curves()
        self._clearance_mm = self._rng.integers(120, 260, len(self.bays))
        self._last_s: float | None = None
        pages.meter[:] = 1
        pages.link[:] = 1

    def _lamp_curves(self) -> list[tuple[NDArray[np.intp], list[float], list[float]]]:
        """Lamps by type, with the levels and watts of the type's curve."""
        of_type: dict[str, list[int]] = {}
        for number, index in enumerate(self.lamps):
            type_id = self._plan.lamp_type(self._plan.assets[index]).id
            of_type.setdefault(type_id, []).append(number)
        types = {t.id: t for t in self._plan.lamp_types}
        return [
            (
                np.array(numbers, np.intp),
                [float(level) for level, _ in types[type_id].curve],
                [part * types[type_id].power_w_max for _, part in types[type_id].curve],
            )
            for type_id, numbers in of_type.items()
        ]

    def step(self, now_s: float) -> None:
        """Bring everything up to now."""
        gone_s = 0.0 if self._last_s is None else max(0.0, now_s - self._last_s)
        self._last_s = now_s
        self.mains.open = self.stations.open_cabinets()
        self.powered = self.mains.of_assets(now_s)
        self.traffic.step(now_s)
        self._light(now_s, gone_s)
        self.stations.step(
            now_s, gone_s, dict(zip(self.lamps, self.power_w.tolist(), strict=True))
        )
        self._fields(gone_s)
        lux = sun.daylight_lux(sun.elevation_deg(now_s, self._plan.site.lat, self._plan.site.lon))
        self.pages.lux_x10[:] = int(lux * 10)
        for number, forced in self.lux_forced.items():
            self.pages.lux_x10[self.lamps[number]] = int(forced * 10)

    def _light(self, now_s: float, gone_s: float) -> None:
        pages, lamps = self.pages, self.lamps
        if not lamps:
            return
        driven = pages.driven[lamps] != 0
        level = np.where(driven, pages.duty[lamps] / _DUTY_FULL * 100.0, 100.0)
        live = self.powered[lamps]
        level[self.drivers.numbers] = self.drivers.step(live, self.faults, self.pulled)
        stuck = np.array([f == "stuck_on" for f in self.faults])  # Its relay is welded, too.
        contact = (pages.relay[lamps] == 0) | stuck
        level[stuck] = 100.0
        power = np.empty(len(lamps))
        for numbers, levels, watts in self._curves:
            power[numbers] = np.interp(level[numbers], levels, watts)
        opened = np.array([f == "lamp_open" for f in self.faults])
        dead = np.array([f == "driver_dead" for f in self.faults])
        power = np.where(opened, _STANDBY_W, power) * ~dead * live * contact
        level = level * ~(opened | dead) * live * contact
        self.energy_j += self.power_w * gone_s
        self.light_percent, self.power_w = level, power
        self.drivers.count(level, gone_s)
        pages.power_mw[lamps] = (power * 1000).astype(np.uint32)
        pages.pulses[lamps] = (self.energy_j / _JOULES_PER_PULSE).astype(np.uint32) & 0xFFFFFF
        pages.voltage_dv[lamps] = (2300 + self._rng.integers(-6, 7, len(lamps))) * live
        pages.presence[lamps] = self.traffic.present() | (~live << 1)
        for number in np.nonzero(np.abs(level - self._told) >= 0.5)[0]:
            self._told[number] = level[number]
            self.history[number].append((now_s, float(level[number])))

    def _fields(self, gone_s: float) -> None:
        if not self.bays:
            return
        step = gone_s / _CAR_ROLLS_S
        wanted = self.traffic.cars.astype(float)
        self._car_part += np.clip(wanted - self._car_part, -step, step)
        field = self._base_nt + self._car_nt * self._car_part[:, None]
        field = field + self._rng.normal(0, _NOISE_NT, field.shape)
        self.pages.field[self.bays] = field.astype(np.int32)
        above = self._car_part > _CAR_ABOVE
        self.pages.echo_mm[self.bays] = np.where(above, self._clearance_mm, 0)
        self.pages.echo_db[self.bays] = np.where(above, _CAR_DB, 0)

    def node_died(self, index: int) -> None:
        """A node lost its power or died: its output is no longer driven."""
        self.pages.driven[index] = self.pages.relay[index] = 0
        self.drivers.unfed(index)

    @property
    def held_up(self) -> frozenset[int]:
        """Nodes with a capacitor; a zhaga one's 24 V end with its driver's mains."""
        return frozenset(self.lamps) - frozenset(self.drivers.indices)

    def boards_live(self) -> NDArray[np.bool_]:
        """For each asset, whether its node has power: it is in its socket, and there are mains."""
        live = self.powered.copy()
        live[list(self.pulled)] = False
        return live

    def saved(self) -> dict[str, object]:
        """What must be as it was when the world is started again."""
        return {
            "cars": [bool(x) for x in self.traffic.cars],
            "people": [bool(x) for x in self.traffic.forced_people],
            "traffic": self.traffic.on,
            "faults": list(self.faults),
            "feeders": self.mains.forced,
            "energy_j": [float(x) for x in self.energy_j],
            "links": [int(x) for x in self.pages.link],
            "stations": self.stations.saved(),
            "drivers": self.drivers.saved(),
            "pulled": sorted(self._plan.assets[index].asset_id for index in self.pulled),
            "lux": {str(number): lux for number, lux in self.lux_forced.items()},
            "history": [list(rows)[-_HISTORY_KEPT:] for rows in self.history],
        }

    def restore(self, said: dict[str, object]) -> None:
        """Take up what `saved` gave, when it is of a street of this size."""
        cars, people, faults, energy = (
            said.get(name) for name in ("cars", "people", "faults", "energy_j")
        )
        if isinstance(cars, list) and len(cars) == len(self.bays):
            self.traffic.cars[:] = cars
            self._car_part[:] = self.traffic.cars
        if isinstance(people, list) and len(people) == len(self.lamps):
            self.traffic.forced_people[:] = people
        if isinstance(faults, list) and len(faults) == len(self.lamps):
            self.faults = faults
        if isinstance(energy, list) and len(energy) == len(self.lamps):
            self.energy_j[:] = energy
        self._restore_rest(said)
        feeders = said.get("feeders")
        if isinstance(feeders, dict):
            self.mains.forced = {k: bool(v) for k, v in feeders.items() if self.mains.known(k)}

    def _restore_rest(self, said: dict[str, object]) -> None:
        self.stations.restore(said.get("stations"))
        self.drivers.restore(said.get("drivers"))
        pulled = said.get("pulled")
        if isinstance(pulled, list):
            assets = enumerate(self._plan.assets)
            self.pulled = {index for index, asset in assets if asset.asset_id in pulled}
        links, lux, history = (said.get(name) for name in ("links", "lux", "history"))
        if isinstance(links, list) and len(links) == len(self.pages.link):
            self.pages.link[:] = links
        if isinstance(lux, dict):
            self.lux_forced = {int(number): float(value) for number, value in lux.items()}
        if isinstance(history, list) and len(history) == len(self.lamps):
            for rows, kept in zip(self.history, history, strict=True):
                rows.extend((float(at), float(level)) for at, level in kept)
