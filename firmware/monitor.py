"""Does the lamp burn as it should? What is wrong with it begins once and ends once.

Each condition is judged once a second from what was measured; it must hold for its duration before
it begins, and be gone as long before it ends, with another limit at its end than at its start.
What cannot be judged now (no meter, no light asked for) stays as it was.
"""

from protocol import wire

from .happenings import Happenings
from .now import Now
from .output import FULL_C, power_mw
from .readings import NO_TEMPERATURE, Readings

# Below this part of the power that the level asks for, the lamp does not burn. A driver's curve is
# never below the level's own share, so 30 % of it tells a dead lamp from a dim one.
_DEAD_PERCENT, _ALIVE_PERCENT = 30, 40
# Dimmer than this, standby and measuring error hide a failure.
LEVEL_C_MIN = 500
_DIMMED_C_MAX = 8000  # Brighter than this, a driver that does not dim looks like one that does.
_COOLER_DC = 50
_DROPS_MAX = 3  # So often within an hour out and on again: the lamp is cycling.
_DROP_S = 1200  # After so long one of them is forgotten.

LAMP, DAY, DIMMING, HIGH, LOW, VOLTS_LOW, VOLTS_HIGH, GEAR, HEAT, CYCLING, METER, STUCK = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
_COUNT = 12
# The event of each, and its duration in seconds; the lamp's own comes from the configuration.
_EVENTS = bytes((
    wire.EVENT_NAMES.index("lamp_failure"), wire.EVENT_NAMES.index("day_burner"),
    wire.EVENT_NAMES.index("dimming_failure"), wire.EVENT_NAMES.index("power_too_high"),
    wire.EVENT_NAMES.index("power_too_low"), wire.EVENT_NAMES.index("voltage_low"),
    wire.EVENT_NAMES.index("voltage_high"), wire.EVENT_NAMES.index("gear_failure"),
    wire.EVENT_NAMES.index("overheated"), wire.EVENT_NAMES.index("lamp_cycling"),
    wire.EVENT_NAMES.index("meter_silent"), wire.EVENT_NAMES.index("detector_stuck"),
))  # fmt: skip
_HOLD_S = b"\x00\x3c\x1e\x3c\x3c\x1e\x1e\x0a\x3c\x00\x3c\x00"


