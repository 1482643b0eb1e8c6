"""A DALI-2 / D4i driver at the end of a UART bridge: light out, status and metering in.

A file of its own in the image, for most boards have no such driver; it takes and returns plain
data. The bridge speaks the lines of the ATX LED DALI HAT (docs/dali.md): "hFF90" sends a frame of
16 bits, "t" sends it twice, "lFFFE35" one of 24; "J3F" is an answer, "N" none, "X" a collision,
"L123456" a frame of 24 bits that somebody else has sent. Frames are those of IEC 62386-102 and
-103, memory banks those of DiiA parts 252 and 253.
"""

import sys

# What `told` holds, in order: is the gear bad, is its lamp out (1, 0, or -1: not known), power in
# mW and voltage in dV (-1: not known), energy in Wh, arc level that the gear has (-1).
# Then the level that commissioning writes (-1: none is asked for), and how it ended: 1 ok, 2 not.
# What an input device of the bus says of presence: 1, 0, -1 there is none. And what the driver's
# memory holds, in bytes, when it has just been read; 1: it is asked for, 0: neither. At last the
# uptime in seconds at which that was asked.
FRESH = (-1, -1, -1, 0, -1, -1, -1, 0, -1, 0, 0)

_AS_BEFORE = 255  # Commissioning writes what it wrote last, or full light.
_MISSES = 5  # Questions in a row without an answer: the gear is silent.
_LEVELS = 7  # Levels in a row, after which a question has its turn.
_AGAIN = 6000  # Turns before memory is read again: ten minutes.
_FADE = 0x11  # Extended fade time of two times 100 ms: the next level comes before it has ended.
_KNOWN_MAX = 100_000_000  # A power above this many units is none.
# The light of arc levels 1, 9, 17 ... 257 (10 ^ (3 * (n - 1) / 253 - 1) percent, IEC 62386-102),
# 65535 being all, in sixteenths: three bytes each, low byte first.
_LIGHT = (
    b"\x19\x04\x00\x19\x05\x00\x57\x06\x00\xe3\x07\x00\xd0\x09\x00\x35\x0c\x00"
    b"\x30\x0f\x00\xe6\x12\x00\x82\x17\x00\x40\x1d\x00\x64\x24\x00\x46\x2d\x00"
    b"\x53\x38\x00\x13\x46\x00\x2e\x57\x00\x76\x6c\x00\xf1\x86\x00\xe2\xa7\x00"
    b"\xdd\xd0\x00\xda\x03\x01\x49\x43\x01\x35\x92\x01\x64\xf4\x01\x8c\x6e\x02"
    b"\x85\x06\x03\x98\xc3\x03\xd4\xae\x04\x7c\xd3\x05\x95\x3f\x07\x90\x04\x09"
    b"\x20\x38\x0b\x43\xf5\x0d\x8f\x5d\x11"
)
# Questions and commands in their order, three bytes each: 2 is a question, 1 is sent twice, 0 is
# neither; then address and opcode. At _READ and _READ_VOLTS memory is read where DTR1 and DTR0
# point, and DTR0 goes on by itself.
_ACTUAL = 1
_FADE_TIME = 2
_EXTENDED = 5
_BANK = 8
_READ = 13
_VOLTS = 26
_READ_VOLTS = 31
_ROUND = (
    b"\x02\xff\x90"  # 0: QUERY STATUS
    b"\x02\xff\xa0"  # 1: QUERY ACTUAL LEVEL
    b"\x02\xff\xa5\x00\xa3\x00\x01\xff\x2e"  # 2: QUERY FADE TIME; DTR0, SET FADE TIME
    b"\x02\xff\xa8\x00\xa3\x11\x01\xff\x30"  # 5: QUERY EXTENDED FADE TIME; DTR0, SET it
    b"\x00\xc3\xca\x00\xa3\x02\x01\xff\x81\x00\xc9\xaa\x00\xa3\x03"  # 8: latch bank 202
    + b"\x02\xff\xc5" * 13  # 13: READ MEMORY LOCATION, bytes 3 to 15
    + b"\x00\xc3\xcd\x00\xa3\x02\x01\xff\x81\x00\xc9\xaa\x00\xa3\x0b"  # 26: latch bank 205
    + b"\x02\xff\xc5" * 2  # 31: bytes 11 and 12
)
_HEX = b"0123456789ABCDEF"
_OCCUPANCY = 3  # An instance type.


