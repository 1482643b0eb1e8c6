# mypy: ignore-errors
"""A node's steady tick takes no memory: 1,000 ticks of 100 ms of a lamp and of a bay."""

import gc

from firmware.bay_channel import BayChannel
from firmware.echo import Echo
from firmware.effects import Effects
from firmware.lamp_channel import LampChannel
from firmware.node import Node, Stored
from firmware.now import Now
from firmware.readings import Readings
from protocol import wire

# Astro and sensor periods, steps at 18:00 and 22:30, a control by the sun, and dynamics by inputs
# 0 and 1 and by the own presence for 45 s.
TABLE = bytes.fromhex(
    "020100000202010320fd00006400000000683c01003c3c0000000100d4feffff5802000000000000"
    "000000000000000002ff0000000000000000000000005e010000bc02000001056400000000000000"
    "000001502d000000000000000000000000000108000900000000000000000000000000ff01502d00"
    "000000000000000000000000"
)


def node_of(channel_of):
    """A joined node with configuration and schedule, at 20:00 UTC on 21 November 2026."""
    stored = Stored()
    configuration = wire.Configuration(
        lat_e5=5084650, lon_e5=435170, heartbeat_s=3600, floor_percent=5, default_percent=100,
        power_max_mw=60000, fade_ds=10, lamp_failure_s=3,
    )  # fmt: skip
    stored.configuration = (1, bytes(8), wire.encode_configuration(configuration))
    stored.schedule = (1, bytes(8), TABLE)
    effects = Effects()
    node = Node(channel_of, stored, effects)
    now, readings = Now(), Readings()
    now.day, now.second, now.quality = 9821, 72000, wire.TIME_SYNCHRONISED
    readings.power_mw = 60000
    readings.field_ok = True
    readings.field = [19800, 600, 44900]
    readings.echo = Echo()
    node.entered(now, readings)
    return node, now, readings


def ticks(node, now, readings, count):
    """So many ticks of 100 ms; how often anything was asked for."""
    asked = 0
    for _ in range(count):
        now.tick_ms += 100
        now.uptime_ms += 100
        now.millis += 100
        if now.millis == 1000:
            now.millis = 0
            now.second += 1
            now.uptime_s += 1
        echo = readings.echo
        echo.count += echo.wanted
        node.tick(now, readings)
        asked += node.effects.count
        node.effects.clear()
    return asked


def taken_bytes(channel_of, quality=wire.TIME_SYNCHRONISED, lux_dx=-1):
    """What 1,000 idle ticks take from the heap (0 on CPython, which does not tell)."""
    node, now, readings = node_of(channel_of)
    now.quality, readings.lux_dx = quality, lux_dx
    ticks(node, now, readings, 200)
    if not hasattr(gc, "mem_alloc"):
        return 0 * ticks(node, now, readings, 1000)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    asked = ticks(node, now, readings, 1000)
    taken = gc.mem_alloc() - before
    gc.enable()
    assert not asked, "the ticks were not idle"
    return taken


def test_an_idle_lamp_takes_no_memory():
    taken = taken_bytes(LampChannel)
    assert taken == 0, taken


def test_an_idle_lamp_that_estimates_its_time_takes_none_either():
    taken = taken_bytes(LampChannel, wire.TIME_ESTIMATED, 10)
    assert taken == 0, taken


def test_an_idle_bay_takes_no_memory():
    taken = taken_bytes(BayChannel)
    assert taken == 0, taken


def test_the_idle_lamp_follows_its_schedule():
    node, now, readings = node_of(LampChannel)
    ticks(node, now, readings, 100)
    assert node.channel.lamp.level_percent == 100
    assert wire.REASON_NAMES[node.channel.lamp.reason] in ("program", "astro")
