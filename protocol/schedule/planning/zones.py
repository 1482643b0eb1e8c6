"""Time zones by their IANA name, as the two rules a node holds."""

from __future__ import annotations

import functools
import importlib.resources
import re
import struct
import zoneinfo
from pathlib import Path

from ..errors import ScheduleError
from ..zone import Zone

_FOOTER = re.compile(
    r"(?:<[^>]+>|[A-Za-z]+)(?P<standard>[-+]?[\d:]+)"
    r"(?:(?:<[^>]+>|[A-Za-z]+)(?P<daylight>[-+]?[\d:]+)?,(?P<start>[^,]+),(?P<end>[^,]+))?"
)
_RULE = re.compile(r"M(\d+)\.(\d)\.(\d)(?:/([-+]?[\d:]+))?")


def _minutes(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, *_ = [*text.lstrip("+-").split(":"), "0"]
    return sign * (int(hours) * 60 + int(minutes))


def _tzif(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / name
        if path.is_file():
            return path.read_bytes()
    package, _, leaf = ("tzdata.zoneinfo/" + name).rpartition("/")
    return (importlib.resources.files(package.replace("/", ".")) / leaf).read_bytes()


@functools.cache
def zone_from_name(name: str) -> Zone:
    """The rules in force by the zone's TZif footer; ScheduleError for an unknown zone."""
    if name not in zoneinfo.available_timezones():
        raise ScheduleError("zone", f"{name!r} is not a time zone")
    footer = _tzif(name).rsplit(b"\n", 2)[-2].decode()
    match = _FOOTER.fullmatch(footer)
    if match is None:
        raise ScheduleError("zone", f"{name}: cannot read {footer!r}")
    standard_min = -_minutes(match["standard"])
    if match["start"] is None:
        return Zone.from_bytes(struct.pack(">Bh", 1, standard_min))
    daylight_min = -_minutes(match["daylight"]) if match["daylight"] else standard_min + 60
    head = struct.pack(">Bhh", 1, standard_min, daylight_min)
    return Zone.from_bytes(head + _rule(match["start"]) + _rule(match["end"]))


def _rule(text: str) -> bytes:
    match = _RULE.fullmatch(text)
    if match is None:
        raise ScheduleError("zone", f"rule {text!r} is not of the form Mm.w.d")
    month, week, day = (int(match[index]) for index in (1, 2, 3))
    return struct.pack(">BBBh", month, week, day or 7, _minutes(match[4] or "2"))
