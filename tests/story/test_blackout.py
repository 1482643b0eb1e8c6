"""Mains fail while all above the nodes is stopped: light returns and the night goes on."""

from __future__ import annotations

import datetime
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from story.city import City

FEEDERS = ("F-1", "F-2", "F-3")


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    # The demo is up some eight seconds later: early in a minute, so that its end is the step.
    made = City(tmp_path, "--start", "2026-11-21T21:00", lamps=12, bays=4)
    made.start()
    yield made
    for name in ("broker", "controller", "cms"):
        made.signal(name, signal.SIGCONT)
    made.stop()


def lights(city: City) -> list[float]:
    return [float(city.world(f"lamps/L-{number:04d}")["light_percent"]) for number in range(1, 13)]


def switch(city: City, mains: bool) -> None:
    for feeder in FEEDERS:
        city.world(f"feeders/{feeder}", {"mains": mains})


def schedule(city: City, step_at: str) -> str:
    """A calendar: full light, and 35 % from a local time on."""
    steps = [
        {"at": "12:00", "level_percent": 100},
        {"at": step_at, "level_percent": 35},
    ]
    program = city.request("POST", "/programs", {"name": "Step", "steps": steps}).json()
    said = {"name": "Step", "default_program_id": program["id"], "rules": []}
    return str(city.request("POST", "/calendars", said).json()["id"])


def test_light_returns_alone_and_the_next_step_comes_on_time(city: City) -> None:
    now = datetime.datetime.fromisoformat(city.world("clock")["now"])
    local = datetime.datetime.fromisoformat(city.get("/site")["now"])
    # A whole minute, and time enough before it for all that comes first.
    step = (local + datetime.timedelta(seconds=1003)).replace(second=0, microsecond=0)
    lamps = [row["id"] for row in city.get("/lamps")["items"]]
    said = {"calendar_id": schedule(city, step.strftime("%H:%M")), "lamp_ids": lamps}
    made = city.request("POST", "/assignments", said).json()

    def done() -> bool:
        return bool(city.get(f"/assignments/{made['id']}")["state"] == "done")

    city.until(done, "the assignment done", seconds=20.0)
    city.until(lambda: min(lights(city)) > 95, "light by the program", seconds=10.0)
    city.signal("broker", signal.SIGSTOP)
    city.signal("controller", signal.SIGSTOP)
    switch(city, False)
    city.until(lambda: max(lights(city)) < 1, "darkness", seconds=5.0)
    returned = datetime.datetime.fromisoformat(city.world("clock")["now"])
    switch(city, True)
    assert city.until(lambda: min(lights(city)) > 50, "every lamp lit", seconds=2.0) <= 2.0
    end = time.monotonic() + 5.0
    while time.monotonic() < end:
        assert min(lights(city)) > 50
        time.sleep(0.1)
    city.signal("broker", signal.SIGCONT)
    city.signal("controller", signal.SIGCONT)
    city.until(lambda: min(lights(city)) > 95, "the program again", seconds=30.0)

    def synchronised() -> bool:
        """All have told so since; what they told before the blackout says nothing."""
        rows = city.get("/lamps")["items"]
        told = [row for row in rows if row["clock_quality"] == "synchronised"]
        since = [r for r in told if datetime.datetime.fromisoformat(r["reported_at"]) > returned]
        return len(since) == len(rows)

    city.world("clock", {"speed": 20})  # A lamp tells what has not changed once a minute.
    city.until(synchronised, "clocks", seconds=30.0)
    city.world("clock", {"speed": 1})
    city.signal("controller", signal.SIGSTOP)
    soon = step - datetime.timedelta(seconds=6)
    if datetime.datetime.fromisoformat(city.world("clock")["now"]) < soon:
        city.world("clock", {"now": soon.isoformat()})
    _step_comes(city, step)
    assert now < step


def _step_comes(city: City, step: datetime.datetime) -> None:
    """With the controller stopped, the lamps dim at the step and not before."""
    while True:
        at = datetime.datetime.fromisoformat(city.world("clock")["now"])
        if at >= step:
            break
        assert min(lights(city)) > 95, f"dimmed too early, at {at}"
        time.sleep(0.1)
    seen: list[float] = []

    def dimmed() -> bool:
        seen[:] = lights(city)
        return all(abs(x - 35) < 2 for x in seen)

    try:
        city.until(dimmed, "the step", seconds=4.0)
    except AssertionError as error:
        raise AssertionError(f"{error}\nlights: {seen}") from error
