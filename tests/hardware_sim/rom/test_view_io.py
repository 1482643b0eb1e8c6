"""The view of an encrypted flash: shown in clear, changed, and encrypted back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flasher import Partition
from hardware_sim.rom.crypt import Cipher
from hardware_sim.rom.view_io import View

KEY = random.Random(12).randbytes(32)
ROWS = (
    Partition("plain", 1, 2, 0x0, 0x1000),
    Partition("vfs", 1, 0x81, 0x1000, 0x3000, 1),
)
TEXT = random.Random(13).randbytes(4096)


@pytest.fixture(params=[False, True])
def cipher(request: pytest.FixtureRequest) -> Cipher:
    return Cipher(KEY, xts=request.param)


@pytest.fixture
def flash(tmp_path: Path, cipher: Cipher) -> Path:
    path = tmp_path / "flash.bin"
    blank = bytearray(b"\xff" * 0x4000)
    blank[:4] = b"open"
    blank[0x1000:0x2000] = cipher.encrypted(0x1000, TEXT)
    path.write_bytes(blank)
    return path


def changed(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_what_is_encrypted_is_seen_in_clear_and_the_rest_as_it_lies(
    flash: Path, cipher: Cipher
) -> None:
    view = View(flash, cipher, ROWS)
    seen = view.path.read_bytes()
    view.close()
    assert seen[:4] == b"open"
    assert seen[0x1000:0x2000] == TEXT
    assert b"\xff" * 16 not in seen[0x2000:]  # Erased flash is seen as noise.


def test_what_a_program_writes_lies_encrypted_in_the_flash(flash: Path, cipher: Cipher) -> None:
    view = View(flash, cipher, ROWS)
    before = flash.read_bytes()
    changed(view.path, 0x2000, b"\xff" * 0x1000)
    changed(view.path, 0x2020, b"sixteen letters!")
    changed(view.path, 0x10, b"plain")
    view.store()
    raw = flash.read_bytes()
    view.close()
    assert raw[0x2000:0x2020] == b"\xff" * 32  # Erased, and not written since.
    assert raw[0x2020:0x2030] != b"sixteen letters!"
    assert cipher.decrypted(0x2020, raw[0x2020:0x2030]) == b"sixteen letters!"
    assert raw[0x10:0x15] == b"plain"
    assert raw[0x1000:0x2000] == before[0x1000:0x2000]
    assert raw[0x3000:] == b"\xff" * 0x1000


def test_the_next_view_shows_what_the_last_one_kept(flash: Path, cipher: Cipher) -> None:
    view = View(flash, cipher, ROWS)
    changed(view.path, 0x1800, b"another text")
    view.close()
    again = View(flash, cipher, ROWS)
    seen = again.path.read_bytes()[0x1000:0x2000]
    again.close()
    assert seen == TEXT[:0x800] + b"another text" + TEXT[0x80C:]
