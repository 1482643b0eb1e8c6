"""A DALI frame as pulses, for a board that sends with RMT and has no bridge (docs/dali.md).

Manchester code of IEC 62386-101: 1200 bits a second, a start bit that is 1, the highest bit first;
a 1 is low and then high, and the bus rests high. Nothing here is in an image of today's boards.
"""


def pulses(frame: int, bits: int) -> list[int]:
    """Microseconds low, high, low and so on, from the start bit on; the last high is the rest.

    bits: 8, 16 or 24. Each edge is within half a microsecond of its place: a half bit has 416.67.
    """
    found: list[int] = []
    halves, since, before, place = 0, 0, 0, 0
    for at in range(bits, -1, -1):
        bit = 1 if at == bits else frame >> at & 1
        for level in (1 - bit, bit):
            if level != before:
                place = (halves * 2500 + 3) // 6
                found.append(place - since)
                since, before = place, level
            halves += 1
    if not before:  # The frame ends low: the stop condition is its last edge.
        place = (halves * 2500 + 3) // 6
        found.append(place - since)
    return found
