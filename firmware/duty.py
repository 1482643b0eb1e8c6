"""When a detector on a battery rests, how deep, and when its radio is on; a core without I/O.

Currents are of data sheets (docs/parking.md). Deep sleep costs a start of the interpreter and of
the programme; it pays only for rests that are longer than a detector of a few seconds can afford.
"""

from .now import Now

AWAKE, LIGHT, DEEP = 0, 1, 2
# Microamperes: ESP32 asleep with its memory, and without; awake at 160 MHz without radio.
LIGHT_UA, DEEP_UA, AWAKE_UA = 800, 10, 44_000
_START_MS = 900  # From the end of a deep sleep to the first sample.
# A longer rest is cheaper in deep sleep.
DEEP_MS_MIN = _START_MS * (AWAKE_UA - LIGHT_UA) // (LIGHT_UA - DEEP_UA)
TALK_S = 3  # So long it listens after it has told everything: commands come then.
TRY_S, PAUSE_S = 20, 300  # So long it tries to tell, and so long it then waits.


def mode_of(rest_ms: int) -> int:
    """How deep a rest of so many milliseconds is."""
    if rest_ms <= 0:
        return AWAKE
    return DEEP if rest_ms >= DEEP_MS_MIN else LIGHT


class Duty:
    """Plans one node's rests. `radio`: the radio is on, and the node then never rests."""

    def __init__(self) -> None:
        self.radio = True
        self._begun_s = 0
        self._last_s = 0
        self._not_before_s = 0

    def rest_ms(self, pause_ms: int, talk: bool, now: Now) -> int:
        """How long nobody needs the node: until its next sample; `talk`: it has news."""
        up_s = now.uptime_s
        if not self.radio:
            if not talk or up_s < self._not_before_s:
                return pause_ms
            self.radio = True
            self._begun_s = up_s
        if talk:
            self._last_s = up_s
            if up_s - self._begun_s >= TRY_S:
                self.radio = False
                self._not_before_s = up_s + PAUSE_S
        elif up_s - self._last_s >= TALK_S:
            self.radio = False
        return 0
