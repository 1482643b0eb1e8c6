"""From blank boards on a bench to installed lamps at the CMS, with faults on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from board_rig import BoardProcess
from flash_rig import FlashRig
from story.city import ROOT, City

from protocol import handover

CHIPS = ("esp32", "esp32s3", "esp32c3", "esp32")
FAULTS: dict[int, tuple[str, ...]] = {
    1: ("--fault", "unplug-at=50000"), 2: ("--fault", "brownout-at=70000"),
}  # fmt: skip


def lamplighter(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lamplighter", *words], capture_output=True, text=True,
        check=False, cwd=ROOT, env={**os.environ}, timeout=60,
    )  # fmt: skip


@pytest.fixture
def lamps() -> int:
    """How many boards; each test says it."""
    raise NotImplementedError


@pytest.fixture
def city(tmp_path: Path, lamps: int) -> Iterator[City]:
    made = City(tmp_path, lamps=lamps, bays=0)
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture
def rig(tmp_path: Path, lamps: int) -> Iterator[FlashRig]:
    made = FlashRig(tmp_path, 1, tuple(dict.fromkeys(CHIPS[:lamps])))
    yield made
    made.close()


def keys_for(city: City, rig: FlashRig, inventory: Path) -> str:
    """The office seals a batch to the laptop; the content in clear would be the nodes' keys."""
    assert rig.flash("laptop", "card").returncode == 0
    out = city.folder / "job.keys"
    done = lamplighter(
        "controller", "batch-keys", "--config", str(city.folder / "data" / "controller.toml"),
        "--laptop", str(rig.home.folder / "van-3.card"), "--inventory", str(inventory),
        "--broker", city.ready["broker"], "--spread", "0", "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(out)


def flashed(
    rig: FlashRig, boards: list[BoardProcess], inventory: Path, keys: str
) -> dict[str, Any]:
    """A batch of which two boards fail; then one by `batch`, the other by `node`, at once."""
    one = ("-i", str(inventory), "-k", keys, "--json")
    if len(boards) == 1:
        alone = rig.flash("node", *one, "-p", boards[0].rfc2217)
        assert alone.returncode == 0, alone.stdout
        return dict(json.loads(alone.stdout))
    words = ["batch", *one, "--patience", "1"]
    ports = [word for board in boards for word in ("-p", board.rfc2217)]
    first = rig.flash(*words, *ports)
    said: dict[str, Any] = json.loads(first.stdout)
    assert said["counts"] == {"done": 2, "failed": 2}, json.dumps(said)
    names = {row["name"] for row in said["ports"] if row["state"] == "failed"}
    assert names == {"unplugged", "brown-out"}, said
    port = boards[1].rfc2217.rpartition(":")[2]
    boards[1] = rig.board("board-1", "--port", port, chip=CHIPS[1])
    with ThreadPoolExecutor(2) as pool:
        rest = ("-p", boards[0].rfc2217, "-p", boards[2].rfc2217)
        batch = pool.submit(rig.flash, *words, *rest)
        node = pool.submit(rig.flash, "node", *one, "-p", boards[1].rfc2217)
    made: dict[str, Any] = json.loads(node.result().stdout)
    assert node.result().returncode == 0, made
    states = {row["port"]: row["state"] for row in json.loads(batch.result().stdout)["ports"]}
    assert states == {boards[0].rfc2217: "done before", boards[2].rfc2217: "done"}
    return made


@pytest.mark.parametrize("lamps", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_blank_boards_become_lamps_that_the_cms_hears(
    city: City, rig: FlashRig, lamps: int
) -> None:
    inventory = city.folder / "assets.csv"
    inventory.write_text("asset_id\n" + "".join(f"L-{n:04d}\n" for n in range(1, lamps + 1)))
    keys = keys_for(city, rig, inventory)
    for lamp in city.get("/lamps")["items"]:  # The simulated nodes make room for ours.
        city.world(f"links/{lamp['node_id']}", {"up": False})
    boards = [rig.board(f"board-{n}", *FAULTS.get(n, ()), chip=CHIPS[n]) for n in range(lamps)]
    made = flashed(rig, boards, inventory, keys)
    receipts = [
        handover.check_receipt(path.read_text())[0]
        for path in sorted(rig.home.receipts.glob("*.json"))
    ]
    assert len({r.node_id for r in receipts}) == len({r.mac for r in receipts}) == lamps
    token = city.folder / "token"
    token.write_text(city.ready["token"])
    done = lamplighter(
        "controller", "import", str(rig.home.receipts), "--config",
        str(city.folder / "data" / "controller.toml"), "--token-file", str(token),
        "--cms", city.ready["api"].removesuffix("/api/v1"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    monitor = rig.start(
        "monitor",
        "-p",
        boards[-3 if lamps > 1 else 0].rfc2217,
        "--seconds",
        "20",
        "--send",
        "dim 37 5",
    )
    try:
        asset = made["asset_id"]
        city.until(
            lambda: city.get(f"/lamps/{asset}")["level_percent"] == 37, "light by the console"
        )

        def installed() -> bool:
            rows = city.get("/receipts")["items"]
            return [row["state"] for row in rows] == ["installed"] * lamps

        city.until(installed, "installed lamps")
    finally:
        monitor.kill()
        monitor.communicate()
