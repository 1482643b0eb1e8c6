"""A cabinet, the air, a sign and a closed bay in a running city."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from story.city import City


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder: Path = tmp_path_factory.mktemp("stations")
    made = City(folder, lamps=4, bays=2)
    made.start()
    yield made
    made.stop()


def cabinet(city: City) -> dict[str, Any]:
    (row,) = city.get("/cabinets")["items"]
    found: dict[str, Any] = row
    return found


def shows(city: City, text: str) -> Callable[[], bool]:
    return lambda: city.world("signs/S-0001")["text"] == text


def test_a_city_has_its_stations_beside_its_lamps_and_bays(city: City) -> None:
    assert city.get("/lamps")["total"] == 4
    assert city.get("/bays")["total"] == 2
    assert len(city.ready["broker_users"]) == 4 + 2 + 3 + 1


def test_an_open_door_is_an_alarm_while_it_is_open(city: City) -> None:
    city.until(lambda: cabinet(city)["door_open"] is False, "word of the cabinet")
    city.world("cabinets/C-1", {"door_open": True})
    city.until(lambda: cabinet(city)["door_open"] is True, "an open door")
    city.until(
        lambda: [a["kind"] for a in city.get("/alarms")["items"]] == ["door_open"], "the alarm"
    )
    city.world("cabinets/C-1", {"door_open": False})
    city.until(lambda: city.get("/alarms")["items"][0]["ended_at"], "the alarm's end")


def test_a_breaker_takes_the_lamps_mains_and_gives_them_back(city: City) -> None:
    city.world("cabinets/C-1", {"breaker_tripped": True})
    assert city.world("lamps/L-0001")["mains"] is False
    city.until(lambda: cabinet(city)["breaker_tripped"] is True, "a tripped breaker")
    city.world("cabinets/C-1", {"breaker_tripped": False})
    assert city.world("lamps/L-0001")["mains"] is True
    city.until(lambda: city.world("lamps/L-0001")["light_percent"] > 0, "light")


def test_a_hand_switch_is_work_on_the_cabinet(city: City) -> None:
    city.world("cabinets/C-1", {"hand": "off"})
    city.until(lambda: cabinet(city)["maintenance"] is True, "maintenance")
    city.until(lambda: cabinet(city)["contactor"] == "off", "word of the contactor")
    assert city.world("lamps/L-0001")["mains"] is False
    city.world("cabinets/C-1", {"hand": "auto"})
    city.until(lambda: cabinet(city)["maintenance"] is False, "the end of maintenance")
    city.until(lambda: city.world("cabinets/C-1")["contactor_closed"], "a closed contactor")


def test_what_the_air_station_measures_comes_to_operators(city: City) -> None:
    def value(quantity: str) -> float | None:
        rows = {row["quantity"]: row["value"] for row in city.get("/air")["items"]}
        return rows.get(quantity)

    city.world("clock", {"speed": 20})  # Particles come half a minute after the station's start.
    city.world("air", {"pm2_5": 62, "temperature": -4.5})
    city.until(lambda: value("pm2-5") == 62.0, "dust")
    city.until(lambda: value("airTemperature") == -4.5, "frost")
    city.world("air", {"humidity": 91})
    city.until(lambda: value("pm2-5") is None, "word that it is too humid")
    rows = {row["quantity"]: row for row in city.get("/air")["items"]}
    assert (rows["pm2-5"]["cause"], rows["pm2-5"]["indicative"]) == ("humid", True)
    assert rows["relativeHumidity"]["value"] == 91.0
    city.world("air", {"pm2_5": None, "temperature": None, "humidity": None})
    city.until(lambda: value("pm2-5") not in (None, 62.0), "what is so without the handle")
    city.world("clock", {"speed": 1})


def test_a_sign_counts_bays_that_are_free_and_not_closed(city: City) -> None:
    city.world("clock", {"speed": 5})
    city.until(shows(city, "P 2"), "two free bays")
    city.world("bays/B-0001", {"car": True})
    city.until(shows(city, "P 1"), "one free bay")
    assert city.request("PUT", "/bays/B-0002", {"closed": True}).status_code == 200
    city.until(lambda: city.get("/bays/B-0002")["state"] == "closed", "a closed bay")
    city.until(shows(city, "P 0"), "no free bay")
    city.world("clock", {"speed": 1})


def test_a_car_in_a_closed_bay_is_an_alarm(city: City) -> None:
    city.request("PUT", "/bays/B-0002", {"closed": True})
    city.world("bays/B-0002", {"car": True})

    def kinds() -> list[str]:
        return [a["kind"] for a in city.get("/alarms")["items"] if a["ended_at"] is None]

    city.until(lambda: kinds() == ["forbidden_parking"], "the alarm")
    city.request("PUT", "/bays/B-0002", {"closed": False})
    city.until(lambda: not kinds(), "the alarm's end")
    assert city.get("/bays/B-0002")["state"] == "occupied"


def test_a_calendar_of_a_cabinet_switches_its_feeder(city: City) -> None:
    city.until(lambda: city.world("lamps/L-0001")["mains"] is True, "mains")
    dark = {"name": "Off", "steps": [{"at": "00:00", "level_percent": 0}]}
    program = city.request("POST", "/programs", dark).json()["id"]
    year = {"name": "Feeder", "default_program_id": program}
    calendar = city.request("POST", "/calendars", year).json()["id"]
    said = {"calendar_id": calendar, "cabinet_ids": ["C-1"]}
    made = city.request("POST", "/assignments", said)
    assert made.status_code == 201, made.text
    city.world("clock", {"speed": 20})
    path = f"/assignments/{made.json()['id']}"
    city.until(lambda: city.get(path)["state"] == "done", "the table in the cabinet's node")
    city.until(lambda: city.world("lamps/L-0001")["mains"] is False, "an open contactor")
    city.until(lambda: cabinet(city)["contactor"] == "off", "word of it")
    assert cabinet(city)["calendar_id"] == calendar
    city.world("cabinets/C-1", {"hand": "on"})  # The hand-switch wins.
    assert city.world("lamps/L-0001")["mains"] is True
    city.world("cabinets/C-1", {"hand": "auto"})
    city.request("POST", "/assignments", {"calendar_id": None, "cabinet_ids": ["C-1"]})
    city.until(lambda: city.world("lamps/L-0001")["mains"] is True, "a closed contactor")
    city.world("clock", {"speed": 1})
