# mypy: ignore-errors
"""A lamp's output, its rules, its relay, what is told of its faults, and presence."""

from firmware import monitor as watch
from firmware.effects import DUTY, RELAY, STORE_EVENT, STORE_MEMORY, Effects
from firmware.happenings import Happenings
from firmware.lamp_channel import LampChannel
from firmware.monitor import Monitor
from firmware.motion import NEVER_S, STUCK_S, Motion
from firmware.now import Now
from firmware.output import FULL_C, duty_of, maintained_c, power_mw
from firmware.readings import Readings
from protocol import wire

# 0, 10, 20, 35, 50, 65, 80, 100 %: standby 1 %, then as a driver's.
PARTS = bytes((2, 34, 52, 80, 108, 136, 164, 200))


def said(**changes):
    """A configuration of a lamp of 60 W in UTC."""
    values = {
        "default_percent": 100, "power_max_mw": 60000, "lamp_failure_s": 3, "power_parts": PARTS,
        "tolerance_percent": 20, "voltage_min_dv": 2070, "voltage_max_dv": 2530, "derate_dc": 700,
    }  # fmt: skip
    values.update(changes)
    return wire.Configuration(**values)


def test_the_linear_curve_is_linear():
    assert [duty_of(level, 0) for level in (0, 5000, FULL_C)] == [0, 32767, 65535]


def test_the_logarithmic_curve_is_that_of_the_standard_within_a_hundredth():
    assert duty_of(0, 1) == 0
    assert duty_of(FULL_C, 1) == 65535
    before = 0
    for level_c in range(100, FULL_C + 1, 25):
        arc = 254 * level_c / FULL_C
        light = 10 ** ((arc - 1) * 3 / 253 - 1) / 100 * 65535
        duty = duty_of(level_c, 1)
        assert abs(duty - light) <= max(1.5, light / 100), level_c
        assert duty >= before
        before = duty


def test_power_follows_the_type_and_is_proportional_without_one():
    one = said()
    assert power_mw(0, one) == 600
    assert power_mw(1000, one) == 10200
    assert power_mw(FULL_C, one) == 60000
    assert 10200 < power_mw(1500, one) < power_mw(2000, one)
    assert power_mw(5000, said(power_parts=bytes(8))) == 30000


def test_a_new_lamp_is_dimmed_and_an_old_one_is_not():
    one = said(clo_start_percent=80, clo_end_100h=1000)
    assert maintained_c(FULL_C, one, 0) == 8000
    assert maintained_c(FULL_C, one, 50000 * 60) == 9000
    assert maintained_c(FULL_C, one, 100000 * 60) == FULL_C
    assert maintained_c(5000, said(), 0) == 5000


class Bench:
    """A lamp's channel, its time and what it asked for."""

    def __init__(self, memory=b"", relay_s=None, **changes):
        self.effects = Effects()
        self.channel = LampChannel(self.effects, Happenings(1, 1, self.effects), memory)
        self.channel.lamp.relay_s = relay_s
        assert self.channel.configure(said(**changes))
        self.now, self.readings = Now(), Readings()
        self.done = []
        self.level = None

    def run(self, seconds):
        """So many seconds, ten ticks each."""
        for _ in range(seconds * 10):
            now = self.now
            now.tick_ms = (now.tick_ms + 100) & 0x3FFFFFFF
            now.uptime_ms += 100
            now.uptime_s = now.uptime_ms // 1000
            self.channel.tick(now, self.readings)
            for at in range(self.effects.count):
                kind, a = self.effects.kinds[at], self.effects.a[at]
                self.done.append((now.uptime_s, kind, a))
            self.effects.clear()

    def ask(self, percent, **more):
        """An override."""
        values = {"command_id": 1, "action": 1, "level_percent": percent, "override_id": 7}
        values.update(more)
        return self.channel.override(wire.Override(**values), self.now)

    def of(self, wanted):
        """Seconds and values of effects of a kind."""
        return [(at, a) for at, kind, a in self.done if kind == wanted]

    def events(self):
        """Names and started or ended of what happened."""
        return [(wire.EVENT_NAMES[e.kind], e.started) for _, e in self.of(STORE_EVENT)]

    def rules(self):
        """The chain as told, weakest first."""
        data = bytes(self.channel.lamp.rules[: self.channel.lamp.rules_size])
        return [(wire.RULE_NAMES[data[at]], data[at + 1]) for at in range(0, len(data), 2)]


def test_the_rules_tell_who_had_a_say_weakest_first():
    bench = Bench(default_percent=90, floor_percent=20, near_percent=95, near_hold_s=30)
    bench.run(1)
    assert bench.rules() == [("default", 90)]
    bench.channel.near(600, bench.now)
    bench.run(1)
    assert bench.rules() == [("default", 90), ("near", 95)]
    bench.ask(10)
    bench.run(1)
    assert bench.rules()[2:] == [("override", 10), ("floor", 20)]
    assert bench.channel.lamp.target_percent == 20
    told = bench.channel.why(bench.now)
    assert told.override_id == 7
    assert len(told.rules) == 8
    assert bench.channel.why(bench.now) is None


