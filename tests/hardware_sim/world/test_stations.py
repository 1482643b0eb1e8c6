"""Stations in the street: the contactor feeds the lamps, modules hold what is measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hardware_sim.board import layout
from hardware_sim.pages import Pages
from hardware_sim.world.street import Street
from protocol import plan

NOW_S = 1_795_284_000.0


@pytest.fixture
def street(tmp_path: Path) -> Street:
    site = plan.quarter(3, 1, stations=True)
    return Street(site, Pages(tmp_path / "pages", len(site.assets)), 1)


def lamps_live(street: Street) -> list[bool]:
    street.step(NOW_S)
    return [bool(street.powered[index]) for index in street.lamps]


def cabinet_index(street: Street) -> int:
    return len(street.lamps) + len(street.bays)


def test_an_undriven_contactor_feeds_its_lamps(street: Street) -> None:
    assert all(lamps_live(street))
    index = cabinet_index(street)
    street.pages.driven[index] = 1
    street.pages.duty[index] = 0
    assert not any(lamps_live(street))
    assert street.powered[index], "the cabinet's own node stands before the contactor"
    assert street.powered[street.bays[0]]
    street.node_died(index)
    assert all(lamps_live(street))


def test_the_hand_switch_overrules_and_a_breaker_cuts(street: Street) -> None:
    state = street.stations.cabinets["C-1"]
    state.hand = "off"
    assert not any(lamps_live(street))
    state.hand = "on"
    street.pages.driven[cabinet_index(street)] = 1
    assert all(lamps_live(street))
    state.breaker_tripped = True
    assert not any(lamps_live(street))
    street.mains.forced["F-1"] = True
    assert any(lamps_live(street)), "a feeder that is forced is live"


def test_inputs_and_registers_tell_what_is_so(street: Street) -> None:
    street.stations.cabinets["C-1"].door_open = True
    street.stations.air["temperature"] = -3.5
    street.step(NOW_S)
    cabinet = cabinet_index(street)
    assert street.pages.presence[cabinet] == 0b101
    words = street.pages.registers[cabinet]
    assert words[0] == 6 + round(float(np.sum(street.power_w)))
    assert street.pages.registers[cabinet + 1][0] >> 16 == 0x10000 - 35


def test_chips_of_an_air_station_can_be_broken_and_mended(street: Street) -> None:
    air = cabinet_index(street) + 1
    street.stations.broken = ["climate", "noise"]
    street.step(NOW_S)
    broken = int(street.pages.modules[air]) >> 16
    assert broken == (layout.CLIMATE_DEAD | layout.NOISE_DEAD) >> 16
    street.stations.broken = []
    street.step(NOW_S + 1)
    assert street.pages.modules[air] == 0b111110


def test_what_was_left_is_there_again(street: Street, tmp_path: Path) -> None:
    street.stations.cabinets["C-1"].hand = "off"
    street.stations.air["pm1"] = 3.0
    street.stations.overfull = True
    street.stations.broken = ["particles"]
    lamps_live(street)
    said = json.loads(json.dumps(street.saved()))
    site = plan.quarter(3, 1, stations=True)
    other = Street(site, Pages(tmp_path / "others", len(site.assets)), 1)
    other.restore(said)
    assert other.stations.saved() == street.stations.saved()
