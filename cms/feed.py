"""What open pages hear: a bounded ring of numbered changes.

`after` gives what follows a number, or None when that is not here any more: then the database is
asked, and when it has let go of it too, the page reads everything anew ("resync").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

RING_MAX = 4000  # Some seconds of a whole city; a page that is slower than this starts anew.

Told = tuple[int, str, str]


class Ring:
    """The newest changes, by number."""

    def __init__(self) -> None:
        self._rows: deque[Told] = deque(maxlen=RING_MAX)
        self.last = 0

    def add(self, rows: Iterable[Told]) -> None:
        """Numbered changes, in order."""
        for row in rows:
            self._rows.append(row)
            self.last = row[0]

    def after(self, number: int) -> list[Told] | None:
        """Everything after a number; None when the ring does not reach back so far."""
        if number >= self.last:
            return []
        if not self._rows or self._rows[0][0] > number + 1:
            return None
        first = number + 1 - self._rows[0][0]
        return [self._rows[index] for index in range(first, len(self._rows))]
