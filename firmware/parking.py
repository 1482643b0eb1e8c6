"""A bay's occupancy from a magnetometer and a radar: what each says is weighed, and then judged.

The magnetometer wakes: a car cannot come or go without moving the field. The radar, which looks
at the underbody and sees neither trams nor neighbours, is asked then, and now and then besides.
Each kind of echo, and each distance of the field from the empty bay's, has a weight: how much
likelier it is with a car than without (naive Bayes; hundredths of the natural logarithm of the
odds). Their sum decides; its size is the confidence. The weights are fitted on simulated days
(`python -m tools.fit_parking`, docs/parking.md).

The empty bay's field follows slow drift, and the temperature, whose effect is learned while
nothing moves. It is trusted only when the radar saw the bay empty: a car that stands there at
power-up is told by its echo, and nothing is told before. What covers the sensor blinds the radar;
then the field decides alone, unless it moved when the cover came. All is integers below 2^30.
"""

import struct

from protocol import wire

from .baseline import Baseline
from .echo import Echo
from .now import Now

UNKNOWN, VACANT, OCCUPIED = 0, 1, 2

# Fitted (tools/fit_parking.py): weights of no echo, a weak one and a strong one, and of the
# field's distance from the baseline (nT) up to each bound and beyond.
ECHO_WEIGHTS = (-450, 340, 450)
FIELD_BOUNDS_NT = (400, 800, 1200, 1800, 2600, 4000, 6000, 9000)
FIELD_WEIGHTS_CALM = (-600, -310, -10, 150, 240, 400, 600, 600, 600)
FIELD_WEIGHTS_RESTLESS = (-600, -420, -230, -120, -30, 50, 180, 290, 360)
STRONG_DB = 6
# The sum that changes the state soon after something moved, and when nothing did.
CHANGE_MOVED, CHANGE_STILL = 40, 250

FAST_MS, SLOW_MS = 250, 1000  # Pause between samples while something moves, and otherwise.
ALERT_S = 8  # So long after a move everything is looked at closely.
MOVED_S = 30  # So long after a move the state changes easily.
ECHO_MS, ECHO_QUIET_S = 700, 10  # Pause between echoes when there is doubt, and otherwise.
SETTLE_MS, SETTLE_STILL_MS = 1500, 20_000
FIRST_ECHOES = 3  # Without a baseline so many echoes decide.
SILENT_S = 10  # Without a field or an echo for so long, the sensor says nothing.
UNKNOWN_S = 120  # With nothing to go by for so long, nothing is claimed.
_CAR_MM = 700  # What reflects above that is no car's underbody.
_BONUS = 150  # A state that nothing has moved since is the surer for it.
# Sums from which the confidence (percent) is so high: the logistic function.
_SURE = ((460, 99), (390, 98), (294, 95), (220, 90), (173, 85), (139, 80), (85, 70), (41, 60))
# Beyond this the field speaks against a change, whatever the sum says: it must last longer.
_CONFLICT = 200
_WORD_PERCENT, _BLIND_PERCENT = 60, 75
# So many weak echoes from one distance are of a body; after so many without one it is gone.
_SAME, _SAME_MM, _NONES, _SAME_WEIGHT = 3, 25, 60, -50
# So many in a row from one distance are of no one who only stands there.
_RUN, _RUN_WEIGHT = 8, 800
_NONE, _WEAK, _STRONG, _NEAR, _SILENT = 0, 1, 2, 3, 4
_MEMORY = "<BBBBBiiihhhhHI"
_VERSION = 2


