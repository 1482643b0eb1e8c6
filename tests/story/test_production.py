"""Boards are secured by flash.py as a person runs it, and looked at with Espressif's own tools.

The eFuses are those of simulated boards; on silicon nothing of this was ever tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from board_rig import BoardProcess, said
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flash_rig import FlashRig, key_of
from secure_rig import Bench
from story.city import City
from story.test_bench_to_street import keys_for, lamplighter

from flasher import build_application, compile_board
from flasher.boot_signing import digest_of
from flasher.build import ROOT
from flasher.console_io import Console, status_of
from flasher.ports_io import opened
from protocol import handover

BOARDS = ROOT / "firmware" / "boards"
CHIPS = ("esp32", "esp32s3", "esp32c3")
OPTIONS = ("--flash-encryption", "--secure-boot")
CONFIRMED = (
    "--confirm-flash-encryption", "encrypt for ever", "--confirm-secure-boot", "sign for ever",
)  # fmt: skip
# What the summary of espefuse must say of each chip: (field, what stands after it).
BURNT: dict[str, tuple[tuple[str, str], ...]] = {
    "esp32": (
        ("FLASH_CRYPT_CNT", "= 127 R/W"), ("FLASH_CRYPT_CONFIG", "= 15 R/W"),
        ("ABS_DONE_1", "= True"), ("JTAG_DISABLE", "= True"), ("DISABLE_DL_ENCRYPT", "= True"),
        ("DISABLE_DL_DECRYPT", "= True"), ("DISABLE_DL_CACHE", "= True"), ("RD_DIS", "= 1 R/-"),
    ),
}  # fmt: skip
_NEWER = (
    ("SPI_BOOT_CRYPT_CNT", "= Enable R/W (0b111)"), ("SECURE_BOOT_EN", "= True"),
    ("DIS_DOWNLOAD_MANUAL_ENCRYPT", "= True R/-"), ("DIS_DOWNLOAD_ICACHE", "= True R/-"),
    ("DIS_PAD_JTAG", "= True R/-"), ("DIS_USB_JTAG", "= True R/-"), ("DIS_DIRECT_BOOT", "= True"),
    ("KEY_PURPOSE_0", "= XTS_AES_128_KEY R/-"), ("KEY_PURPOSE_1", "= SECURE_BOOT_DIGEST0 R/-"),
    ("SECURE_BOOT_KEY_REVOKE0", "= False"), ("SECURE_BOOT_KEY_REVOKE1", "= True"),
    ("SECURE_BOOT_KEY_REVOKE2", "= True"), ("RD_DIS", "= 1 R/-"),
)  # fmt: skip
BURNT |= {"esp32c3": _NEWER, "esp32s3": (*_NEWER, ("DIS_DOWNLOAD_DCACHE", "= True R/-"))}
_HIDDEN = " ".join(["??"] * 32) + " -/-"


class Office:
    """A city's signing key."""

    def __init__(self, folder: Path) -> None:
        key = rsa.generate_private_key(65537, 3072)
        self.key = key
        self.digest = digest_of(key.public_key())
        self.private, self.public = folder / "city.pem", folder / "city.pub"
        self.private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"city hall"),
            )
        )  # fmt: skip
        self.public.write_bytes(
            key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("city"))


@pytest.fixture
def rig(tmp_path: Path, office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlashRig]:
    monkeypatch.setenv("LAMPLIGHTER_SIGNING_PASSPHRASE", "city hall")
    made = FlashRig(tmp_path, 4, CHIPS)
    yield made
    made.close()


def fresh(rig: FlashRig, chip: str, *options: str) -> BoardProcess:
    return rig.board(f"board-{chip}", "--revision", "3", *options, chip=chip)


def secured(rig: FlashRig, board: BoardProcess, office: Office, *words: str) -> dict[str, Any]:
    return rig.node(
        board,
        *OPTIONS,
        "--signing-key",
        str(office.private),
        *CONFIRMED,
        "--label",
        "none",
        *words,
    )


def is_told_in_the_receipt(made: dict[str, Any], office: Office) -> None:
    receipt, _ = handover.check_receipt(Path(made["receipt"]).read_text())
    assert receipt.flash_encryption
    assert receipt.secure_boot == office.digest.hex()


def shows_what_was_burnt(rig: FlashRig, board: BoardProcess, office: Office) -> None:
    """By the unmodified espefuse, and by esptool that reads the flash."""
    board.close()
    held = fresh(rig, board.chip, "--download")
    is_burnt(held, office)
    held.close()


def is_burnt(held: BoardProcess, office: Office) -> None:
    """Of a board that waits for a download."""
    summary = said(held.espefuse("summary"))
    for name, value in BURNT[held.chip]:
        line = re.search(rf"^{name} \(BLOCK.*$", summary, re.MULTILINE)
        assert line is not None, (name, summary)
        assert value in line[0]
    assert summary.count(_HIDDEN) == 1  # The flash key; the digest can be read.
    assert office.digest.hex(" ") in summary
    if held.chip != "esp32":
        security = said(held.esptool("get-security-info"))
        assert "Secure Boot: Enabled" in security
        assert "Flash Encryption: Enabled" in security
    table = held.folder / "table.bin"
    said(held.esptool("--no-stub", "read-flash", "0x8000", "64", table))
    assert not table.read_bytes().startswith(b"\xaa\x50")


