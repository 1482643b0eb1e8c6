"""The chips of an air station together: what each says, and whether the particles may be believed.

A file of its own in the image; it takes and returns plain data. A sensor that sees scattered light
counts the water on its particles as well: above 85 % relative humidity such counters tell far too
much (Crilley et al., Atmospheric Measurement Techniques 11, 2018: hygroscopic growth). And the
maker's data manual of the PMS5003 (V2.3) specifies it from -10 to 60 °C.
"""

_VALID, _SILENT, _HUMID, _TEMPERATURE, _UNJUDGED = 0, 1, 5, 6, 7
_HUMID_PERMILLE, _DRY_PERMILLE = 850, 820
_COLD_DC, _HOT_DC = -100, 600


def judge(climate: "list[int]", cause: int, before: int) -> int:
    """The cause why particles are none, in this climate; before: what it was.

    Once it was too humid it is until the air is drier by 3 %. Without a climate nobody can say.
    """
    if cause:
        return cause
    if climate[0]:
        return _UNJUDGED
    if climate[2] > (_DRY_PERMILLE if before == _HUMID else _HUMID_PERMILLE):
        return _HUMID
    return _VALID if _COLD_DC <= climate[1] <= _HOT_DC else _TEMPERATURE


def watch(
    buses: "tuple[object, ...]", values: "list[int | None]", places: "list[int]", rest_s: int
) -> object:
    """A generator that is sent the time in ms (wrapping at 2^30) and fills `values`.

    buses: I2C, UART and converter of climate, particles and noise, None: it has no such chip.
    places: where the first number of each goes, the others after it, and where the causes go, four
    bits for each chip. With a cause its numbers are None. rest_s: see pms5003.py.
    """
    from . import noise, pms5003, sht31

    told = [list(sht31.FRESH), list(pms5003.FRESH), list(noise.FRESH)]
    chips = [
        buses[0] and sht31.drive(buses[0], told[0]),
        buses[1] and pms5003.drive(buses[1], told[1], rest_s),
        buses[2] and noise.drive(buses[2], told[2]),
    ]
    tick = None  # Which begins each.
    before = 0
    while True:
        causes = 0
        for at in range(3):
            if not chips[at]:
                continue
            chips[at].send(tick)
            said = told[at]
            cause = said[0]
            if at == 1:
                cause = before = judge(told[0], cause, before)
            causes |= cause << 4 * at
            for number in range(1, len(said)):
                values[places[at] + number - 1] = None if cause else said[number]
        values[places[3]] = causes
        tick = yield