class Bay:
    """One bay. `tick` returns True when its state changed; `alert` while it looks closely."""

    def __init__(self) -> None:
        self.state = UNKNOWN
        self.known = UNKNOWN  # The last state that was none of not knowing.
        self.confidence_percent = 0
        self.since_day = 0
        self.since_second = 0
        self.since_s = 0
        self.overstayed = False
        self.alert = True
        self.pause_ms = FAST_MS  # Until the next sample.
        self.kind = _SILENT
        self.blind = True
        self.silent = True
        self.far_nt = -1  # The field's distance from the baseline; -1 without one.
        self.trusted = 0  # 0: no baseline; 1: learned at power-up; 2: since a car left.
        self.baseline = Baseline()
        self._radar = 0
        self._echoes = 0
        self._mm = 0
        self._same = 0
        self._nones = 0
        self._run = 0
        self._heard = -1
        self._covered = False
        self._word = False  # An operator said that the bay is empty.
        self._sampled_ms = -1
        self._field_s = -1
        self._moved_s = 0
        self._echo_s = 0
        self._echo_ms = 0
        self._useful_s = 0
        self._doubt_ms = -1
        self._doubt_echoes = 0

    def tick(self, field: "list[int] | None", echo: Echo, temperature_dc: int, now: Now) -> bool:
        """Time passes; field (x, y, z in nT) is None while the magnetometer is silent."""
        since_ms = wire.ticks_after(now.tick_ms, self._sampled_ms)
        if self._sampled_ms >= 0 and since_ms < self.pause_ms:
            return False
        self._sampled_ms = now.tick_ms
        if field is not None:
            self._field_s = now.uptime_s
            if self.baseline.feel(field, temperature_dc, self.alert):
                self._moved_s = now.uptime_s
                self.alert = True
        self._hear(echo, now)
        known = self._field_s >= 0 and now.uptime_s - self._field_s < SILENT_S
        self.silent = self.kind == _SILENT
        self.blind = self.kind >= _NEAR
        felt = 0
        self.far_nt = -1
        if known and self.trusted:
            self.far_nt = self.baseline.distance_nt()
            if not self._covered:
                felt = self._weight(self.far_nt)
        changed = self._judge(felt, now)
        if field is not None and not self.alert and self._is_empty():
            self.baseline.follow(self.far_nt)
        doubt = self._doubt_ms >= 0 or self.state == UNKNOWN or not self._agrees(self.state)
        self.alert = doubt or now.uptime_s - self._moved_s < ALERT_S
        self.pause_ms = FAST_MS if self.alert else SLOW_MS
        quiet = now.uptime_s - self._echo_s < ECHO_QUIET_S
        pause = not self.silent and wire.ticks_after(now.tick_ms, self._echo_ms) < ECHO_MS
        echo.wanted = not pause and (self.alert or not quiet)
        return changed

    def _agrees(self, state: int) -> bool:
        """Whether the last echo is of this state; one that says nothing is of both."""
        if self.kind >= _NEAR:
            return True
        return (self.kind == _NONE) == (state == VACANT)

    def _hear(self, echo: Echo, now: Now) -> None:
        """Take a new echo; what lies on the sensor since something moved is a cover, not a car."""
        if echo.count == self._heard:
            if now.uptime_s - self._echo_s >= SILENT_S + ECHO_QUIET_S:
                self.kind = _SILENT
                self._radar = 0
            return
        if self._heard < 0 and not echo.count:
            self._heard = 0
            return
        before = self.kind
        self._heard = echo.count
        self._echo_s = now.uptime_s
        self._echo_ms = now.tick_ms
        if self._echoes < FIRST_ECHOES:
            self._echoes += 1
        self._doubt_echoes += 1
        seen = 0 < echo.mm <= _CAR_MM
        strong = seen and echo.strength_db >= STRONG_DB
        if echo.near and not strong:
            self.kind = _NEAR
            if before < _NEAR and now.uptime_s - self._moved_s < ALERT_S:
                self._covered = True
            self._radar -= self._radar // 4
            return
        self._covered = False
        self.kind = _STRONG if strong else _WEAK if seen else _NONE
        self._compare(echo.mm)
        weight = ECHO_WEIGHTS[self.kind]
        if seen and self._run >= _RUN:
            weight = _RUN_WEIGHT
        elif self._same >= _SAME:
            weight = ECHO_WEIGHTS[_STRONG] if seen else _SAME_WEIGHT
        self._radar += (weight - self._radar) // 2

    def _compare(self, mm: int) -> None:
        """Count echoes from one distance: a body that is seldom seen is one nevertheless."""
        if self.kind == _NONE:
            self._run = 0
            self._nones += self._nones < _NONES
            if self._nones >= _NONES:
                self._same = 0
            return
        near = abs(mm - self._mm) <= _SAME_MM
        self._mm = mm
        self._nones = 0
        self._run = min(self._run + 1, _RUN) if near else 1
        if self.kind == _STRONG:
            self._same = 0
        else:
            self._same = min(self._same + 1, _SAME) if near else 1

    def _weight(self, far_nt: int) -> int:
        """What a distance from the baseline says; half of it when no car was seen to leave."""
        at = 0
        while at < len(FIELD_BOUNDS_NT) and far_nt > FIELD_BOUNDS_NT[at]:
            at += 1
        found = FIELD_WEIGHTS_RESTLESS[at] if self.baseline.restless else FIELD_WEIGHTS_CALM[at]
        return found if self.trusted > 1 else found // 2

    def _judge(self, felt: int, now: Now) -> bool:
        """Change the state when the evidence is against it and lasts."""
        total = felt + self._radar
        moved = now.uptime_s - self._moved_s < MOVED_S
        moved = moved or self._nones >= _NONES or self._run >= _RUN
        if not self.blind or felt:
            self._useful_s = now.uptime_s
        elif now.uptime_s - self._useful_s >= UNKNOWN_S and self.state != UNKNOWN:
            self._become(UNKNOWN, now)
            return True
        if self.state == VACANT and self.trusted == 1 and self._same >= _SAME:
            self.trusted = 0  # What was taken for the empty bay was not.
            self._become(UNKNOWN, now)
        if self.state == UNKNOWN and not self.trusted:
            return self._begin(now)
        need = CHANGE_MOVED if moved or self.state == UNKNOWN else CHANGE_STILL
        target = OCCUPIED if total >= need else VACANT if total <= -need else self.state
        if target == self.state:
            self._doubt_ms = -1
            self._doubt_echoes = 0
            self._tell(total, now)
            return False
        if self._doubt_ms < 0:
            self._doubt_ms = now.tick_ms
            self._doubt_echoes = 0
        against = felt > _CONFLICT if target == VACANT else felt < -_CONFLICT
        agreed = self._agrees(target) and not against
        settle_ms = SETTLE_MS if moved and agreed else SETTLE_STILL_MS
        heard = self._doubt_echoes >= (1 if moved else FIRST_ECHOES)
        if wire.ticks_after(now.tick_ms, self._doubt_ms) < settle_ms or not (heard or self.blind):
            self._tell(total, now)
            return False
        if against and target == VACANT and self.trusted == 1:
            self.trusted = 0  # No car was ever seen to leave what was taken for the empty bay.
        self._become(target, now)
        self._tell(total, now)
        return True

    def _begin(self, now: Now) -> bool:
        """Without a baseline: some echoes of one mind decide; or an operator's word."""
        felt = self._field_s >= 0 and now.uptime_s - self._field_s < SILENT_S
        still = felt and now.uptime_s - self._moved_s >= 2
        need = -ECHO_WEIGHTS[_NONE] * 3 // 4
        if self._word and still and now.uptime_s - self._echo_s >= SILENT_S:
            self._become(VACANT, now)
            self._tell(0, now)
            return True
        if self._same >= _SAME and self._radar > -need:
            self._become(OCCUPIED, now)
            self._tell(0, now)
            return True
        if self._echoes < FIRST_ECHOES or self.kind >= _NEAR or abs(self._radar) < need:
            return False
        if self._radar < 0 and not still:
            return False
        self._become(OCCUPIED if self._radar > 0 else VACANT, now)
        self._tell(self._radar, now)
        return True

    def _become(self, state: int, now: Now) -> None:
        if state == VACANT:
            if not self.trusted:
                self.trusted = 1
                self.baseline.take()
            elif self.state == OCCUPIED:
                self.trusted = 2
            self.baseline.renew()
            self._word = False
        elif state == UNKNOWN:
            self.confidence_percent = 0
        self.state = state
        if state != UNKNOWN:
            self.known = state
        self._doubt_ms = -1
        self.since_s = now.uptime_s
        self.since_day = now.day if now.quality else 0
        self.since_second = now.second if now.quality else 0

    def _tell(self, total: int, now: Now) -> None:
        """The confidence that the evidence gives the state."""
        if self.state == UNKNOWN:
            self.confidence_percent = 0
            return
        total = total if self.state == OCCUPIED else -total
        if self._moved_s < self.since_s and self.trusted > 1:
            total += _BONUS
        found = 50 if total >= 0 else 40
        for least, percent in _SURE:
            if total >= least:
                found = percent
                break
        # One sense alone is worth less, and a word, or a memory of before the start, still less.
        highest = _BLIND_PERCENT if self.blind else 99
        self.confidence_percent = min(found, highest if self._echoes else _WORD_PERCENT)

    def _is_empty(self) -> bool:
        """Whether the radar is sure that the bay is empty."""
        sure = self._radar <= ECHO_WEIGHTS[_NONE] // 2
        return self.state == VACANT and self.kind == _NONE and sure

    def recalibrate(self, now: Now) -> None:
        """Forget the baseline: the radar decides anew; without one, the bay is taken for empty."""
        self._become(UNKNOWN, now)
        self.trusted = self._radar = self._echoes = 0
        self._covered = False
        self._word = True

    def stayed_s(self, now: Now) -> int:
        """How long the state has lasted, in seconds."""
        if not self.since_day or not now.quality:
            return now.uptime_s - self.since_s
        return (now.day - self.since_day) * 86400 + now.second - self.since_second

    def memory(self) -> bytes:
        """What must survive a power cut."""
        base, per_k = self.baseline.field, self.baseline.per_k
        return struct.pack(
            _MEMORY, _VERSION, self.state, self.known, self.trusted, self.overstayed, base[0],
            base[1], base[2], per_k[0], per_k[1], per_k[2], self.baseline.at_dc, self.since_day,
            self.since_second,
        )  # fmt: skip

    def remember(self, data: bytes) -> bool:
        """Take up a former memory; False (and nothing changed) when it is not one."""
        if len(data) != struct.calcsize(_MEMORY) or data[0] != _VERSION:
            return False
        if data[1] > OCCUPIED or data[2] > OCCUPIED or data[3] > 2 or data[4] > 1:
            return False
        values = struct.unpack(_MEMORY, data)
        self.state, self.known, self.trusted = values[1], values[2], values[3]
        self.overstayed = bool(values[4])
        for axis in range(3):
            self.baseline.field[axis], self.baseline.per_k[axis] = (
                values[5 + axis],
                values[8 + axis],
            )
        self.baseline.at_dc, self.since_day, self.since_second = values[11:]
        return True

    def correct(self, kind: int) -> None:
        """An event that flash still held is newer than the memory beside it."""
        if kind == wire.EVENT_NAMES.index("bay_occupied"):
            self.state = self.known = OCCUPIED
        elif kind == wire.EVENT_NAMES.index("bay_vacant"):
            self.state = self.known = VACANT
