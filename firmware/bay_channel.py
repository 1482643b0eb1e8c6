"""A node's one channel when it is a parking bay: occupancy, and what of it is news."""

from protocol import wire

from .effects import STORE_BAY, Effects
from .happenings import Happenings
from .now import Now
from .parking import OCCUPIED, Bay
from .readings import Readings

_BAY_OCCUPIED = wire.EVENT_NAMES.index("bay_occupied")
_BAY_VACANT = wire.EVENT_NAMES.index("bay_vacant")


class BayChannel:
    """One bay. `news` is set when its state should be told."""

    def __init__(self, effects: Effects, happenings: Happenings, memory: bytes) -> None:
        self.effects = effects
        self.happenings = happenings
        self.bay = Bay()
        self.news = False
        self._memory = memory
        if memory:
            self.bay.remember(memory)

    def tick(self, now: Now, readings: Readings) -> None:
        """Time passes."""
        if not readings.field_ok or not self.bay.tick(readings.field, now):
            return
        self.news = True
        kind = _BAY_OCCUPIED if self.bay.state == OCCUPIED else _BAY_VACANT
        if self._memory:  # A first calibration is no event: nobody came or left.
            self.happenings.happen(kind, wire.INSTANT, self.bay.confidence_percent, now)
        self._memory = self.bay.memory()
        self.effects.add(STORE_BAY, self._memory)

    def due(self, readings: Readings, since_ms: int) -> bool:
        """Whether the state should be told."""
        return self.news

    def state(self, now: Now, readings: Readings) -> wire.Message:
        """The state, which is then no news any more."""
        self.news = False
        bay = self.bay
        return wire.BayState(
            day=now.day, second=now.second, quality=now.quality, state=bay.state,
            confidence_percent=bay.confidence_percent, since_day=bay.since_day,
            since_second=bay.since_second,
        )  # fmt: skip

    def override(self, message: wire.Message, now: Now) -> int:
        """A bay has no level to override."""
        return wire.ACK_REFUSED

    def input(self, message: wire.Input, now: Now) -> None:
        """Inputs are a lamp's; a bay has no schedule."""

    def configure(self, configuration: wire.Configuration) -> bool:
        """Nothing of a configuration concerns a bay but the node's heartbeat."""
        return True

    def follow(self, content: bytes, configuration: wire.Configuration) -> bool:
        """A bay keeps a schedule for the controller's sake and follows none."""
        return True

    def correct(self, event: wire.Event) -> None:
        """An event that flash still held at boot is newer than the memory beside it."""
        self.bay.correct(event.kind)
