"""What a lamp will do on a date: the node's own evaluator, walked from noon to noon."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from ..evaluate import Decision, Evaluator
from ..reasons import DEFAULT, FEEDER_OFF, FLOOR, REASON_NAMES
from ..sun import NORMAL, sun_times
from ..zone import Zone

EPOCH_S = 946684800  # POSIX seconds at 2000-01-01 0:00 UTC.
_EPOCH_DAY = datetime.date(2000, 1, 1).toordinal()
_NOON_S = 43200
_DAY_S = 86400


@dataclass(frozen=True)
class Site:
    """Position in degrees, and the zone's rules."""

    lat: float
    lon: float
    zone: Zone


@dataclass(frozen=True)
class Point:
    """From `at_s` (POSIX) on, until the next point."""

    at_s: float
    level_percent: int
    reason: str


def _day(date: datetime.date) -> int:
    return date.toordinal() - _EPOCH_DAY


def _e5(degrees: float) -> int:
    return round(degrees * 100000)


def night_of(site: Site, date: datetime.date) -> tuple[int, int]:
    """POSIX seconds of the local noons at which a calendar day begins and ends."""
    day = _day(date)
    begin = day * _DAY_S + site.zone.utc_second(day, _NOON_S)
    end = day * _DAY_S + site.zone.utc_second(day, _NOON_S + _DAY_S)
    return begin + EPOCH_S, end + EPOCH_S


def preview(
    table: bytes | None,
    site: Site,
    date: datetime.date,
    *,
    floor_percent: int = 0,
    feeder_on: Callable[[float], bool] | None = None,
) -> list[Point]:
    """Points from noon to noon; `table` None: no schedule, lit by default.

    `feeder_on` says whether the mains are live at POSIX seconds; else the level is 0.
    """
    begin, end = night_of(site, date)
    evaluator = None
    if table is not None:
        evaluator = Evaluator(table, _e5(site.lat), _e5(site.lon), site.zone)
    decision = Decision()
    points: list[Point] = []
    at = begin
    while at < end:
        until = end
        level, reason = 100, DEFAULT
        if evaluator is not None:
            since_2000 = at - EPOCH_S
            evaluator.at(since_2000 // _DAY_S, since_2000 % _DAY_S, -1, decision)
            level, reason = decision.level_percent, decision.reason
            until = decision.until_day * _DAY_S + decision.until_second + EPOCH_S
        if 0 < level < floor_percent:
            level, reason = floor_percent, FLOOR
        points.append(Point(float(at), level, REASON_NAMES[reason]))
        at = max(at + 1, min(until, end))
    if feeder_on is not None:
        points = _switched(points, end, feeder_on)
    return _merged(points)


def _switched(points: list[Point], end: int, feeder_on: Callable[[float], bool]) -> list[Point]:
    """The points with the feeder's switching cut in, to the minute."""
    found = []
    off = Point(0.0, 0, REASON_NAMES[FEEDER_OFF])
    ends = [*(p.at_s for p in points[1:]), float(end)]
    for point, until in zip(points, ends, strict=True):
        at = point.at_s
        while at < until:
            shown = point if feeder_on(at) else off
            found.append(Point(at, shown.level_percent, shown.reason))
            at = min(until, (at // 60 + 1) * 60)
    return found


def _merged(points: list[Point]) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        last = kept[-1] if kept else None
        if last and (last.level_percent, last.reason) == (point.level_percent, point.reason):
            continue
        kept.append(point)
    return kept


def sun_of(date: datetime.date, lat: float, lon: float) -> tuple[float | None, float | None]:
    """POSIX seconds of sunrise and sunset of a date; None when there is none."""
    day = _day(date)
    rise, fall, kind = sun_times(day, _e5(lat), _e5(lon))
    if kind != NORMAL:
        return None, None
    start = float(day * _DAY_S + EPOCH_S)
    return start + rise, start + fall
