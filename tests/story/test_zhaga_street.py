"""A street in which two lamps are nema and two zhaga, with all its programs."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from story.city import City

from protocol import plan

NEMA, ZHAGA = ("L-0001", "L-0002"), ("L-0003", "L-0004")
LEVEL = 40
PROGRAM = {
    "name": "Low",
    "steps": [{"at": "00:00", "level_percent": LEVEL, "ramp_s": 0}],
}


def dim(city: City) -> None:
    """All four lamps on the low program, by an operator's calendar."""
    program = city.request("POST", "/programs", PROGRAM).json()["id"]
    calendar = {"name": "Low", "default_program_id": program, "rules": []}
    calendar_id = city.request("POST", "/calendars", calendar).json()["id"]
    said = {"calendar_id": calendar_id, "lamp_ids": [*NEMA, *ZHAGA], "group_ids": []}
    assert city.request("POST", "/assignments", said).status_code == 201


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder: Path = tmp_path_factory.mktemp("zhaga")
    quarter = plan.quarter(4, 0)
    assets = [
        msgspec.structs.replace(
            lamp, street_id="BL", lamp_board="zhaga" if lamp.asset_id in ZHAGA else "nema"
        )
        for lamp in quarter.assets
    ]
    (folder / "data").mkdir()
    plan.save(msgspec.structs.replace(quarter, assets=assets), folder / "data" / "plan.json")
    made = City(folder, "--speed", "20")
    made.start()
    dim(made)
    yield made
    made.stop()


def light(city: City, lamp_id: str) -> float:
    return float(city.world(f"lamps/{lamp_id}")["light_percent"])


def is_at(city: City, lamps: tuple[str, ...], level: int) -> bool:
    return all(abs(light(city, lamp) - level) < 2 for lamp in lamps)


def test_a_schedule_dims_both_sorts_and_both_tell_their_power(city: City) -> None:
    city.until(lambda: is_at(city, (*NEMA, *ZHAGA), LEVEL), "a low street")
    lamp_type = plan.quarter(1, 0).lamp_types[0]
    expected_w = lamp_type.power_w(LEVEL)

    def told() -> bool:
        rows = city.get("/lamps")["items"]
        return all(abs((row["power_w"] or 0) - expected_w) < 2 for row in rows)

    city.until(told, "the power of a low street")
    assert {row["health"] for row in city.get("/lamps")["items"]} == {"ok"}


def test_a_zhaga_node_that_is_pulled_out_leaves_its_lamp_lit(city: City) -> None:
    city.until(lambda: is_at(city, (*NEMA, *ZHAGA), LEVEL), "a low street")
    for lamp_id in (NEMA[0], ZHAGA[0]):
        node_id = city.world(f"lamps/{lamp_id}")["node_id"]
        assert city.world(f"nodes/{node_id}", {"plugged": False}) == {"plugged": False}
        # A new driver would stay as it was: the node has commissioned it.
        city.until(functools.partial(is_at, city, (lamp_id,), 100), "full light")
        assert city.world(f"lamps/{lamp_id}")["node_pid"] is None
        assert city.world(f"lamps/{lamp_id}")["mains"] is True
        city.world(f"nodes/{node_id}", {"plugged": True})
    city.until(lambda: is_at(city, (NEMA[0], ZHAGA[0]), LEVEL), "a low street again")


def gear_alarms(city: City) -> list[dict[str, Any]]:
    return [a for a in city.get("/alarms")["items"] if a["kind"] == "gear_failure"]


def test_a_dead_driver_is_an_alarm_until_it_lives_again(city: City) -> None:
    lamp_id = ZHAGA[1]
    city.until(lambda: is_at(city, (lamp_id,), LEVEL), "its level")
    assert not gear_alarms(city)
    city.world(f"lamps/{lamp_id}", {"fault": "driver_dead"})
    assert light(city, lamp_id) == 0
    city.until(lambda: gear_alarms(city), "the alarm")
    assert gear_alarms(city)[0]["asset_id"] == lamp_id
    assert gear_alarms(city)[0]["ended_at"] is None
    city.world(f"lamps/{lamp_id}", {"fault": None})
    city.until(lambda: gear_alarms(city)[0]["ended_at"], "the alarm's end")
    city.until(lambda: is_at(city, (lamp_id,), LEVEL), "its light")


@pytest.mark.slow
def test_what_a_driver_holds_reaches_the_operators(city: City) -> None:
    """A node reads it in half a minute, whatever the world's speed."""

    def driver(lamp_id: str) -> dict[str, Any]:
        return dict(city.get(f"/lamps/{lamp_id}/driver"))

    city.until(lambda: len(driver(ZHAGA[0])["values"]) > 30, "its memory", seconds=90)
    told = driver(ZHAGA[0])
    values = told["values"]
    assert (values["luminaire_gtin"], values["light_lm"]) == ("5415001234562", 8400)
    assert (values["gear_c"], values["power_factor"]) == (41, 0.96)
    assert 43 <= values["gear_starts"] < 50
    assert 10_000 < values["gear_on_s"] < 20_000
    assert told["age_s"] < 20 * 120
    assert driver(NEMA[0])["values"] == {}
