"""Fault schedules of a bay detector: sensors that fall silent, cars, plates, power cuts."""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware.bay_channel import BayChannel
from firmware.echo import Echo
from firmware.effects import STORE_EVENT, STORE_MEMORY, Effects
from firmware.happenings import Happenings
from firmware.now import Now
from firmware.parking import ECHO_QUIET_S, OCCUPIED, SILENT_S, UNKNOWN, UNKNOWN_S, VACANT
from firmware.readings import Readings
from protocol import wire

EMPTY = (19800, 600, 44900)


class Bay:
    """A bay on a road where anything happens; sensors say what is true, or nothing."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.car = rng.random() < 0.3
        self.radar = self.field = True
        self.memory = b""
        self.now, self.readings = Now(), Readings()
        self.readings.echo = Echo()
        self.heard_s = 0
        self.start()

    def start(self) -> None:
        """Power on: only the memory is left."""
        self.effects = Effects()
        self.channel = BayChannel(self.effects, Happenings(1, 1, self.effects), self.memory)
        self.now.tick_ms = self.now.uptime_s = self.now.uptime_ms = 0
        self.heard_s = 0

    def work(self, must: Callable[[object, str], None], seconds: int) -> None:
        for _ in range(seconds * 4):
            now, readings, rng = self.now, self.readings, self.rng
            now.tick_ms = (now.tick_ms + 250) & 0x3FFFFFFF
            now.uptime_ms += 250
            now.uptime_s = now.uptime_ms // 1000
            readings.field_ok = self.field
            moved = 9000 if self.car else 0
            readings.field[:] = [EMPTY[0] + moved + rng.randint(-60, 60), EMPTY[1] + moved // 2,
                                 EMPTY[2] - moved]  # fmt: skip
            if self.radar and readings.echo.wanted:
                readings.echo.count += 1
                readings.echo.mm = 250 if self.car else 0
                readings.echo.strength_db = 12 if self.car else 0
            if self.radar or self.field:
                self.heard_s = now.uptime_s
            self.channel.tick(now, readings)
            self.check(must)

    def check(self, must: Callable[[object, str], None]) -> None:
        bay, effects = self.channel.bay, self.effects
        must(not effects.lost, "no effect is lost")
        for at in range(effects.count):
            kind, a = effects.kinds[at], effects.a[at]
            if kind == STORE_MEMORY:
                assert isinstance(a, bytes)
                self.memory = a
            elif kind == STORE_EVENT:
                assert isinstance(a, wire.Event)
                must(bay.state != UNKNOWN, "an event is of something known")
        effects.clear()
        must(0 <= bay.confidence_percent <= 99, "nothing is certain")
        must(bay.state in (UNKNOWN, VACANT, OCCUPIED), "a state is a state")
        deaf_s = self.now.uptime_s - self.heard_s
        must(
            deaf_s <= UNKNOWN_S + SILENT_S + ECHO_QUIET_S + 5 or bay.state == UNKNOWN,
            "who hears nothing claims nothing",
        )

    def settled(self, must: Callable[[object, str], None]) -> None:
        """With both senses and time enough it says what is so."""
        self.radar = self.field = True
        self.work(must, 90)
        wanted = OCCUPIED if self.car else VACANT
        must(self.channel.bay.state == wanted, "in the end it says what is so")

    def fault(self) -> None:
        rng = self.rng
        kind = rng.randint(0, 5)
        if kind < 2:
            self.car = not self.car
        elif kind == 2:
            self.radar = rng.random() < 0.5
        elif kind == 3:
            self.field = rng.random() < 0.5
        elif kind == 4:
            self.start()
        else:
            self.channel.bay.recalibrate(self.now)


def one(rng: random.Random, steps: int, must: Callable[[object, str], None]) -> None:
    """One schedule."""
    bay = Bay(rng)
    for _ in range(steps // 3):
        bay.fault()
        bay.work(must, rng.choice((1, 1, 5, 5, 5, 15, 15, 200)))
    bay.settled(must)
