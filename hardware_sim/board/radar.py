"""An XM125 on paper: registers of its distance detector, and what the world says reflects.

A register's number has 16 bits, its value 32, high byte first. A command keeps the module busy
for two looks at its status. Numbers are those of the maker's guide (firmware/drivers/xm125.py).
"""

from .layout import ECHO_DB, ECHO_MM
from .simpage import WORD, signed, words

# Register pointed at, looks for which it is busy, whether it is set up, and the last result.
_state = [0, 0, 0, 0, 0, 0]
_POINTER, _BUSY, _SET_UP, _RESULT, _DISTANCE, _STRENGTH = 0, 1, 2, 3, 4, 5
_ALL_OK = 0x3FF
_CELSIUS = 20


def write(data):
    """Point at a register; four more bytes are its value."""
    _state[_POINTER] = data[0] << 8 | data[1]
    if len(data) == 6 and _state[_POINTER] == 0x100:
        _command(int.from_bytes(data[2:], "big"))


def _command(command):
    _state[_BUSY] = 2
    if command == 1:
        _state[_SET_UP] = 1
    elif command == 2 and _state[_SET_UP]:
        heard = words[ECHO_MM // WORD]
        mm = heard & 0xFFFF
        _state[_RESULT] = _CELSIUS << 16 | heard >> 31 << 8 | (1 if mm else 0)
        _state[_DISTANCE] = mm
        _state[_STRENGTH] = signed[ECHO_DB // WORD] * 1000 if mm else 0
    elif command > 100:
        _state[_SET_UP] = 0


def _value(register):
    if register == 0x03:
        busy = _state[_BUSY] > 0
        _state[_BUSY] -= busy
        return busy << 31 | (_ALL_OK if _state[_SET_UP] else 1)
    if register == 0x10:
        return _state[_RESULT]
    if register == 0x11:
        return _state[_DISTANCE]
    return _state[_STRENGTH] if register == 0x1B else 0


def read(buffer):
    """As many registers as the buffer holds, from the one pointed at."""
    for at in range(0, len(buffer), 4):
        value = _value(_state[_POINTER] + at // 4)
        for byte in range(4):
            buffer[at + byte] = value >> 24 - 8 * byte & 0xFF
