"""Faulty boards under the real esptool: it must fail, or what it wrote must be whole."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from board_rig import BoardProcess, said

CONTENT = random.Random(7).randbytes(24_000)
AT = 0x100000


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.bin"
    path.write_bytes(CONTENT)
    return path


def write(board: BoardProcess, content: Path) -> subprocess.CompletedProcess[str]:
    return board.esptool("write-flash", hex(AT), content)


def held(board: BoardProcess) -> bytes:
    return board.flash()[AT : AT + len(CONTENT)]


@pytest.mark.slow  # Through flash.py it is tried in each run (test_flash.py).
def test_a_bad_sector_is_found_by_the_verification(tmp_path: Path, content: Path) -> None:
    board = BoardProcess(tmp_path / "board", "esp32", "--download", "--fault", "bad-sector=258")
    try:
        done = write(board, content)
        assert done.returncode
        assert "MD5" in done.stdout + done.stderr
        wrong = [at for at in range(len(CONTENT)) if held(board)[at] != CONTENT[at]]
        assert {(AT + at) // 4096 for at in wrong} == {258}
    finally:
        board.close()


def test_a_board_unplugged_in_the_midst_goes_on_where_it_is_plugged_in(
    tmp_path: Path, content: Path
) -> None:
    folder = tmp_path / "board"
    board = BoardProcess(folder, "esp32c3", "--download", "--fault", "unplug-at=28000")
    assert write(board, content).returncode
    assert board.process.wait(5) == 0
    board.close()
    assert held(board) != CONTENT
    again = BoardProcess(folder, "esp32c3", "--download")
    try:
        assert again.mac == board.mac
        said(write(again, content))
        assert held(again) == CONTENT
    finally:
        again.close()


def test_a_brown_out_leaves_the_flash_half_written(tmp_path: Path, content: Path) -> None:
    board = BoardProcess(
        tmp_path / "board", "esp32s3", "--download", "--fault", "brownout-at=33000"
    )
    try:
        assert write(board, content).returncode
        assert held(board) != CONTENT
        assert held(board).strip(b"\xff")
    finally:
        board.close()


def test_a_mute_board_is_not_connected_to(tmp_path: Path) -> None:
    board = BoardProcess(tmp_path / "board", "esp32", "--download", "--fault", "mute")
    try:
        done = board.esptool("--connect-attempts", "1", "read-mac")
        assert done.returncode
        assert "No serial data received" in done.stdout + done.stderr
    finally:
        board.close()


def test_a_wrong_strap_is_told_by_its_boot_mode(tmp_path: Path) -> None:
    board = BoardProcess(tmp_path / "board", "esp32", "--fault", "wrong-strap")
    try:
        done = board.esptool("--connect-attempts", "1", "read-mac", port=board.rfc2217)
        assert done.returncode
        assert "Wrong boot mode detected (0x13)" in done.stdout + done.stderr
    finally:
        board.close()


@pytest.mark.parametrize("fault", ["noise=20000", "drop=20000"])
def test_a_disturbed_line_never_passes_for_a_good_one(
    tmp_path: Path, content: Path, fault: str
) -> None:
    board = BoardProcess(tmp_path / "board", "esp32", "--download", "--fault", fault)
    try:
        done = write(board, content)
        # Luck decides whether it succeeds; what it says must be true in any case.
        assert (done.returncode == 0) <= (held(board) == CONTENT)
    finally:
        board.close()
