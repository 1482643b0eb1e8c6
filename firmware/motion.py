"""Presence: how long ago somebody was seen under the lamp."""

from .now import Now

NEVER_S = 0x3FFFFF  # Older than any hold time.


class Motion:
    """Fed the detector's level; `age_s` is 0 while it sees somebody."""

    def __init__(self) -> None:
        self.present = False
        self._seen_s = -NEVER_S

    def tick(self, present: bool, now: Now) -> bool:
        """True when presence began or ended."""
        if present:
            self._seen_s = now.uptime_s
        changed = present != self.present
        self.present = present
        return changed

    def age_s(self, now: Now) -> int:
        """Seconds since somebody was last seen; NEVER_S when nobody was."""
        age = now.uptime_s - self._seen_s
        return age if age < NEVER_S else NEVER_S
