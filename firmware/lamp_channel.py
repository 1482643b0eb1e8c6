"""A node's one channel when it is a lamp: light, presence, metering, and what of it is news."""

import struct

from protocol import schedule, wire

from .daylight import bright, is_dark
from .effects import DUTY, NEAR, RELAY, STORE_MEMORY, Effects
from .happenings import Happenings
from .lamp import Lamp
from .monitor import DIMMING, GEAR, HEAT, LAMP, Monitor
from .motion import Motion
from .now import Now
from .output import FULL_C, duty_of, maintained_c
from .output import power_mw as power_of
from .readings import Readings

# A change of power smaller than this (and than 3 %) is no news.
_POWER_NEWS_MW = 700
# Reports keep this distance, but for the first after a change.
_REPORT_MS_MIN = 150
_RAMP_REPORT_MS = 2000
# Light is told when it has changed by a quarter and 2 lux, at dusk and dawn only.
_LUX_TOLD_DX_MAX = 2000
_LUX_REPORT_MS = 10000
_CLO, _DERATED = wire.RULE_NAMES.index("clo"), wire.RULE_NAMES.index("derated")
_SUPPLY_LOST = wire.EVENT_NAMES.index("supply_lost")
# Too warm, a lamp gives a fifth of a percent less for each tenth of a degree, but half its light.
_DERATE_FROM_DC, _DERATED_PERCENT = 50, 50
# Burning hours are written so often: 60 writes in the longest night (docs/hardware.md).
_STORE_MIN = 15
_MEMORY, _ASKED_S = 9, 10  # Places in what is told of a DALI driver (drivers/dali.py).
_DAY_S = 86400
_HINT_S = 5  # While somebody is there the neighbours are told so often.


