"""What the radar above a bay's sensor last said: one object, filled anew by the board."""


class Echo:
    """`count` grows with each measurement, below 2^30; `mm` is 0 when nothing reflects.

    `near` is 1 when something lies on the sensor itself. `wanted` is the detector's: set
    while it would like a measurement. A board on a battery may rest for `rest_ms` (0: not at all)
    and has its radio on while `radio` is set; others do not look.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mm = 0
        self.strength_db = 0
        self.near = 0
        self.wanted = False
        self.rest_ms = 0
        self.radio = True
