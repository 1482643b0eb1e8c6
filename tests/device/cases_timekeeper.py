# mypy: ignore-errors
"""A node's own time: learned dusks, estimated starts, drift, and what the photocell adds."""

from firmware.effects import Effects
from firmware.happenings import Happenings
from firmware.lamp_channel import LampChannel
from firmware.now import Now
from firmware.readings import Readings
from firmware.timekeeper import Timekeeper
from protocol import schedule, wire

PLACE = {"lat_e5": 5084650, "lon_e5": 435170, "default_percent": 100}
FIRST_DAY = 9821  # 2026-11-21


def said(**changes):
    values = dict(PLACE)
    values.update(changes)
    return wire.Configuration(**values)


def sunset_s(day):
    """Sunset in seconds of that UTC day."""
    return schedule.sun_times(day, PLACE["lat_e5"], PLACE["lon_e5"])[1]


def told_night(memory, day, late_s):
    """A night whose feeder came `late_s` after sunset, with somebody to tell the time."""
    keeper, now = Timekeeper(memory), Now()
    now.uptime_s = 90
    now.day, now.second, now.quality = day, sunset_s(day) + late_s + 90, wire.TIME_SYNCHRONISED
    keeper.told(now, 0, said())
    return keeper.memory()


def test_a_start_without_a_clock_is_taken_for_the_next_dusk():
    memory = told_night(b"", FIRST_DAY, -1800)
    for nights in range(1, 15):
        keeper, now = Timekeeper(memory), Now()
        assert keeper.started(now, said())
        day = FIRST_DAY + nights
        assert now.quality == wire.TIME_ESTIMATED
        assert now.day == day
        assert abs(now.second - (sunset_s(day) - 1800)) <= 1
        assert keeper.error_s(now) == 60 * nights
        now.uptime_s = 4 * 3600
        keeper.tick(now)
        assert keeper.changed
        memory = keeper.memory()


def test_a_short_start_counts_no_night():
    memory = told_night(b"", FIRST_DAY, -1800)
    for _ in range(5):
        keeper, now = Timekeeper(memory), Now()
        keeper.started(now, said())
        now.uptime_s = 600
        keeper.tick(now)
        assert not keeper.changed
        assert now.day == FIRST_DAY + 1


def test_nothing_is_estimated_by_who_was_told_nothing_or_has_power_by_day():
    now = Now()
    assert not Timekeeper(b"").started(now, said())
    memory = told_night(b"", FIRST_DAY, -1800)
    assert not Timekeeper(memory).started(now, said(permanent=1))
    assert now.quality == wire.TIME_NONE
    assert Timekeeper(b"strange").error_s(now) == 65535


def test_the_time_of_the_feeder_follows_slowly_and_a_start_at_midnight_teaches_nothing():
    memory = told_night(b"", FIRST_DAY, -1800)
    memory = told_night(memory, FIRST_DAY + 1, -1400)
    keeper, now = Timekeeper(memory), Now()
    keeper.started(now, said())
    assert now.second - sunset_s(FIRST_DAY + 2) == -1700
    memory = told_night(memory, FIRST_DAY + 2, 5 * 3600)
    keeper, now = Timekeeper(memory), Now()
    keeper.started(now, said())
    assert now.day == FIRST_DAY + 3
    assert now.second - sunset_s(FIRST_DAY + 3) == -1700


def test_a_slow_oscillator_is_found_out_within_hours():
    keeper, now = Timekeeper(b""), Now()
    now.day, now.quality = FIRST_DAY, wire.TIME_SYNCHRONISED
    behind_ms = 0
    for _ in range(12):
        keeper.told(now, behind_ms, None)
        now.uptime_s += 3600
        behind_ms = (80 - keeper.drift_ppm) * 3600 // 1000
    assert abs(keeper.drift_ppm - 80) <= 5
    keeper.told(now, 9000, None)
    assert keeper.drift_ppm <= 300
    before = keeper.drift_ppm
    keeper.told(now, 3600000, None)  # A step is no drift.
    assert keeper.drift_ppm == before


