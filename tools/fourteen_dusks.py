"""Fourteen dusks without anybody: a lamp that starts without a clock, beside its program.

    python -m tools.fourteen_dusks docs/images/fourteen-dusks.svg

The node's own cores (timekeeper, lamp, schedule) are fed by a feeder that is switched a little
differently each night, and by an oscillator that runs wrong. Night 0 somebody tells the time, then
nobody does. Times are UTC; nothing here is a measurement of hardware.
"""

from __future__ import annotations

import itertools
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from firmware.effects import Effects
from firmware.happenings import Happenings
from firmware.lamp_channel import LampChannel
from firmware.now import Now
from firmware.readings import Readings
from firmware.timekeeper import Timekeeper
from protocol import schedule, wire
from protocol.schedule import planning

FIRST_DAY = 9821  # 2026-11-21
NIGHTS = 14
STEP_S = 10
LAT_E5, LON_E5 = 5084650, 435170
# The feeder comes half an hour before sunset and goes half an hour after sunrise, by ripple
# control: some minutes early or late.
FEEDER_S = 1800
ZONE = planning.zone_from_name("Europe/Brussels").to_bytes()
PROGRAM = planning.Program(
    "p",
    steps=(planning.Step(6 * 3600, 100), planning.Step(22 * 3600 + 1800, 50, 60)),
    active_periods=(planning.AstroPeriod(-5, 10),),
)
TABLE = planning.compile_table(planning.Calendar("street", "p"), {"p": PROGRAM})


@dataclass(frozen=True)
class Instant:
    """One look at the lamp: seconds since 0:00 UTC of the night's day."""

    night: int
    at_s: int
    level_percent: int
    wanted_percent: int
    error_s: int


def configuration() -> wire.Configuration:
    """The lamp's configuration."""
    return wire.Configuration(
        lat_e5=LAT_E5, lon_e5=LON_E5, default_percent=100, power_max_mw=60000, zone=ZONE
    )