@pytest.mark.slow
def test_a_blank_board_is_secured_tested_and_never_again_written(
    rig: FlashRig, office: Office
) -> None:
    board = fresh(rig, "esp32")
    made = secured(rig, board, office)
    assert (made["exit"], made["failed"]) == (0, []), made
    is_told_in_the_receipt(made, office)
    raw = board.flash()
    for secret in (key_of(made["node_id"]).encode(), b"lamplighter-sim", b"MicroPython"):
        assert secret not in raw
    looked = json.loads(rig.flash("list", "--port", board.rfc2217, "--json").stdout)["ports"][0]
    assert (looked["secured"], looked["holds"]) == (True, "what flash encryption hides")
    checked = rig.flash("check", "--port", board.rfc2217, "--json")
    assert json.loads(checked.stdout)["passed"], checked.stdout
    again = secured(rig, board, office, "--again")
    assert (again["exit"], again["name"]) == (4, "already secured")
    assert "done already, and secured for ever" in again["error"]
    shows_what_was_burnt(rig, board, office)


@pytest.mark.parametrize(
    "chip", ["esp32c3", *(pytest.param(c, marks=pytest.mark.slow) for c in ("esp32", "esp32s3"))]
)
def test_micropython_runs_from_encrypted_flash_and_espefuse_shows_what_was_burnt(
    tmp_path: Path, office: Office, chip: str
) -> None:
    """The long way, by flash.py's command from a blank board, is the next test's."""
    bench = Bench(chip, office.key)
    bench.application = build_application().data
    bench.identity |= {
        "board": list(compile_board(BOARDS / "nema.toml")), "broker": ["127.0.0.1", 9, 0],
        "password": "", "wifi": ["", ""], "update_keys": [],
    }  # fmt: skip
    bench.secure(bench.both)
    folder = tmp_path / "board"
    bench.put_into(folder)
    board = BoardProcess(folder, chip)
    with opened(board.rfc2217) as line:
        status = status_of(Console(line))
    assert status["node_id"] == bench.identity["node_id"]
    board.close()
    kept = board.flash()
    assert kept != bytes(bench.flash.memory)  # It has written its files, …
    assert bench.identity["key"].encode() not in kept  # … and nothing in clear.
    board = BoardProcess(folder, chip, "--download")
    is_burnt(board, office)
    board.close()


def test_nothing_is_burnt_that_was_not_confirmed(rig: FlashRig, office: Office) -> None:
    board = fresh(rig, "esp32")
    before = board.flash(), (board.folder / "efuses.bin").read_bytes()
    key = ("--signing-key", str(office.private))
    for words, missing in (
        (OPTIONS + key, "--flash-encryption is not confirmed"),
        ((*OPTIONS, *key, *CONFIRMED[:2]), "--secure-boot is not confirmed"),
        ((*OPTIONS, *key, *CONFIRMED[:3], "yes"), "--secure-boot is not confirmed"),
    ):
        refused = rig.node(board, *words)
        assert (refused["exit"], refused["name"]) == (4, "not confirmed")
        assert missing in refused["error"]
        assert "cannot be undone" in refused["error"]
    bare = rig.node(board, "--secure-boot", *CONFIRMED[2:])
    assert (bare["exit"], bare["name"]) == (2, "signing key")
    assert (board.flash(), (board.folder / "efuses.bin").read_bytes()) == before


@pytest.mark.slow
def test_a_board_of_each_chip_is_secured_from_an_image_signed_in_the_office(
    rig: FlashRig, office: Office
) -> None:
    for chip in CHIPS:
        out = rig.folder / f"{chip}.signed"
        done = rig.flash(
            "image", "sign", str(rig.folder / f"{chip}.bin"), "--signing-key", str(office.private),
            "--output", str(out), "--json",
        )  # fmt: skip
        assert json.loads(done.stdout)["secure_boot"] == office.digest.hex(), done.stderr
        assert rig.flash("image", "use", str(out)).returncode == 0
    boards = [fresh(rig, chip) for chip in CHIPS]
    words = ["batch", "--keys", str(rig.keys), "--json", *OPTIONS, *CONFIRMED]
    words += ["--signing-key", str(office.public)]
    for board in boards:
        words += ["--port", board.rfc2217]
    done = rig.flash(*words)
    report = json.loads(done.stdout)
    assert [row["state"] for row in report["ports"]] == ["done"] * 3, report
    second = json.loads(rig.flash(*words).stdout)
    assert [row["state"] for row in second["ports"]] == ["done before"] * 3, second
    for board in boards:
        plain = rig.node(board)
        assert (plain["exit"], plain["name"]) == (4, "already secured")
        shows_what_was_burnt(rig, board, office)


