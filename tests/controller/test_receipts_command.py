"""What a batch for a laptop says of each node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from controller.receipts import NAME
from controller.receipts_command import app
from controller.renewals import DONE, WAITING, Asked, Renewals, flashed
from protocol import handover, plan
from protocol.wire import controller_end

VAN = handover.make_laptop("van-3")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    plan.save(plan.quarter(3, 0), tmp_path / "plan.json")
    key = tmp_path / "site.key"
    key.touch(mode=0o600)
    key.write_text(bytes(range(32)).hex())
    names = {"plan": "plan.json", "site_key_file": "site.key", "data": "data"}
    made = tmp_path / "controller.toml"
    made.write_text("".join(f"{k} = {json.dumps(str(tmp_path / v))}\n" for k, v in names.items()))
    (tmp_path / "van-3.card").write_text(json.dumps({"form": 1, **VAN.card.told()}))
    (tmp_path / "job.csv").write_text("asset_id\nL-0001\nL-0002\n")
    return made


def batch(config: Path) -> dict[str, dict[str, Any]]:
    """The batch's nodes by their assets, as the laptop opens it."""
    folder = config.parent
    done = CliRunner().invoke(app, [
        "batch-keys", "--config", str(config), "--laptop", str(folder / "van-3.card"),
        "--inventory", str(folder / "job.csv"), "--out", str(folder / "job.keys"),
        "--broker", "127.0.0.1:1883",
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    content, _ = handover.open_batch((folder / "job.keys").read_text(), VAN, None)
    return {
        node["asset_id"]: node | {"batch_id": content["batch_id"]} for node in content["nodes"]
    }


def test_a_node_on_a_serial_line_is_told_its_address_and_the_lines_rate(config: Path) -> None:
    node_id = plan.quarter(3, 0).assets[1].node_id
    with config.open("a") as file:
        file.write(f'[[lines]]\nport = "/dev/ttyUSB0"\nbaud = 57600\nnodes = {{{node_id} = 17}}\n')
    nodes = batch(config)
    assert nodes["L-0002"]["node_id"] == node_id
    assert nodes["L-0002"]["line"] == [17, 57600]
    assert (nodes["L-0001"]["board"], nodes["L-0002"]["board"]) == ("nema", "nema_rs485")
    assert "line" not in nodes["L-0001"]


def test_neighbours_of_a_street_share_a_group_and_have_places_of_their_own(config: Path) -> None:
    assets = plan.quarter(3, 0).assets
    streets = {a.asset_id: a.street_id for a in assets}
    nodes = batch(config)
    for asset_id, node in nodes.items():
        group, key, place = node["near"]
        lamps = [a for a in assets if a.kind == "lamp" and a.street_id == streets[asset_id]]
        assert group == streets[asset_id]
        assert 0 <= place < len(lamps)
        for other in nodes.values():
            assert (other["near"][1] == key) == (other["near"][0] == group)


def test_a_laptop_gets_the_street_keys_that_hold_and_a_board_of_before_is_told(
    config: Path,
) -> None:
    nodes = batch(config)
    street = nodes["L-0001"]["near"][0]
    store = Renewals(config.parent / "data" / NAME)
    store.ask_near({street: [nodes["L-0001"]["node_id"]]}, Asked((), "2026-11-22T00:00:00+00:00"))
    rows = store.rows()
    rows[0].state = DONE
    store.keep(rows, {})
    key = controller_end.near_key(bytes(range(32)), street, 1).hex()
    assert batch(config)["L-0001"]["near"][1] == key != nodes["L-0001"]["near"][1]
    flashed(store._db, nodes["L-0001"]["node_id"], 0, "2026-11-23T00:00:00+00:00")
    assert [(row.state, row.parts) for row in store.rows()] == [(WAITING, "near")]
    store.close()


def written(folder: Path, nodes: dict[str, dict[str, Any]], asset_id: str, number: int) -> Path:
    """The receipt of a node of the batch."""
    node = nodes[asset_id]
    said = {
        "mac": f"246f2800000{number}", "node_id": node["node_id"], "asset_id": asset_id,
        "kind": "lamp", "serial": "", "chip": "esp32", "versions": {}, "checks": [],
        "passed": True, "flashed_at": "", "laptop": "van-3", "batch_id": node["batch_id"],
    }  # fmt: skip
    path = folder / f"{asset_id}.json"
    path.write_text(handover.sign_receipt(msgspec.convert(said, handover.Receipt), VAN))
    return path


def run(config: Path, *words: str) -> str:
    """What a command says."""
    done = CliRunner().invoke(app, [*words, "--config", str(config)])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_settled_swap_moves_the_plan_and_its_receipts_and_can_be_taken_back(
    config: Path,
) -> None:
    nodes = batch(config)
    folder = config.parent / "receipts"
    folder.mkdir()
    for number, asset_id in enumerate(sorted(nodes)):
        written(folder, nodes, asset_id, number)

    def planned() -> dict[str, str]:
        return {a.asset_id: a.node_id for a in plan.load(config.parent / "plan.json").assets}

    assert run(config, "import", str(folder)).count(": accepted: ") == 2
    before = planned()
    assert "L-0001 is 02aa00000002 now" in run(config, "exchange", "L-0001", "L-0002")
    assert planned() == before | {"L-0001": before["L-0002"], "L-0002": before["L-0001"]}
    assert run(config, "import", str(folder)).count(": known already") == 2, (
        "and none is called a swap"
    )
    assert planned()["L-0001"] == before["L-0002"]
    run(config, "exchange", "L-0001", "L-0002")
    assert planned() == before


def test_receipts_that_come_after_a_swap_was_settled_follow_it(config: Path) -> None:
    nodes = batch(config)
    paths = [written(config.parent, nodes, name, n) for n, name in enumerate(sorted(nodes))]
    assert ": accepted: L-0001" in run(config, "import", str(paths[0]))
    run(config, "exchange", "L-0001", "L-0002")
    said = run(config, "import", str(paths[1]))
    assert f"L-0001 is {nodes['L-0002']['node_id']}" in said, "its label says L-0002"
