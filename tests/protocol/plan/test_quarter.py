"""The demonstration quarter is whole, repeatable, and accepted by the plan reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol import plan


@pytest.mark.parametrize(("lamps", "bays"), [(24, 16), (1, 0), (0, 3), (500, 500)])
def test_a_quarter_has_as_many_lamps_and_bays_as_asked(
    tmp_path: Path, lamps: int, bays: int
) -> None:
    made = plan.quarter(lamps, bays)
    plan.save(made, tmp_path / "plan.json")
    read = plan.load(tmp_path / "plan.json")
    assert read == made
    assert sum(a.kind == "lamp" for a in read.assets) == lamps
    assert sum(a.kind == "bay" for a in read.assets) == bays
    assert plan.quarter(lamps, bays) == made


def test_a_device_address_depends_on_node_and_channel_only() -> None:
    address = plan.device_address("02aa00000001", 0)
    assert address == plan.device_address("02AA00000001", 0)
    assert address != plan.device_address("02aa00000001", 1)


def test_a_lamp_types_curve_reads_the_same_both_ways() -> None:
    lamp_type = plan.quarter(1, 0).lamp_types[0]
    for level in range(1, 101):
        assert abs(lamp_type.light_percent(lamp_type.power_w(level)) - level) < 0.01
    assert lamp_type.light_percent(lamp_type.power_w(0)) == 0


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('"node_id": "02aa00000002"', '"node_id": "02aa00000001"', "given twice"),
        ('"node_id": "02aa00000002"', '"node_id": "XX"', "12 lower-case hex digits"),
        ('"asset_id": "L-0002"', '"asset_id": "L-0001"', "given twice"),
        ('"lat": 50.8368', '"lat": "north"', "site.lat"),
        ('"street_id": "BL"', '"street_id": "ZZ"', "street_id 'ZZ' is not in the plan"),
    ],
)
def test_a_faulty_plan_is_refused_with_the_place_named(
    tmp_path: Path, before: str, after: str, rule: str
) -> None:
    path = tmp_path / "plan.json"
    plan.save(plan.quarter(24, 0), path)
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(plan.PlanError, match=r"plan\.json") as caught:
        plan.load(path)
    assert rule in str(caught.value)


def test_stations_stand_beside_the_lamps_and_bays() -> None:
    without, with_them = plan.quarter(4, 2), plan.quarter(4, 2, stations=True)
    assert with_them.assets[: len(without.assets)] == without.assets
    added = with_them.assets[len(without.assets) :]
    assert tuple(asset.kind for asset in added) == plan.STATION_KINDS
    assert added[0].cabinet_id == with_them.cabinets[0].id


def test_stations_survive_writing_and_reading(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    site = plan.quarter(4, 2, stations=True)
    plan.save(site, path)
    assert plan.load(path) == site


def test_one_street_has_zhaga_lamps_where_that_is_asked(tmp_path: Path) -> None:
    made = plan.quarter(24, 4, stations=True, zhaga=True)
    zhaga = [a for a in made.assets if a.lamp_board == "zhaga"]
    assert len({a.street_id for a in zhaga}) == 1
    assert {a.kind for a in zhaga} == {"lamp"}
    plain = plan.quarter(24, 4, stations=True)
    assert [a.asset_id for a in made.assets] == [a.asset_id for a in plain.assets]
    assert {a.lamp_board for a in plain.assets} == {"nema"}
    path = tmp_path / "plan.json"
    plan.save(made, path)
    assert plan.load(path) == made
    text = path.read_text().replace(f'"lamp_board": "{zhaga[0].lamp_board}"', '"lamp_board": "x"')
    path.write_text(text)
    with pytest.raises(plan.PlanError, match="lamp_board"):
        plan.load(path)


def test_a_bay_with_a_lamps_board_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan.save(plan.quarter(0, 1), path)
    path.write_text(path.read_text().replace('"lamp_board": "nema"', '"lamp_board": "zhaga"'))
    with pytest.raises(plan.PlanError, match="only a lamp"):
        plan.load(path)
