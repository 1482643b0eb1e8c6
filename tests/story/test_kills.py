"""Everything is killed in turn while cars come and go: each change is told once, in order."""

from __future__ import annotations

import functools
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from story.city import City

BAYS = 32
SPEED = 3
# A car must stay 10 s to be one; a node that was killed needs some of them to come back.
ROUND_S = 16.0
AFTER_KILLS_S = 7.0  # Of a round, so that a node killed last has seen its car, too.
SEED = 20261121


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, "--speed", str(SPEED), lamps=4, bays=BAYS)
    made.start()
    yield made
    made.stop()


def kill(city: City, victim: str, bay: str) -> None:
    """SIGKILL to one program, or to the node of a bay."""
    pid = city.world(f"bays/{bay}")["node_pid"] if victim == "node" else city.ready["pids"][victim]
    if pid:
        os.kill(pid, signal.SIGKILL)


def up(city: City, victim: str, pid: int) -> bool:
    """Whether a program that was killed runs again."""
    return bool(city.ready["pids"][victim] not in (0, pid))


def states(city: City) -> set[str]:
    """States of all bays."""
    return {row["state"] for row in city.get("/bays")["items"]}


@pytest.mark.parametrize(
    ("rounds", "kills"), [(2, 4), pytest.param(7, 20, marks=pytest.mark.slow)], ids=["64", "224"]
)
def test_changes_under_kills_are_told_once_and_in_order(
    city: City, rounds: int, kills: int
) -> None:
    rng = random.Random(SEED)
    ids = [f"B-{number:04d}" for number in range(1, BAYS + 1)]
    city.until(lambda: states(city) == {"vacant"}, "calibrated detectors")
    victims = [("controller", "cms", "broker", "node")[at % 4] for at in range(kills)]
    car = False
    for turn in range(rounds):
        car = not car
        end = time.monotonic() + ROUND_S / SPEED
        for bay in ids:
            city.world(f"bays/{bay}", {"car": car})
        for _ in range(kills * (turn + 1) // rounds - kills * turn // rounds):
            time.sleep(rng.uniform(0.2, 0.8))
            victim = victims.pop()
            pid = city.ready["pids"].get(victim, 0)
            kill(city, victim, rng.choice(ids))
            if victim != "node":
                city.until(functools.partial(up, city, victim, pid), f"{victim} again")
        time.sleep(max(AFTER_KILLS_S / SPEED, end - time.monotonic()))
    assert not victims
    _all_told(city, ids, rounds)


def _all_told(city: City, ids: list[str], rounds: int) -> None:
    kinds = ("bay_occupied", "bay_vacant")

    def told() -> bool:
        try:
            return len(city.events(kinds)) >= BAYS * rounds
        except httpx.HTTPError:
            return False  # The CMS was killed a moment ago.

    city.until(told, f"{BAYS * rounds} events", seconds=60.0)
    time.sleep(2.0)  # One told twice would come now.
    events = city.events(kinds)
    wanted = [kinds[turn % 2] for turn in range(rounds)]
    for bay in ids:
        assert [e["kind"] for e in events if e["asset_id"] == bay] == wanted, bay
    assert len(events) == BAYS * rounds
    assert len({event["id"] for event in events}) == len(events)
