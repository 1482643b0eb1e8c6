"""What DALI drivers do by themselves: light without a bus and after mains, light of a level.

The node feeds the bus from the driver's 24 V (docs/dali.md). So a node that is pulled out or dead
leaves the bus without power, and the driver gives its SYSTEM FAILURE LEVEL; after its own mains
were away it gives its POWER ON LEVEL until it hears another (IEC 62386-102).
Pure but for the pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .board import layout
from .pages import Pages

_AS_IT_WAS = 255
# As they leave the factory: full light after mains, and without a bus what it was.
FACTORY_LEVELS = _AS_IT_WAS << 8 | 254


def mains_on(pages: Pages, index: int) -> None:
    """The driver's mains come back."""
    level = int(pages.gear_levels[index]) & 0xFF
    if level != _AS_IT_WAS:
        pages.gear_arc[index] = level
    pages.gear_status[index] |= layout.GEAR_POWER_SEEN


def bus_off(pages: Pages, index: int) -> None:
    """Nothing feeds the bus: half a second later the driver gives its level for that."""
    level = int(pages.gear_levels[index]) >> 8 & 0xFF
    if level != _AS_IT_WAS:
        pages.gear_arc[index] = level


def light_percent(pages: Pages, index: int) -> float:
    """The light of the driver's arc level, in percent."""
    return float(lights_percent(pages, [index])[0])


def lights_percent(pages: Pages, indices: Sequence[int]) -> NDArray[np.float64]:
    """The light of the arc level of each of some drivers, in percent."""
    arc = pages.gear_arc[indices].astype(np.float64)
    light: NDArray[np.float64] = np.where(arc > 0, 10 ** (3 * (arc - 1) / 253 - 1), 0.0)
    return light
