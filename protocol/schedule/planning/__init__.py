"""Schedules as people write them: JSON forms, compiling to a node's table, preview.

It never decides a level by other rules than the node: the preview runs the same evaluator. CPython
only. Read `forms.py` first.
"""

from .compiler import compile_table, program_indices
from .faults import Fault, PlanningError
from .forms import (
    OWN,
    WEEKDAYS,
    AbsolutePeriod,
    AstroPeriod,
    AstroSensorPeriod,
    Calendar,
    Dynamic,
    Period,
    Program,
    Rule,
    SensorPeriod,
    Step,
    SunControl,
)
from .previewing import Point, Site, preview, sun_of
from .reading import calendar_from_json, calendar_to_json, program_from_json, program_to_json
from .zones import zone_from_name

__all__ = [
    "OWN",
    "WEEKDAYS",
    "AbsolutePeriod",
    "AstroPeriod",
    "AstroSensorPeriod",
    "Calendar",
    "Dynamic",
    "Fault",
    "Period",
    "PlanningError",
    "Point",
    "Program",
    "Rule",
    "SensorPeriod",
    "Site",
    "Step",
    "SunControl",
    "calendar_from_json",
    "calendar_to_json",
    "compile_table",
    "preview",
    "program_from_json",
    "program_indices",
    "program_to_json",
    "sun_of",
    "zone_from_name",
]
