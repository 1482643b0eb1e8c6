"""The vectors in protocol/schedule/vectors: tables, places, instants, and what a lamp does then.

    python -m pytest tests/protocol/schedule/test_vectors.py --write-vectors

writes them anew. They are for every other reader of the table; look at the difference before it is
committed, for a change there is a change of what streets do.
"""

from __future__ import annotations

import json
from pathlib import Path

from schedule_tables import instant, only, step, table_of

from protocol.schedule import OFF, ON, Decision, Evaluator, Inputs, Zone, planning
from protocol.schedule.planning import (
    AbsolutePeriod,
    AstroPeriod,
    AstroSensorPeriod,
    Dynamic,
    Program,
    Rule,
    SensorPeriod,
    SunControl,
)
from protocol.schedule.reasons import REASON_NAMES

PATH = Path(__file__).resolve().parent.parent / "protocol/schedule/vectors/nights.json"
_PRESENCE = (Dynamic("presence", "max", 80, 45), Dynamic("presence", "add", 10, 300))
RESIDENTIAL = only(
    step("06:00", 100), step("22:30", 60, 60), active_periods=(AstroPeriod(-5, 10),),
    dynamic=_PRESENCE,
)  # fmt: skip
SQUARE = only(
    step("05:30", 90), step("17:00", 100), step("23:30", 40, 120),
    active_periods=(AbsolutePeriod(59400, 28800),),
)  # fmt: skip
WEEK = table_of(
    Rule("feast", "--12-24", "--01-06"),
    Rule("fair", "2026-10-23", "2026-10-26"),
    Rule("weekend", days=("fri", "sat")),
    default="plain",
    plain=Program("plain", (step("18:00", 100), step("00:00", 30), step("02:30", 20))),
    weekend=Program("weekend", (step("18:00", 100), step("02:30", 50))),
    fair=Program("fair", (step("18:00", 100), step("01:30", 70), step("02:00", 60))),
    feast=Program("feast", (step("16:30", 80),), (AstroPeriod(0, 0),)),
)
NO_DEFAULT = table_of(Rule("a", days=("mon",)), a=Program("a", (step("20:00", 45),)))
CELL = only(
    step("18:00", 80, 30), step("23:00", 40, 60),
    active_periods=(AstroSensorPeriod(20, 15, 30, 25, SensorPeriod(350, 700)),),
    suns=(SunControl("sunset", "add", 20, -15), SunControl("sunset", "mul", 50, 240, 9, 5),
          SunControl("sunrise", "set", 90, -60)),
    dynamic=(Dynamic("presence", "set", 0, 0, 1, True, 3, 4),
             Dynamic("presence", "max", 70, 60, 0, ramp_s=2, ramp_from_s=8, from_s=79200,
                     to_s=18000),
             Dynamic("presence", "mul", 50, 30)),
)  # fmt: skip
GATED = table_of(
    Rule("a", days=("sat",), occurrences=("3", "L")),
    Rule("b", "2026-11-01", "--12-31", spans=(("---20", "---22"), ("--12-30", "--01-02"))),
    a=Program("a", (step("20:00", 45),), (SensorPeriod(source=0), SensorPeriod(200, 400))),
    b=Program("b", (step("20:00", 75),), (SensorPeriod(source=1), AbsolutePeriod(72000, 75600))),
)
# What is told before each instant: light in tenths of a lux, [number, state, level] of inputs.
QUIET: tuple[int, list[list[int]]] = (-1, [])
BUSY: tuple[int, list[list[int]]] = (500, [[0, ON, -1], [1, ON, 35]])
STILL: tuple[int, list[list[int]]] = (900, [[0, OFF, -1], [1, OFF, 35]])
# name, table, latitude and longitude in degrees, zone, first instant, hours
NIGHTS = (
    ("a residential street in June", RESIDENTIAL, 50.8465, 4.3517, "Europe/Brussels",
     "2026-06-15T10:00", 26),
    ("a residential street in December", RESIDENTIAL, 50.8465, 4.3517, "Europe/Brussels",
     "2026-12-15T10:00", 26),
    ("a square on the night that loses an hour", SQUARE, 50.8465, 4.3517, "Europe/Brussels",
     "2026-03-28T10:00", 26),
    ("a week's rules on the night that gains an hour", WEEK, 50.8465, 4.3517, "Europe/Brussels",
     "2026-10-24T10:00", 26),
    ("a week's rules on the night that loses an hour", WEEK, 50.8465, 4.3517, "Europe/Brussels",
     "2026-03-28T10:00", 26),
    ("the rule that runs over New Year", WEEK, 50.8465, 4.3517, "Europe/Brussels",
     "2026-12-31T10:00", 50),
    ("the south in its summer", RESIDENTIAL, -33.87, 151.21, "Australia/Sydney",
     "2026-12-20T00:00", 26),
    ("beyond the date line", RESIDENTIAL, 1.87, -157.4, "Pacific/Kiritimati",
     "2026-03-20T00:00", 26),
    ("a polar day", RESIDENTIAL, 69.65, 18.96, "Europe/Oslo", "2026-06-20T10:00", 26),
    ("a polar night", RESIDENTIAL, 69.65, 18.96, "Europe/Oslo", "2026-12-20T10:00", 26),
    ("a zone of half an hour", WEEK, 28.6, 77.2, "Asia/Kolkata", "2027-01-05T06:00", 50),
    ("days without a program", NO_DEFAULT, 50.8465, 4.3517, "Europe/Brussels",
     "2026-11-15T10:00", 50),
)  # fmt: skip
SENSED = tuple(
    (f"{name}, {word}", table, 50.8465, 4.3517, "Europe/Brussels", "2026-11-20T10:00", 50, told)
    for name, table in (("a photocell that helps the sun", CELL), ("sensors alone", GATED))
    for word, told in (("unknown", QUIET), ("busy", BUSY), ("still", STILL))
)