class Monitor:
    """`active` has the bit 1 << LAMP and so on for each condition that has begun."""

    def __init__(self) -> None:
        self.active = 0
        self._said: wire.Configuration | None = None
        self._doubt_s = [-1] * _COUNT
        self._judged_s = -1
        self._metered = False
        self._dead = False
        self._drops = 0
        self._drop_s = 0

    def configure(self, configuration: wire.Configuration) -> None:
        """Take the lamp's power, the limits and the duration."""
        self._said = configuration

    def tick(
        self, output_c: int, readings: Readings, stuck: bool, now: Now, happenings: Happenings
    ) -> bool:
        """True when something began or ended; output_c: what the driver is asked for, 0-10000."""
        if now.uptime_s == self._judged_s:
            return False
        self._judged_s = now.uptime_s
        said = self._said
        if said is None:
            return False
        expected_mw = power_mw(output_c, said)
        self._count_drops(output_c, readings, expected_mw, now)
        before = self.active
        for at in range(_COUNT):
            was = bool(before >> at & 1)
            bad = self._judge(at, was, output_c, expected_mw, readings)
            if at == STUCK:
                bad = 1 if stuck else 0
            if bad < 0 or bool(bad) == was:
                self._doubt_s[at] = -1
                continue
            if self._doubt_s[at] < 0:
                self._doubt_s[at] = now.uptime_s
            if now.uptime_s - self._doubt_s[at] < (_HOLD_S[at] if at else said.lamp_failure_s):
                continue
            self._doubt_s[at] = -1
            self.active ^= 1 << at
            value = readings.power_mw
            if VOLTS_LOW <= at <= VOLTS_HIGH:
                value = readings.voltage_dv
            elif at == HEAT:
                value = readings.temperature_dc
            happenings.happen(_EVENTS[at], wire.ENDED if was else wire.STARTED, value, now)
        return self.active != before

    def _count_drops(self, output_c: int, readings: Readings, expected_mw: int, now: Now) -> None:
        """Count how often the lamp went out by itself; an hour forgets three of them."""
        if readings.power_mw >= 0:
            self._metered = True
        if output_c >= LEVEL_C_MIN and readings.power_mw >= 0:
            dead = readings.power_mw < expected_mw // 100 * _DEAD_PERCENT
            if readings.lamp_out >= 0:  # A driver knows, and its power is seconds old.
                dead = readings.lamp_out == 1
            if dead and not self._dead and self._drops < 2 * _DROPS_MAX:
                self._drops += 1
                self._drop_s = now.uptime_s
            self._dead = dead
        if self._drops and now.uptime_s - self._drop_s >= _DROP_S:
            self._drops -= 1
            self._drop_s = now.uptime_s

    def _judge(
        self, at: int, was: bool, output_c: int, expected_mw: int, readings: Readings
    ) -> int:
        """1: bad, 0: good, -1: cannot be told now. `was`: it had begun."""
        said = self._said
        assert said is not None
        power, full_mw = readings.power_mw, said.power_max_mw
        if at == GEAR:
            return readings.gear
        if at == CYCLING:
            return 1 if self._drops >= (1 if was else _DROPS_MAX) else 0
        if at == METER:
            return 1 if power < 0 and self._metered else 0
        if at == HEAT:
            if not said.derate_dc or readings.temperature_dc == NO_TEMPERATURE:
                return -1
            limit_dc = said.derate_dc - (_COOLER_DC if was else 0)
            return 1 if readings.temperature_dc > limit_dc else 0
        if VOLTS_LOW <= at <= VOLTS_HIGH:
            return self._volts(at, was, readings.voltage_dv)
        if at == LAMP and readings.lamp_out >= 0 and output_c:
            return readings.lamp_out
        if power < 0 or not full_mw:
            return -1
        if at == DAY:
            return -1 if output_c else 1 if power > full_mw // (20 if was else 10) else 0
        if output_c < LEVEL_C_MIN:
            return -1
        return self._power(at, was, power, expected_mw, output_c)

    def _volts(self, at: int, was: bool, voltage_dv: int) -> int:
        """Outside the limits of the supply; it must come back by 2 %."""
        assert self._said is not None
        low, high = self._said.voltage_min_dv, self._said.voltage_max_dv
        if voltage_dv <= 0 or not (low if at == VOLTS_LOW else high):
            return -1
        if at == VOLTS_LOW:
            return 1 if voltage_dv < low + (low // 50 if was else 0) else 0
        return 1 if voltage_dv > high - (high // 50 if was else 0) else 0

    def _power(self, at: int, was: bool, drawn_mw: int, expected_mw: int, output_c: int) -> int:
        """Conditions of a lamp that should burn."""
        assert self._said is not None
        if at == LAMP:
            part = _ALIVE_PERCENT if was else _DEAD_PERCENT
            return 1 if drawn_mw < expected_mw // 100 * part else 0
        if at == DIMMING:
            if output_c > _DIMMED_C_MAX:
                return -1
            more_mw = power_mw(FULL_C, self._said) - expected_mw
            return 1 if drawn_mw > expected_mw + more_mw // 4 * (2 if was else 3) else 0
        tolerance = self._said.tolerance_percent
        if not tolerance or self.active & (1 << LAMP | 1 << DIMMING):
            return -1  # What is wrong has its name already.
        if was:
            tolerance = tolerance * 3 // 4
        if at == HIGH:
            return 1 if drawn_mw > expected_mw // 100 * (100 + tolerance) else 0
        low = expected_mw // 100 * (100 - tolerance)
        return 1 if expected_mw // 100 * _ALIVE_PERCENT < drawn_mw < low else 0
