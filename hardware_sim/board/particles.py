"""A PMS5003 on paper: it answers commands, and for thirty seconds after waking it tells nonsense.

Linked apart, so that it takes no memory of nodes that have none. The world's values lie in the
registers of a station's page (firmware/boards/air_modbus.toml), in tenths of a microgram.
"""

from .layout import MODULES, PARTICLES_DEAD, PARTICLES_TORN, REGISTERS
from .simpage import WORD, words
from .simtime import ticks_ms

_WARM_MS = 30000
_FIRST = 10  # Register of PM1; PM2.5 and PM10 follow.
_state = [1, 0]  # Whether it is awake, and since when.


def answer(command):
    """What comes back to a command of seven bytes."""
    dead = words[MODULES // WORD] & PARTICLES_DEAD
    if dead or len(command) != 7 or sum(command[:5]) != command[5] << 8 | command[6]:
        return b""
    if command[2] == 0xE2:
        return _frame() if _state[0] else b""
    if command[2] == 0xE4:
        _state[0] = command[4]
        _state[1] = ticks_ms()
    return _ended(b"BM\x00\x04" + command[2:3] + command[4:5])


def _ended(data):
    total = sum(data)
    return data + bytes((total >> 8 & 0xFF, total & 0xFF))


def _frame():
    """Masses of the factory's dust and of the atmosphere, six counts, version and error."""
    warm = ticks_ms() - _state[1] & 0x3FFFFFFF >= _WARM_MS
    data = b"BM\x00\x1c"
    for place in range(12):
        number = _FIRST + place % 3
        value = words[REGISTERS // WORD + number // 2] >> 16 * (1 - number % 2) & 0xFFFF
        value = (value + 5) // 10 if warm else 999
        value = value + value // 3 if place < 3 else value
        data += bytes((value >> 8, value & 0xFF))
    data = _ended(data + b"\x97\x00")
    if words[MODULES // WORD] & PARTICLES_TORN:
        data = data[:31] + bytes((data[31] ^ 1,))
    return data
