"""Modbus modules on paper: units that share the registers of the node's page, by one address each.

Function 3 and 4 read, 16 writes, anything else is not answered; the units that answer are the
world's business.
"""

import struct

from .layout import MODULES, REGISTER_COUNT, REGISTERS
from .simpage import WORD, words


def answer(request):
    """What comes back to a request; nothing from a unit that is not there, or to a torn one."""
    if len(request) < 8 or crc(request) or not words[MODULES // WORD] >> request[0] & 1:
        return b""
    unit, function, address, count = struct.unpack(">BBHH", request[:6])
    if not 0 < count <= REGISTER_COUNT - address or function not in (3, 4, 16):
        return b""
    if function == 16:
        for at in range(count):
            put(address + at, request[7 + 2 * at] << 8 | request[8 + 2 * at])
        body = request[:6]
    else:
        body = bytes((unit, function, 2 * count))
        for at in range(address, address + count):
            body += struct.pack(
                ">H", words[REGISTERS // WORD + at // 2] >> 16 * (1 - at % 2) & 0xFFFF
            )
    return body + struct.pack("<H", crc(body))


def put(register, value):
    """Set a register."""
    at = REGISTERS // WORD + register // 2
    if register % 2:
        words[at] = words[at] & 0xFFFF0000 | value
    else:
        words[at] = words[at] & 0xFFFF | value << 16


def crc(data):
    """CRC-16 as Modbus has it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
