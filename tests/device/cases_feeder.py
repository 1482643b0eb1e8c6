# mypy: ignore-errors
"""A feeder's switching plan on its cabinet's node: who closes the contactor, and when."""

import sys

from firmware.effects import DUTY, SEND, Effects
from firmware.feeder import OPEN_S
from firmware.node import Node, Stored
from firmware.now import Now
from firmware.readings import Readings
from firmware.station import Station
from firmware.station_channel import StationChannel
from protocol import schedule, wire

# 100 % from sunset to sunrise; while the photocell is dark (35 to 70 lux); while the ripple
# contact is closed; while input 0 is on.
ASTRO = bytes.fromhex(
    "020100000101000000000000640000000001000000000000000000000000000000000000000000"
)
CELL = bytes.fromhex(
    "020100000101000000000000640000000002ff0000000000000000000000005e010000bc020000"
)
RIPPLED = bytes.fromhex(
    "0201000001010000000000006400000000020f0000000000000000000000000000000000000000"
)
TOLD = bytes.fromhex(
    "020100000101000000000000640000000002000000000000000000000000000000000000000000"
)
RIPPLE = wire.QUANTITY_NAMES.index("ripple")
HAND = wire.QUANTITY_NAMES.index("hand")
DARK = wire.QUANTITY_NAMES.index("dark")
WANTED = wire.QUANTITY_NAMES.index("contactor_wanted")
NOON_S, NIGHT_S, DAY = 43200, 75600, 9821  # Of 21 November 2026, UTC.


class Bench:
    """A cabinet in Brussels (in UTC) that has a plan."""

    def __init__(self, table, second=NOON_S, quality=wire.TIME_SYNCHRONISED):
        stored = Stored()
        said = wire.Configuration(
            lat_e5=5084650, lon_e5=435170, heartbeat_s=3600, lamp_failure_s=3
        )
        stored.configuration = (1, bytes(8), wire.encode_configuration(said))
        stored.schedule = (7, bytes(8), table)
        self.effects = Effects()
        self.node = Node(StationChannel, stored, self.effects)
        self.now, self.readings = Now(), Readings()
        self.readings.station = Station()
        self.readings.station.switched = True
        self.now.day, self.now.second, self.now.quality = DAY, second, quality
        self.duty = -1
        self.whys = []
        self.node.entered(self.now, self.readings)
        self.run(1)

    def run(self, seconds):
        """So many seconds pass, a tick each; whether the contactor is closed."""
        now = self.now
        for _ in range(seconds):
            now.uptime_s += 1
            now.uptime_ms += 1000
            now.tick_ms += 1000
            now.day += (now.second + 1) // 86400
            now.second = (now.second + 1) % 86400
            self.node.tick(now, self.readings)
            effects = self.effects
            for at in range(effects.count):
                if effects.kinds[at] == DUTY:
                    self.duty = effects.a[at]
                elif effects.kinds[at] == SEND and isinstance(effects.a[at], wire.Why):
                    rules = effects.a[at].rules
                    self.whys.append(
                        [
                            (wire.RULE_NAMES[rules[i]], rules[i + 1])
                            for i in range(0, len(rules), 2)
                        ]
                    )
            effects.clear()
        assert self.readings.station.values[WANTED] == (1 if self.duty else 0)
        return self.duty == 65535

    def clock(self, quality, second=None):
        self.now.quality = quality
        if second is not None:
            self.now.second = second


def test_an_astro_plan_opens_by_day_and_closes_at_sunset():
    bench = Bench(ASTRO)
    assert bench.run(OPEN_S - 5), "it opens too early"
    assert not bench.run(20)
    _, sunset, _ = schedule.sun_times(DAY, 5084650, 435170)
    bench.now.second = sunset - 120
    assert not bench.run(100)
    assert bench.run(25), "it is dark"
    assert "firmware.feeder" not in sys.modules
    assert "feeder" not in sys.modules["firmware"].__dict__


def test_without_a_clock_a_contactor_is_closed_until_there_is_one():
    bench = Bench(ASTRO, quality=wire.TIME_NONE)
    assert bench.run(600)
    bench.clock(wire.TIME_SYNCHRONISED, NOON_S)
    assert not bench.run(OPEN_S + 2)
    bench.clock(wire.TIME_SYNCHRONISED, NIGHT_S)
    assert bench.run(62), "a clock that jumps is seen within a minute"


