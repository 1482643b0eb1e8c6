"""The lamp: who decides its level, and how it gets there.

Strongest first: an override in force (by rank), the schedule while the time is known, the default
level. Without a clock or a schedule the lamp is lit. Levels are kept in hundredths of a percent so
that ramps are smooth; the duty follows linearly.
"""

from protocol import schedule, wire

from .now import Now

FULL = 10000
_DUTY_MAX = 65535
_BOOT = wire.REASON_NAMES.index("boot")
_DEFAULT = wire.REASON_NAMES.index("default")
_OVERRIDE = wire.REASON_NAMES.index("override")
_FLOOR = wire.REASON_NAMES.index("floor")
_RANKS = len(wire.RANK_NAMES)


class _Held:
    """An override that was accepted; it may be pending, in force or over."""

    def __init__(self, message: wire.Override, now: Now) -> None:
        self.message = message
        self.until_uptime_s = now.uptime_s + message.life_s if message.life_s else 0

    def over(self, now: Now) -> bool:
        message = self.message
        if message.expiry_day and now.reached(message.expiry_day, message.expiry_second):
            return True
        return bool(self.until_uptime_s) and now.uptime_s >= self.until_uptime_s

    def started(self, now: Now) -> bool:
        message = self.message
        return not message.start_day or now.reached(message.start_day, message.start_second)


class Lamp:
    """One channel. `tick` moves it on; `level_c`, `target_percent`, `reason` tell the rest."""

    def __init__(self) -> None:
        self.level_c = FULL
        self.target_percent = 100
        self.reason = _BOOT
        self.override_id = 0
        self._held: list[_Held | None] = [None] * _RANKS
        self._default_percent = 100
        self._floor_percent = 0
        self._fade_ms = 1000
        self._plan: schedule.Evaluator | None = None
        self._decision = schedule.Decision()
        self._dynamic = -1  # The dynamic control that was in force, and the ramp at its end.
        self._ramp_from_s = 0
        self._from_c = FULL
        self._ramp_ms = 0
        self._ramp_start_ms = 0

    @property
    def level_percent(self) -> int:
        """The level in effect, rounded."""
        return (self.level_c + 50) // 100

    @property
    def duty(self) -> int:
        """The level as a PWM duty, 0-65535."""
        return self.level_c * _DUTY_MAX // FULL

    @property
    def ramping(self) -> bool:
        """Whether the level is still on its way."""
        return self.level_c != self.target_percent * 100

    def configure(self, configuration: wire.Configuration) -> None:
        """Take floor, default level and fade from the configuration."""
        self._default_percent = configuration.default_percent
        self._floor_percent = configuration.floor_percent
        self._fade_ms = configuration.fade_ds * 100

    def follow(self, plan: schedule.Evaluator | None) -> None:
        """From now on follow this evaluator (None: none)."""
        self._plan = plan

    def override(self, message: wire.Override, now: Now) -> int:
        """Take or release an override; returns the status for its acknowledgement."""
        if message.action == wire.RELEASE:
            for rank in range(_RANKS):
                held = self._held[rank]
                if held and message.override_id in (0, held.message.override_id):
                    self._held[rank] = None
            return wire.ACK_DONE
        held = _Held(message, now)
        if held.over(now):
            return wire.ACK_EXPIRED
        self._held[message.rank] = held
        for rank in range(message.rank + 1, _RANKS):
            stronger = self._held[rank]
            if stronger and stronger.started(now) and not stronger.over(now):
                return wire.ACK_WEAKER
        return wire.ACK_DONE

    def _in_force(self, now: Now) -> "_Held | None":
        for rank in range(_RANKS - 1, -1, -1):
            held = self._held[rank]
            if held is None:
                continue
            if held.over(now):
                self._held[rank] = None
            elif held.started(now):
                return held
        return None

    def tick(self, now: Now, presence_age_s: int) -> bool:
        """Decide and move; True when target or reason changed."""
        held = self._in_force(now)
        if held:
            target, reason = held.message.level_percent, _OVERRIDE
            ramp_ms, override_id = held.message.ramp_ds * 100, held.message.override_id
        else:
            override_id, ramp_ms = 0, self._fade_ms
            target, reason = self._default_percent, _DEFAULT
            if self._plan is not None and now.quality != wire.TIME_NONE:
                decision = self._decision
                ramp_s = self._planned(self._plan, now, presence_age_s)
                target, reason = decision.level_percent, decision.reason
                if ramp_s:
                    ramp_ms = ramp_s * 1000
        if 0 < target < self._floor_percent:
            target, reason = self._floor_percent, _FLOOR
        changed = target != self.target_percent or reason != self.reason
        if target != self.target_percent:
            self._from_c = self.level_c
            self._ramp_ms = ramp_ms
            self._ramp_start_ms = now.tick_ms
        self.target_percent, self.reason, self.override_id = target, reason, override_id
        self._move(now)
        return changed

    def _planned(self, plan: schedule.Evaluator, now: Now, presence_age_s: int) -> int:
        """Fill the decision; the ramp in seconds that leads to it, 0: the usual fade."""
        decision = self._decision
        plan.at(now.day, now.second, presence_age_s, decision)
        ramp_s = decision.ramp_s
        if self._dynamic >= 0 and decision.dynamic < 0:
            ramp_s = self._ramp_from_s
        self._dynamic, self._ramp_from_s = decision.dynamic, decision.ramp_from_s
        return ramp_s

    def _move(self, now: Now) -> None:
        target_c = self.target_percent * 100
        if self.level_c == target_c:
            return
        gone_ms = wire.ticks_after(now.tick_ms, self._ramp_start_ms)
        if gone_ms >= self._ramp_ms:
            self.level_c = target_c
        else:
            # Thousandths keep the product below 2^30 for the longest ramp.
            part = gone_ms * 1000 // self._ramp_ms if self._ramp_ms < 1000000 else (
                gone_ms // (self._ramp_ms // 1000)
            )  # fmt: skip
            self.level_c = self._from_c + (target_c - self._from_c) * part // 1000
