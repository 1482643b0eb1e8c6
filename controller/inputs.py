"""What nodes are told of the inputs of their tables: sensors of others, values, external sensors.

A pure core. It is fed what lamps listen to (`follow`), the values that devices report (`take`),
commands of external sensors (`trigger`) and the time; `due` gives the messages. Times are seconds
of the world, as nodes count them. What is on or off is said again before a node holds it unknown;
what is unknown is said once, and then no more.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from protocol import schedule, wire

from .sources import Source

VALID_S = 600
REPEAT_S = 200.0
AGAIN_S = 3.0  # A change is said twice: a frame may be lost.
_CONTACT = ("node", "contact")
_SILENT = "silent"

Known = Callable[[str, str, str], object]


class Trigger(NamedTuple):
    """A command of an external sensor, in force from `starts_s` to `expires_s` (0: no end)."""

    level_percent: int
    ramp_s: int = 0
    ramp_from_s: int = 0
    starts_s: float = 0.0
    expires_s: float = 0.0

    def state(self, now_s: float) -> int:
        """schedule.ON or OFF."""
        over = self.expires_s and now_s >= self.expires_s
        return schedule.ON if now_s >= self.starts_s and not over else schedule.OFF


class Inputs:
    """All lamps of a gateway. `known` gives the newest value of a device's attribute or None."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._sources: dict[str, tuple[Source, ...]] = {}
        self._lamps: dict[Source, set[str]] = {}
        self._places: dict[str, set[Source]] = {}  # By device.
        self._externals: dict[str, set[Source]] = {}
        self._states: dict[Source, int] = {}
        self._triggers: dict[str, Trigger] = {}
        self._heap: list[tuple[float, str]] = []
        self._due_s: dict[str, float] = {}
        self._fresh: set[str] = set()
        self._now_s = 0.0

    def follow(self, lamp: str, sources: Sequence[Source]) -> None:
        """From now on the inputs of this lamp are these, by number."""
        if self._sources.get(lamp, ()) == tuple(sources):
            return
        for source in set(self._sources.pop(lamp, ())).difference(sources):
            self._lamps[source].discard(lamp)
            if not self._lamps[source]:
                self._forget(source)
        if not sources:
            self._due_s.pop(lamp, None)
            return
        self._sources[lamp] = tuple(sources)
        for source in sources:
            if source not in self._lamps:
                self._lamps[source] = set()
                index = self._externals if source.external else self._places
                index.setdefault(source.external or source.device, set()).add(source)
                self._states[source] = self._state(source)
            self._lamps[source].add(lamp)
        self.renew(lamp)

    def _forget(self, source: Source) -> None:
        del self._lamps[source]
        del self._states[source]
        index = self._externals if source.external else self._places
        key = source.external or source.device
        index[key].discard(source)
        if not index[key]:
            del index[key]

    def renew(self, lamp: str) -> None:
        """The node has joined, or has another table: everything is said to it anew."""
        if lamp in self._sources:
            self._fresh.add(lamp)
            self._put(lamp, self._now_s)

    def take(self, device: str) -> None:
        """A device has reported something, or has become silent."""
        for source in self._places.get(device, ()):
            self._look(source)

    def names(self, external: str) -> bool:
        """Whether a lamp listens to this external sensor."""
        return external in self._externals

    def trigger(self, external: str, trigger: Trigger | None) -> None:
        """An external sensor's command; None: it is over."""
        before = self._triggers.pop(external, None)
        if trigger is not None:
            self._triggers[external] = trigger
        for source in self._externals.get(external, ()):
            self._look(source)
            if before != trigger:  # Another level, though it is on as before.
                self._changed(source)

    def _look(self, source: Source) -> None:
        state = self._state(source)
        if state != self._states[source]:
            self._states[source] = state
            self._changed(source)

    def _changed(self, source: Source) -> None:
        for lamp in self._lamps[source]:
            self._fresh.add(lamp)
            self._put(lamp, self._now_s)

    def _state(self, source: Source) -> int:
        if source.external:
            trigger = self._triggers.get(source.external)
            return trigger.state(self._now_s) if trigger else schedule.OFF
        if self._known(source.device, *_CONTACT) == _SILENT:
            return schedule.UNKNOWN
        value = self._known(source.device, source.function, source.attribute)
        return source.state(value, self._states.get(source, schedule.UNKNOWN))

    def _put(self, lamp: str, at_s: float) -> None:
        self._due_s[lamp] = at_s
        heapq.heappush(self._heap, (at_s, lamp))

    def due(self, now_s: float) -> Iterator[tuple[str, list[wire.Input]]]:
        """Lamps and what their nodes are to be told now; their generation is the caller's."""
        self._now_s = now_s
        for external in self._triggers:
            for source in self._externals.get(external, ()):
                self._look(source)
        while self._heap and self._heap[0][0] <= now_s:
            at_s, lamp = heapq.heappop(self._heap)
            if self._due_s.get(lamp) != at_s:
                continue  # It was put elsewhere since, or listens to nothing.
            fresh = lamp in self._fresh
            self._fresh.discard(lamp)
            self._put(lamp, now_s + (AGAIN_S if fresh else REPEAT_S))
            yield lamp, list(self._messages(self._sources[lamp], fresh))

    def _messages(self, sources: Iterable[Source], fresh: bool) -> Iterator[wire.Input]:
        for number, source in enumerate(sources):
            state = self._states[source]
            if state == schedule.UNKNOWN and not fresh:
                continue
            trigger = self._triggers.get(source.external)
            message = wire.Input(number=number, state=state, valid_s=VALID_S)
            if trigger is not None:
                message.level_percent = trigger.level_percent
                message.ramp_s, message.ramp_from_s = trigger.ramp_s, trigger.ramp_from_s
            yield message
