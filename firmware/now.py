"""The time as cores are told it: one object, filled anew by the shell before each call."""

from protocol import wire


class Now:
    """`tick_ms` wraps at 2^30; `uptime_s` counts from boot; day, second, millis are UTC."""

    def __init__(self) -> None:
        self.tick_ms = 0
        self.uptime_s = 0
        self.uptime_ms = 0
        self.day = 0
        self.second = 0
        self.millis = 0
        self.quality = wire.TIME_NONE

    def reached(self, day: int, second: int) -> bool:
        """Whether a civil time has come; never while there is no clock."""
        if self.quality == wire.TIME_NONE:
            return False
        return self.day > day or (self.day == day and self.second >= second)
