"""When to try to connect again: pauses that double, each drawn at random from its upper half.

At dusk a whole quarter boots at once; without chance in the pauses its nodes would knock together
for ever. The first try is spread over `first_ms`, on nodes by their number too (`spread_ms`).
"""

import hashlib


def spread_ms(name: str, within_s: int) -> int:
    """The place of a node in the first seconds of a dusk, always the same one, evenly drawn.

    within_s: at most 100, so that all numbers stay small.
    """
    digest = hashlib.sha256(name.encode()).digest()
    return ((digest[0] << 8 | digest[1]) * within_s >> 6) * 1000 >> 10


class Backoff:
    """`chance` is a number 0-65535 that the shell draws anew for each pause."""

    def __init__(self, first_ms: int = 500, least_ms: int = 1000, most_ms: int = 30000) -> None:
        self._first_ms = first_ms
        self._least_ms = least_ms
        self._most_ms = most_ms
        self._ceiling_ms = 0

    def pause_ms(self, chance: int) -> int:
        """How long to wait before the next try."""
        if not self._ceiling_ms:
            self._ceiling_ms = self._least_ms
            return self._first_ms * chance >> 16
        half = self._ceiling_ms >> 1
        self._ceiling_ms = min(self._ceiling_ms * 2, self._most_ms)
        return half + (half * chance >> 16)

    def succeeded(self) -> None:
        """A connection stood: begin with a short pause next time."""
        self._ceiling_ms = self._least_ms