def arc_of(duty: int) -> int:
    """The arc level of a light as a part of 65535; 0: off."""
    if duty <= 0:
        return 0
    light = duty * 16
    at = 3
    while _light(at) < light and at < 96:
        at += 3
    low = _light(at - 3)
    part = 8 * (light - low) * 2 // (_light(at) - low)  # Of 16.
    return min(254, max(1, (at - 3) // 3 * 8 + 1 + (part + 1) // 2))


def _light(at: int) -> int:
    return _LIGHT[at] | _LIGHT[at + 1] << 8 | _LIGHT[at + 2] << 16


def put(uart: object, line: bytearray, kind: int, address: int, opcode: int) -> None:
    """Send a frame of 16 bits; line: room for seven bytes."""
    line[0] = 116 if kind == 1 else 104  # t or h
    line[1], line[2] = _HEX[address >> 4], _HEX[address & 15]
    line[3], line[4] = _HEX[opcode >> 4], _HEX[opcode & 15]
    line[5] = 10
    uart.write(line)


def listen(frame: bytes, told: "list[int]") -> None:
    """What an input device tells: an event of an occupancy sensor (part 303), else nothing.

    Six hex digits. An event has bit 16 clear; where bit 15 is clear, or bits 23 and 15 are set,
    its instance type is known: bits 14 to 10, or 21 to 17. Bit 1 of the ten below: occupied.
    """
    try:
        number = int(frame, 16)
    except ValueError:
        return
    if len(frame) != 6 or number & 0x10000:
        return
    kind = number >> 10 & 31
    if number & 0x8000:
        if number >> 22 != 2:
            return  # A device's instance by its number: what it is would have to be asked.
        kind = number >> 17 & 31
    if kind == _OCCUPANCY:
        told[8] = number >> 1 & 1


def got(uart: object, room: bytearray, told: "list[int] | None" = None) -> int:
    """The answer that has come, 0-255; -1: none, -2: not even the bridge has said anything."""
    answer = -2
    size = uart.readinto(room)
    while size:
        at = 0
        while at < size:
            if room[at] == 74 and at + 2 < size:  # J
                answer = 0
                for letter in room[at + 1 : at + 3]:
                    answer = answer << 4 | (letter - 48 if letter < 58 else (letter & 95) - 55)
                at += 2
            elif room[at] == 76 and told is not None:  # L
                listen(bytes(room[at + 1 : at + 7]), told)
                at += 6
            elif answer < 0 and room[at] != 10:
                answer = -1
            at += 1
        size = uart.readinto(room)
    return answer


def _take(at: int, answer: int, told: "list[int]", bank: bytearray) -> int:
    """Use the answer to the question at this place; the place of the next one."""
    if not at:
        told[0], told[1] = answer & 1, answer >> 1 & 1
        return _ACTUAL
    if at == _ACTUAL:
        told[5] = answer
    elif at == _FADE_TIME:
        return 3 if answer >= 16 else _EXTENDED
    elif at == _EXTENDED:
        return _BANK if answer in (-1, _FADE) else 6
    elif at < _VOLTS:
        if answer < 0:  # No such bank.
            told[2] = -1
            return _VOLTS
        bank[at - _READ] = answer
        if at == _VOLTS - 1:
            _meter(bank, told)
    elif answer < 0:
        told[4] = -1
        return 0
    elif at == _READ_VOLTS:
        bank[0] = answer
    else:
        told[4] = -1 if bank[0] == 255 else bank[0] << 8 | answer
        return 0
    return at + 1


def _meter(bank: bytearray, told: "list[int]") -> None:
    """Bytes 3 to 15 of bank 202: energy and power, each with its power of ten before it."""
    power = bank[10] << 16 | bank[11] << 8 | bank[12]
    if bank[9] or power > _KNOWN_MAX:
        power = -1
    told[2] = _scaled(power, bank[8], 3)
    if bank[2] != 255 and bank[3] != 255:  # Else it is not known, or not now.
        told[3] = _scaled(int.from_bytes(bank[2:8], "big"), bank[1], 0)


def _scaled(number: int, ten: int, more: int) -> int:
    """A number times ten to the power of a signed byte and `more`; -1 stays."""
    ten = (ten - 256 if ten > 127 else ten) + more
    while ten > 0 <= number:
        number *= 10
        ten -= 1
    while ten < 0 <= number:
        number //= 10
        ten += 1
    return number


def send(
    uart: object, line: bytearray, bank: object, answer: "int | None"
) -> "tuple[int, object]":
    """Send the next frame of what reads memory: 2 if it asks, 1 at a pause; None at its end."""
    try:
        kind, address, opcode = bank.send(answer)  # type: ignore[attr-defined] # a generator
    except StopIteration:
        return 0, None
    if kind == 3:  # Of 24 bits, to all control devices (IEC 62386-103).
        uart.write(b"lFF%02X%02X\n" % (address, opcode))
    elif kind != 4:
        put(uart, line, kind, address, opcode)
    return (1 if kind == 4 else 2 if kind >= 2 else 0), bank


def load():  # type: ignore[no-untyped-def] # a module
    """The cold module beside this one, which goes when it is let go of."""
    # By text, for names of an import statement stay in memory; so does the package's attribute.
    __import__("firmware.drivers.dali_commission")
    sys.modules["firmware.drivers"].__dict__.pop("dali_commission", None)
    return sys.modules.pop("firmware.drivers.dali_commission")


def ask(uart: object, line: bytearray, at: int) -> int:
    """Send what stands at this place of the round; 1 if it is a question, else 0."""
    put(uart, line, _ROUND[3 * at], _ROUND[3 * at + 1], _ROUND[3 * at + 2])
    return 1 if _ROUND[3 * at] == 2 else 0


def drive(uart: object, told: "list[int]", memory: str = "/dali") -> object:
    """Is sent the light wanted (of 65535; -1: nothing yet) ten times a second; fills `told`."""
    # `banks` reads the driver's memory, by the answers `kept`, and rests for a round after each.
    line, room, bank, banks, kept = bytearray(b"hFF90\n"), bytearray(24), bytearray(13), None, None
    misses = levels = at = asking = fresh = age = 0
    sent = arc = before = -1
    heard = faded = due = rests = False
    while True:
        wanted = yield
        answer = got(uart, room, told)
        if asking == 2:
            kept = answer
        elif asking and (at or answer >= 0):
            misses = 0
            if (not at and answer & 0x80) or (at == _ACTUAL and answer != sent):
                sent = -1  # It has lost its mains meanwhile, or missed a level.
            at = _take(at, answer, told, bank)
            at = _BANK if at == _FADE_TIME and faded else at
            faded = faded or at == _BANK
        elif asking:
            misses += 1
            if misses >= _MISSES:
                heard, faded, banks = False, False, None
                told[0], told[1], told[2], told[4], told[5] = 1, -1, -1, -1, -1
        if misses == 0 and at == _ACTUAL and not heard:
            heard, sent = True, -1
            told[6] = _AS_BEFORE if told[6] < 0 else told[6]
        if heard and told[6] >= 0 and at <= _ACTUAL:
            tools = (put, got, line, room, told)
            told[7] = yield from load().commission(uart, tools, told[6], memory)
            told[6], sent, due, banks = -1, -1, True, None
        if wanted != before:
            before, arc = wanted, arc_of(wanted)
        asking, age = 0, min(age + 1, _AGAIN)
        if wanted >= 0 and arc != sent and levels < _LEVELS:
            put(uart, line, 0, 0xFE, arc)
            sent, fresh, levels = arc, fresh or 1, levels + 1  # 1: read power anew, once a round
            continue
        levels = 0
        rests = rests and at > 0
        at, fresh = (min(at, _BANK), 2) if fresh == 1 else (at, fresh if at else 0)
        if not at and faded and (due or (told[9] == 1 and age == _AGAIN)) and banks is None:
            due, age, kept, told[9] = False, 0, None, 0
            banks = load().read(memory + ".told", told)
        if banks is not None and not rests:
            asking, banks = send(uart, line, banks, kept)
            rests = asking == 1
        if banks is None or rests:
            asking = ask(uart, line, at)
            at += 1 - asking