def test_the_error_by_a_battery_backed_clock_is_5_ppm_since_it_was_set():
    keeper, now = Timekeeper(b""), Now()
    now.day, now.second, now.quality = FIRST_DAY + 100, 60000, wire.TIME_RTC
    keeper.set_day = FIRST_DAY
    keeper.told(now, 0, said())
    assert keeper.error_s(now) == 1 + 43
    now.uptime_s += 20000
    assert keeper.error_s(now) == 3 + 43
    keeper.set_day = FIRST_DAY + 200  # Nobody knows why: it was set in what is to come.
    assert keeper.error_s(now) == 3
    assert not keeper.started(now, said()), "nothing is estimated beside it"
    keeper = Timekeeper(keeper.memory())
    other = Now()
    assert keeper.started(other, said())
    assert other.day == FIRST_DAY + 101, "without its battery the next night goes on from there"


class Pole:
    """A lamp with a photocell and no plan."""

    def __init__(self, **changes):
        effects = Effects()
        self.channel = LampChannel(effects, Happenings(1, 1, effects), b"")
        self.channel.configure(said(**changes))
        self.effects, self.now, self.readings = effects, Now(), Readings()

    def at(self, lux_dx, seconds=1):
        """Its target after a second of that light, or more."""
        self.readings.lux_dx = lux_dx
        for _ in range(10 * seconds):
            self.now.tick_ms += 100
            self.now.uptime_ms += 100
            self.now.uptime_s = self.now.uptime_ms // 1000
            self.channel.tick(self.now, self.readings)
            self.effects.clear()
        return self.channel.lamp.target_percent


def test_without_time_a_pole_with_power_by_day_follows_its_photocell():
    pole = Pole(permanent=1)
    assert pole.at(20000) == 100, "lit until it has been bright for a while"
    assert pole.at(20000, 60) == 0
    assert [pole.at(lux) for lux in (20000, 800, 500, 300, 500)] == [0, 0, 0, 100, 100]
    assert pole.at(20000, 59) == 100, "a headlight is no day"
    assert pole.at(300) == pole.at(20000, 58) == 100
    assert pole.at(20000, 4) == 0
    assert pole.at(-1) == 100, "a photocell that fell silent puts nothing out"
    assert Pole(permanent=1).at(-1) == 100, "never heard, the lamp is lit"
    assert Pole().at(20000) == 100, "a switched feeder is live in the dark"


def off_at(after_sunset_s, lux_dx, quality=wire.TIME_ESTIMATED, error_s=60):
    """Whether a lamp whose plan is off all day is off in that light, so long after a sunset."""
    pole = Pole(permanent=1)
    plan = AlwaysOff()
    pole.channel.lamp.follow(plan)
    pole.now.quality, pole.readings.clock_error_s = quality, error_s
    at_s = sunset_s(FIRST_DAY) + after_sunset_s
    pole.now.day, pole.now.second = FIRST_DAY + at_s // 86400, at_s % 86400
    return pole.at(lux_dx, 61) == 0


class AlwaysOff:
    """A plan that never asks for light."""

    def at(self, day, second, presence_age_s, decision):
        decision.level_percent = decision.plan_percent = decision.ramp_s = 0
        decision.dynamic = -1
        decision.reason = decision.plan_reason = 1


def test_a_photocell_switches_around_sunset_and_sunrise_alone():
    noon_s, midnight_s = -4 * 3600, 7 * 3600
    assert off_at(noon_s, 100), "a thunderstorm is no night"
    assert not off_at(noon_s, 100, error_s=4 * 3600), "nobody knows whether it is noon"
    assert not off_at(-3600, 100), "dusk may come early"
    assert off_at(-3600, 20000) and off_at(1800, 20000)
    assert not off_at(midnight_s, 100), "an estimated time puts nothing out in the dark"
    assert not off_at(midnight_s, 20000), "a headlight is no day"
    for quality in (wire.TIME_SYNCHRONISED, wire.TIME_RTC):
        assert off_at(noon_s, 100, quality) and off_at(midnight_s, 100, quality)
