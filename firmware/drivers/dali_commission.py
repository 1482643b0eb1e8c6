"""Commissioning of a DALI driver: the light that it gives by itself, written and read back.

Without a node on the bus it gives its SYSTEM FAILURE LEVEL, and after its mains were away its
POWER ON LEVEL (IEC 62386-102). Both become one level, which is remembered in flash. Cold: a file
of its own in the image, imported when a driver is heard for the first time and let go afterwards.
"""

FULL = 254  # Arc level.
_AS_BEFORE = 255
_LEVELS = b"\xa3\x2d\xa4\x2c"  # QUERY and SET POWER ON LEVEL, QUERY and SET SYSTEM FAILURE LEVEL
_WAIT = 2  # Turns until an answer must be there.


def remembered(memory: str) -> int:
    """The level written last; full light when there is none."""
    try:
        with open(memory, "rb") as file:
            said = file.read(1)
        return said[0] if said else FULL
    except OSError:
        return FULL


def _ask(uart, tools, frame):  # type: ignore[no-untyped-def] # plain data of dali.py
    """Send a frame (kind, address, opcode) and wait; the answer, below 0: none."""
    put, got, line, room, told = tools
    put(uart, line, frame[0], frame[1], frame[2])
    for _ in range(_WAIT):
        yield
    return got(uart, room, told)


def commission(uart, tools, level, memory):  # type: ignore[no-untyped-def] # plain data of dali.py
    """Write both levels where they are not so yet, and read them back; 1: they are so, 2: not.

    level: 0-254, or 255 for what was written before, which the file
    `memory` has; tools: put, got, their buffers and what `got` fills.
    """
    wanted = remembered(memory) if level == _AS_BEFORE else level
    for at in (0, 2):
        if (yield from _ask(uart, tools, (2, 0xFF, _LEVELS[at]))) == wanted:
            continue
        yield from _ask(uart, tools, (0, 0xA3, wanted))  # DTR0
        yield from _ask(uart, tools, (1, 0xFF, _LEVELS[at + 1]))
        if (yield from _ask(uart, tools, (2, 0xFF, _LEVELS[at]))) != wanted:
            return 2
    if wanted != remembered(memory):
        with open(memory, "wb") as file:
            file.write(bytes((wanted,)))
    return 1


def read(memory, told):  # type: ignore[no-untyped-def] # a generator of plain data
    """Read what the driver says of itself and of its luminaire into a file: banks 1, 203 to 207.

    Yields frames (kind, address, opcode; kind 3 is a question of 24 bits to control devices, 4 no
    frame but a pause), is sent answers (below 0: none). The file has for each bank its number,
    first byte, count, bytes (protocol/wire/driver.py knows what they mean); as bank 255 how many
    instances control devices have. The same is in told[9] at the end.
    """
    found = bytearray()
    banks = (
        b"\x01\x03\x22\xcb\x04\x0f\xcc\x04\x0f\xcd\x04\x1c\xce\x07\x20\xcf\x04\x06"  # First, last.
    )
    for at in range(0, len(banks), 3):
        yield 0, 0xC3, banks[at]  # DTR1
        yield 0, 0xA3, banks[at + 1]  # DTR0
        start = len(found)
        found += banks[at : at + 2] + b"\x00"
        while found[start + 1] + found[start + 2] <= banks[at + 2]:
            answer = yield 2, 0xFF, 0xC5  # READ MEMORY LOCATION
            if answer < 0:
                break  # No such bank, or it is shorter.
            found.append(answer)
            found[start + 2] += 1
        yield 4, 0, 0
    answer = yield 3, 0xFE, 0x35  # QUERY NUMBER OF INSTANCES
    if answer >= 0:
        found += bytes((255, 0, 1, answer))
    told[9] = bytes(found)
    try:
        with open(memory, "rb") as file:
            if file.read() == found:
                return
    except OSError:
        pass  # The first time.
    with open(memory, "wb") as file:
        file.write(found)
