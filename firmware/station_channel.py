"""A node's one channel when it is a station: a cabinet, a set of sensors, or a sign.

What it reads is a table of quantities; which of them there are is the board file's business. A
contactor is closed unless a command opens it: light wins (feeder_channel.py gives it a plan).
"""

import struct

from protocol import wire

from .cold import load
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
# By text: names of an import statement stay in memory.
_FEEDER = "firmware.feeder"
_RIPPLE = wire.QUANTITY_NAMES.index("ripple")
_DARK = wire.QUANTITY_NAMES.index("dark")
_RIPPLE_INPUT = 15  # schedule.RIPPLE, without that room.
_RIPPLE_VALID_S = 120
_BY_COMMAND, _BY_HAND = wire.RULE_NAMES.index("override"), wire.RULE_NAMES.index("hand")
# Places of what the plan holds, as feeder.py has them.
_CLOSED, _WAS_DARK, _PLAN_RULES = 0, 2, 4
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
        self._said: wire.Configuration | None = None
        self._plan = b""
        self._held: list[object] = []  # What the plan remembers.
        self._switched = False  # Whether there is a contactor.
        self._told_inputs: list[tuple[int, int, int]] = []
        self._ripple: int | None = None
        self._asked = -1  # Quality of the time that the plan was asked with.
        self._ask_s = 0
        self._chain = b""
        self._seen = -1  # Command and hand-switch that the chain tells.
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
            self._switched = True
            if self._plan and self._said is not None:
                self._ask(station, now, readings)
            self._switch(station, now)
        for at in range(_ERROR_AT):
            value = station.values[_WATCHED[at][0]]
            if value is not None:
                self._note(at, _WATCHED[at][1], value, now)

    def _switch(self, station: Station, now: Now) -> None:
        """Drive the contactor, and see whether it does what it should."""
        state = self._state
        on = int(state == wire.OUTPUT_ON)
        if state == wire.OUTPUT_OWN:
            on = int(bool(self._held[_CLOSED])) if self._held else 1
        if on != self._on:
            self._on = on
            self.news = True
            self.effects.add(DUTY, _ON_DUTY * on)
        values = station.values
        values[_WANTED] = on
        hand = values[_HAND] or 0
        if self._seen != state * 4 + hand:
            self._seen = state * 4 + hand
            self._explain(hand)
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

    def _ask(self, station: Station, now: Now, readings: Readings) -> None:
        """Ask the plan, when it wants to be asked or when something has changed."""
        ripple = station.values[_RIPPLE]
        if (
            now.uptime_s < self._ask_s and now.quality == self._asked
            and ripple == self._ripple and not self._told_inputs
        ):  # fmt: skip
            return
        said = self._said
        assert said is not None
        self._ripple, self._asked = ripple, now.quality
        if ripple is not None:
            self._told_inputs.append((_RIPPLE_INPUT, ripple, _RIPPLE_VALID_S))
        # Let go of at once: it would take a tenth of the heap.
        decide = load(_FEEDER).decide  # type: ignore[attr-defined] # it is feeder.py
        self._ask_s = now.uptime_s + decide(
            self._plan, (said.lat_e5, said.lon_e5, said.zone),
            (now.day, now.second, now.quality, now.uptime_s, readings.clock_error_s),
            self._told_inputs, readings.lux_dx, self._held,
        )  # fmt: skip
        self._told_inputs.clear()
        self._seen = -1
        if readings.lux_dx >= 0:
            station.values[_DARK] = 1 if self._held[_WAS_DARK] else 0

    def _explain(self, hand: int) -> None:
        """The rules that have a say, weakest first."""
        self._chain = b"\x00\x64"
        if self._held:
            self._chain = self._held[_PLAN_RULES]  # type: ignore[assignment] # it is bytes
        if self._state != wire.OUTPUT_OWN:
            self._chain += bytes((_BY_COMMAND, 100 * self._on))
        if hand:
            self._chain += bytes((_BY_HAND, 100 if hand == _HAND_ON else 0))

    def input(self, message: wire.Input, now: Now) -> None:
        """Take what the controller tells of an input of the plan; the ripple contact is ours."""
        if self._switched and message.number < _RIPPLE_INPUT:
            self._told_inputs.append((message.number, message.state, message.valid_s))

    def why(self, now: Now) -> "wire.Message | None":
        """The rules that had a say for the contactor, when they have changed; else None."""
        if self.rules and self.rules == self._chain:
            return None
        self.rules = self._chain
        if not self.rules:
            return None
        return wire.Why(
            day=now.day, second=now.second, quality=now.quality, override_id=0, rules=self.rules
        )

    def configure(self, configuration: wire.Configuration) -> bool:
        """Take place and zone for a plan. A cabinet's own power is not switched."""
        configuration.permanent = 1
        self._said = configuration
        return True

    def follow(self, content: bytes, configuration: wire.Configuration) -> bool:
        """Follow a switching plan from now on; False when it is none."""
        if self._switched:
            takes = load(_FEEDER).takes  # type: ignore[attr-defined] # it is feeder.py
            if not takes(content, configuration.zone):
                return False
        self._plan, self._asked = content, -1
        self._held.clear()
        self._ripple = None
        return True

    def correct(self, event: wire.Event) -> None:
        """An event that flash still held at boot is newer than the memory beside it."""
        for at in range(_ERROR_AT):
            if _WATCHED[at][1] == event.kind:
                self._known[at] = event.value
        if event.kind in (_ERROR_ON, _ERROR_OFF):
            self._known[_ERROR_AT + (event.kind == _ERROR_OFF)] = event.value
