"""Fault schedules of a node's events: links that go, lost acknowledgements, power cuts."""

from __future__ import annotations

import random
from collections.abc import Callable

from firmware.effects import FORGET_EVENT, SEND, STORE_EVENT, Effects
from firmware.happenings import Happenings, event_of, record_of
from firmware.now import Now
from protocol import wire


class Line:
    """A node's events, its flash, and a controller at the end of a bad line."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.effects, self.now = Effects(), Now()
        self.boot, self.next = 0, 1
        self.flash: list[bytes] = []
        self.unsent = 0
        self.happened: list[int] = []
        self.received: list[int] = []
        self.start()

    def start(self) -> None:
        """Power on: what is in flash is told anew."""
        self.boot += 1
        self.happenings = Happenings(self.boot, self.next, self.effects)
        self.effects.clear()
        self.unsent = 0
        self.now.tick_ms, self.linked = 0, False

    def work(self, must: Callable[[object, str], None], seconds: float) -> None:
        for _ in range(max(1, int(seconds))):
            self.now.tick_ms = (self.now.tick_ms + 1000) & 0x3FFFFFFF
            if self.linked:
                self.happenings.tick(self.now)
                if self.happenings.room and self.unsent < len(self.flash):
                    self.happenings.load(event_of(self.flash[self.unsent]), self.now)
                    self.unsent += 1
            self.perform(must)

    def perform(self, must: Callable[[object, str], None]) -> None:
        effects = self.effects
        asked = [(effects.kinds[at], effects.a[at], effects.b[at]) for at in range(effects.count)]
        effects.clear()
        for kind, a, b in asked:
            if kind == STORE_EVENT:
                assert isinstance(a, wire.Event)
                self.flash.append(record_of(a))
                self.next = a.number + 1
                self.happened.append(a.number)
            elif kind == SEND:
                assert isinstance(a, wire.Event)
                must(any(event_of(r).number == a.number for r in self.flash), "stored, then told")
                if self.linked and self.rng.random() < 0.7:
                    self.hear(a, must)
            elif kind == FORGET_EVENT:
                before = len(self.flash)
                self.flash = [r for r in self.flash if event_of(r).number != b]
                self.unsent -= before - len(self.flash)

    def hear(self, event: wire.Event, must: Callable[[object, str], None]) -> None:
        """The controller has it; its acknowledgement may be lost, come twice, or be another's."""
        if event.number not in self.received:
            must(not self.received or event.number > max(self.received), "in their order")
            self.received.append(event.number)
        if self.rng.random() < 0.7:
            ack = wire.EventAck(boot_count=event.boot_count, number=event.number)
            for _ in range(self.rng.randint(1, 2)):
                self.happenings.acknowledged(ack)
            self.perform(must)

    def fault(self) -> None:
        kind = self.rng.randint(0, 4)
        if kind < 2:
            self.linked = not self.linked
            if self.linked:
                self.happenings.joined()
        elif kind == 2:
            self.start()
        else:
            for _ in range(self.rng.randint(1, 3)):
                self.happenings.happen(2, wire.STARTED, 0, self.now)


def one(rng: random.Random, steps: int, must: Callable[[object, str], None]) -> None:
    """One schedule; in the end the line is good and everything has come, each once."""
    line = Line(rng)
    for _ in range(steps):
        line.fault()
        line.perform(must)
        line.work(must, rng.choice((1, 3, 70)))
    line.linked = True
    line.happenings.joined()
    for _ in range(40):
        line.work(must, 70)
        if not line.flash:
            break
    must(line.received == line.happened, "everything has come, once and in order")
    must(not line.flash, "what has come is forgotten")
