"""An evening at the desk: look, dim, see it in the light, a lamp breaks, a node dies."""

from __future__ import annotations

import datetime
import os
import signal
import time
from typing import Any

import pytest
from story.city import City


def dim(city: City, lamp_ids: list[str], level_percent: int) -> dict[str, Any]:
    said = {"lamp_ids": lamp_ids, "level_percent": level_percent, "expires_in_s": 3600}
    answer = city.request("POST", "/overrides", said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def release(city: City, override: dict[str, Any]) -> None:
    assert city.request("DELETE", f"/overrides/{override['id']}").json()["state"] == "released"


def lit(city: City, lamp_id: str) -> float:
    return float(city.world(f"lamps/{lamp_id}")["light_percent"])


def test_every_lamp_and_bay_of_the_quarter_has_reported(city: City) -> None:
    lamps, bays = city.get("/lamps"), city.get("/bays")
    assert (lamps["total"], bays["total"]) == (24, 16)
    assert all(row["reported_at"] for row in lamps["items"] + bays["items"])
    assert {row["health"] for row in lamps["items"]} == {"ok"}


def test_an_override_is_seen_in_the_light_within_a_second(city: City) -> None:
    override = dim(city, ["L-0003"], 45)
    city.until(lambda: abs(lit(city, "L-0003") - 45) < 2, "light at 45 %", seconds=1.0)

    def seen() -> bool:
        return bool(city.get(f"/overrides/{override['id']}")["reached"] == 1)

    city.until(seen, "chip at seen", seconds=3.0)
    lamp = city.get("/lamps/L-0003")
    assert (lamp["level_percent"], lamp["target_percent"], lamp["reason"]) == (45, 45, "override")
    assert lamp["light_percent"] == pytest.approx(45, abs=3)
    release(city, override)
    city.until(lambda: lit(city, "L-0003") < 1, "light as the program wants", seconds=3.0)


def test_a_broken_lamp_raises_an_alarm_and_keeps_its_target(city: City) -> None:
    override = dim(city, ["L-0004"], 70)
    city.until(lambda: lit(city, "L-0004") > 65, "light at 70 %", seconds=3.0)
    city.world("clock", {"speed": 5})  # A fault is told when it has lasted some seconds.
    city.world("lamps/L-0004", {"fault": "lamp_open"})

    def alarms() -> list[dict[str, Any]]:
        rows = city.get("/alarms?state=open")["items"]
        return [row for row in rows if row["asset_id"] == "L-0004"]

    city.until(alarms, "an alarm", seconds=20.0)
    assert alarms()[0]["kind"] == "lamp_failure"
    lamp = city.get("/lamps/L-0004")
    assert (lamp["target_percent"], lamp["health"]) == (70, "fault")
    assert lamp["power_w"] < 1.0
    said = city.request("POST", f"/alarms/{alarms()[0]['id']}/acknowledge")
    assert said.json()["acknowledged_by"] == "admin"
    city.world("lamps/L-0004", {"fault": None})
    city.until(lambda: not alarms(), "the end of the alarm", seconds=20.0)
    city.world("clock", {"speed": 1})
    release(city, override)


def test_stopping_one_node_silences_that_lamp_only(city: City) -> None:
    city.until(lambda: lit(city, "L-0005") < 1, "light as the program wants")
    pid = city.world("lamps/L-0005")["node_pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        override = dim(city, ["L-0005", "L-0006"], 30)
        city.until(lambda: abs(lit(city, "L-0006") - 30) < 2, "the neighbour", seconds=2.0)
        time.sleep(0.5)
        assert lit(city, "L-0005") < 5, city.nodes_log()
        lamps = {row["lamp_id"]: row for row in city.get(f"/overrides/{override['id']}")["lamps"]}
        assert lamps["L-0005"]["stage"] == "sent"
    finally:
        os.kill(pid, signal.SIGCONT)
    city.until(lambda: abs(lit(city, "L-0005") - 30) < 2, "the lamp that was away", seconds=60.0)
    release(city, override)


def test_a_car_is_an_event_and_a_state_once(city: City) -> None:
    before = len(city.events(("bay_occupied", "bay_vacant")))
    city.world("clock", {"speed": 5})
    city.world("bays/B-0003", {"car": True})

    def state() -> str:
        return str(city.get("/bays/B-0003")["state"])

    city.until(lambda: state() == "occupied", "an occupied bay", seconds=20.0)
    city.world("bays/B-0003", {"car": False})
    city.until(lambda: state() == "vacant", "a vacant bay", seconds=20.0)
    city.world("clock", {"speed": 1})
    events = city.events(("bay_occupied", "bay_vacant"))[before:]
    assert [(e["kind"], e["asset_id"]) for e in events] == [
        ("bay_occupied", "B-0003"),
        ("bay_vacant", "B-0003"),
    ]


def test_a_later_override_waits_and_leaves_no_gap(city: City) -> None:
    first = dim(city, ["L-0010"], 40)
    city.until(lambda: abs(lit(city, "L-0010") - 40) < 2, "light at 40 %", seconds=3.0)
    now = datetime.datetime.fromisoformat(city.get("/site")["now"])
    later = (now + datetime.timedelta(seconds=4)).isoformat()
    said = {"lamp_ids": ["L-0010"], "level_percent": 65, "starts_at": later, "expires_in_s": 600}
    second = city.request("POST", "/overrides", said).json()
    assert second["state"] == "pending"
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert abs(lit(city, "L-0010") - 40) < 2
        time.sleep(0.1)
    city.until(lambda: abs(lit(city, "L-0010") - 65) < 2, "light at 65 %", seconds=5.0)

    def replaced() -> bool:
        return bool(city.get(f"/overrides/{first['id']}")["state"] == "released")

    city.until(replaced, "the end of the first", seconds=5.0)
    release(city, second)


@pytest.mark.slow
def test_a_lamp_mended_while_its_feeder_was_off_ends_its_alarm(city: City) -> None:
    override = dim(city, ["L-0011"], 80)
    city.until(lambda: lit(city, "L-0011") > 75, "light at 80 %", seconds=3.0)
    city.world("lamps/L-0011", {"fault": "lamp_open"})

    def alarms() -> list[dict[str, Any]]:
        rows = city.get("/alarms?state=open")["items"]
        return [r for r in rows if (r["asset_id"], r["kind"]) == ("L-0011", "lamp_failure")]

    city.until(alarms, "an alarm", seconds=20.0)
    feeder = city.get("/lamps/L-0011")["feeder_id"]
    city.world(f"feeders/{feeder}", {"mains": False})
    city.until(lambda: not city.world("lamps/L-0011")["mains"], "darkness", seconds=3.0)
    city.world("lamps/L-0011", {"fault": None})
    city.world(f"feeders/{feeder}", {"mains": True})
    city.until(lambda: not alarms(), "the end of the alarm", seconds=30.0)
    assert city.get("/lamps/L-0011")["health"] == "ok"
    release(city, override)
