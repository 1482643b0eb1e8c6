"""Cabinets, air stations and signs in the street: contactors, inputs, and what modules measure.

A contactor is closed while its output is not driven low; the hand-switch overrules it, and a
tripped breaker lets nothing through. Registers are those of the board files (firmware/boards).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from protocol import plan

from ..board import layout
from ..pages import Pages

Hand = Literal["auto", "on", "off"]
HANDS: tuple[Hand, ...] = ("auto", "on", "off")
_VOLTAGE_DV = 2302
_OWN_W = 6.0  # What a cabinet's own controller takes.
_ALL_UNITS = 0b111110
# Bits of the inputs from pin 33 on, as the board files wire them.
_DOOR, _BREAKER, _FEEDBACK, _HAND_ON, _HAND_OFF = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 6
_OVERFULL = 1
_DAY_S = 86400.0


@dataclass
class CabinetState:
    """A cabinet as somebody left it; `contactor_stuck` holds it (None: it follows)."""

    door_open: bool = False
    breaker_tripped: bool = False
    hand: Hand = "auto"
    contactor_stuck: bool | None = None


# What an air station measures: name -> (register, registers, units of the register in one unit,
# mean, swing over the day).
AIR: dict[str, tuple[int, int, float, float, float]] = {
    "temperature": (0, 1, 10, 7.5, 3.5),
    "humidity": (1, 1, 10, 75.0, -9.0),
    "pressure": (2, 1, 10, 1013.2, 1.5),
    "precipitation": (3, 1, 10, 0.0, 0.0),
    "wind_speed": (4, 1, 10, 3.4, 1.1),
    "wind_direction": (5, 1, 1, 230.0, 15.0),
    "gust_speed": (22, 1, 10, 5.6, 1.9),
    "gust_direction": (23, 1, 1, 225.0, 20.0),
    "cloudiness": (6, 1, 1, 60.0, 10.0),
    "visibility": (8, 2, 1, 12000.0, 2000.0),
    "pm1": (10, 1, 10, 5.0, 2.0),
    "pm2_5": (11, 1, 10, 8.0, 3.0),
    "pm10": (12, 1, 10, 14.0, 5.0),
    "no2": (13, 1, 1000, 0.018, 0.006),
    "noise": (14, 1, 10, 55.0, 7.0),
    "flow": (16, 2, 1e6, 0.0021, 0.0004),
    "ph": (18, 1, 1000, 7.4, 0.1),
    "turbidity": (19, 1, 10, 3.2, 0.5),
    "conductivity": (20, 1, 1e6, 0.0061, 0.0004),
}
OVERFULL = "overfull"
# What of an air station's board can be broken.
CHIPS = {
    "climate": layout.CLIMATE_DEAD, "particles": layout.PARTICLES_DEAD,
    "noise": layout.NOISE_DEAD, "checksums": layout.PARTICLES_TORN,
}  # fmt: skip
BROKEN = "broken"


class Stations:
    """The stations of a plan; `cabinets` by cabinet id, `air` holds what was forced, or None."""

    def __init__(self, site_plan: plan.Plan, pages: Pages) -> None:
        assets = site_plan.assets
        self._pages = pages
        self._cabinet_at = {
            a.cabinet_id: index for index, a in enumerate(assets)
            if a.kind == "cabinet" and a.cabinet_id
        }  # fmt: skip
        self._air_at = [index for index, a in enumerate(assets) if a.kind == "air"]
        self._sign_at = {a.asset_id: i for i, a in enumerate(assets) if a.kind == "sign"}
        feeders = {f.id: f.cabinet_id for f in site_plan.feeders if f.behind_contactor}
        self._loads = {
            cabinet: [i for i, a in enumerate(assets)
                      if a.kind == "lamp" and feeders.get(a.feeder_id) == cabinet]
            for cabinet in self._cabinet_at
        }  # fmt: skip
        self.cabinets = {cabinet: CabinetState() for cabinet in self._cabinet_at}
        self.air: dict[str, float] = {}
        self.overfull = False
        self.broken: list[str] = []
        self._energy_wh = dict.fromkeys(self.cabinets, 0.0)
        for index in (*self._cabinet_at.values(), *self._air_at, *self._sign_at.values()):
            pages.modules[index] = _ALL_UNITS

    def closed(self, cabinet: str) -> bool:
        """Whether a cabinet's contactor is closed."""
        state, index = self.cabinets[cabinet], self._cabinet_at[cabinet]
        if state.contactor_stuck is not None:
            return state.contactor_stuck
        if state.hand != "auto":
            return state.hand == "on"
        return not self._pages.driven[index] or bool(self._pages.duty[index])

    def open_cabinets(self) -> set[str]:
        """Cabinets that feed no lamps: contactor open, or breaker tripped."""
        return {
            name for name, state in self.cabinets.items()
            if state.breaker_tripped or not self.closed(name)
        }  # fmt: skip

    def step(self, now_s: float, gone_s: float, lamp_w: dict[int, float]) -> None:
        """Bring inputs and registers up to now; lamp_w: power of each lamp by its index."""
        for name, index in self._cabinet_at.items():
            power_w = _OWN_W + sum(lamp_w[lamp] for lamp in self._loads[name])
            self._energy_wh[name] += power_w * gone_s / 3600
            self._cabinet(name, index, power_w)
        for index in self._air_at:
            self._pages.presence[index] = _OVERFULL * self.overfull
            self._pages.modules[index] = _ALL_UNITS | sum(CHIPS[name] for name in self.broken)
            for quantity in AIR:
                first, count, scale, _, _ = AIR[quantity]
                self._put(index, first, count, round(self.measured(quantity, now_s) * scale))

    def _cabinet(self, name: str, index: int, power_w: float) -> None:
        state = self.cabinets[name]
        self._pages.presence[index] = (
            _DOOR * state.door_open | _BREAKER * state.breaker_tripped
            | _FEEDBACK * self.closed(name)
            | {"auto": 0, "on": _HAND_ON, "off": _HAND_OFF}[state.hand]
        )  # fmt: skip
        self._put(index, 0, 2, round(power_w))
        self._put(index, 2, 2, int(self._energy_wh[name]))
        self._put(index, 4, 1, _VOLTAGE_DV)
        self._put(index, 5, 1, 960)
        self._put(index, 6, 2, round(power_w / 0.96 / (_VOLTAGE_DV / 10) * 1000))

    def measured(self, quantity: str, now_s: float) -> float:
        """What an air station measures now, in the quantity's own unit."""
        _, _, _, mean, swing = AIR[quantity]
        return self.air.get(quantity, mean + swing * math.sin(2 * math.pi * now_s / _DAY_S - 2.2))

    def _put(self, index: int, first: int, count: int, value: int) -> None:
        for at in range(count):
            word = value >> 16 * (count - 1 - at) & 0xFFFF
            place, shift = (first + at) // 2, 0 if (first + at) % 2 else 16
            before = int(self._pages.registers[index, place])
            self._pages.registers[index, place] = before & ~(0xFFFF << shift) | word << shift

    def sign_text(self, asset_id: str) -> str | None:
        """What a sign shows; None: there is no such sign."""
        index = self._sign_at.get(asset_id)
        if index is None:
            return None
        words = (int(word) for word in self._pages.registers[index, :4])
        return b"".join(word.to_bytes(4, "big") for word in words).decode("latin-1").rstrip("\0 ")

    def saved(self) -> dict[str, Any]:
        """What must be as it was when the world is started again."""
        return {
            "cabinets": {name: asdict(state) for name, state in self.cabinets.items()},
            "energy_wh": self._energy_wh, "air": self.air, OVERFULL: self.overfull,
            BROKEN: self.broken,
        }  # fmt: skip

    def restore(self, said: object) -> None:
        """Take up what `saved` gave."""
        if not isinstance(said, dict):
            return
        for name, state in said.get("cabinets", {}).items():
            if name in self.cabinets:
                self.cabinets[name] = CabinetState(**state)
                self._energy_wh[name] = float(said["energy_wh"].get(name, 0.0))
        self.air = {k: float(v) for k, v in said.get("air", {}).items() if k in AIR}
        self.overfull = bool(said.get(OVERFULL))
        self.broken = [name for name in CHIPS if name in said.get(BROKEN, ())]
