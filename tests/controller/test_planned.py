"""A receipt's asset becomes a part of the plan, like its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from controller.planned import add_planned, exchanged
from controller.receipts import RefusedError
from protocol import handover, plan


def receipt(**changed: Any) -> handover.Receipt:
    said = {
        "mac": "246f28000001", "node_id": "06aa00000001", "asset_id": "L-NEW", "kind": "lamp",
        "serial": "7", "chip": "esp32", "versions": {}, "checks": [], "passed": True,
        "flashed_at": "", "laptop": "van-3", "batch_id": "b-1",
        "position": {"lat": 50.8371, "lon": 4.3462, "source": "csv"},
    } | changed  # fmt: skip
    return msgspec.convert(said, handover.Receipt)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    plan.save(plan.quarter(4, 1), tmp_path / "plan.json")
    return tmp_path / "plan.json"


def test_a_new_asset_stands_where_its_receipt_says(path: Path) -> None:
    assert add_planned(path, receipt())
    new = plan.load(path).assets[-1]
    assert (new.asset_id, new.node_id, new.lat) == ("L-NEW", "06aa00000001", 50.8371)
    assert new.lamp_type_id == plan.load(path).lamp_types[0].id
    assert not add_planned(path, receipt())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"asset_id": "L-0001"}, "with the node 02aa00000001"),
        ({"node_id": "02aa00000001"}, "as L-0001"),
        ({"position": None}, "no position"),
        ({"kind": "air"}, "no air"),
    ],
)
def test_what_contradicts_the_plan_is_refused(
    path: Path, changed: dict[str, Any], words: str
) -> None:
    before = path.read_bytes()
    with pytest.raises(RefusedError, match=words):
        add_planned(path, receipt(**changed))
    assert path.read_bytes() == before


def test_two_nodes_are_exchanged_and_nothing_else_is(path: Path) -> None:
    before = {a.asset_id: a for a in plan.load(path).assets}
    plan.save(exchanged(path, "L-0001", "L-0003"), path)
    now = {a.asset_id: a for a in plan.load(path).assets}
    assert now["L-0001"].node_id == before["L-0003"].node_id
    assert now["L-0003"].node_id == before["L-0001"].node_id
    assert now["L-0001"].lat == before["L-0001"].lat
    assert {k: v for k, v in now.items() if k not in ("L-0001", "L-0003")} == {
        k: v for k, v in before.items() if k not in ("L-0001", "L-0003")
    }
    plan.save(exchanged(path, "L-0003", "L-0001"), path)
    assert {a.asset_id: a for a in plan.load(path).assets} == before


def test_nodes_that_cannot_do_each_others_work_are_not_exchanged(path: Path) -> None:
    site = plan.load(path)
    lamps = [a for a in site.assets if a.kind == "lamp"]
    twin = msgspec.structs.replace(lamps[3], node_id=lamps[2].node_id, channel=1)
    zhaga = msgspec.structs.replace(lamps[1], lamp_board="zhaga")
    assets = [lamps[0], zhaga, lamps[2], twin, *(a for a in site.assets if a.kind != "lamp")]
    plan.save(msgspec.structs.replace(site, assets=assets), path)
    for second, words in (
        ("L-9", "no asset L-9"),
        ("B-0001", "L-0001 is a lamp, B-0001 a bay"),
        ("L-0002", "L-0001 is a nema, L-0002 a zhaga"),
        ("L-0003", "serves L-0004, too"),
        ("L-0001", "have one node"),
    ):
        with pytest.raises(RefusedError, match=words):
            exchanged(path, "L-0001", second)
