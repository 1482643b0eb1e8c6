"""Somebody walks under a lamp: it and its neighbours are bright, also with nobody above them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from story.city import City

from hardware_sim import provision
from protocol import plan

QUIET, WALKED = 30, 80
PROGRAM = {
    "name": "Quiet street",
    "steps": [{"at": "00:00", "level_percent": QUIET, "ramp_s": 0}],
    "dynamic": [{"sensor": "presence", "operation": "max", "level_percent": WALKED, "hold_s": 10}],
}
SITE = plan.quarter(24, 16, stations=True)


def row_of_five() -> list[str]:
    """Lamps of the longest street, by their place."""
    places = provision.places(SITE)
    streets: dict[str, list[str]] = {}
    for asset in SITE.assets:
        if asset.kind == "lamp":
            streets.setdefault(asset.street_id, []).append(asset.asset_id)
    longest = max(streets.values(), key=len)
    assert len(longest) >= 5
    return sorted(longest, key=places.__getitem__)[:5]


def light(city: City, lamp_id: str) -> float:
    return float(city.world(f"lamps/{lamp_id}")["light_percent"])


SPEED = 12  # Of the world, so that holds end soon.
NOBODY = ("controller", "cms", "broker")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = City(tmp_path_factory.mktemp("near"), "--speed", str(SPEED))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def row(city: City) -> list[str]:
    """Five lamps in a row that are quiet by their program."""
    lamps = row_of_five()
    program = city.request("POST", "/programs", PROGRAM).json()["id"]
    calendar = {"name": "Quiet", "default_program_id": program, "rules": []}
    calendar_id = city.request("POST", "/calendars", calendar).json()["id"]
    said = {"calendar_id": calendar_id, "lamp_ids": lamps, "group_ids": []}
    assert city.request("POST", "/assignments", said).status_code == 201
    city.until(lambda: all(abs(light(city, lamp) - QUIET) < 2 for lamp in lamps), "a quiet street")
    return lamps


@pytest.mark.parametrize("gone", [NOBODY[:2], NOBODY], ids=["broker", "air"])
def test_light_runs_ahead_of_who_walks_also_with_nobody_above(
    city: City, row: list[str], gone: tuple[str, ...]
) -> None:
    stopped = [city.ready["pids"][name] for name in gone]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        city.world(f"people/{row[0]}", {"present": True})
        city.until(
            lambda: all(light(city, lamp) > WALKED - 3 for lamp in row[:3]), "light", seconds=3.0
        )
        assert [round(light(city, lamp)) for lamp in row[3:]] == [QUIET, QUIET]
        city.world(f"people/{row[0]}", {"present": False})
        city.until(
            lambda: all(abs(light(city, lamp) - QUIET) < 2 for lamp in row),
            "a quiet street again", seconds=60.0,
        )  # fmt: skip
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def told(city: City, lamp_id: str) -> tuple[list[str], str]:
    """The rules of a lamp's chain, and its sentence."""
    why = city.get(f"/lamps/{lamp_id}/why?lang=en")
    return [row["rule"] for row in why["chain"]], why["sentence"]


def says(city: City, lamp_id: str, rule: str, words: str) -> None:
    """Rule and sentence of one answer: holds are short here, and the next one may be another."""

    def both() -> bool:
        rules, sentence = told(city, lamp_id)
        return rule in rules and words in sentence

    city.until(both, f"{rule} in the chain and {words!r} in its sentence", seconds=10.0)


def test_the_operator_reads_that_a_neighbour_saw_somebody(city: City, row: list[str]) -> None:
    city.until(lambda: "near" not in told(city, row[2])[0], "a chain without a hint")
    city.world(f"people/{row[0]}", {"present": True})
    try:
        says(city, row[2], "near", "neighbour")
        says(city, row[0], "dynamic", "somebody is there")
    finally:
        city.world(f"people/{row[0]}", {"present": False})
