"""Simulated time that several processes share through one mapped page.

The world writes it, controller and CMS read it; without a page they use the system clock. It
never sleeps and never runs backwards. Read `page.py` first.
"""

from .page import (
    PAGE_SIZE_BYTES,
    SPEED_MAX,
    Clock,
    ClockPageError,
    SystemClock,
    WorldClock,
    open_page,
)

__all__ = [
    "PAGE_SIZE_BYTES",
    "SPEED_MAX",
    "Clock",
    "ClockPageError",
    "SystemClock",
    "WorldClock",
    "open_page",
]
