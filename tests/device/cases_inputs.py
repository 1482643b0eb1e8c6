# mypy: ignore-errors
"""Inputs of a lamp's schedule, told by the controller, and its own photocell."""

from firmware.effects import SEND, Effects
from firmware.lamp_channel import LampChannel
from firmware.node import Node, Stored
from firmware.now import Now
from firmware.readings import Readings
from protocol import schedule, wire

# From 18:00 on 40 %, a period of input 0; dynamics: input 1 at least 80 % for 10 s after it, ramps
# of 2 and 6 s; input 2 sets what comes with it.
GATED = bytes.fromhex(
    "020100000101000220fd000028000000000200000000000000000000000000000000000000000001"
    "01500a000200060000000000000000000208000000000000000000000000000000"
)
# 40 %, while the own photocell is dark: below 35 lux, until it is above 70.
CELL = bytes.fromhex(
    "020100000101000020fd0000280000000002ff0000000000000000000000005e010000bc020000"
)


class Bench:
    """A joined lamp in the night of 21 November 2026, its fade one second."""

    def __init__(self, table):
        stored = Stored()
        configuration = wire.Configuration(
            lat_e5=5084650, lon_e5=435170, heartbeat_s=3600, floor_percent=0, default_percent=100,
            power_max_mw=60000, fade_ds=10, lamp_failure_s=3,
        )  # fmt: skip
        stored.configuration = (1, bytes(8), wire.encode_configuration(configuration))
        stored.schedule = (7, bytes(8), table)
        self.effects = Effects()
        self.node = Node(LampChannel, stored, self.effects)
        self.now, self.readings = Now(), Readings()
        self.now.day, self.now.second = 9821, 72000
        self.now.quality = wire.TIME_SYNCHRONISED
        self.sent = []
        self.node.entered(self.now, self.readings)

    def run(self, seconds):
        """So many seconds, ten ticks each."""
        for _ in range(seconds * 10):
            now = self.now
            now.tick_ms += 100
            now.uptime_ms += 100
            now.uptime_s = now.uptime_ms // 1000
            now.millis += 100
            now.second += now.millis // 1000
            now.millis %= 1000
            self.node.tick(now, self.readings)
            effects = self.effects
            for at in range(effects.count):
                if effects.kinds[at] == SEND:
                    self.sent.append(effects.a[at])
            effects.clear()

    def tell(self, number, state, valid_s=100, generation=7, **more):
        """The controller tells an input."""
        message = wire.Input(
            generation=generation, number=number, state=state, valid_s=valid_s, **more
        )
        self.node.message(message, self.now, self.readings)

    @property
    def said(self):
        """(target, reason) of the lamp."""
        lamp = self.node.channel.lamp
        return lamp.target_percent, wire.REASON_NAMES[lamp.reason]


def test_c4_a_period_of_an_input_lights_while_it_is_on():
    bench = Bench(GATED)
    bench.tell(1, schedule.OFF)
    bench.tell(0, schedule.OFF)
    bench.run(1)
    assert bench.said == (0, "program")
    bench.tell(0, schedule.ON)
    bench.run(1)
    assert bench.said == (40, "dynamic")


def test_what_nobody_tells_any_more_is_taken_for_the_light_side():
    bench = Bench(GATED)
    bench.run(1)
    assert bench.said == (80, "dynamic"), "it is night, and somebody may be there"
    bench.tell(0, schedule.OFF, valid_s=20)
    bench.tell(1, schedule.OFF, valid_s=20)
    bench.run(19)
    assert bench.said == (0, "program")
    bench.run(2)
    assert bench.said == (80, "dynamic")


def test_an_unknown_period_is_dark_by_day():
    bench = Bench(GATED)
    bench.now.second = 12 * 3600
    bench.run(1)
    assert bench.said[0] == 0


def test_c6_a_dynamic_of_another_lamp_holds_for_its_time():
    bench = Bench(GATED)
    bench.tell(0, schedule.ON)
    bench.tell(1, schedule.ON)
    bench.run(2)
    assert bench.said == (80, "dynamic")
    bench.tell(1, schedule.OFF)
    bench.run(10)
    assert bench.said == (80, "dynamic")
    bench.run(2)
    assert bench.said == (40, "dynamic"), "the period is one of an input"


def test_c8_ramps_lead_to_a_dynamic_and_from_it():
    bench = Bench(GATED)
    bench.tell(0, schedule.ON)
    bench.tell(1, schedule.OFF)
    bench.run(5)
    bench.tell(1, schedule.ON)
    bench.run(1)
    assert 55 <= bench.node.channel.lamp.level_percent <= 65
    bench.run(5)
    bench.tell(1, schedule.OFF)
    bench.run(10)
    assert bench.node.channel.lamp.level_percent == 80
    bench.run(4)
    assert 55 <= bench.node.channel.lamp.level_percent <= 65
    bench.run(4)
    assert bench.node.channel.lamp.level_percent == 40


def test_c6_an_external_command_brings_its_level():
    bench = Bench(GATED)
    for number in (0, 1):
        bench.tell(number, 1 - number)
    bench.tell(2, schedule.OFF)
    bench.run(1)
    assert bench.said[0] == 40
    bench.tell(2, schedule.ON, level_percent=15)
    bench.run(1)
    assert bench.said == (15, "dynamic")
    bench.tell(2, schedule.OFF)
    bench.run(2)
    assert bench.said[0] == 40


def test_inputs_of_another_table_are_ignored():
    bench = Bench(GATED)
    bench.tell(0, schedule.OFF, generation=6)
    bench.tell(99, schedule.OFF)
    bench.run(1)
    assert bench.said[0] == 80


def test_c4_the_own_photocell_has_hysteresis():
    bench = Bench(CELL)
    found = []
    for lux_dx in (-1, 500, 701, 700, 350, 349, 500, 700, 701):
        bench.readings.lux_dx = lux_dx
        bench.run(1)
        found.append(bench.said[0])
    assert found == [40, 40, 0, 0, 0, 40, 40, 40, 0]


def test_light_is_told_at_dusk_and_not_by_day():
    bench = Bench(CELL)
    bench.readings.lux_dx = 90000
    bench.run(30)
    bench.sent.clear()
    bench.readings.lux_dx = 50000
    bench.run(30)
    assert not bench.sent
    bench.readings.lux_dx = 1500
    bench.run(15)
    assert [m.lux_dx for m in bench.sent if isinstance(m, wire.LampState)] == [1500]
