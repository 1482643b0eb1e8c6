"""A DALI-2 driver of D4i behind a UART bridge on paper; what it keeps lies in the node's page.

The bridge speaks the lines of the ATX LED DALI HAT (docs/dali.md). What the world says of the
driver and its lamp are bits of GEAR_WORLD, what mains and meter say are the page's own. Levels
that it gives without a bus and after mains are in GEAR_LEVELS; `..gear` obeys them.
"""

from .layout import (
    GEAR_ARC, GEAR_DEAD, GEAR_FADE, GEAR_FAILED, GEAR_INPUT, GEAR_INPUT_TOLD, GEAR_LAMP_OUT,
    GEAR_LATCHED, GEAR_LEVELS, GEAR_ON_S, GEAR_POWER_SEEN, GEAR_STARTS, GEAR_STATUS, GEAR_TURN,
    GEAR_VOLTS, GEAR_WORLD, LIGHT_ON_S, LIGHT_STARTS, POWER_MW, PULSES, VOLTAGE_DV,
)  # fmt: skip
from .simpage import WORD, words

# Bank 1: its last byte, GTIN 5415001234562, number 7, content of form 3, made in week 47 of 2026,
# 60 W, 6 W at its least, 198 to 264 V, 8,400 lm, CRI 70, 3,000 K.
_ASSET = (
    b"\x77\xff\x00\x04\xec\xc7\x39\x9c\x82\x00\x00\x00\x00\x00\x00\x00\x07\x00\x03\x1a\x2f\x00\x3c"
    b"\x00\x06\x00\xc6\x01\x08\x00\x20\xd0\x46\x0b\xb8"
)
# Bank 205 (50 Hz, 0.96, 41 degC, 100 %), 206 (54 V, 1.05 A, a failure, 55 degC) and 207
# (100,000 h, 5,000 starts).
_BANKS = {
    205: b"\x1c\xff\xaa\x01" + bytes(9) + b"\x32\x60" + bytes(12) + b"\x65\x64",
    206: b"\x20\xff\xaa\x01" + bytes(14) + b"\x02\x1c\x04\x1a\x00\x01" + bytes(8) + b"\x73",
    207: b"\x07\xff\xaa\x01\x64\x87\x32",
}
# What is counted or measured: bank, first place, bytes, place in the page; and what it had counted
# when it came here.
_COUNTED = (
    (205, 4, 4, GEAR_ON_S, 10000), (205, 8, 3, GEAR_STARTS, 42), (205, 11, 2, GEAR_VOLTS, 0),
    (206, 7, 3, LIGHT_STARTS, 64), (206, 14, 4, LIGHT_ON_S, 8000),
)  # fmt: skip


def answer(line):
    """What the bridge says to a line."""
    line = bytes(line)
    kind = line[:1]
    said = b""
    if words[GEAR_INPUT // WORD] >> 1 != words[GEAR_INPUT_TOLD // WORD]:  # Its sensor speaks.
        words[GEAR_INPUT_TOLD // WORD] = words[GEAR_INPUT // WORD] >> 1
        said = b"L%06X\n" % (0x040C00 | 2 * (words[GEAR_INPUT // WORD] & 1))
    if kind == b"l" and len(line) == 8:
        asked = words[GEAR_INPUT // WORD] and line[1:7] == b"FFFE35"
        return said + (b"J01\n" if asked else b"N\n")
    if kind not in (b"h", b"t") or len(line) != 6:
        return b"X\n"
    frame = int(line[1:5], 16)
    if words[GEAR_WORLD // WORD] & GEAR_DEAD:
        told = -1
    else:
        told = _frame(frame >> 8, frame & 0xFF, kind == b"t")
    return said + (b"N\n" if told < 0 else b"J%02X\n" % told)


def _turn(at):
    """DTR0 (0), DTR1 (1), whether memory may be written (2)."""
    return words[GEAR_TURN // WORD] >> 8 * at & 0xFF


def _set_turn(at, value):
    before = words[GEAR_TURN // WORD] & (0xFFFFFF ^ 0xFF << 8 * at)
    words[GEAR_TURN // WORD] = before | (value & 0xFF) << 8 * at


def _frame(address, opcode, twice):
    """What the driver answers, -1: nothing."""
    if address == 0xFE:
        if opcode != 255:
            words[GEAR_ARC // WORD] = opcode
            words[GEAR_STATUS // WORD] = 0
    elif address == 0xA3:
        _set_turn(0, opcode)
    elif address == 0xC3:
        _set_turn(1, opcode)
    elif address == 0xC9:
        if words[GEAR_TURN // WORD] == 0x1CA02 and opcode == 0xAA:
            words[GEAR_LATCHED // WORD] = words[POWER_MW // WORD]
            words[GEAR_LATCHED // WORD + 1] = words[PULSES // WORD] // 5
        elif words[GEAR_TURN // WORD] == 0x1CD02 and opcode == 0xAA:
            words[GEAR_VOLTS // WORD] = words[VOLTAGE_DV // WORD]
        _set_turn(0, _turn(0) + 1)
    elif address == 0xFF:
        return _command(opcode, twice)
    return -1


def _command(opcode, twice):
    if opcode == 0xC5:
        return _memory()
    _set_turn(2, 1 if opcode == 0x81 and twice else 0)
    if opcode == 0x90:
        return _status()
    if opcode == 0xA0:
        return words[GEAR_ARC // WORD]
    if opcode in (0xA3, 0xA4):  # Levels after mains, and without a bus.
        return words[GEAR_LEVELS // WORD] >> 8 * (opcode - 0xA3) & 0xFF
    if opcode == 0xA5:
        return (words[GEAR_FADE // WORD] & 15) << 4 | 7
    if opcode == 0xA8:
        return words[GEAR_FADE // WORD] >> 8 & 0xFF
    if twice and opcode in (0x2C, 0x2D, 0x2E, 0x30):
        at, shift = (GEAR_FADE, 0) if opcode == 0x2E else (GEAR_FADE, 8)
        if opcode < 0x2E:
            at, shift = GEAR_LEVELS, 8 * (0x2D - opcode)
        words[at // WORD] = words[at // WORD] & (0xFFFF ^ 0xFF << shift) | _turn(0) << shift
    return -1


def _status():
    said = words[GEAR_WORLD // WORD]
    status = words[GEAR_STATUS // WORD] & GEAR_POWER_SEEN
    status |= 1 if said & GEAR_FAILED else 0
    if words[GEAR_ARC // WORD]:
        status |= 2 if said & GEAR_LAMP_OUT else 4
    return status | 0x40  # It has no short address.


def _memory():
    bank, at = _turn(1), _turn(0)
    _set_turn(0, at + 1)
    if 202 <= bank <= 204 and at < 16:  # Volt-amperes and the load are as the watts.
        if at >= 12:
            return words[GEAR_LATCHED // WORD] >> 8 * (15 - at) & 0xFF
        if at >= 7 and at < 11:
            return words[GEAR_LATCHED // WORD + 1] >> 8 * (10 - at) & 0xFF
        return 0xFD if at == 11 else 1 if at == 3 else 15 if at == 0 else 0  # mW and Wh.
    for number, first, size, place, before in _COUNTED:
        if bank == number and first <= at < first + size:
            return words[place // WORD] + before >> 8 * (first + size - 1 - at) & 0xFF
    content = _ASSET if bank == 1 else _BANKS.get(bank, b"")
    return content[at] if at < len(content) else -1
