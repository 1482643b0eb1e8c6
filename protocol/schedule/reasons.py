"""Why a schedule gives its level: the first of the reasons on the wire, in the same order."""

REASON_NAMES = (
    "default", "calendar", "program", "astro", "dynamic", "override", "floor", "feeder_off",
)  # fmt: skip
DEFAULT, CALENDAR, PROGRAM, ASTRO, DYNAMIC, OVERRIDE, FLOOR, FEEDER_OFF = 0, 1, 2, 3, 4, 5, 6, 7
