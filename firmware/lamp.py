"""The lamp: who decides its level, and how it gets there.

Strongest first: the safety floor, an override in force (by rank), a neighbour's hint, the schedule
with its dynamic controls while the time is known, the default level. Without a clock or a schedule
the lamp is lit. Then the level is limited by heat and moved along its ramp, in hundredths of a
percent. `rules` says each rule that had a say, weakest first, as `wire.Why` tells it.
"""

from protocol import schedule, wire

from .now import Now
from .output import FULL_C

_DEFAULT = wire.RULE_NAMES.index("default")
_BOOT = wire.RULE_NAMES.index("boot")
_DYNAMIC = wire.RULE_NAMES.index("dynamic")
_OVERRIDE = wire.RULE_NAMES.index("override")
_FLOOR = wire.RULE_NAMES.index("floor")
_NEAR = wire.RULE_NAMES.index("near")
_RELAY = wire.RULE_NAMES.index("relay")
_LOWEST = wire.RULE_NAMES.index("lowest")
_RANKS = len(wire.RANK_NAMES)
_RULES_MAX = 10  # Default, plan, dynamic, near, override, floor, lowest, relay, clo, derated.

# A row of what was asked for by an override: an object would take three times the memory.
_LEVEL, _RAMP_MS, _ID, _START, _START_S, _END, _END_S, _UNTIL_S = 0, 1, 2, 3, 4, 5, 6, 7


def _over(held: "tuple[int, ...]", now: Now) -> bool:
    if held[_END] and now.reached(held[_END], held[_END_S]):
        return True
    return bool(held[_UNTIL_S]) and now.uptime_s >= held[_UNTIL_S]


def _started(held: "tuple[int, ...]", now: Now) -> bool:
    return not held[_START] or now.reached(held[_START], held[_START_S])