def test_without_a_clock_a_photocell_opens_by_day_and_closes_in_the_dark():
    bench = Bench(ASTRO, quality=wire.TIME_NONE)
    bench.readings.lux_dx = 90000
    assert not bench.run(120)
    assert bench.readings.station.values[DARK] == 0
    bench.readings.lux_dx = 100
    assert bench.run(11)
    assert bench.readings.station.values[DARK] == 1


def test_an_estimated_clock_alone_opens_nothing_in_the_dark():
    bench = Bench(ASTRO, second=28800 + 1200, quality=wire.TIME_ESTIMATED)  # After sunrise.
    bench.readings.lux_dx = 50
    assert bench.run(300)
    bench.readings.lux_dx = 9000
    assert not bench.run(200)


def test_a_photocell_plan_keeps_its_hysteresis_from_one_question_to_the_next():
    bench = Bench(CELL)
    bench.readings.lux_dx = 500
    assert bench.run(100), "between the levels it is as it was: dark"
    bench.readings.lux_dx = 800
    assert not bench.run(60)
    bench.readings.lux_dx = 500
    assert not bench.run(100), "between the levels it is as it was: bright"
    bench.readings.lux_dx = 300
    assert bench.run(11)


def test_a_ripple_contact_switches_at_once_and_a_bounce_opens_nothing():
    bench = Bench(RIPPLED)
    values = bench.readings.station.values
    values[RIPPLE] = 0
    assert not bench.run(OPEN_S + 2)
    values[RIPPLE] = 1
    assert bench.run(1)
    assert bench.run(600), "it holds for as long as the contact does"
    values[RIPPLE] = 0
    assert bench.run(OPEN_S - 3)
    values[RIPPLE] = 1
    assert bench.run(60)


def test_an_input_that_was_told_holds_as_long_as_it_is_valid():
    bench = Bench(TOLD)
    bench.node.message(
        wire.Input(generation=7, number=0, state=schedule.OFF, valid_s=300), bench.now,
        bench.readings,
    )  # fmt: skip
    assert not bench.run(OPEN_S + 2)
    bench.node.message(
        wire.Input(generation=7, number=15, state=schedule.ON, valid_s=300), bench.now,
        bench.readings,
    )  # fmt: skip
    assert not bench.run(200), "the ripple contact is nobody else's"
    bench.clock(wire.TIME_SYNCHRONISED, NIGHT_S)
    assert bench.run(100), "unknown, at night"


def test_a_command_is_stronger_than_the_plan_and_ends():
    bench = Bench(ASTRO, second=NIGHT_S)
    assert bench.run(60)
    off = wire.SetOutput(command_id=5, state=wire.OUTPUT_OFF, life_s=60)
    bench.node.message(off, bench.now, bench.readings)
    assert not bench.run(2)
    assert bench.run(60)


def test_the_chain_names_plan_command_and_hand():
    bench = Bench(ASTRO, second=NIGHT_S)
    assert bench.whys[-1] == [("default", 100), ("astro", 100)]
    off = wire.SetOutput(command_id=5, state=wire.OUTPUT_OFF, life_s=60)
    bench.node.message(off, bench.now, bench.readings)
    bench.run(2)
    assert bench.whys[-1] == [("default", 100), ("astro", 100), ("override", 0)]
    bench.readings.station.values[HAND] = 1
    bench.run(1)
    assert bench.whys[-1][2:] == [("override", 0), ("hand", 100)]
    count = len(bench.whys)
    bench.run(30)
    assert len(bench.whys) == count, "what has not changed is not told again"


def test_a_plan_that_is_none_is_refused_and_the_old_one_stays():
    bench = Bench(ASTRO)
    assert not bench.run(OPEN_S + 2)
    assert not bench.node.channel.follow(b"\x02\x01", bench.node.configuration)
    assert not bench.run(OPEN_S + 2)


def test_a_stored_plan_that_cannot_be_read_any_more_is_light():
    assert Bench(b"\x01" + ASTRO[1:]).run(100)


def test_a_cabinet_is_never_taken_for_one_on_a_switched_feeder():
    assert Bench(ASTRO).node.configuration.permanent == 1