def _instants(evaluator: Evaluator, begin: tuple[int, int], hours: int) -> list[list[int | str]]:
    """Both sides of each change, and the middles; each with and without presence."""
    at = begin[0] * 86400 + begin[1]
    end = at + hours * 3600
    decision = Decision()
    found: list[list[int | str]] = []
    while at < end:
        evaluator.at(at // 86400, at % 86400, -1, decision)
        until = min(end, decision.until_day * 86400 + decision.until_second)
        for second in sorted({at, (at + until) // 2, until - 1}):
            for age_s in (-1, 20, 200):
                evaluator.at(second // 86400, second % 86400, age_s, decision)
                found.append(
                    [second // 86400, second % 86400, age_s, decision.level_percent,
                     REASON_NAMES[decision.reason], decision.ramp_s]
                )  # fmt: skip
        at = until
    return found


def vectors_text() -> str:
    """The content of the file of vectors."""
    nights = []
    for name, table, lat, lon, zone_name, start, hours, told in (
        *((*night, QUIET) for night in NIGHTS),
        *SENSED,
    ):
        zone = planning.zone_from_name(zone_name)
        lat_e5, lon_e5 = round(lat * 100000), round(lon * 100000)
        inputs = Inputs()
        inputs.lux_dx = told[0]
        for number, state, level in told[1]:
            inputs.tell(number, state, 1, (level, 0, 0))
        evaluator = Evaluator(table, lat_e5, lon_e5, Zone.from_bytes(zone.to_bytes()), inputs)
        head = {
            "name": name, "table": table.hex(), "lat_e5": lat_e5, "lon_e5": lon_e5,
            "zone": zone.to_bytes().hex(), "lux_dx": told[0], "told": told[1],
        }  # fmt: skip
        rows = [json.dumps(row) for row in _instants(evaluator, instant(start), hours)]
        opened = json.dumps(head)[:-1]
        nights.append(f'{opened}, "instants": [\n' + ",\n".join(rows) + "\n]}")
    columns = '["day", "second", "presence_age_s", "level_percent", "reason", "ramp_s"]'
    return f'{{"columns": {columns}, "nights": [\n' + ",\n".join(nights) + "\n]}\n"
