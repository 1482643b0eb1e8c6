"""Fault schedules of a lamp: its channel, beside one that hears no hints."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from schedule_tables import only, step

from firmware.effects import Effects
from firmware.happenings import Happenings
from firmware.lamp_channel import LampChannel
from firmware.now import Now
from firmware.output import FULL_C
from firmware.readings import NO_TEMPERATURE, Readings
from protocol import wire
from protocol.schedule.planning import AstroPeriod, Dynamic

TABLES = (
    only(step("06:00", 100), step("22:30", 40, 60), active_periods=(AstroPeriod(-5, 10),)),
    only(step("00:00", 3), dynamic=(Dynamic("presence", "max", 80, 45),)),
    only(step("00:00", 70), step("12:00", 0)),
)
FLOOR, LOWEST, DEFAULT = 20, 5, 90


def said(rng: random.Random) -> wire.Configuration:
    return wire.Configuration(
        lat_e5=5084650, lon_e5=435170, default_percent=DEFAULT, floor_percent=FLOOR,
        lowest_percent=LOWEST, power_max_mw=60000, fade_ds=rng.choice((0, 10, 300)),
        lamp_failure_s=3, near_percent=60, near_hold_s=20, override_life_s=rng.choice((0, 900)),
        derate_dc=700, permanent=rng.randint(0, 1), standby_s=5, clo_start_percent=80,
        clo_end_100h=500, voltage_min_dv=2070, voltage_max_dv=2530, tolerance_percent=20,
    )  # fmt: skip


class Twin:
    """A lamp and its like that hears no hints; both are fed the same."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now, self.readings = Now(), Readings()
        self.said = said(rng)
        self.relay_s = rng.choice((None, (10, 30)))
        self.memory = b""
        self.start()

    def start(self) -> None:
        """Power on; overrides are forgotten, the memory is not."""
        self.overrides: dict[int, tuple[int, int]] = {}  # rank -> level, end in uptime
        self.now.tick_ms = self.now.uptime_s = self.now.uptime_ms = 0
        self.now.quality = wire.TIME_NONE
        self.effects = (Effects(), Effects())
        self.channels = [
            LampChannel(effects, Happenings(1, 1, effects), self.memory)
            for effects in self.effects
        ]
        self.open_s = self.closed_s = -1000
        self.dark = True
        self.dark_s = self.lit_ticks = 0
        self.was_closed = True
        for channel in self.channels:
            channel.lamp.relay_s = self.relay_s
            channel.configure(self.said)

    def tick(self, must: Callable[[object, str], None], seconds: int) -> None:
        lux_dx = self.readings.lux_dx
        if lux_dx >= 0:
            self.dark = lux_dx < 350 or (self.dark and lux_dx <= 700)
        for _ in range(min(seconds, 15)):
            gone_s = max(1, seconds // 15)
            now = self.now
            now.tick_ms = (now.tick_ms + gone_s * 1000) & 0x3FFFFFFF
            now.uptime_s += gone_s
            now.uptime_ms = now.uptime_s * 1000
            if now.quality:
                now.second += gone_s
                now.day, now.second = now.day + now.second // 86400, now.second % 86400
            for channel, effects in zip(self.channels, self.effects, strict=True):
                channel.tick(now, self.readings)
                must(not effects.lost, "no effect is lost")
                for at in range(effects.count):
                    if effects.kinds[at] == 6:
                        self.memory = bytes(effects.a[at])  # type: ignore[call-overload] # bytes
                effects.clear()
            self.check(must)

    def check(self, must: Callable[[object, str], None]) -> None:
        heard, alone = (channel.lamp for channel in self.channels)
        now = self.now
        target = heard.target_percent
        must(target >= alone.target_percent, "a hint only raises")
        must(not target or target >= FLOOR, "the safety floor holds")
        must(heard.rules[heard.rules_size - 2] in range(14), "every rule is known")
        in_force = self._in_force()
        if in_force is not None:
            level = in_force if not in_force else max(in_force, FLOOR)
            must(target == level, "the strongest override in force decides")
        elif now.quality == wire.TIME_NONE:
            bright = self.readings.lux_dx >= 0 and not self.dark and self.said.permanent
            must(target >= DEFAULT or bright, "light wins without a clock")
        self.lit_ticks = self.lit_ticks + 1 if target else 0
        if not self.lit_ticks:
            self.dark_s = now.uptime_s
        if self.lit_ticks > 3 and now.uptime_s - self.dark_s > 90:
            must(heard.level_c, "light that is asked for comes")
        must(heard.closed or not heard.level_c, "no light through an open relay")
        if heard.closed != self.was_closed:
            must(not heard.level_c, "the relay switches without light")
            rest_s = now.uptime_s - (self.open_s if heard.closed else self.closed_s)
            least_s = (self.relay_s or (0, 0))[0 if heard.closed else 1]
            must(rest_s >= least_s, "the relay rests between two turns")
            self.was_closed = heard.closed
            self.open_s, self.closed_s = (
                (self.open_s, now.uptime_s) if heard.closed else (now.uptime_s, self.closed_s)
            )
        output_c = self.channels[0].output_c
        must(output_c <= heard.level_c or output_c == LOWEST * 100, "age and heat only dim")
        if heard.level_c and not heard.ramping:
            must(output_c >= heard.level_c * 4 // 10, "heat leaves half of the light")
        must(0 <= heard.level_c <= FULL_C, "a level is a level")

    def _in_force(self) -> int | None:
        for rank in range(3, -1, -1):
            if rank in self.overrides and self.overrides[rank][1] > self.now.uptime_s:
                return self.overrides[rank][0]
        return None

    def ask(self) -> None:
        """An override of any rank and life, or a release of all."""
        rng = self.rng
        if rng.random() < 0.2:
            self.overrides.clear()
            self._both(wire.Override(command_id=1, action=wire.RELEASE, override_id=0))
            return
        rank, level, life_s = rng.randint(0, 3), rng.choice((0, 1, 30, 100)), rng.choice((0, 40))
        self._both(
            wire.Override(
                command_id=1, action=wire.SET, level_percent=level, rank=rank, life_s=life_s,
                override_id=rng.randint(1, 9), ramp_ds=rng.choice((0, 50)),
            )
        )  # fmt: skip
        lives_s = life_s or self.said.override_life_s or 0x3FFFFFF
        self.overrides[rank] = (level, self.now.uptime_s + lives_s)

    def _both(self, message: wire.Override) -> None:
        for channel in self.channels:
            channel.override(message, self.now)

    def fault(self) -> None:
        """Something begins or ends."""
        rng, now, readings = self.rng, self.now, self.readings
        kind = rng.randint(0, 10)
        if kind == 0:
            now.quality = rng.choice((wire.TIME_NONE, wire.TIME_SYNCHRONISED))
            now.day, now.second = 9821 + rng.randint(-400, 4000), rng.randint(0, 86399)
        elif kind == 1:
            self.channels[0].near(rng.choice((1, 30, 3600)), now)
        elif kind in (2, 3):
            self.ask()
        elif kind == 4:
            readings.power_mw = rng.choice((-1, 0, 500, 30000, 60000, 90000))
        elif kind == 5:
            readings.lux_dx = rng.choice((-1, 20, 500, 20000))
        elif kind == 6:
            readings.temperature_dc = rng.choice((NO_TEMPERATURE, 200, 720, 900, 5000))
        elif kind == 7:
            readings.present = rng.random() < 0.5
        elif kind == 8:
            readings.voltage_dv = rng.choice((0, 1800, 2300, 2700))
            readings.gear, readings.lamp_out = rng.randint(-1, 1), rng.randint(-1, 1)
        elif kind == 9:
            table: Any = rng.choice((*TABLES, b"", rng.randbytes(40)))
            for channel in self.channels:
                channel.follow(table, self.said)
        elif rng.random() < 0.5:
            self.memory = rng.choice((self.memory, self.memory[:5], rng.randbytes(9)))
            self.start()


def one(rng: random.Random, steps: int, must: Callable[[object, str], None]) -> None:
    """One schedule."""
    twin = Twin(rng)
    for _ in range(steps):
        twin.fault()
        twin.tick(must, rng.choice((1, 2, 10, 60, 2000)))
