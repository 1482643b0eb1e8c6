"""What a lamp's schedule asks for and its node cannot see: numbered inputs, told from outside.

An input is on, off or unknown. It is told with the time for which it is valid, and unknown before
it was told and after that time. Times are seconds of a clock that only counts on (`now_s`).
"""

INPUTS_MAX = 16
RIPPLE = 15  # A cabinet's own ripple-control contact has this number.
OFF, ON, UNKNOWN = 0, 1, 2
LONG_AGO_S = 0x3FFFFF  # Older than any hold time.
# A row of what was told is a list, for an object of its own would take four times the memory.
_STATE, _UNTIL, _ON_AT, LEVEL, RAMP, RAMP_FROM = 0, 1, 2, 3, 4, 5


class Inputs:
    """The inputs of one lamp. `lux_dx` is its own photocell in tenths of a lux, -1: none.

    `rows`: what another such object was told before.
    """

    def __init__(self, rows: "dict[int, list[int]] | None" = None) -> None:
        self.now_s = 0
        self.lux_dx = -1
        self._rows: dict[int, list[int]] = {} if rows is None else rows

    def forget(self) -> None:
        """Another table: its inputs are others."""
        self._rows.clear()

    def tell(
        self, number: int, state: int, valid_s: int, command: "tuple[int, int, int] | None" = None
    ) -> None:
        """Take what is told; a command is an external sensor's level, ramp to it and from it."""
        row = self._rows.get(number)
        if row is None:
            row = self._rows[number] = [UNKNOWN, 0, -LONG_AGO_S, -1, 0, 0]
        if row[_STATE] == ON and state != ON:
            row[_ON_AT] = min(self.now_s, row[_UNTIL])
        row[_STATE] = state
        row[_UNTIL] = self.now_s + valid_s
        if command:
            row[LEVEL], row[RAMP], row[RAMP_FROM] = command

    def row(self, number: int) -> "list[int] | None":
        """LEVEL, RAMP and RAMP_FROM of the last command of an input; None: nothing was told."""
        return self._rows.get(number)

    def age_s(self, number: int) -> int:
        """Seconds since the input was on; 0: it is on; -1: unknown."""
        row = self._rows.get(number)
        if row is None or row[_STATE] == UNKNOWN or self.now_s >= row[_UNTIL]:
            return -1
        return 0 if row[_STATE] == ON else min(LONG_AGO_S, self.now_s - row[_ON_AT])
