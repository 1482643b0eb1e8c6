"""Fault schedules of a node's clock: starts, power cuts, telling, lying and torn memories."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

from firmware.now import Now
from firmware.timekeeper import Timekeeper
from protocol import schedule, wire

LAT_E5, LON_E5 = 5084650, 435170


@functools.cache
def sunset_s(day: int) -> int:
    return schedule.sun_times(day, LAT_E5, LON_E5)[1]


class Pole:
    """A node on a feeder that comes half an hour before sunset; `day` is the true one."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.said = wire.Configuration(
            lat_e5=LAT_E5, lon_e5=LON_E5, permanent=int(rng.random() < 0.2)
        )
        self.day = 9821 + rng.randint(0, 3000)
        self.memory = b""
        self.told_day = 0  # The last night in which somebody told the time, and nights since.
        self.nights = 0
        self.sound = True  # The memory is one that a node wrote.

    def night(self, must: Callable[[object, str], None]) -> None:
        """One start: perhaps told, perhaps short, perhaps cut before it is stored."""
        rng = self.rng
        keeper, now = Timekeeper(self.memory), Now()
        on_s = sunset_s(self.day) - 1800 + rng.randint(-300, 300)
        guessed = keeper.started(now, self.said)
        must(guessed == (now.quality == wire.TIME_ESTIMATED), "a guess is called a guess")
        must(not (guessed and self.said.permanent), "a pole with power by day does not guess")
        if not self.told_day and self.sound:
            must(not guessed, "who was told nothing guesses nothing")
        if guessed and self.sound and self.told_day:
            must(now.day == self.told_day + self.nights + 1, "one dusk after the other")
            off_s = now.day * 86400 + now.second - (now.day * 86400 + sunset_s(now.day) - 1800)
            must(abs(off_s) <= 900, "a guess is near the feeder's time")
        must(abs(keeper.drift_ppm) <= 300 or not self.sound, "drift is bounded")
        must(keeper.error_s(now) == 65535 or guessed, "who has no clock says so")
        told = rng.random() < 0.4
        if told:
            now.uptime_s = rng.choice((5, 90, 3000))
            at_s = on_s + now.uptime_s
            now.day, now.second = self.day + at_s // 86400, at_s % 86400
            now.quality = wire.TIME_SYNCHRONISED
            keeper.told(now, 0, self.said)
            for _ in range(rng.randint(0, 6)):
                now.uptime_s += 3600
                behind_ms = rng.choice((-400, -30, 0, 30, 400, 5000, 10**7))
                keeper.told(now, behind_ms, self.said)
                must(abs(keeper.drift_ppm) <= 300 or not self.sound, "drift is bounded")
            must(keeper.error_s(now) < 65535, "who was told knows its error")
        short = rng.random() < 0.2
        now.uptime_s += rng.randint(60, 6000) if short else rng.randint(5, 12) * 3600
        keeper.tick(now)
        if keeper.changed:
            self.memory = keeper.memory()
            must(not keeper.changed, "what was taken up is stored once")
        if told and not self.said.permanent:
            self.told_day, self.nights, self.sound = self.day, 0, True
        elif guessed and not short:
            self.nights += 1
        if not short:
            self.day += 1
        elif not told:
            return
        else:
            self.day += 1

    def tear(self) -> None:
        """A memory that no node wrote; what it leads to is a guess, and never an exception."""
        self.memory = self.rng.choice((b"", self.memory[:3], self.rng.randbytes(7)))
        self.sound = not self.memory or len(self.memory) != 7
        self.told_day = self.nights = 0


def one(rng: random.Random, steps: int, must: Callable[[object, str], None]) -> None:
    """One schedule."""
    pole = Pole(rng)
    for _ in range(steps // 2):
        if rng.random() < 0.05:
            pole.tear()
        pole.night(must)
