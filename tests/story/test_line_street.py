"""A street in which two of four lamps hang on a serial line, with all its programs."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from story.city import City

LINED, OTHERS = ("L-0001", "L-0002"), ("L-0003", "L-0004")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = City(tmp_path_factory.mktemp("line"), "--line", "2", lamps=4, bays=0)
    made.start()
    yield made
    made.stop()


def are_at(city: City, lamps: tuple[str, ...], level: int) -> bool:
    lights = [float(city.world(f"lamps/{lamp}")["light_percent"]) for lamp in lamps]
    return all(abs(light - level) < 2 for light in lights)


def dim(city: City, level: int) -> None:
    said = {"lamp_ids": [*LINED, *OTHERS], "group_ids": [], "level_percent": level}
    more = {"expires_in_s": 600, "rank": "maintenance", "reason": "a story of a line"}
    assert city.request("POST", "/overrides", {**said, **more}).status_code == 201


def test_an_operator_sees_no_difference_between_the_roads(city: City) -> None:
    dim(city, 30)
    city.until(lambda: are_at(city, (*LINED, *OTHERS), 30), "all four lamps at 30 %")

    def told() -> bool:
        return {row["health"] for row in city.get("/lamps")["items"]} == {"ok"}

    city.until(told, "four lamps that report")


def test_without_a_broker_the_line_goes_on(city: City) -> None:
    city.signal("broker", signal.SIGSTOP)
    try:
        dim(city, 60)
        city.until(lambda: are_at(city, LINED, 60), "the lined lamps at 60 %")
        assert not are_at(city, OTHERS, 60)
    finally:
        city.signal("broker", signal.SIGCONT)
    city.until(lambda: are_at(city, OTHERS, 60), "the others at 60 %")


def test_a_controller_that_was_killed_finds_its_line_again(city: City) -> None:
    city.signal("controller", signal.SIGKILL)
    city.until(lambda: are_at(city, LINED, 60), "light without a controller", seconds=2)
    dim(city, 20)
    city.until(lambda: are_at(city, LINED, 20), "the lined lamps at 20 %", seconds=60)
