"""What hangs on a board that lies on a bench: mains, a test lamp behind the meter, a radio cell.

One lamp of 58 W whose power follows the board's output at once: a duty, or the level of a DALI
driver fresh from its factory as soon as the board speaks to it. In a city the world plays this
(hardware_sim/world); here is no street, so it is fed by nobody else.
"""

from __future__ import annotations

import itertools
import mmap

from ..board import layout

_VOLTAGE_DV = 2300
_FULL_MW = 58_000
_DUTY_MAX = 65535
# Percent of the duty and of the power: losses make low levels dearer than the light is.
_CURVE = ((0, 0.9), (1, 7.0), (10, 14.0), (25, 27.0), (50, 51.0), (75, 75.5), (100, 100.0))
_FULL_ARC = 254
_FACTORY_LEVELS = 255 << 8 | _FULL_ARC  # Full light after mains, without a bus as it was.
_ANY_DTR = 0xFFFF
_NOBODY_LUX_X10 = 3000
# A bay's field on a bench is that of the earth in Brussels, without a car.
_FIELD_NT = (20_000, 0, 44_000)


def turn(page: mmap.mmap) -> None:
    """Bring meter and surroundings up to what the board drives now."""
    driven = _get(page, layout.DRIVEN)
    duty = _get(page, layout.DUTY) if driven else _DUTY_MAX
    if not _get(page, layout.GEAR_LEVELS):
        _put(page, layout.GEAR_LEVELS, _FACTORY_LEVELS)
        _put(page, layout.GEAR_ARC, _FULL_ARC)
        _put(page, layout.GEAR_STATUS, layout.GEAR_POWER_SEEN)
    elif _get(page, layout.GEAR_TURN) & _ANY_DTR:  # Each conversation with a driver sets one.
        duty = _duty_of(_get(page, layout.GEAR_ARC))
    power_mw = 0 if _get(page, layout.RELAY) else power_of(duty)
    for at, value in (
        (layout.METER, 1), (layout.LINK, 1), (layout.VOLTAGE_DV, _VOLTAGE_DV),
        (layout.LUX_X10, _NOBODY_LUX_X10), (layout.POWER_MW, power_mw),
    ):  # fmt: skip
        _put(page, at, value)
    for at, value in zip((layout.FIELD_X, layout.FIELD_Y, layout.FIELD_Z), _FIELD_NT, strict=True):
        _put(page, at, value)


def _duty_of(arc: int) -> int:
    """The light of a driver's arc level (IEC 62386-102: 0.1 % at 1, in equal ratios)."""
    return round(_DUTY_MAX * 10 ** (3 * (arc - 1) / 253 - 3)) if arc else 0


def power_of(duty: int) -> int:
    """Milliwatts at a duty of 0 to 65535."""
    percent = min(duty, _DUTY_MAX) * 100 / _DUTY_MAX
    for (x0, y0), (x1, y1) in itertools.pairwise(_CURVE):
        if percent <= x1:
            return round(_FULL_MW * (y0 + (y1 - y0) * (percent - x0) / (x1 - x0)) / 100)
    return _FULL_MW


def _get(page: mmap.mmap, at: int) -> int:
    return int.from_bytes(page[at : at + 4], "little")


def _put(page: mmap.mmap, at: int, value: int) -> None:
    new = value.to_bytes(4, "little")
    if page[at : at + 4] != new:
        page[at : at + 4] = new