@pytest.mark.slow
@pytest.mark.parametrize("burn", [3, 5, 7])
def test_a_board_whose_power_went_at_a_burn_is_completed_by_the_same_command(
    rig: FlashRig, office: Office, burn: int
) -> None:
    chip = CHIPS[burn % 3]
    board = fresh(rig, chip, "--fault", f"unplug-at-burn={burn}")
    lost = secured(rig, board, office)
    assert (lost["exit"], lost["name"]) == (3, "unplugged"), lost
    assert not list(rig.home.receipts.glob("*"))
    board = fresh(rig, chip)
    plain = rig.node(board)
    assert plain["exit"] == 4
    assert plain["name"] in ("half-burnt", "locked")
    made = secured(rig, board, office)
    assert (made["exit"], made["failed"]) == (0, []), made
    is_told_in_the_receipt(made, office)
    shows_what_was_burnt(rig, board, office)


@pytest.mark.slow
def test_boards_that_are_refused_use_up_no_identity(
    rig: FlashRig, office: Office, tmp_path: Path
) -> None:
    bench = Bench("esp32c3", office.key)  # Another laptop's.
    bench.secure(bench.both)
    bench.put_into(tmp_path / "foreign")
    foreign = rig.board("foreign", chip="esp32c3")
    refused = secured(rig, foreign, office)
    assert (refused["exit"], refused["name"]) == (4, "locked"), refused
    old = rig.board("old", "--revision", "1", chip="esp32")
    refused = secured(rig, old, office)
    assert (refused["exit"], refused["name"]) == (4, "unfit"), refused
    assert "needs an ESP32 of revision 3" in refused["error"]
    good = rig.node(rig.board("good", chip="esp32c3"), "--label", "none")
    assert (good["exit"], good["node_id"]) == (0, "02aa00000001"), good


@pytest.mark.slow
def test_a_board_whose_self_test_failed_is_done_when_it_passes(
    rig: FlashRig, office: Office
) -> None:
    """By then all is burnt, and its node has written its files."""
    board = fresh(rig, "esp32c3", "--bare")
    first = secured(rig, board, office)
    assert (first["exit"], first["name"]) == (1, "self-test"), first
    board.close()
    board = fresh(rig, "esp32c3")
    made = secured(rig, board, office)
    assert (made["exit"], made["failed"], made["node_id"]) == (0, [], "02aa00000001"), made
    is_told_in_the_receipt(made, office)


@pytest.mark.slow
def test_two_boards_lose_their_power_and_others_go_on(rig: FlashRig, office: Office) -> None:
    faults = {"esp32": "unplug-at-burn=4", "esp32s3": "torn-burn=1"}
    boards = [
        fresh(rig, chip, *(("--fault", faults[chip]) if chip in faults else ())) for chip in CHIPS
    ]
    words = ["batch", "--keys", str(rig.keys), "--json", *OPTIONS, *CONFIRMED, "--patience", "1"]
    words += ["--signing-key", str(office.private)]
    ports = [board.rfc2217 for board in boards]

    def run(ports: list[str]) -> dict[str, Any]:
        more = [word for port in ports for word in ("--port", port)]
        found: dict[str, Any] = json.loads(rig.flash(*words, *more).stdout)
        return found

    first = run(ports)
    assert [row["state"] for row in first["ports"]] == ["failed", "failed", "done"], first
    with ThreadPoolExecutor(2) as pool:
        ports[:2] = [board.rfc2217 for board in pool.map(lambda c: fresh(rig, c), CHIPS[:2])]
    second = run(ports)
    assert [row["state"] for row in second["ports"]] == ["done", "done", "done before"], second


@pytest.mark.slow
def test_a_secured_node_joins_and_its_receipt_is_taken(
    rig: FlashRig, office: Office, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    city = City(folder, lamps=1, bays=0)
    city.start()
    try:
        inventory = city.folder / "assets.csv"
        inventory.write_text("asset_id\nL-0001\n")
        keys = keys_for(city, rig, inventory)
        for lamp in city.get("/lamps")["items"]:  # The simulated node makes room for ours.
            city.world(f"links/{lamp['node_id']}", {"up": False})
        words = ["node", "--json", "-p", fresh(rig, "esp32s3").rfc2217, "-i", str(inventory)]
        words += ["-k", keys, *OPTIONS, *CONFIRMED, "--signing-key"]
        unsigned = rig.flash(*words, str(office.public))
        assert json.loads(unsigned.stdout)["name"] == "not signed"
        made = rig.flash(*words, str(office.private))
        assert made.returncode == 0, made.stdout
        token = city.folder / "token"
        token.write_text(city.ready["token"])
        done = lamplighter(
            "controller", "import", str(rig.home.receipts), "--config",
            str(city.folder / "data" / "controller.toml"), "--token-file", str(token),
            "--cms", city.ready["api"].removesuffix("/api/v1"),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

        def installed() -> bool:
            rows = city.get("/receipts")["items"]
            return [row["state"] for row in rows] == ["installed"]

        city.until(installed, "a secured node that was heard")
    finally:
        assert city.stop() == 0
