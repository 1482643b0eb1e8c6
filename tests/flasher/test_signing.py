"""Updates and packages as the flasher makes them are what node and controller take."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller import packages, updates
from firmware import ed25519
from flasher import signing
from flasher.build import ROOT

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
IMAGE = bytes(range(256)) * 30


def pem(key: object) -> bytes:
    """A key as openssl writes it."""
    return key.private_bytes(  # type: ignore[attr-defined, no-any-return] # keys of two kinds
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )  # fmt: skip


def test_the_node_finds_the_signature_good_over_the_head() -> None:
    update = signing.sign(IMAGE, KEY, 7)
    assert ed25519.verify(PUBLIC, update[56:120], update[:56])
    assert update[120:] == IMAGE
    assert struct.unpack_from("<II", update, 16) == (7, len(IMAGE))


def test_the_controller_takes_a_package_and_the_image_in_it() -> None:
    update = signing.sign(IMAGE, KEY, 7)
    data = signing.pack(update, KEY, "nodes", "7")
    package = packages.judge(data, KEY.public_key(), package_id="nodes", release_id="7")
    assert package.hardware == "esp32"
    assert updates.read_image(package.content).version == 7


@pytest.mark.parametrize(("version", "hardware"), [(-1, "esp32"), (1, "much too long"), (1, "é")])
def test_what_does_not_fit_the_head_is_refused_with_a_reason(version: int, hardware: str) -> None:
    with pytest.raises(signing.SigningError, match=hardware if version > 0 else "-1"):
        signing.sign(IMAGE, KEY, version, hardware=hardware)


def test_a_key_file_is_read_and_what_is_none_is_named(tmp_path: Path) -> None:
    good, other, none = tmp_path / "good.pem", tmp_path / "other.pem", tmp_path / "none.pem"
    good.write_bytes(pem(KEY))
    other.write_bytes(pem(generate_private_key(SECP256R1())))
    assert signing.read_key(good).public_key() == KEY.public_key()
    for path in (other, none):
        with pytest.raises(signing.SigningError, match=path.name):
            signing.read_key(path)


def test_the_command_writes_image_update_and_package(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(pem(KEY))
    words = [sys.executable, str(ROOT / "flash.py"), "build", "-o", str(tmp_path / "node.romfs")]
    more = ["--version", "5", "--sign", str(key), "--package", "nodes:5"]
    done = subprocess.run([*words, *more], capture_output=True, text=True, check=False, cwd=ROOT)
    assert not done.returncode, done.stderr
    data = (tmp_path / "node.llpk").read_bytes()
    package = packages.judge(data, KEY.public_key(), package_id="nodes", release_id="5")
    assert package.content == (tmp_path / "node.update").read_bytes()
    assert package.content[120:] == (tmp_path / "node.romfs").read_bytes()
    bad = subprocess.run(
        [*words, "--package", "nodes:5"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert bad.returncode == 1
    assert "--sign" in bad.stderr
