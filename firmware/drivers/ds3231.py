"""DS3231 real-time clock with a battery, over I2C (Analog Devices data sheet 19-5170).

A file of its own in the image, read at a start and once in a while; it takes and returns plain
data. Registers are BCD. The oscillator-stop flag says that the time is none: the battery was empty
or was never there. The first alarm is not used; its first two registers, which are plain memory,
hold the day on which the chip was set, by which its error is known.
"""

ADDRESS = 0x68
_SIZE = 19  # Registers 0x00 to 0x12.
_SET_DAY = 7  # And after it: low byte, high byte.
_CONTROL, _STATUS = 0x0E, 0x0F
_STOPPED = 0x80
_MONTHS = b"\x1f\x1c\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"
# A time this good is worth setting the chip by, one worse than this is worth asking it.
_GOOD_S, _BAD_S = 2, 10


def _number(value: int, most: int) -> int:
    """Two BCD digits, -1 when they are none or more than `most`."""
    number = (value >> 4) * 10 + (value & 15)
    return number if value & 15 < 10 and number <= most else -1


def _bcd(number: int) -> int:
    return number // 10 << 4 | number % 10


def _month_days(year: int, month: int) -> int:
    """Days of a month, year and month from 0; every fourth year from 2000 to 2099 is longer."""
    return _MONTHS[month] + (1 if month == 1 and not year % 4 else 0)


def parse(room: bytes) -> "tuple[int, int, int] | None":
    """(day since 2000-01-01, second, day on which it was set); None when the time is none."""
    if room[_STATUS] & _STOPPED:
        return None
    second, minute = _number(room[0], 59), _number(room[1], 59)
    hour, date = _number(room[2], 23), _number(room[4], 31)
    month, year = _number(room[5], 12), _number(room[6], 99)  # With its century bit: none.
    if min(second, minute, hour, year) < 0 or min(date, month) < 1:
        return None
    if date > _month_days(year, month - 1):
        return None
    day = year * 365 + (year + 3) // 4 + date - 1
    for before in range(month - 1):
        day += _month_days(year, before)
    return day, hour * 3600 + minute * 60 + second, room[_SET_DAY] | room[_SET_DAY + 1] << 8


def written(day: int, second: int) -> bytes:
    """The registers from 0 on that set a time, after their number."""
    week_day = (day + 5) % 7 + 1  # 2000-01-01 was a Saturday, which is 6.
    left, year = day, 0
    while left >= (366 if not year % 4 else 365):
        left -= 366 if not year % 4 else 365
        year += 1
    month = 0
    while left >= _month_days(year, month):
        left -= _month_days(year, month)
        month += 1
    return bytes(
        (
            0, _bcd(second % 60), _bcd(second // 60 % 60), _bcd(second // 3600), week_day,
            _bcd(left + 1), _bcd(month + 1), _bcd(year), day & 0xFF, day >> 8,
        )
    )  # fmt: skip


def keep(i2c: object, day: int, second: int, error_s: int) -> "tuple[int, int, int] | None":
    """Set the chip, once a day, by a good time; tell its time where the node's own is worse.

    A time that is set counts only when the stop flag was cleared after it, so a set that is cut
    short is none.
    """
    room = bytearray(_SIZE)
    try:
        i2c.writeto(ADDRESS, b"\x00")
        i2c.readfrom_into(ADDRESS, room)
        told = parse(room)
        if error_s > _GOOD_S:
            return told if error_s > _BAD_S else None
        if told is None or told[2] != day:
            i2c.writeto(ADDRESS, bytes((_STATUS, _STOPPED)))
            i2c.writeto(ADDRESS, written(day, second))
            i2c.writeto(ADDRESS, bytes((_CONTROL, 0, 0)))  # It runs on its battery; no flag.
    except OSError:
        pass  # It is silent, or not there.
    return None
