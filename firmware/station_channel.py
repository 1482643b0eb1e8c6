"""A node's one channel when it is a station: a cabinet, a set of sensors, or a sign.

What it reads is a table of quantities; which of them there are is the board file's business. The
contactor is closed unless a command opens it: light wins.
"""

import struct

from protocol import wire

from .effects import DUTY, STORE_MEMORY, Effects
from .happenings import Happenings
from .now import Now
from .readings import Readings
from .station import TEXT_SIZE, Station

_WANTED = wire.QUANTITY_NAMES.index("contactor_wanted")
_FEEDBACK = wire.QUANTITY_NAMES.index("contactor_on")
_HAND = wire.QUANTITY_NAMES.index("hand")
# It is open and should be closed; it is closed and should be open.
_ERROR_ON = wire.EVENT_NAMES.index("switching_error_on")
_ERROR_OFF = wire.EVENT_NAMES.index("switching_error_off")
_HAND_ON = 1
_ON_DUTY = 65535
_ERROR_MS = 2000
_NEWS_MS = 1000  # What only measures is told at most once a second.
# Quantities whose change is an event.
_WATCHED = (
    (wire.QUANTITY_NAMES.index("door_open"), wire.EVENT_NAMES.index("door_open")),
    (wire.QUANTITY_NAMES.index("breaker_tripped"), wire.EVENT_NAMES.index("breaker_tripped")),
    (wire.QUANTITY_NAMES.index("hand"), wire.EVENT_NAMES.index("hand_moved")),
    (wire.QUANTITY_NAMES.index("overfull"), wire.EVENT_NAMES.index("overfull")),
)
_ERROR_AT = 4  # Where the memory holds both contactor errors, after what is watched.


class StationChannel:
    """One station. `news` is set when its readings should be told at once."""

    def __init__(self, effects: Effects, happenings: Happenings, memory: bytes) -> None:
        self.effects = effects
        self.happenings = happenings
        self.news = False
        self.rules = b""
        self._known = bytearray(_ERROR_AT + 2)
        if len(memory) == len(self._known):
            self._known[:] = memory
        self._told: list[int | None] = [None] * len(wire.QUANTITY_NAMES)
        self._state = wire.OUTPUT_OWN
        self._text = b" " * TEXT_SIZE
        self._end_s = -1
        self._on = -1
        self._differs_ms = -1

    ramping = False
    expected_mw = -1
    switch_count = 0

    def tick(self, now: Now, readings: Readings) -> None:
        """Time passes."""
        station = readings.station
        if 0 <= self._end_s <= now.uptime_s:
            self._take(wire.OUTPUT_OWN, b"", -1)
        station.text = self._text
        if station.switched:
            self._switch(station, now)
        for at in range(_ERROR_AT):
            value = station.values[_WATCHED[at][0]]
            if value is not None:
                self._note(at, _WATCHED[at][1], value, now)

    def _switch(self, station: Station, now: Now) -> None:
        """Drive the contactor, and see whether it does what it should."""
        on = int(self._state != wire.OUTPUT_OFF)
        if on != self._on:
            self._on = on
            self.news = True
            self.effects.add(DUTY, _ON_DUTY * on)
        values = station.values
        values[_WANTED] = on
        hand = values[_HAND]
        expected = int(hand == _HAND_ON) if hand else on
        if values[_FEEDBACK] is None or values[_FEEDBACK] == expected:
            self._differs_ms = -1
            self._wrong(0, 0, now)
        elif self._differs_ms < 0:
            self._differs_ms = now.tick_ms
        elif wire.ticks_after(now.tick_ms, self._differs_ms) >= _ERROR_MS:
            self._wrong(expected, 1 - expected, now)

    def _wrong(self, on: int, off: int, now: Now) -> None:
        self._note(_ERROR_AT, _ERROR_ON, on, now)
        self._note(_ERROR_AT + 1, _ERROR_OFF, off, now)

    def _note(self, at: int, kind: int, value: int, now: Now) -> None:
        if value == self._known[at]:
            return
        self._known[at] = value
        self.news = True
        self.happenings.happen(kind, wire.STARTED if value else wire.ENDED, value, now)
        self.effects.add(STORE_MEMORY, bytes(self._known))

    def due(self, readings: Readings, since_ms: int) -> bool:
        """Whether the readings should be told."""
        station = readings.station
        if self.news or since_ms < _NEWS_MS:
            return self.news
        for at in range(len(self._told)):
            value, told = station.values[at], self._told[at]
            if value is None or told is None:
                if value is not told:
                    return True
            elif abs(value - told) >= station.steps[at]:
                return True
        return False

    def state(self, now: Now, readings: Readings) -> wire.Message:
        """The readings, which are then no news any more."""
        self.news = False
        pairs = b""
        for at in range(len(self._told)):
            value = self._told[at] = readings.station.values[at]
            if value is not None:
                pairs += struct.pack("<Bi", at, value)
        return wire.Readings(day=now.day, second=now.second, quality=now.quality, pairs=pairs)

    def override(self, message: wire.Message, now: Now) -> int:
        """An output is set; it has no levels."""
        if not isinstance(message, wire.SetOutput):
            return wire.ACK_REFUSED
        end_s = now.uptime_s + message.life_s if message.life_s else -1
        self._take(message.state, message.text, end_s)
        return wire.ACK_DONE

    def _take(self, state: int, text: bytes, end_s: int) -> None:
        self._state = state
        self._end_s = end_s
        shown = text if state == wire.OUTPUT_ON else b""
        self._text = (shown + b" " * TEXT_SIZE)[:TEXT_SIZE]
        self.news = True

    def input(self, message: wire.Input, now: Now) -> None:
        """Inputs are a lamp's; a station has no schedule."""

    def why(self, now: Now) -> "wire.Message | None":
        """Nothing to tell: rules are a lamp's."""
        return None

    def configure(self, configuration: wire.Configuration) -> bool:
        """Nothing of a configuration concerns a station but the node's heartbeat."""
        return True

    def follow(self, content: bytes, configuration: wire.Configuration) -> bool:
        """A station keeps a schedule for the controller's sake and follows none."""
        return True

    def correct(self, event: wire.Event) -> None:
        """An event that flash still held at boot is newer than the memory beside it."""
        for at in range(_ERROR_AT):
            if _WATCHED[at][1] == event.kind:
                self._known[at] = event.value
        if event.kind in (_ERROR_ON, _ERROR_OFF):
            self._known[_ERROR_AT + (event.kind == _ERROR_OFF)] = event.value
