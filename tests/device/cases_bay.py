# mypy: ignore-errors
"""A bay's node: events, stays that are too long, calibration on command, power cuts."""

from firmware.bay_channel import BayChannel
from firmware.echo import Echo
from firmware.effects import SEND, STORE_EVENT, STORE_MEMORY, Effects
from firmware.happenings import Happenings
from firmware.node import Node, Stored
from firmware.now import Now
from firmware.readings import Readings
from protocol import wire

EMPTY = (19800, 600, 44900)
CAR = (25800, 5600, 39900)


def channel(stay_max_min):
    """A bay's channel with a longest stay, and its readings."""
    effects = Effects()
    found = BayChannel(effects, Happenings(1, 1, effects), b"")
    found.configure(wire.Configuration(stay_max_min=stay_max_min, heartbeat_s=600))
    readings = Readings()
    readings.echo = Echo()
    readings.field_ok = True
    return found, effects, readings


def events_of(found, effects, readings, now, seconds, car):
    """Names, starts and values of the events of so many seconds."""
    told = []
    for _ in range(seconds):
        now.uptime_s += 1
        now.tick_ms = (now.tick_ms + 1000) & 0x3FFFFFFF
        readings.field = list(CAR if car else EMPTY)
        echo = readings.echo
        if echo.wanted:
            echo.count += 1
            echo.mm, echo.strength_db = (160, 20) if car else (0, 0)
        found.tick(now, readings)
        for at in range(effects.count):
            if effects.kinds[at] == STORE_EVENT:
                event = effects.a[at]
                told.append((wire.EVENT_NAMES[event.kind], event.started, event.value))
        effects.clear()
    return told


def test_a_stay_that_is_too_long_begins_and_ends_once():
    found, effects, readings = channel(10)
    now = Now()
    assert events_of(found, effects, readings, now, 30, False) == []
    told = events_of(found, effects, readings, now, 3000, True)
    assert [(name, started) for name, started, _ in told] == [
        ("bay_occupied", wire.INSTANT), ("overstay", wire.STARTED),
    ]  # fmt: skip
    assert told[1][2] == 10
    state = found.state(now, readings)
    assert state.overstayed == 1
    assert 48 <= state.stay_min <= 50
    told = events_of(found, effects, readings, now, 60, False)
    assert [(name, started) for name, started, _ in told] == [
        ("overstay", wire.ENDED), ("bay_vacant", wire.INSTANT),
    ]  # fmt: skip
    assert found.state(now, readings).overstayed == 0


def test_no_longest_stay_is_never_too_long():
    found, effects, readings = channel(0)
    now = Now()
    events_of(found, effects, readings, now, 30, False)
    told = events_of(found, effects, readings, now, 90000, True)
    assert [name for name, _, _ in told] == ["bay_occupied"]


def test_an_overstay_is_remembered_over_a_power_cut():
    found, effects, readings = channel(10)
    now = Now()
    events_of(found, effects, readings, now, 30, False)
    events_of(found, effects, readings, now, 1000, True)
    memory = found.bay.memory()
    again, effects, readings = channel(10)
    assert again.bay.remember(memory)
    assert events_of(again, effects, readings, Now(), 900, True) == []
    told = events_of(again, effects, readings, now, 60, False)
    assert ("overstay", wire.ENDED) in [(name, started) for name, started, _ in told]


class Bench:
    """A bay's node whose radar answers whenever it is asked; seconds pass one by one."""

    def __init__(self, memory=b""):
        self.effects, self.now, self.readings = Effects(), Now(), Readings()
        self.readings.echo = Echo()
        self.readings.field_ok = True
        stored = Stored()
        stored.memory = memory
        self.node = Node(BayChannel, stored, self.effects)
        self.bay = self.node.channel.bay
        self.done = []

    def drain(self):
        """Take what was asked for."""
        for at in range(self.effects.count):
            self.done.append((self.effects.kinds[at], self.effects.a[at]))
        self.effects.clear()

    def of(self, kind):
        """What was asked for of this kind."""
        return [what for found, what in self.done if found == kind]

    def run(self, car, seconds):
        """So many seconds with a car above the sensor, or without."""
        echo = self.readings.echo
        self.readings.field = list(CAR if car else EMPTY)
        for _ in range(seconds):
            self.now.uptime_s += 1
            self.now.tick_ms += 1000
            if echo.wanted:
                echo.count += 1
                echo.mm, echo.strength_db = (160, 20) if car else (0, 0)
            self.node.tick(self.now, self.readings)
            self.drain()

    def say(self, message):
        """A message from the controller."""
        self.node.message(message, self.now, self.readings)
        self.drain()


def test_a_car_is_an_event_after_the_first_calibration():
    bench = Bench()
    bench.run(False, 8)
    assert bench.bay.state == 1
    assert not bench.of(STORE_EVENT)
    bench.run(True, 5)
    assert bench.bay.state == 2
    assert len(bench.of(STORE_MEMORY)) == 2
    (event,) = bench.of(STORE_EVENT)
    assert wire.EVENT_NAMES[event.kind] == "bay_occupied"


def test_a_passing_car_is_no_event():
    bench = Bench()
    bench.run(False, 8)
    bench.run(True, 1)
    bench.run(False, 10)
    assert not bench.of(STORE_EVENT)


def test_a_bay_remembers_over_a_power_cut():
    bench = Bench()
    bench.run(False, 8)
    bench.run(True, 5)
    again = Bench(bench.of(STORE_MEMORY)[-1])
    assert again.bay.state == 2
    again.run(True, 5)
    assert again.bay.state == 2
    assert not again.of(STORE_EVENT)
    assert again.node.channel.override(wire.Override(), again.now) == wire.ACK_REFUSED


def test_a_bay_is_calibrated_anew_on_command_and_once():
    bench = Bench()
    bench.run(False, 8)
    bench.say(wire.Recalibrate(command_id=7))
    ack = bench.of(SEND)[-1]
    assert (ack.command_id, ack.status) == (7, wire.ACK_DONE)
    assert bench.bay.state == 0
    bench.run(False, 8)
    assert bench.bay.state == 1
    assert not bench.of(STORE_EVENT), "nobody came or left"
    bench.say(wire.Recalibrate(command_id=7))
    assert bench.bay.state == 1, "the same command changes nothing"


def test_what_was_learned_is_stored_now_and_then():
    bench = Bench()
    bench.run(False, 8)
    stored = len(bench.of(STORE_MEMORY))
    bench.run(False, 22000)
    assert len(bench.of(STORE_MEMORY)) == stored + 1