def plan_at(evaluator: schedule.Evaluator, day: int, second: int) -> int:
    """What the program wants at an instant, in percent."""
    found = evaluator.at(day + second // 86400, second % 86400, -1, schedule.Decision())
    return found.level_percent


class Lamp:
    """A node's cores over many starts; `memory` is what its flash holds."""

    def __init__(self, drift_ppm: int) -> None:
        self.memory = b""
        self._drift_ppm = drift_ppm

    def night(self, number: int, day: int, on_s: int, off_s: int) -> list[Instant]:
        """One night under power, from on_s to off_s after 0:00 UTC of the day."""
        keeper, now, said = Timekeeper(self.memory), Now(), configuration()
        effects = Effects()
        channel = LampChannel(effects, Happenings(number + 1, 1, effects), b"")
        channel.configure(said)
        channel.follow(TABLE, said)
        readings = Readings()
        truth = evaluator()
        keeper.started(now, said)
        own_us, seen = 0, []
        for true_s in range(on_s, off_s, STEP_S):
            own_us += STEP_S * (1_000_000 - self._drift_ppm + keeper.drift_ppm)
            gone_s = own_us // 1_000_000 - now.uptime_s
            now.uptime_s += gone_s
            now.tick_ms = now.uptime_s * 1000 & 0x3FFFFFFF
            if now.quality:
                now.second += gone_s
                now.day, now.second = now.day + now.second // 86400, now.second % 86400
            if not number and (true_s - on_s) % 3600 == STEP_S:
                self._tell(now, keeper, day, true_s)
            keeper.tick(now)
            channel.tick(now, readings)
            effects.clear()
            seen.append(
                Instant(number, true_s, channel.lamp.target_percent, plan_at(truth, day, true_s),
                        keeper.error_s(now))
            )  # fmt: skip
        if keeper.changed:
            self.memory = keeper.memory()
        return seen

    def _tell(self, now: Now, keeper: Timekeeper, day: int, true_s: int) -> None:
        """Somebody tells the time, as the controller does each hour."""
        own_s = (now.day - day) * 86400 + now.second
        behind_ms = (true_s - own_s) * 1000 if now.quality else 0
        now.day, now.second = day + true_s // 86400, true_s % 86400
        now.quality = wire.TIME_SYNCHRONISED
        keeper.told(now, behind_ms, configuration())


def evaluator() -> schedule.Evaluator:
    """The program at the lamp's place."""
    return schedule.Evaluator(TABLE, LAT_E5, LON_E5, schedule.Zone.from_bytes(ZONE))


def nights(seed: int, count: int = NIGHTS, drift_ppm: int = 80) -> list[list[Instant]]:
    """Night 0 with a clock, then `count` nights without any."""
    rng, lamp = random.Random(seed), Lamp(drift_ppm)
    found = []
    for number in range(count + 1):
        day = FIRST_DAY + number
        sunset = schedule.sun_times(day, LAT_E5, LON_E5)[1]
        sunrise = schedule.sun_times(day + 1, LAT_E5, LON_E5)[0] + 86400
        on_s = sunset - FEEDER_S + rng.randint(-240, 240)
        off_s = sunrise + FEEDER_S + rng.randint(-240, 240)
        found.append(lamp.night(number, day, on_s, off_s))
    return found


def off_by_s(night: list[Instant]) -> int:
    """By how much a night was beside its program: the least shift that explains each instant."""
    day = FIRST_DAY + night[0].night
    truth = evaluator()
    worst = 0
    for one in night:
        if one.level_percent == one.wanted_percent:
            continue
        shift = 0
        while shift < 7200:
            shift += STEP_S
            around = (plan_at(truth, day, one.at_s - shift), plan_at(truth, day, one.at_s + shift))
            if one.level_percent in around:
                break
        worst = max(worst, shift)
    return worst


_ROW_PX, _LEFT_PX, _WIDTH_PX = 34, 96, 860
_FROM_S, _TO_S = 15 * 3600, 32 * 3600


def svg(found: list[list[Instant]]) -> str:
    """A row for each night: the program as an area, the lamp as a line."""

    def x(at_s: int) -> float:
        return _LEFT_PX + _WIDTH_PX * (at_s - _FROM_S) / (_TO_S - _FROM_S)

    height = _ROW_PX * len(found) + 70
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg"'
        f' viewBox="0 0 {_LEFT_PX + _WIDTH_PX + 100} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="{height}" fill="#fff"/>',
        '<text x="12" y="20" font-size="14">A lamp without a clock for fourteen dusks (simulated):'
        " grey the program, blue the lamp</text>",
    ]
    for hour in range(15, 33, 2):
        at = x(hour * 3600)
        parts.append(f'<text x="{at:.0f}" y="{height - 12}" fill="#555">{hour % 24}:00</text>')
        parts.append(f'<path d="M{at:.1f} 30V{height - 28}" stroke="#eee"/>')
    for row, night in enumerate(found):
        base = 30 + _ROW_PX * (row + 1)

        def y(percent: int, base: int = base) -> float:
            return base - percent * (_ROW_PX - 8) / 100

        wanted, real = (
            " ".join(f"{x(at_s):.1f},{y(percent):.1f}" for at_s, percent in corners)
            for corners in (_corners(night, "wanted_percent"), _corners(night, "level_percent"))
        )
        first, last = x(night[0].at_s), x(night[-1].at_s)
        label = "with a clock" if not row else f"night {row}"
        parts += [
            f'<text x="12" y="{base - 8}">{label}</text>',
            f'<polygon points="{first:.1f},{base} {wanted} {last:.1f},{base}" fill="#d8d8d8"/>',
            f'<polyline points="{real}" fill="none" stroke="#0b5fa5" stroke-width="1.5"/>',
            f'<text x="{_LEFT_PX + _WIDTH_PX + 8}" y="{base - 8}">{_said(night)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _corners(night: list[Instant], what: str) -> list[tuple[int, int]]:
    """Where a line begins, ends and bends."""
    found = [(night[0].at_s, int(getattr(night[0], what)))]
    for before, one in itertools.pairwise(night):
        levels = int(getattr(before, what)), int(getattr(one, what))
        if levels[0] != levels[1]:
            found += [(before.at_s, levels[0]), (one.at_s, levels[1])]
    return [*found, (night[-1].at_s, int(getattr(night[-1], what)))]


def _said(night: list[Instant]) -> str:
    return f"{off_by_s(night) / 60:.1f} min" if night[0].night else ""


def main(arguments: list[str]) -> int:
    """Draw the nights of seed 1."""
    if len(arguments) != 1:
        print("python -m tools.fourteen_dusks OUT.svg", file=sys.stderr)
        return 2
    found = nights(1)
    Path(arguments[0]).write_text(svg(found))
    for night in found[1:]:
        print(f"night {night[0].night}: {off_by_s(night) / 60:.1f} min beside its program")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
