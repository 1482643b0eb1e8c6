"""flash.py on simulated boards: from blank to labelled, and every fault told as a person needs it.

Boards work at once and wait most of the time, so that many tests share few seconds.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from board_rig import BoardProcess
from flash_rig import FlashRig, key_of

from protocol import handover

CHIPS = ("esp32", "esp32s3", "esp32c3")


FAULTS = (
    ("wrong-strap", "wrong boot mode", 3),
    ("mute", "cable without data", 3),
    ("bad-sector=480", "bad flash", 1),
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[FlashRig]:
    made = FlashRig(tmp_path, 5, CHIPS)
    yield made
    made.close()


@pytest.mark.slow
def test_a_blank_board_of_each_chip_becomes_a_node_in_one_command(rig: FlashRig) -> None:
    boards = [rig.board(f"board-{chip}", chip=chip) for chip in CHIPS]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(rig.node, boards))
    assert [one["exit"] for one in made] == [0, 0, 0], made
    assert {one["chip"] for one in made} == set(CHIPS)
    for board, one in zip(boards, made, strict=True):
        assert one["mac"] == board.mac.replace(":", "")
        assert Path(one["label"]).read_bytes().startswith(b"\x89PNG")
        assert key_of(one["node_id"]).encode() in board.flash()
    before = boards[0].flash()[:0x1E0000]
    again = rig.node(boards[0])
    assert (again["exit"], again["name"]) == (0, "already done")
    assert boards[0].flash()[:0x1E0000] == before


@pytest.mark.slow
def test_a_zhaga_boards_receipt_says_that_its_driver_keeps_its_levels(
    rig: FlashRig, tmp_path: Path
) -> None:
    (tmp_path / "assets.csv").write_text(
        "asset_id,kind,board,lat,lon\nL-0001,lamp,zhaga,50.8,4.3\n"
    )
    made = rig.node(rig.board("board"), "--inventory", str(tmp_path / "assets.csv"))
    assert made["exit"] == 0, made
    receipt, _ = handover.check_receipt(Path(made["receipt"]).read_text())
    checks = {row.check: row.passed for row in receipt.checks}
    assert checks["driver"], checks
    assert checks["light"], "it dims over DALI, and the lamp draws what it should"


def _nothing_secret_on_disk(rig: FlashRig, count: int) -> None:
    """Node keys lie in the boards' flash, and nowhere on the laptop."""
    keys = [key_of(f"02aa0000{n:04x}") for n in range(1, count + 1)]
    for path in [*rig.home.folder.rglob("*"), rig.keys]:
        if path.is_file():
            content = path.read_bytes()
            for key in keys:
                assert key.encode() not in content, path
                assert bytes.fromhex(key) not in content, path


def test_each_fault_is_told_with_what_to_do_and_uses_up_no_identity(
    tmp_path: Path,
) -> None:
    rig = FlashRig(tmp_path, 5)
    try:
        boards = [rig.board(f"board-{n}", "--fault", row[0]) for n, row in enumerate(FAULTS)]
        boards += [rig.board("small", "--flash-mb", "2"), rig.board("other", chip="esp32c3")]
        held = rig.board("held")
        holder = rig.start("monitor", "--port", held.rfc2217)
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(rig.node, boards))
            # Each of these sentences is known not to come from a row that is not meant.
            assert [(said["name"], said["exit"]) for said in answers[:3]] == [
                (name, code) for _, name, code in FAULTS
            ], answers
        assert [(said["name"], said["exit"]) for said in answers[3:]] == [
            ("small flash", 4), ("no image", 3),
        ]  # fmt: skip
        assert all(len(said["error"].split()) > 10 for said in answers)
        busy = rig.node(held)
        holder.kill()
        holder.communicate()
        assert (busy["name"], busy["exit"]) == ("port in use", 3)
        for board in boards[3:]:
            assert not board.flash().strip(b"\xff")
        # The one that was begun keeps its identity; the others have used up none.
        with contextlib.closing(sqlite3.connect(rig.home.journal)) as journal:
            rows = journal.execute("SELECT mac, state FROM node").fetchall()
        assert rows == [(boards[2].mac.replace(":", ""), "failed")]
        assert not list(rig.home.receipts.glob("*"))
    finally:
        rig.close()


