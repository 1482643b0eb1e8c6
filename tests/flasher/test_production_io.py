"""Boards are secured by the real esptool and espefuse, and lose their power at each burn."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from secure_rig import APPLICATION, IDENTITY, Bench

from flasher import production_io, session_io
from flasher.secure import LAYOUTS, Wish
from flasher.troubles import FlashError
from hardware_sim.rom.crypt import SeenFlash
from hardware_sim.rom.flash import Flash
from hardware_sim.rom.security import Security

CHIPS = sorted(LAYOUTS)
OPTIONS = ("encryption", "boot", "both")
_DOWNLOAD_AT = 0x2C + 16  # The byte of ENABLE_SECURITY_DOWNLOAD in the eFuse registers.
ROMFS_AT, VFS_AT, VFS_SIZE = 0x1E0000, 0x2E0000, 0x120000


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


def in_clear(bench: Bench) -> SeenFlash:
    cipher = Security(bench.chip, bench.efuses).cipher
    assert cipher is not None
    return SeenFlash(bench.flash, cipher)


def holds(bench: Bench, seen: SeenFlash | Flash) -> None:
    """It boots, and what the node sees is what was written for it."""
    assert bench.boots().micropython
    assert seen.read(ROMFS_AT, len(APPLICATION)) == APPLICATION
    assert json.dumps(IDENTITY).encode() in seen.read(VFS_AT, VFS_SIZE)


def is_whole(bench: Bench) -> None:
    """It boots, holds what was sealed, and nobody who reads its flash finds it."""
    holds(bench, in_clear(bench))
    raw = bytes(bench.flash.memory)
    for secret in (str(IDENTITY["key"]).encode(), APPLICATION[:64], b"MicroPython"):
        assert secret not in raw
    assert IDENTITY["node_id"].encode() in raw  # Of the NVS, which stays in clear.


@pytest.mark.parametrize("chip", CHIPS)
def test_a_blank_board_is_secured_and_boots(chip: str, key: rsa.RSAPrivateKey) -> None:
    bench = Bench(chip, key)
    assert bench.secure(bench.both) > len(APPLICATION)
    is_whole(bench)
    bench.record = None
    with pytest.raises(FlashError, match="journal knows nothing") as caught:
        bench.secure(bench.both)
    assert (caught.value.name, caught.value.code) == ("locked", 4)


def test_each_board_has_a_key_of_its_own(key: rsa.RSAPrivateKey) -> None:
    first, second = Bench("esp32c3", key), Bench("esp32c3", key)
    for bench in (first, second):
        bench.secure(Wish(flash_encryption=True))
    assert first.efuses.block(4) != second.efuses.block(4)
    assert first.efuses.visible(4) == bytes(32)


def wish_for(bench: Bench, options: str) -> Wish:
    digest = None if options == "encryption" else bench.signing.digest
    return Wish(options != "boot", digest)


def burns_of(bench: Bench, wish: Wish) -> int:
    bench.secure(wish)
    return bench.efuses.burns


def lost_power(bench: Bench, burn: int, *, torn: bool, wish: Wish | None = None) -> None:
    bench.efuses.end_power(burn, torn=torn)
    with pytest.raises(FlashError):
        bench.secure(wish or bench.both)
    assert bench.efuses.burns == burn


@pytest.mark.parametrize("burn", [2, 6])
def test_a_board_that_lost_its_power_with_a_burn_is_completed(
    burn: int, key: rsa.RSAPrivateKey
) -> None:
    bench = Bench("esp32", key)
    lost_power(bench, burn, torn=False)
    bench.secure(bench.both)
    is_whole(bench)


_QUICK = (
    ("esp32", "both", False), ("esp32", "both", True), ("esp32", "encryption", True),
    ("esp32", "boot", True), ("esp32c3", "both", True),
)  # fmt: skip


def _cuts() -> Iterator[Any]:
    """Every chip, option and sort of cut; _QUICK in each run, the others in the soak."""
    for chip, options, torn in itertools.product(CHIPS, OPTIONS, (False, True)):
        is_quick = (chip, options, torn) in _QUICK
        marks = [] if is_quick else [pytest.mark.slow]
        yield pytest.param(chip, options, torn, marks=marks)


@pytest.mark.parametrize(("chip", "options", "torn"), list(_cuts()))
def test_power_that_ends_with_or_amid_any_burn_bricks_no_board(
    chip: str, options: str, torn: bool, key: rsa.RSAPrivateKey
) -> None:
    first = Bench(chip, key)
    for burn in range(1, burns_of(first, wish_for(first, options)) + 1):
        bench = Bench(chip, key)
        wish = wish_for(bench, options)
        lost_power(bench, burn, torn=torn, wish=wish)
        if torn and chip == "esp32" and burn == 1 and wish.flash_encryption:
            continue  # The one that cannot be completed: see the next test.
        bench.secure(wish)
        if wish.flash_encryption:
            is_whole(bench)
        else:
            holds(bench, bench.flash)


@pytest.mark.parametrize("options", OPTIONS)
def test_what_is_kept_of_a_board_lies_in_its_flash(options: str, key: rsa.RSAPrivateKey) -> None:
    bench = Bench("esp32c3", key)
    bench.secure(wish_for(bench, options))
    assert bench.record is not None
    for at, size, digest in bench.record["parts"]:
        found = hashlib.md5(bench.flash.read(at, size), usedforsecurity=False).hexdigest()
        assert found == digest, hex(at)
    assert len(bench.record["parts"]) > 4


@pytest.mark.parametrize("options", OPTIONS)
def test_a_board_whose_node_has_written_its_files_is_tried_again(
    options: str, key: rsa.RSAPrivateKey
) -> None:
    """Its first self-test failed: all is burnt, and littlefs is not what was written."""
    bench = Bench("esp32", key)
    wish = wish_for(bench, options)
    bench.secure(wish)
    bench.flash.program(VFS_AT, bytes(4096))
    assert bench.secure(wish) == 0
    bench.identity["key"] = "6f" * 16
    assert "keys of this node have changed" in refused(bench, wish)


def test_a_torn_key_of_an_esp32_is_told_and_never_turned_on(key: rsa.RSAPrivateKey) -> None:
    bench = Bench("esp32", key)
    lost_power(bench, 1, torn=True)
    with pytest.raises(FlashError, match="not whole: its power went away") as caught:
        bench.secure(bench.both)
    assert (caught.value.name, caught.value.code) == ("half-burnt", 4)
    assert not Security(bench.chip, bench.efuses).crypt_count


@pytest.mark.parametrize("chip", ["esp32", "esp32s3"])
def test_flash_that_was_changed_since_is_never_locked_in(
    chip: str, key: rsa.RSAPrivateKey
) -> None:
    bench = Bench(chip, key)
    lost_power(bench, 2, torn=False)
    bench.flash.program(ROMFS_AT, bytes(16))
    before = bytes(bench.fuses)
    with pytest.raises(FlashError, match=r"flash at 0x1e0000 does not hold .*`flash\.py aside`"):
        bench.secure(bench.both)
    assert bytes(bench.fuses) == before


def refused(bench: Bench, wish: Wish) -> str:
    before = bytes(bench.fuses), bytes(bench.flash.memory)
    with pytest.raises(FlashError) as caught:
        bench.secure(wish)
    assert caught.value.code == 4
    assert (bytes(bench.fuses), bytes(bench.flash.memory)) == before
    return str(caught.value)


def test_another_wish_or_another_key_of_the_node_is_refused(key: rsa.RSAPrivateKey) -> None:
    bench = Bench("esp32", key)
    lost_power(bench, 2, torn=False)
    assert "other options" in refused(bench, Wish(flash_encryption=True))
    bench.identity["key"] = "6f" * 16
    assert "keys of this node have changed" in refused(bench, bench.both)


def why_not(bench: Bench, wish: Wish) -> str:
    with bench.powered(), session_io.session("a port", 460800, lambda *_: None) as board:
        return str(production_io.refusal(board.found.fuses, wish) or "")


def test_a_board_that_no_journal_knows_is_judged_by_its_efuses(key: rsa.RSAPrivateKey) -> None:
    old, good, begun = Bench("esp32", key, revision=1), Bench("esp32", key), Bench("esp32c3", key)
    assert "needs an ESP32 of revision 3" in why_not(old, old.both)
    assert why_not(old, Wish(flash_encryption=True)) == why_not(good, good.both) == ""
    assert why_not(begun, begun.both) == ""
    lost_power(begun, 2, torn=False)
    assert "journal knows nothing" in why_not(begun, begun.both)
    begun.secure(begun.both)
    assert "journal knows nothing" in why_not(begun, begun.both)
    assert why_not(begun, Wish()) == ""  # The parent tells that one by itself.


def test_nothing_is_touched_when_image_or_chip_is_not_fit(key: rsa.RSAPrivateKey) -> None:
    old = Bench("esp32", key, revision=1)
    assert "needs an ESP32 of revision 3" in refused(old, old.both)
    other = Bench("esp32c3", key)
    assert "the signature is of another key" in refused(other, Wish(True, bytes(32)))


def test_nothing_is_burnt_before_the_journal_has_it(key: rsa.RSAPrivateKey) -> None:
    bench = Bench("esp32", key)
    before = bytes(bench.fuses)

    def full(record: Mapping[str, Any]) -> None:
        raise FlashError("the disk is full")

    bench._keep = full  # type: ignore[method-assign] # it stands for the parent's answer
    with pytest.raises(FlashError, match="disk is full"):
        bench.secure(bench.both)
    assert bytes(bench.fuses) == before


def test_fuses_are_burnt_by_the_boot_rom_and_not_by_the_stub(key: rsa.RSAPrivateKey) -> None:
    """The stub changes the clock that burns are timed by; no simulation shows that."""
    bench = Bench("esp32", key)
    with (
        bench.powered(),
        session_io.session("a port", 460800, lambda *_: None) as board,
        board.rom() as esp,
    ):
        assert not esp.IS_STUB


@pytest.mark.parametrize("chip", ["esp32c3", "esp32s3"])
def test_a_board_whose_download_is_closed_is_told_apart(chip: str, key: rsa.RSAPrivateKey) -> None:
    bench = Bench(chip, key)
    bench.fuses[_DOWNLOAD_AT] |= 1 << 5
    with pytest.raises(FlashError, match="closed for ever") as caught:
        bench.secure(bench.both)
    assert (caught.value.name, caught.value.code) == ("locked", 4)


def test_secure_boot_alone_leaves_the_flash_in_clear(key: rsa.RSAPrivateKey) -> None:
    bench = Bench("esp32s3", key)
    bench.secure(Wish(digest=bench.signing.digest))
    assert bench.boots().micropython
    assert bench.flash.read(ROMFS_AT, len(APPLICATION)) == APPLICATION
    assert "can be hidden from reading any more" in refused(bench, bench.both)
