"""An SHT31 on paper, and the voltage of a sound level meter: what the world's registers say.

Linked apart, so that it takes no memory of nodes that have no such chip. The world's values lie in
the registers of a station's page (firmware/boards/air_modbus.toml): tenths of a degree, of a
percent and of a decibel. Bits of MODULES say which chips are broken.
"""

from .layout import CLIMATE_DEAD, MODULES, NOISE_DEAD, REGISTERS
from .simpage import WORD, words

_last = [0]  # The last command to the climate chip.
_MEASURE, _STATUS = 0x2400, 0xF32D
_NOISE_REGISTER = 14


def register(number):
    """One of the world's registers, with its sign."""
    value = words[REGISTERS // WORD + number // 2] >> 16 * (1 - number % 2) & 0xFFFF
    return value - 0x10000 if value & 0x8000 else value


def crc(data):
    """CRC-8 of Sensirion: polynomial 0x31, from 0xFF."""
    value = 0xFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x31 if value & 0x80 else 0)) & 0xFF
    return value


def write(data):
    """A command; it is answered while the chip works."""
    if words[MODULES // WORD] & CLIMATE_DEAD:
        raise OSError(19)
    _last[0] = data[0] << 8 | data[1]


def read(buffer):
    """The answer to the last command."""
    if words[MODULES // WORD] & CLIMATE_DEAD or _last[0] not in (_MEASURE, _STATUS):
        raise OSError(19)
    told = (0,)
    if _last[0] == _MEASURE:
        told = ((register(0) + 450) * 65535 // 1750, register(1) * 65535 // 1000)
    at = 0
    for word in told:
        pair = bytes((word >> 8 & 0xFF, word & 0xFF))
        buffer[at : at + 3] = pair + bytes((crc(pair),))
        at += 3


def read_uv():
    """Microvolts of the sound level meter: 20 mV a decibel; without it none."""
    if words[MODULES // WORD] & NOISE_DEAD:
        return 0
    return register(_NOISE_REGISTER) * 2000