def _batch(rig: FlashRig, boards: list[BoardProcess], inventory: Path, *more: str) -> list[str]:
    words = ["batch", "--inventory", str(inventory), "--keys", str(rig.keys), "--json", *more]
    for board in boards:
        words += ["--port", board.rfc2217]
    return words


def _inventory(folder: Path, count: int) -> Path:
    path = folder / "assets.csv"
    rows = "".join(f"L-{n:04d},lamp,50.8,4.{n}\n" for n in range(1, count + 1))
    path.write_text("asset_id,kind,lat,lon\n" + rows)
    return path


def _each_identity_was_given_once(rig: FlashRig, boards: list[BoardProcess]) -> None:
    receipts = [
        handover.check_receipt(path.read_text())[0] for path in rig.home.receipts.glob("*.json")
    ]
    macs = {board.mac.replace(":", "") for board in boards}
    assert {receipt.mac for receipt in receipts} == macs
    for kind in ("node_id", "asset_id"):
        assert len({getattr(receipt, kind) for receipt in receipts}) == len(boards)


def run_batch(rig: FlashRig, tmp_path: Path, count: int) -> None:
    """A batch of so many boards with one unplugged and one brown-out, resumed to its end."""
    faults = {1: ("--fault", "unplug-at=50000"), 2: ("--fault", "brownout-at=70000")}
    boards = [rig.board(f"board-{n}", *faults.get(n, ()), chip=CHIPS[n % 3]) for n in range(count)]
    words = _batch(rig, boards, _inventory(tmp_path, count), "--patience", "1")
    first = rig.flash(*words)
    said = json.loads(first.stdout)
    assert first.returncode == 1
    assert said["counts"] == {"done": count - 2, "failed": 2}, said
    names = {row["name"] for row in said["ports"] if row["state"] == "failed"}
    assert names == {"unplugged", "brown-out"}
    done = {path: path.stat().st_mtime_ns for path in rig.home.receipts.glob("*.json")}
    port = boards[1].rfc2217.rpartition(":")[2]
    boards[1] = rig.board("board-1", "--port", port, chip=CHIPS[1])
    second = rig.flash(*words)
    said = json.loads(second.stdout)
    assert (second.returncode, said["complete"]) == (0, True), said
    states = [row["state"] for row in said["ports"]]
    assert sorted(states) == ["done"] * 2 + ["done before"] * (count - 2)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    _each_identity_was_given_once(rig, boards)
    _nothing_secret_on_disk(rig, count)


@pytest.mark.slow
def test_four_boards_at_once_end_complete_after_two_of_them_failed(
    rig: FlashRig, tmp_path: Path
) -> None:
    run_batch(rig, tmp_path, 4)


@pytest.mark.slow
def test_sixteen_boards_at_once_end_complete_after_two_of_them_failed(tmp_path: Path) -> None:
    rig = FlashRig(tmp_path, 16, CHIPS)
    try:
        run_batch(rig, tmp_path, 16)
    finally:
        rig.close()


@pytest.mark.slow
def test_a_batch_that_is_killed_at_any_moment_is_resumed(tmp_path: Path) -> None:
    rig = FlashRig(tmp_path, 4)
    try:
        boards = [rig.board(f"board-{n}") for n in range(3)]
        words = _batch(rig, boards, _inventory(tmp_path, 3))
        for seconds in (1.5, 3.0, 4.5, 9.0):
            process = rig.start(*words)
            time.sleep(seconds)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            for path in rig.home.receipts.glob("*.json"):
                handover.check_receipt(path.read_text())  # Whole, or not there.
            time.sleep(1)
        done = rig.flash(*words, "--retries", "3")
        assert json.loads(done.stdout)["complete"], done.stdout
        _each_identity_was_given_once(rig, boards)
    finally:
        rig.close()
