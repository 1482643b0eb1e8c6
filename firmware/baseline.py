"""The field of an empty bay, which follows drift and temperature, and what moves it.

Fields come in nanotesla and are kept in sixteenths, temperatures in tenths of a degree. Products
stay below 2^30: a chip's range is 800,000 nT, a learned effect at most 150 nT a kelvin.
"""

# Something moves when an axis jumps between two samples by so much more than twice the usual.
MOVE_NT = 400
# A site is restless when the field is on average so far from its own mean of some 16 s.
RESTLESS_NT = 400
_USUAL_NT, _JUMP_NT_MAX, _AWAY_NT_MAX = 150, 1000, 2000
_LEARN_DC = 30  # The temperature's effect is learned over 3 degrees in which nothing moves.
_PER_K_MAX = 150 * 16
# How it follows a sample: at once after a car left, in minutes, in half an hour.
_SHIFT_NEW, _SHIFT, _SHIFT_FAR = 2, 6, 11
_NEW_SAMPLES = 8
_FAR_NT = 1500


class Baseline:
    """`field` is the empty bay's at `at_dc`; `per_k` its change by temperature, 1/16 nT a K."""

    def __init__(self) -> None:
        self.field = [0, 0, 0]
        self.per_k = [0, 0, 0]
        self.at_dc = 0
        self.restless = False
        self._last = [0, 0, 0]
        self._slow = [0, 0, 0]
        self._quiet = [0, 0, 0]
        self._quiet_dc = 0
        self._usual = _USUAL_NT << 6
        self._unrest = _USUAL_NT << 8
        self._warm = 0  # Temperature, smoothed, 1/16 of a tenth.
        self._new = 0
        self._begun = False

    def feel(self, field: list[int], temperature_dc: int, alert: bool) -> bool:
        """Take a sample (x, y, z); True when something moves. `alert`: something did lately."""
        last, slow = self._last, self._slow
        jump = away = 0
        for axis in range(3):
            jump = max(jump, abs(field[axis] - last[axis]))
            away = max(away, abs(field[axis] - (slow[axis] >> 4)))
            last[axis] = field[axis]
            slow[axis] += ((field[axis] << 4) - slow[axis]) >> 4
        self._warm += temperature_dc - (self._warm >> 4)
        if not self._begun:
            self._begun = True
            self._warm = temperature_dc << 4
            for axis in range(3):
                slow[axis] = field[axis] << 4
            self._restart()
            return False
        moved = jump > MOVE_NT + (self._usual >> 5)
        self._usual += ((min(jump, _JUMP_NT_MAX) << 6) - self._usual) >> 6
        self._unrest += ((min(away, _AWAY_NT_MAX) << 8) - self._unrest) >> 8
        self.restless = self._unrest >> 8 > RESTLESS_NT
        self._learn(moved or alert)
        return moved

    def _learn(self, moved: bool) -> None:
        """What the temperature does to the field while nothing moves."""
        warmer_dc = (self._warm >> 4) - self._quiet_dc
        if moved:
            self._restart()
        elif abs(warmer_dc) >= _LEARN_DC:
            for axis in range(3):
                seen = (self._slow[axis] - self._quiet[axis]) * 10 // warmer_dc
                if abs(seen) < _PER_K_MAX:
                    self.per_k[axis] += (seen - self.per_k[axis]) >> 3
            self._restart()

    def _restart(self) -> None:
        self._quiet_dc = self._warm >> 4
        for axis in range(3):
            self._quiet[axis] = self._slow[axis]

    def distance_nt(self) -> int:
        """How far the last sample is from the empty bay: the largest axis plus half of the others.

        Within 12 % of the Euclidean length, and without a square beyond 30 bits.
        """
        warmer_dc = (self._warm >> 4) - self.at_dc
        largest = total = 0
        for axis in range(3):
            empty = self.field[axis] + self.per_k[axis] * warmer_dc // 10
            away = abs(self._last[axis] - (empty >> 4))
            total += away
            largest = max(largest, away)
        return largest + (total - largest) // 2

    def take(self) -> None:
        """The last sample is the empty bay's."""
        self.at_dc = self._warm >> 4
        for axis in range(3):
            self.field[axis] = self._last[axis] << 4

    def renew(self) -> None:
        """A car has left: follow the next samples at once."""
        self._new = _NEW_SAMPLES

    def follow(self, far_nt: int) -> None:
        """Follow the last sample of an empty bay; slowly where it is far from what was known."""
        shift = _SHIFT_FAR
        if far_nt < _FAR_NT:
            shift = _SHIFT_NEW if self._new else _SHIFT
        if self._new:
            self._new -= 1
        warm_dc = self._warm >> 4
        for axis in range(3):
            base = self.field[axis] + self.per_k[axis] * (warm_dc - self.at_dc) // 10
            self.field[axis] = base + (((self._last[axis] << 4) - base) >> shift)
        self.at_dc = warm_dc