class LampChannel:
    """One lamp. `news` is set when its state should be told."""

    def __init__(self, effects: Effects, happenings: Happenings, memory: bytes) -> None:
        self.effects = effects
        self.happenings = happenings
        self.lamp = Lamp()
        self.monitor = Monitor()
        self.motion = Motion()
        self.inputs = schedule.Inputs()
        self.news = False
        self.output_c = FULL_C  # What the driver is asked for.
        self.burning_min = self.switch_count = 0
        self._lost = 0  # Supply: 0 it is there, 1 gone, 2 gone and told as an event.
        if len(memory) >= 8:
            self.burning_min, self.switch_count = struct.unpack("<II", memory[:8])
            self._lost = 2 if len(memory) > 8 else 0
        self._said: wire.Configuration | None = None
        self._closed = True
        self._near_until_s = self._hinted_s = 0
        self.rules = b""
        self._dark = True
        self._dark_s = 0
        self._reported_lux_dx = -1
        self._reported_power_mw = -1
        self._burning_ms = 0
        self._stored_min = self.burning_min
        self._ticked_ms = -1

    @property
    def ramping(self) -> bool:
        """Whether the light is on its way, and wants more than ten steps a second."""
        return self.lamp.ramping

    @property
    def expected_mw(self) -> int:
        """What the lamp should draw now, -1 while its type is not known."""
        return power_of(self.output_c, self._said) if self._said else -1

    def tick(self, now: Now, readings: Readings) -> None:
        """Time passes."""
        lamp = self.lamp
        before_c = lamp.level_c
        changed = self.motion.tick(readings.present, now)
        if self.motion.present and (changed or now.uptime_s - self._hinted_s >= _HINT_S):
            self._hint(now)
        self.inputs.now_s, self.inputs.lux_dx = now.uptime_s, readings.lux_dx
        if self._dark != is_dark(readings.lux_dx, self._dark):
            self._dark = not self._dark
            self.news = True
        near = 0
        if self._said is not None and now.uptime_s < self._near_until_s:
            near = self._said.near_percent
        if self._dark:
            self._dark_s = now.uptime_s
        light = bright(self._dark_s, now, readings, self._said)
        if lamp.tick(now, self.motion.age_s(now), near, light) or changed:
            self.news = True
        if lamp.closed != self._closed:
            self._closed = lamp.closed
            self.effects.add(RELAY, self._closed)
            self.switch_count += 1 if self._closed else 0
        elif not before_c and lamp.level_c and lamp.relay_s is None:
            self.switch_count += 1
        self._drive(readings, True)
        if lamp.level_c != before_c and not lamp.ramping:
            self.news = True
        if self.monitor.tick(self.output_c, readings, self.motion.stuck, now, self.happenings):
            self.news = True
        if readings.supply != (not self._lost):
            self._supply_changed(readings, now)
        self._burn(now)
        told = readings.driver
        if told is not None and isinstance(told[_MEMORY], bytes):
            self.effects.send(wire.DriverData(
                day=now.day, second=now.second, quality=now.quality, banks=told[_MEMORY]
            ))  # fmt: skip
            told[_MEMORY] = 0
        elif told is not None and now.uptime_s - told[_ASKED_S] >= _DAY_S:
            told[_ASKED_S], told[_MEMORY] = now.uptime_s, 1

    def _drive(self, readings: Readings, tell: bool = False) -> None:
        """Give the driver what the level, the lamp's age and its heat leave; tell: as rules."""
        output_c = self.lamp.level_c
        said = self._said
        if output_c and said is not None:
            tell = tell and not self.lamp.ramping
            output_c = maintained_c(output_c, said, self.burning_min)
            if tell and output_c != self.lamp.level_c:
                self.lamp.add_rule(_CLO, (output_c + 50) // 100)
            if self.monitor.active & 1 << HEAT:
                warmer_dc = max(0, readings.temperature_dc - said.derate_dc + _DERATE_FROM_DC)
                output_c = output_c * max(_DERATED_PERCENT, 100 - warmer_dc // 5) // 100
                if tell:
                    self.lamp.add_rule(_DERATED, (output_c + 50) // 100)
            output_c = max(output_c, said.lowest_percent * 100)
        if output_c != self.output_c:
            self.output_c = output_c
            self.effects.add(DUTY, duty_of(output_c, said.curve if said else 0), output_c)

    def move(self, now: Now, readings: Readings) -> None:
        """Between two ticks, while the light is on its way."""
        self.lamp.move(now.tick_ms)
        self._drive(readings)

    def _supply_changed(self, readings: Readings, now: Now) -> None:
        """The last gasp; a feeder that is switched off while its lamps are off is no event.

        What was told to begin is told to end, after a start without power too.
        """
        told = self._lost == 2
        self._lost = 0
        if not readings.supply:
            told = self.lamp.target_percent > 0
            self._lost = 2 if told else 1
        if told:
            ended = wire.ENDED if readings.supply else wire.STARTED
            self.happenings.happen(_SUPPLY_LOST, ended, readings.voltage_dv, now)
        self._remember()

    def _remember(self) -> None:
        self._stored_min = self.burning_min
        memory = struct.pack("<II", self.burning_min, self.switch_count)
        self.effects.add(STORE_MEMORY, memory + b"\x02" if self._lost == 2 else memory)

    def _hint(self, now: Now) -> None:
        self._hinted_s = now.uptime_s
        if self._said is not None and self._said.near_hold_s and self.lamp.target_percent:
            self.effects.add(NEAR, self._said.near_hold_s)

    def near(self, hold_s: int, now: Now) -> None:
        """A neighbour sees somebody."""
        if self._said is not None:
            hold_s = min(hold_s, self._said.near_hold_s)
            self._near_until_s = max(self._near_until_s, now.uptime_s + hold_s)

    def _burn(self, now: Now) -> None:
        if self._ticked_ms >= 0 and self.lamp.level_c:
            self._burning_ms += wire.ticks_after(now.tick_ms, self._ticked_ms)
            while self._burning_ms >= 60000:
                self._burning_ms -= 60000
                self.burning_min += 1
            if self.burning_min - self._stored_min >= _STORE_MIN:
                self._remember()
        self._ticked_ms = now.tick_ms

    def due(self, readings: Readings, since_ms: int) -> bool:
        """Whether the state should be told, `since_ms` after it was last told."""
        power_mw = max(0, readings.power_mw)
        step_mw = max(_POWER_NEWS_MW, self._reported_power_mw * 3 // 100)
        if abs(power_mw - self._reported_power_mw) > step_mw and since_ms >= _REPORT_MS_MIN:
            return True
        if since_ms >= _LUX_REPORT_MS:
            before_dx, lux_dx = self._reported_lux_dx, readings.lux_dx
            step_dx = abs(lux_dx - before_dx)
            if step_dx > 20 + before_dx // 4 and min(lux_dx, before_dx) < _LUX_TOLD_DX_MAX:
                return True
        return self.news or (self.lamp.ramping and since_ms >= _RAMP_REPORT_MS)

    def state(self, now: Now, readings: Readings) -> wire.Message:
        """The state, which is then no news any more."""
        self.news = False
        self._reported_power_mw = max(0, readings.power_mw)
        self._reported_lux_dx = readings.lux_dx
        lamp = self.lamp
        active = self.monitor.active
        faults = wire.FAULT_LAMP if active & 1 << LAMP else 0
        if readings.power_mw < 0:
            faults |= wire.FAULT_METER
        if active & (1 << DIMMING | 1 << GEAR):
            faults |= wire.FAULT_DIMMING
        return wire.LampState(
            day=now.day, second=now.second, quality=now.quality,
            level_percent=lamp.level_percent, target_percent=lamp.target_percent,
            reason=lamp.reason, faults=faults, power_mw=self._reported_power_mw,
            energy_wh=readings.energy_wh, voltage_dv=readings.voltage_dv,
            presence=1 if self.motion.present else 0, burning_min=self.burning_min,
            override_id=lamp.override_id, lux_dx=readings.lux_dx, dark=1 if self._dark else 0,
        )  # fmt: skip

    def why(self, now: Now) -> "wire.Message | None":
        """The rules that had a say, when they are others than were told last; else None."""
        lamp = self.lamp
        size = lamp.rules_size
        rules = self.rules
        same = len(rules) == size
        at = 0
        while same and at < size:
            same = rules[at] == lamp.rules[at]
            at += 1
        if same:
            return None
        self.rules = bytes(lamp.rules[:size])
        return wire.Why(
            day=now.day, second=now.second, quality=now.quality, override_id=lamp.override_id,
            rules=self.rules,
        )  # fmt: skip

    def override(self, message: wire.Message, now: Now) -> int:
        """Take or release an override; the status for its acknowledgement."""
        if isinstance(message, wire.Override):
            return self.lamp.override(message, now)
        return wire.ACK_REFUSED

    def input(self, message: wire.Input, now: Now) -> None:
        """Take what the controller tells of an input of the schedule; others are ignored."""
        if message.number >= schedule.INPUTS_MAX:
            return
        self.inputs.now_s = now.uptime_s
        command = None
        if message.state == schedule.ON:
            command = message.level_percent, message.ramp_s, message.ramp_from_s
        self.inputs.tell(message.number, message.state, message.valid_s, command)

    def configure(self, configuration: wire.Configuration) -> bool:
        """Take a configuration; False (and nothing taken) when its zone is none."""
        try:
            schedule.Zone.from_bytes(configuration.zone)
        except schedule.ScheduleError:
            return False
        self._said = configuration
        self.lamp.configure(configuration)
        self.monitor.configure(configuration)
        return True

    def follow(self, content: bytes, configuration: wire.Configuration) -> bool:
        """Follow a schedule from now on; False when it is none."""
        try:
            plan = schedule.Evaluator(
                content, configuration.lat_e5, configuration.lon_e5,
                schedule.Zone.from_bytes(configuration.zone), self.inputs,
            )  # fmt: skip
        except schedule.ScheduleError:
            return False
        self.inputs.forget()
        self.lamp.follow(plan)
        return True

    def correct(self, event: wire.Event) -> None:
        """The newest event in flash at boot; a lamp's state does not depend on it."""
