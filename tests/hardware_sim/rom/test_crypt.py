"""Flash encryption in the simulated chips against Espressif's own tool, and back again."""

from __future__ import annotations

import io
import random

import espsecure
import pytest

from hardware_sim.rom.crypt import Cipher, SeenFlash
from hardware_sim.rom.flash import Flash

RNG = random.Random(11)
KEY = RNG.randbytes(32)
TEXT = RNG.randbytes(1024)
PLACES = (0x0, 0x1000, 0x10020, 0x1E0010, 0x3FF000)


def by_espsecure(at: int, data: bytes, *, xts: bool, config: int = 0xF) -> bytes:
    out = io.BytesIO()
    espsecure.encrypt_flash_data(io.BytesIO(KEY), out, at, config, xts, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("xts", [False, True])
@pytest.mark.parametrize("at", PLACES)
def test_a_chip_encrypts_as_espressifs_tool_does(at: int, xts: bool) -> None:
    cipher = Cipher(KEY, xts)
    sealed = cipher.encrypted(at, TEXT)
    assert sealed == by_espsecure(at, TEXT, xts=xts)
    assert cipher.decrypted(at, sealed) == TEXT


@pytest.mark.parametrize("config", [0x1, 0x6, 0x8])
def test_a_part_of_the_tweak_is_that_of_the_tool(config: int) -> None:
    sealed = Cipher(KEY, xts=False, config=config).encrypted(0x10000, TEXT)
    assert sealed == by_espsecure(0x10000, TEXT, xts=False, config=config)


@pytest.mark.parametrize("xts", [False, True])
def test_any_piece_is_read_through_the_cache(xts: bool) -> None:
    cipher = Cipher(KEY, xts)
    flash = Flash(bytearray(b"\xff" * 8192))
    flash.program(4096, cipher.encrypted(4096, TEXT))
    seen = SeenFlash(flash, cipher)
    for start, size in ((0, 1024), (5, 1), (13, 40), (128, 128), (1000, 24)):
        assert seen.read(4096 + start, size) == TEXT[start : start + size]


def test_pieces_of_less_than_a_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole units"):
        Cipher(KEY, xts=True).encrypted(8, TEXT)
