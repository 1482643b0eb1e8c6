"""What a schedule means: local time, the sun, and which level a lamp has at an instant.

It is fed the time and bytes; it reads no clock and drives no lamp. Importable by MicroPython and
CPython alike, in integers only; the parts that only a desk needs (JSON, compiling, previews)
have a door of their own: planning/. Read `evaluate.py` first; README.md is the specification.
"""

from .civil import date_of, day_of, weekday
from .errors import ScheduleError
from .evaluate import Decision, Evaluator
from .inputs import INPUTS_MAX, OFF, ON, RIPPLE, UNKNOWN, Inputs
from .sun import NORMAL, POLAR_DAY, POLAR_NIGHT, sun_times
from .table import TABLE_VERSION
from .zone import Zone

__all__ = [
    "INPUTS_MAX",
    "NORMAL",
    "OFF",
    "ON",
    "POLAR_DAY",
    "POLAR_NIGHT",
    "RIPPLE",
    "TABLE_VERSION",
    "UNKNOWN",
    "Decision",
    "Evaluator",
    "Inputs",
    "ScheduleError",
    "Zone",
    "date_of",
    "day_of",
    "sun_times",
    "weekday",
]
