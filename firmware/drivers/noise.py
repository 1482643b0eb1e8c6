"""Sound level by a voltage: DFRobot Gravity SEN0232, 0.6 to 2.6 V are 30 to 130 dBA.

A file of its own in the image, for few boards have one; it takes and returns plain data. The
module weights by A and averages over 125 ms (its product page); here the equivalent level LAeq of
ten seconds is worked out, which is the mean of the energy and not of the decibels.
"""

# What `told` holds: why there is no value, and LAeq in tenths of a decibel (-1: none). Causes are
# places in protocol/wire/codes.py CAUSE_NAMES.
FRESH = (3, -1)
_VALID, _WARMING, _RANGE = 0, 3, 4

_WINDOW_MS = 10000
_MIN_MV, _MAX_MV = 600, 2600
_SLACK_MV = 30  # The error of the converter.
_MASK = 0x3FFFFFFF
_UNIT = 1024
# The energy of 0, 1 ... 10 dB less, of _UNIT: 10 ^ (-dB / 10). Between two it hangs below the
# straight line by (ln 10 / 10) ^ 2 / 2 * t * (1 - t) of itself, t in dB: a 3774th for tenths.
_ENERGY = (
    b"\x04\x00\x03\x2d\x02\x86\x02\x01\x01\x98\x01\x44\x01\x01\x00\xcc\x00\xa2\x00\x81\x00\x66"
)
_BEND = 3774
_SAMPLES_MAX = 1000


def energy(less_ddb: int) -> int:
    """The energy, of 1024, of a sound so many tenths of a decibel softer."""
    value = _UNIT
    while less_ddb >= 100:
        value //= 10
        less_ddb -= 100
    at = less_ddb // 10 * 2
    high = _ENERGY[at] << 8 | _ENERGY[at + 1]
    low = _ENERGY[at + 2] << 8 | _ENERGY[at + 3]
    tenths = less_ddb % 10
    bent = high - (high - low) * tenths // 10
    return (bent - bent * tenths * (10 - tenths) // _BEND) * value // _UNIT


def add(total: int, loudest_ddb: int, level_ddb: int) -> "tuple[int, int]":
    """(energy, of 1024 of the loudest; the loudest) with one more sample. Both stay below 2^30."""
    if level_ddb > loudest_ddb:
        return total * energy(level_ddb - loudest_ddb) // _UNIT + _UNIT, level_ddb
    return total + energy(loudest_ddb - level_ddb), loudest_ddb


def mean_ddb(total: int, count: int, loudest_ddb: int) -> int:
    """LAeq in tenths of a decibel of so many samples."""
    while total * 10 <= count * _UNIT:
        total *= 10
        loudest_ddb -= 100
    part = total // count
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        if energy(middle) >= part:
            low = middle
        else:
            high = middle
    return loudest_ddb - low


def drive(adc: object, told: "list[int]") -> object:
    """A generator that is sent the time in ms (wrapping at 2^30) and fills `told`.

    One sample below or above what the module can say makes its ten seconds none: a wire is off.
    """
    tick = yield
    while True:
        total = count = 0
        loudest_ddb = 0
        bad = False
        since = tick
        while not count or tick - since & _MASK < _WINDOW_MS:
            mv = adc.read_uv() // 1000
            if mv < _MIN_MV - _SLACK_MV or mv > _MAX_MV + _SLACK_MV:
                bad = True
            if count < _SAMPLES_MAX:
                total, loudest_ddb = add(total, loudest_ddb, mv // 2)  # 50 dB a volt.
                count += 1
            tick = yield
        told[0] = _RANGE if bad else _VALID
        told[1] = -1 if bad else mean_ddb(total, count, loudest_ddb)
