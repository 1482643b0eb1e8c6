"""Fourteen dusks of a city without CMS, controller and broker: by the world's own light."""

from __future__ import annotations

import datetime
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from story.city import City

from hardware_sim.world import sun

DUSKS = 14
LATE_S = 15 * 60
ABOVE = ("broker", "controller", "cms")
LAMPS = [f"L-{number:04d}" for number in range(1, 5)]
# Local times and levels; full light from dusk on.
STEPS = (("12:00", 100), ("22:30", 40), ("05:30", 80))
FEEDERS = ("F-1", "F-2", "F-3")
ON_S = 300  # After sunset they are switched on.
LAT, LON = 50.8465, 4.3517
ZONE_S = 3600  # November and December.

pytestmark = pytest.mark.slow


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, "--start", "2026-11-21T21:00", lamps=len(LAMPS), bays=0)
    made.start()
    yield made
    for name in ABOVE:
        made.signal(name, signal.SIGCONT)
    made.stop()


def now_s(city: City) -> float:
    return datetime.datetime.fromisoformat(city.world("clock")["now"]).timestamp()


def jump(city: City, at_s: float) -> None:
    """Set the world's clock forward; oscillators of powered nodes go with it."""
    text = datetime.datetime.fromtimestamp(at_s, datetime.UTC).isoformat()
    city.world("clock", {"now": text})


def mains(city: City, on: bool) -> None:
    for feeder in FEEDERS:
        city.world(f"feeders/{feeder}", {"mains": on})


def lit(city: City, percent: int) -> bool:
    found = [float(city.world(f"lamps/{lamp}")["light_percent"]) for lamp in LAMPS]
    return all(abs(one - percent) < 3 for one in found)


def light(city: City, percent: int, what: str) -> None:
    city.until(lambda: lit(city, percent), f"{percent} %: {what}", seconds=10.0)


def dusk(city: City) -> float:
    """Go to the next dusk, by day without power; when the feeders came on, POSIX seconds."""
    morning_s = sun.crossing_s(now_s(city), LAT, LON, rising=True)
    assert morning_s is not None
    jump(city, morning_s + 600)
    mains(city, False)
    light(city, 0, "no mains by day")
    jump(city, morning_s + 3 * 3600)
    sunset_s = sun.crossing_s(now_s(city), LAT, LON, rising=False)
    assert sunset_s is not None
    jump(city, sunset_s + ON_S)
    mains(city, True)
    light(city, 100, "after the feeders came on")
    return now_s(city)


def keeps_its_program(city: City, night: int, dusk_s: float) -> None:
    """Each step comes within LATE_S: the level before it until then, the next one from then on."""
    midnight_s = (dusk_s + ZONE_S) // 86400 * 86400 - ZONE_S
    before = STEPS[0][1]
    for text, percent in STEPS[1:]:
        hour, minute = (int(part) for part in text.split(":"))
        at_s = midnight_s + hour * 3600 + minute * 60 + (86400 if hour < 12 else 0)
        jump(city, at_s - LATE_S)
        time.sleep(0.5)
        light(city, before, f"night {night}, {LATE_S} s before {text}")
        jump(city, at_s + LATE_S)
        light(city, percent, f"night {night}, {LATE_S} s after {text}")
        before = percent


def test_every_lamp_keeps_its_program_for_fourteen_dusks_alone(city: City) -> None:
    steps = [{"at": at, "level_percent": percent} for at, percent in STEPS]
    program = city.request("POST", "/programs", {"name": "Steps", "steps": steps}).json()
    year = {"name": "Steps", "default_program_id": program["id"]}
    calendar = city.request("POST", "/calendars", year).json()["id"]
    said = {"calendar_id": calendar, "lamp_ids": LAMPS}
    made = city.request("POST", "/assignments", said).json()
    path = f"/assignments/{made['id']}"
    city.until(lambda: city.get(path)["state"] == "done", "the tables", seconds=30.0)
    dusk(city)  # One that they learn from.

    def synchronised() -> bool:
        rows = city.get("/lamps")["items"]
        return all(row["clock_quality"] == "synchronised" and row["age_s"] < 30 for row in rows)

    city.until(synchronised, "clocks", seconds=60.0)
    for name in ABOVE:
        city.signal(name, signal.SIGSTOP)
    for night in range(1, DUSKS + 1):
        keeps_its_program(city, night, dusk(city))
