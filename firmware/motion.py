"""Presence: how long ago somebody was seen under the lamp, and whether the detector is stuck."""

from .now import Now

NEVER_S = 0x3FFFFF  # Older than any hold time.
# Nobody stands under a lamp for so long: the detector is stuck, and left out until it lets go.
STUCK_S = 1800


class Motion:
    """Fed the detector's level; `age_s` is 0 while it sees somebody."""

    def __init__(self) -> None:
        self.present = False
        self.stuck = False
        self._raw = False
        self._raw_s = 0
        self._seen_s = -NEVER_S

    def tick(self, present: bool, now: Now) -> bool:
        """True when presence began or ended."""
        if present != self._raw:
            self._raw, self._raw_s = present, now.uptime_s
            self.stuck = False
        elif present and now.uptime_s - self._raw_s >= STUCK_S:
            self.stuck = True
        seen = present and not self.stuck
        if seen:
            self._seen_s = now.uptime_s
        changed = seen != self.present
        self.present = seen
        return changed

    def age_s(self, now: Now) -> int:
        """Seconds since somebody was last seen; NEVER_S when nobody was."""
        age = now.uptime_s - self._seen_s
        return age if age < NEVER_S else NEVER_S
