"""Plantower PMS5003 particle sensor over UART (9600 baud), asked and not listened to.

A file of its own in the image, for few boards have one; it takes and returns plain data. Frames,
commands and the thirty seconds after waking are those of the maker's data manual (V2.3). The mass
is the one "under atmospheric environment"; the one for the factory's own dust is not told. Fan and
laser wear out while they run, so the sensor sleeps `rest_s` between two measurements (0: never).
"""

# What `told` holds: why there is no value, then PM1, PM2.5 and PM10 in tenths of a microgram per
# cubic metre (-1: none). Causes are places in protocol/wire/codes.py CAUSE_NAMES.
FRESH = (3, -1, -1, -1)
_VALID, _SILENT, _CHECKSUM, _RANGE = 0, 1, 2, 4

_FRAME_SIZE = 32
_HEAD = b"BM\x00\x1c"  # 0x42 0x4D, and the 28 bytes that follow.
_PASSIVE, _ASK = b"BM\xe1\x00\x00\x01\x70", b"BM\xe2\x00\x00\x01\x71"
_SLEEP, _WAKE = b"BM\xe4\x00\x00\x01\x73", b"BM\xe4\x00\x01\x01\x74"
_WARM_MS = 30000
_ASK_MS = 1000
_SAMPLES = 8
_MISSES_MAX = 5
# The manual's greatest range; what it tells above is none.
_MASS_MAX = 1000
_MASK = 0x3FFFFFFF
_HALF = 0x20000000


def parse(data: bytes, told: "list[int]") -> int:
    """Take the last whole frame in what came; the cause why there is none."""
    at = data.rfind(_HEAD)
    if at < 0:
        return _CHECKSUM if data else _SILENT
    frame = data[at : at + _FRAME_SIZE]
    if len(frame) < _FRAME_SIZE or sum(frame[:30]) != frame[30] << 8 | frame[31]:
        return _CHECKSUM
    for place in range(3):
        if (frame[10 + 2 * place] << 8 | frame[11 + 2 * place]) > _MASS_MAX:
            return _RANGE
    for place in range(3):
        told[1 + place] = 10 * (frame[10 + 2 * place] << 8 | frame[11 + 2 * place])
    return _VALID


def _lost(told: "list[int]", cause: int) -> None:
    told[0], told[1], told[2], told[3] = cause, -1, -1, -1


def drive(uart: object, told: "list[int]", rest_s: int = 0) -> object:
    """A generator that is sent the time in ms (wrapping at 2^30) and fills `told`.

    While it warms up after a rest `told` keeps what was before.
    """
    tick = yield
    rest_ms = min(rest_s, 86400) * 1000
    while True:
        uart.write(_WAKE)
        uart.write(_PASSIVE)
        since = tick
        while tick - since & _MASK < _WARM_MS:
            tick = yield
        uart.read()  # What it said while it warmed up is not to be had.
        good = misses = 0
        sums = [0, 0, 0]
        found = list(FRESH)
        while misses < _MISSES_MAX and (not rest_ms or good < _SAMPLES):
            uart.write(_ASK)
            since = tick
            while tick - since & _MASK < _ASK_MS:
                tick = yield
            cause = parse(uart.read() or b"", found)
            if cause:
                misses += 1
                if misses == _MISSES_MAX or cause == _RANGE:
                    _lost(told, cause)
                continue
            misses = 0
            good += 1
            if not rest_ms:
                told[0], told[1], told[2], told[3] = _VALID, found[1], found[2], found[3]
                continue
            for place in range(3):
                sums[place] += found[1 + place]
        if rest_ms and good == _SAMPLES:
            told[0] = _VALID
            for place in range(3):
                told[1 + place] = sums[place] // _SAMPLES
            uart.write(_SLEEP)
            since = tick
            while tick - since & _MASK < rest_ms:
                tick = yield
