"""A DS3231 on paper: the world's time, with what it was set wrong by and a drift of 5 ppm.

What outlives a power cut lies in the node's page, as in the chip's battery-backed registers.
Linked apart and let go of after each use, for it is asked once in a while.
"""

import utime

from .layout import (
    CLOCK_MONOTONIC_NS, CLOCK_SIMULATED_NS, CLOCK_SPEED_1000, RTC_OFF_S, RTC_SET,
)  # fmt: skip
from .simpage import LONG, WORD, clock, clock_long, signed, words

# In RTC_SET: two bytes that the first alarm holds, whether it runs, the register pointed at.
_RUNS = 0x10000
_AT = 24
_EPOCH_S = 946684800


def _world_s():
    """Seconds since 2000 of the world, and of the chip by its drift."""
    gone_us = utime.ticks_us() - clock_long[CLOCK_MONOTONIC_NS // LONG] // 1000
    passed_us = gone_us * clock[CLOCK_SPEED_1000 // WORD] // 1000
    world_s = (clock_long[CLOCK_SIMULATED_NS // LONG] // 1000 + passed_us) // 1000000 - _EPOCH_S
    days = world_s // 86400 - (words[RTC_SET // WORD] & 0xFFFF)
    return world_s + (days * 432 // 1000 if 0 < days < 10000 else 0)


def _bcd(number):
    return number // 10 << 4 | number % 10


def _number(value):
    return (value >> 4) * 10 + (value & 15)


def write(data):
    """Point at a register; what follows is put there and after it."""
    held = words[RTC_SET // WORD] & 0x1FFFF
    if data[0] == 0 and len(data) == 10:
        held = held & _RUNS | data[8] | data[9] << 8
    for place in range(1, len(data)):
        if data[0] + place - 1 == 0x0F:
            held = held & 0xFFFF | (0 if data[place] & 0x80 else _RUNS)
    words[RTC_SET // WORD] = held | data[0] << _AT
    if data[0] == 0 and len(data) == 10:
        signed[RTC_OFF_S // WORD] = _told_s([_number(value) for value in data[1:8]]) - _world_s()


def _told_s(fields):
    """Seconds since 2000 of second, minute, hour, day of the week, date, month and year."""
    year, days = fields[6], fields[4] - 1
    for month in range(1, fields[5]):
        days += 28 + (not year % 4) if month == 2 else 30 + (month + month // 8) % 2
    days += year * 365 + (year + 3) // 4
    return days * 86400 + fields[2] * 3600 + fields[1] * 60 + fields[0]


def read(buffer):
    """Registers from the one pointed at."""
    held = words[RTC_SET // WORD]
    told = utime.gmtime(_world_s() + signed[RTC_OFF_S // WORD] + _EPOCH_S)
    registers = bytearray(19)
    registers[:7] = bytes(
        [_bcd(told[at]) for at in (5, 4, 3)] + [told[6] + 1]
        + [_bcd(told[at]) for at in (2, 1)] + [_bcd(told[0] - 2000)]
    )  # fmt: skip
    registers[7], registers[8] = held & 0xFF, held >> 8 & 0xFF
    registers[15] = 0 if held & _RUNS else 0x80
    at = held >> _AT
    buffer[:] = registers[at : at + len(buffer)]