def test_a_hint_raises_for_a_bounded_time_and_never_lowers():
    bench = Bench(default_percent=40, near_percent=70, near_hold_s=20)
    bench.run(1)
    bench.channel.near(3600, bench.now)
    bench.run(1)
    assert bench.channel.lamp.target_percent == 70
    bench.run(20)
    assert bench.channel.lamp.target_percent == 40
    bench = Bench(default_percent=90, near_percent=70, near_hold_s=20)
    bench.channel.near(20, bench.now)
    bench.run(1)
    assert bench.channel.lamp.target_percent == 90
    bench = Bench(default_percent=0, near_percent=70, near_hold_s=20)
    bench.channel.near(20, bench.now)
    bench.run(1)
    assert bench.channel.lamp.target_percent == 0


def test_an_override_without_an_end_lives_as_long_as_the_configuration_says():
    bench = Bench(default_percent=50, override_life_s=60)
    bench.ask(10)
    bench.run(59)
    assert bench.channel.lamp.target_percent == 10
    bench.run(2)
    assert bench.channel.lamp.target_percent == 50
    bench.ask(10, life_s=3600)
    bench.run(100)
    assert bench.channel.lamp.target_percent == 10


def test_constant_light_output_is_a_rule_of_the_chain():
    bench = Bench(clo_start_percent=80, clo_end_100h=1000)
    bench.run(1)
    assert bench.rules() == [("default", 100), ("clo", 80)]
    assert bench.channel.lamp.level_percent == 100


def test_less_light_than_the_lamp_can_give_is_not_asked_for():
    bench = Bench(lowest_percent=12)
    bench.ask(3)
    bench.run(1)
    assert bench.channel.lamp.target_percent == 12
    assert bench.rules()[-1] == ("lowest", 12)
    bench.ask(0)
    bench.run(1)
    assert bench.channel.lamp.target_percent == 0


def test_a_relay_opens_without_light_only_and_rests_between_two_turns():
    bench = Bench(relay_s=(10, 30), standby_s=5, fade_ds=20)
    bench.run(1)
    bench.ask(0)
    bench.run(32)
    ((opened, closed),) = bench.of(RELAY)
    assert not closed
    ((dark, duty),) = bench.of(DUTY)
    assert not duty
    assert opened >= max(30, dark + 5)
    bench.ask(100)
    bench.run(3)
    assert bench.channel.lamp.level_c == 0, "no light before the relay has rested"
    assert bench.rules()[-1] == ("relay", 0)
    bench.run(12)
    assert bench.of(RELAY)[-1][1]
    assert bench.of(RELAY)[-1][0] - opened >= 10
    assert bench.channel.lamp.level_percent == 100
    assert bench.channel.switch_count == 1


def test_burning_time_and_switchings_survive_a_power_cut():
    bench = Bench()
    bench.run(16 * 60)
    memory = bench.of(STORE_MEMORY)[-1][1]
    bench = Bench(memory)
    assert bench.channel.burning_min == 15
    bench.run(1)
    bench.ask(0)
    bench.run(1)
    bench.ask(50)
    bench.run(1)
    assert bench.channel.switch_count == 1
    assert Bench(b"strange").channel.burning_min == 0


def test_heat_takes_light_away_and_gives_it_back():
    bench = Bench()
    bench.readings.temperature_dc = 900
    bench.run(120)
    assert ("overheated", wire.STARTED) in bench.events()
    assert bench.channel.output_c == FULL_C // 2
    assert bench.rules()[-1] == ("derated", 50)
    bench.readings.temperature_dc = 600
    bench.run(120)
    assert bench.events()[-1] == ("overheated", wire.ENDED)
    assert bench.channel.output_c == FULL_C


def test_the_last_gasp_is_told_while_the_lamp_burns_and_not_by_day():
    bench = Bench()
    bench.run(1)
    bench.readings.supply = False
    bench.run(1)
    assert bench.events() == [("supply_lost", wire.STARTED)]
    kept = bench.of(STORE_MEMORY)[-1][1]
    effects = Effects()
    LampChannel(effects, Happenings(2, 9, effects), kept).tick(bench.now, Readings())
    told = [
        effects.a[at].started for at in range(effects.count) if effects.kinds[at] == STORE_EVENT
    ]
    assert told == [wire.ENDED], "a start after a loss that was told tells its end"
    kept = [effects.a[at] for at in range(effects.count) if effects.kinds[at] == STORE_MEMORY]
    assert [len(one) for one in kept] == [8]
    bench = Bench(default_percent=0)
    bench.run(1)
    bench.readings.supply = False
    bench.run(1)
    assert bench.events() == []
    bench.readings.supply = True
    bench.run(1)
    assert bench.events() == [], "what was not told to begin is not told to end"