class Lamp:
    """One channel. `tick` decides, `move` goes on; `level_c`, `target_percent`, `reason`: what is.

    `relay_s` is how long a relay must stay open and closed at least; without a relay `closed`
    stays True.
    """

    def __init__(self) -> None:
        self.level_c = FULL_C
        self.target_percent = 100
        self.reason = _BOOT
        self.override_id = 0
        self.rules = bytearray(2 * _RULES_MAX)
        self.rules_size = 0
        self.relay_s: tuple[int, int] | None = None
        self.closed = True
        self._switched_s = 0
        self._dark_s = 0
        self._held: list[tuple[int, ...] | None] = [None] * _RANKS
        self._said: wire.Configuration | None = None
        self._fade_ms = 1000
        self._plan: schedule.Evaluator | None = None
        self._decision = schedule.Decision()
        self._dynamic = -1  # The dynamic control that was in force, and the ramp at its end.
        self._ramp_from_s = 0
        self._from_c = FULL_C
        self._ramp_ms = 0
        self._ramp_start_ms = 0

    def resume(self, level_c: int) -> None:
        """After a planned restart the light is what it was."""
        self.level_c = self._from_c = level_c
        self.target_percent = level_c // 100

    @property
    def level_percent(self) -> int:
        """The level in effect, rounded."""
        return (self.level_c + 50) // 100

    @property
    def ramping(self) -> bool:
        """Whether the level is still on its way."""
        return self.level_c != self.target_percent * 100

    def configure(self, configuration: wire.Configuration) -> None:
        """Take floor, lowest and default level, fade and lives from the configuration."""
        self._said = configuration
        self._fade_ms = configuration.fade_ds * 100

    def follow(self, plan: schedule.Evaluator | None) -> None:
        """From now on follow this evaluator (None: none)."""
        self._plan = plan

    def override(self, message: wire.Override, now: Now) -> int:
        """Take or release an override; returns the status for its acknowledgement."""
        if message.action == wire.RELEASE:
            for rank in range(_RANKS):
                held = self._held[rank]
                if held and message.override_id in (0, held[_ID]):
                    self._held[rank] = None
            return wire.ACK_DONE
        life_s = message.life_s
        if not life_s and not message.expiry_day and self._said:
            life_s = self._said.override_life_s
        held = (
            message.level_percent, message.ramp_ds * 100, message.override_id, message.start_day,
            message.start_second, message.expiry_day, message.expiry_second,
            now.uptime_s + life_s if life_s else 0,
        )  # fmt: skip
        if _over(held, now):
            return wire.ACK_EXPIRED
        self._held[message.rank] = held
        for rank in range(message.rank + 1, _RANKS):
            stronger = self._held[rank]
            if stronger and _started(stronger, now) and not _over(stronger, now):
                return wire.ACK_WEAKER
        return wire.ACK_DONE

    def _in_force(self, now: Now) -> "tuple[int, ...] | None":
        for rank in range(_RANKS - 1, -1, -1):
            held = self._held[rank]
            if held is None:
                continue
            if _over(held, now):
                self._held[rank] = None
            elif _started(held, now):
                return held
        return None

    def add_rule(self, rule: int, percent: int) -> None:
        """A rule has had its say, and left so many percent."""
        size = self.rules_size
        self.rules[size], self.rules[size + 1] = rule, percent
        self.rules_size = size + 2

    def tick(self, now: Now, presence_age_s: int, near_percent: int = 0, bright: int = -1) -> bool:
        """Decide and move; True when target or reason changed.

        near_percent: a hint is in force, which raises a lamp that is lit and nothing else. bright:
        what the photocell says, 1 or 0, -1 without one. It stands in for a clock where there is
        power by day, and an estimated clock alone puts no lamp out in the dark.
        """
        self.rules_size = 0
        said = self._said
        target, reason, ramp_ms = 100, _DEFAULT, self._fade_ms
        if said is not None:
            target = said.default_percent
        self.add_rule(_DEFAULT, target)
        if self._plan is not None and now.quality != wire.TIME_NONE:
            decision = self._decision
            ramp_s = self._planned(self._plan, now, presence_age_s)
            target, reason = decision.level_percent, decision.reason
            if ramp_s:
                ramp_ms = ramp_s * 1000
            if not target and not bright and now.quality == wire.TIME_ESTIMATED:
                target, reason = 100 if said is None else said.default_percent, _DYNAMIC
                self.add_rule(_DYNAMIC, target)
        elif bright > 0 and said is not None and said.permanent:
            target, reason = 0, _DYNAMIC
            self.add_rule(_DYNAMIC, 0)
        if 0 < target < near_percent:
            target, reason, ramp_ms = near_percent, _DYNAMIC, self._fade_ms
            self.add_rule(_NEAR, target)
        held = self._in_force(now)
        self.override_id = 0
        if held:
            target, reason, ramp_ms = held[_LEVEL], _OVERRIDE, held[_RAMP_MS]
            self.override_id = held[_ID]
            self.add_rule(_OVERRIDE, target)
        if said is not None and 0 < target < said.floor_percent:
            target, reason = said.floor_percent, _FLOOR
            self.add_rule(_FLOOR, target)
        if said is not None and 0 < target < said.lowest_percent:
            target = said.lowest_percent
            self.add_rule(_LOWEST, target)
        changed = target != self.target_percent or reason != self.reason
        if target != self.target_percent:
            self._begin(ramp_ms, now)
        self.target_percent, self.reason = target, reason
        if self._switch(now):
            self.move(now.tick_ms)
        return changed

    def _planned(self, plan: schedule.Evaluator, now: Now, presence_age_s: int) -> int:
        """Fill the decision; the ramp in seconds that leads to it, 0: the usual fade."""
        decision = self._decision
        plan.at(now.day, now.second, presence_age_s, decision)
        self.add_rule(decision.plan_reason, decision.plan_percent)
        if decision.dynamic >= 0:
            self.add_rule(_DYNAMIC, decision.level_percent)
        ramp_s = decision.ramp_s
        if self._dynamic >= 0 and decision.dynamic < 0:
            ramp_s = self._ramp_from_s
        self._dynamic, self._ramp_from_s = decision.dynamic, decision.ramp_from_s
        return ramp_s

    def _begin(self, ramp_ms: int, now: Now) -> None:
        self._from_c = self.level_c
        self._ramp_ms = ramp_ms
        self._ramp_start_ms = now.tick_ms

    def _switch(self, now: Now) -> bool:
        """Open the relay after a while without light, close it a tick before there is any.

        Whether the level may move now.
        """
        if self.relay_s is None:
            return True
        open_s, closed_s = self.relay_s
        since_s = now.uptime_s - self._switched_s
        if self.target_percent or self.level_c:
            self._dark_s = now.uptime_s
            if not self.closed and since_s < open_s:
                self.add_rule(_RELAY, 0)
                self._begin(self._ramp_ms, now)  # Its ramp waits for it.
            elif not self.closed:
                self.closed, self._switched_s = True, now.uptime_s
                self._begin(self._ramp_ms, now)
                return False
        elif self.closed and since_s >= closed_s:
            standby_s = self._said.standby_s if self._said else 0
            if now.uptime_s - self._dark_s >= standby_s:
                self.closed, self._switched_s = False, now.uptime_s
        return True

    def move(self, tick_ms: int) -> None:
        """Go on along the ramp; called more often than `tick` while `ramping`."""
        target_c = self.target_percent * 100
        if self.level_c == target_c or not self.closed:
            return
        gone_ms = wire.ticks_after(tick_ms, self._ramp_start_ms)
        if gone_ms >= self._ramp_ms:
            self.level_c = target_c
        else:
            # Thousandths keep the product below 2^30 for the longest ramp.
            part = gone_ms * 1000 // self._ramp_ms if self._ramp_ms < 1000000 else (
                gone_ms // (self._ramp_ms // 1000)
            )  # fmt: skip
            self.level_c = self._from_c + (target_c - self._from_c) * part // 1000
