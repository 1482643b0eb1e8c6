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
    put, got, line, room = tools
    put(uart, line, frame[0], frame[1], frame[2])
    for _ in range(_WAIT):
        yield
    return got(uart, room)


def commission(uart, tools, level, memory):  # type: ignore[no-untyped-def] # plain data of dali.py
    """Write both levels where they are not so yet, and read them back; 1: they are so, 2: not.

    level: 0-254, or 255 for what was written before, which the file
    `memory` has; tools: put, got and their buffers.
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