def watched(power, seconds, level_c=FULL_C, **readings):
    """What a monitor told in so many seconds; power: milliwatts at a second."""
    effects = Effects()
    one, now, told = Monitor(), Now(), []
    happenings = Happenings(1, 1, effects)
    one.configure(said())
    for second in range(seconds):
        now.uptime_s = second
        found = Readings()
        found.voltage_dv = 2300
        found.power_mw = power(second)
        for name in readings:
            setattr(found, name, readings[name](second))
        if one.tick(level_c, found, False, now, happenings):
            for at in range(effects.count):
                event = effects.a[at]
                told.append((second, wire.EVENT_NAMES[event.kind], event.started))
            effects.clear()
    return told


def test_a_dead_lamp_is_told_after_its_time_and_a_repair_too():
    told = watched(lambda s: 100 if 2 <= s < 20 else 60000, 40)
    assert told == [(5, "lamp_failure", 1), (23, "lamp_failure", 0)]


def test_neither_a_short_dip_nor_a_silent_meter_is_a_failure():
    assert watched(lambda s: 100 if s in (3, 4) else 60000, 20) == []
    assert watched(lambda s: -1, 200) == []
    assert watched(lambda s: 0, 200, level_c=300) == []


def test_a_meter_that_falls_silent_is_told():
    told = watched(lambda s: 60000 if s < 5 or s > 100 else -1, 300)
    assert [name for _, name, _ in told] == ["meter_silent", "meter_silent"]


def test_a_lamp_that_burns_by_day_is_told():
    told = watched(lambda s: 30000 if s < 100 else 500, 300, level_c=0)
    assert told == [(60, "day_burner", 1), (160, "day_burner", 0)]


def test_a_driver_that_does_not_dim_is_told_and_not_as_too_much_power():
    told = watched(lambda s: 60000, 300, level_c=3000)
    assert [name for _, name, _ in told] == ["dimming_failure"]


def test_power_off_its_curve_is_told_in_both_directions_with_a_band_between():
    assert [n for _, n, _ in watched(lambda s: 80000, 100)] == ["power_too_high"]
    assert [n for _, n, _ in watched(lambda s: 40000, 100)] == ["power_too_low"]
    told = watched(lambda s: 74000 if s < 100 else 70000, 300)
    assert [(n, begun) for _, n, begun in told] == [("power_too_high", 1)]
    assert watched(lambda s: 66000, 300) == []


def test_a_supply_outside_its_limits_is_told_until_it_is_well_inside():
    told = watched(lambda s: 60000, 300, voltage_dv=lambda s: 2060 if s < 100 else 2080)
    assert told == [(30, "voltage_low", 1)]
    told = watched(lambda s: 60000, 300, voltage_dv=lambda s: 2600 if s < 100 else 2400)
    assert [(n, begun) for _, n, begun in told] == [("voltage_high", 1), ("voltage_high", 0)]


def test_a_cycling_lamp_is_told_once_until_it_has_been_well_for_an_hour():
    def power(second):
        return 100 if second < 2000 and second % 400 > 390 else 60000

    told = [(n, begun) for _, n, begun in watched(power, 9000) if n == "lamp_cycling"]
    assert told == [("lamp_cycling", 1), ("lamp_cycling", 0)]


def test_a_lamp_does_not_cycle_while_its_driver_says_that_it_burns():
    def power(second):
        return 100 if second % 400 > 390 else 60000

    told = [n for _, n, _ in watched(power, 2400, lamp_out=lambda s: 0)]
    assert "lamp_cycling" not in told


def test_what_a_driver_says_of_itself_is_believed():
    told = watched(lambda s: 60000, 60, gear=lambda s: 1 if s < 30 else 0)
    assert [(n, begun) for _, n, begun in told] == [("gear_failure", 1), ("gear_failure", 0)]
    told = watched(lambda s: 60000, 60, lamp_out=lambda s: 1)
    assert [n for _, n, _ in told] == ["lamp_failure"]


def test_every_duration_belongs_to_a_condition_and_every_condition_to_an_event():
    assert len(watch._EVENTS) == len(watch._HOLD_S) == watch._COUNT == watch.STUCK + 1
    assert len(set(watch._EVENTS)) == watch._COUNT


def test_presence_is_remembered_from_its_last_instant():
    motion, now = Motion(), Now()
    assert motion.age_s(now) == NEVER_S
    assert motion.tick(True, now)
    assert not motion.tick(True, now)
    now.uptime_s = 30
    motion.tick(True, now)
    assert motion.age_s(now) == 0
    assert motion.tick(False, now)
    now.uptime_s = 35
    assert motion.age_s(now) == 5


def test_a_stuck_detector_is_left_out_until_it_lets_go():
    bench = Bench()
    bench.readings.present = True
    bench.run(STUCK_S + 5)
    assert bench.events() == [("detector_stuck", wire.STARTED)]
    assert not bench.channel.motion.present
    bench.readings.present = False
    bench.run(2)
    bench.readings.present = True
    bench.run(2)
    assert bench.events()[-1] == ("detector_stuck", wire.ENDED)
    assert bench.channel.motion.present
