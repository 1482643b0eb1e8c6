"""Is the lamp burning as it should? Measured power against what the level must take."""

from protocol import wire

from .now import Now

# Below this part of the power that the level asks for, the lamp does not burn. A driver's curve is
# never below the level's own share, so 30 % of it tells a dead lamp from a dim one.
_DEAD_PERCENT = 30
# Dimmer than this, standby and measuring error hide a failure.
LEVEL_PERCENT_MIN = 5


class Monitor:
    """Lamp failure with a duration on both sides, so that a ramp raises no alarm."""

    def __init__(self) -> None:
        self.failed = False
        self._power_max_mw = 0
        self._hold_s = 3
        self._doubt_s = -1

    def configure(self, configuration: wire.Configuration) -> None:
        """Take the lamp's full power and the duration."""
        self._power_max_mw = configuration.power_max_mw
        self._hold_s = configuration.lamp_failure_s

    def tick(self, level_percent: int, power_mw: int, now: Now) -> bool:
        """True when a failure began or ended. power_mw below 0: the meter is silent."""
        if power_mw < 0 or level_percent < LEVEL_PERCENT_MIN or not self._power_max_mw:
            self._doubt_s = -1
            return False
        expected_mw = self._power_max_mw // 100 * level_percent
        dead = power_mw < expected_mw // 100 * _DEAD_PERCENT
        if dead == self.failed:
            self._doubt_s = -1
            return False
        if self._doubt_s < 0:
            self._doubt_s = now.uptime_s
        if now.uptime_s - self._doubt_s < self._hold_s:
            return False
        self._doubt_s = -1
        self.failed = dead
        return True
