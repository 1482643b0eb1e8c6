"""Sensirion SHT31 temperature and humidity sensor over I2C (data sheet SHT3x-DIS, December 2022).

A file of its own in the image, for few boards have one; it takes and returns plain data. Single
shots of high repeatability without clock stretching: nothing waits for the 15 ms that one takes.
"""

ADDRESS = 0x44
# What `told` holds: why there is no value, air temperature in tenths of a degree and humidity in
# thousandths. Causes are places in protocol/wire/codes.py CAUSE_NAMES.
FRESH = (1, 0, -1)
_VALID, _SILENT, _CHECKSUM, _RANGE = 0, 1, 2, 4

_MEASURE, _RESET, _STATUS = b"\x24\x00", b"\x30\xa2", b"\xf3\x2d"
_MISSES_MAX = 3
_ASK_MS = 2000  # It warms itself when it is asked oftener than once a second.
_MASK = 0x3FFFFFFF
# The range that its data sheet specifies, in tenths of a degree.
_MIN_DC, _MAX_DC = -400, 1250


def crc(data: bytes) -> int:
    """CRC-8, polynomial 0x31, from 0xFF; over two bytes and their CRC it is 0."""
    value = 0xFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x31 if value & 0x80 else 0)) & 0xFF
    return value


def parse(data: bytes, told: "list[int]") -> int:
    """Take the six bytes of a measurement; the cause why there is none."""
    if crc(data[:3]) or crc(data[3:6]):
        return _CHECKSUM
    heat, wet = data[0] << 8 | data[1], data[3] << 8 | data[4]
    temperature_dc = -450 + (1750 * heat + 32767) // 65535
    if temperature_dc < _MIN_DC or temperature_dc > _MAX_DC:
        return _RANGE
    told[1], told[2] = temperature_dc, (1000 * wet + 32767) // 65535
    return _VALID


def start(i2c: object) -> bool:
    """Reset the chip when its status tells a failed command or a reset; False while silent.

    The status (bit 4: it was reset, bit 1: a command was not done, bit 0: a bad checksum) is two
    bytes with their CRC. A reset takes 1.5 ms and is not waited for.
    """
    room = bytearray(3)
    try:
        i2c.writeto(ADDRESS, _STATUS)
        i2c.readfrom_into(ADDRESS, room)
        if crc(room) or room[1] & 0x03 or room[0] & 0x20:  # 0x20: the heater is on.
            i2c.writeto(ADDRESS, _RESET)
    except OSError:
        return False
    return True


def drive(i2c: object, told: "list[int]") -> object:
    """A generator that is sent the time in ms (wrapping at 2^30) and fills `told`.

    A value is replaced by its cause after three misses in a row, at once when it is out of range.
    """
    tick = yield
    room = bytearray(6)
    found = list(FRESH)
    misses = 0
    start(i2c)
    while True:
        since = tick
        cause = _SILENT
        try:
            i2c.writeto(ADDRESS, _MEASURE)
        except OSError:
            pass  # Nothing will be read.
        tick = yield
        while tick - since & _MASK < _ASK_MS:
            tick = yield
        try:
            i2c.readfrom_into(ADDRESS, room)
            cause = parse(room, found)
        except OSError:
            pass  # It is silent.
        if not cause:
            misses = 0
            told[0], told[1], told[2] = found[0], found[1], found[2]
            told[0] = _VALID
        else:
            misses += 1
            if misses >= _MISSES_MAX or cause == _RANGE:
                told[0], told[1], told[2] = cause, FRESH[1], FRESH[2]
                start(i2c)
