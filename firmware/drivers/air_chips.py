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


def put(values: "list[int | None]", places: "list[int]", cause: int, told: "list[int]") -> None:
    """Set a cause and the numbers after it in `told`; those are None when there is a cause."""
    values[places[0]] = cause
    for at in range(1, len(places)):
        values[places[at]] = None if cause else told[at]


def watch(
    buses: "tuple[object, ...]", values: "list[int | None]", places: "list[list[int]]", rest_s: int
) -> object:
    """A generator that is sent the time in ms (wrapping at 2^30) and fills `values`.

    buses: I2C, UART and converter of climate, particles and noise, None: it has no such chip.
    places: for each where its cause and then its numbers go. rest_s: see pms5003.py.
    """
    from . import noise, pms5003, sht31

    told = [list(sht31.FRESH), list(pms5003.FRESH), list(noise.FRESH)]
    chips = [
        buses[0] and sht31.drive(buses[0], told[0]),
        buses[1] and pms5003.drive(buses[1], told[1], rest_s),
        buses[2] and noise.drive(buses[2], told[2]),
    ]
    tick = None  # Which begins each.
    while True:
        for at in range(3):
            if chips[at]:
                chips[at].send(tick)
                cause = told[at][0]
                if at == 1:
                    cause = judge(told[0], cause, values[places[1][0]])
                put(values, places[at], cause, told[at])
        tick = yield
