"""What a DALI driver does by itself: light without a bus, light after mains (IEC 62386-102).

The node feeds the bus from the driver's 24 V (docs/dali.md). So a node that is pulled out or dead
leaves the bus without power, and the driver gives its SYSTEM FAILURE LEVEL; after its own mains
were away it gives its POWER ON LEVEL until it hears another. Pure but for the pages.
"""

from __future__ import annotations

from .board import layout
from .pages import Pages

_AS_IT_WAS = 255


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
    arc = int(pages.gear_arc[index])
    return float(10 ** (3 * (arc - 1) / 253 - 1)) if arc else 0.0
