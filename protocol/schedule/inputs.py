"""What a lamp's schedule asks for and its node cannot see: numbered inputs, told from outside.

An input is on, off or unknown. It is told with the time for which it is valid, and unknown before
it was told and after that time. Times are seconds of a clock that only counts on (`now_s`).
"""

INPUTS_MAX = 16
OFF, ON, UNKNOWN = 0, 1, 2
LONG_AGO_S = 0x3FFFFF  # Older than any hold time.


class Input:
    """What was last told of an input; level and ramps are those of an external command."""

    def __init__(self) -> None:
        self.state = UNKNOWN
        self.level_percent = -1  # None was ever told.
        self.ramp_s = 0
        self.ramp_from_s = 0
        self.until_s = 0
        self.on_s = -LONG_AGO_S  # When it was on last, while it is off.

    def age_s(self, now_s: int) -> int:
        """Seconds since it was on; 0: it is on; -1: unknown."""
        if self.state == UNKNOWN or now_s >= self.until_s:
            return -1
        return 0 if self.state == ON else min(LONG_AGO_S, now_s - self.on_s)


class Inputs:
    """The inputs of one lamp. `lux_dx` is its own photocell in tenths of a lux, -1: none."""

    def __init__(self) -> None:
        self.now_s = 0
        self.lux_dx = -1
        self._told: list[Input | None] = [None] * INPUTS_MAX

    def forget(self) -> None:
        """Another table: its inputs are others."""
        for number in range(INPUTS_MAX):
            self._told[number] = None

    def told(self, number: int, state: int, valid_s: int) -> "Input":
        """Take what is told of an input; its level and ramps are the caller's to set."""
        found = self._told[number]
        if found is None:
            found = self._told[number] = Input()
        if found.state == ON and state != ON:
            found.on_s = min(self.now_s, found.until_s)
        found.state = state
        found.until_s = self.now_s + valid_s
        return found

    def last(self, number: int) -> "Input | None":
        """What was last told of an input; None: nothing yet."""
        return self._told[number]

    def age_s(self, number: int) -> int:
        """Seconds since the input was on; 0: it is on; -1: unknown."""
        found = self._told[number]
        return -1 if found is None else found.age_s(self.now_s)
