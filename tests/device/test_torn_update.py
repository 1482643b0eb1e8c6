"""Mains cuts at every write of an update leave a node that runs the old or the new image."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import flasher

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = str(Path(sys.executable).parent / "micropython")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def update(version: int) -> bytes:
    """An update with an image that no board could run, but that boot.py would take for one."""
    return flasher.sign(b"\xd2\xcd\x31" + bytes([version]) * 5000, KEY, version)


def cuts(folder: Path, healthy: bool, *versions: int) -> int:
    """How many writes there were to cut; an AssertionError tells what a cut has broken."""
    words = [PROGRAM, "-X", "heapsize=8m", str(HERE / "torn_update.py"), str(ROOT)]
    words += [KEY.public_key().public_bytes_raw().hex(), str(int(healthy))]
    for version in versions:
        (folder / f"{version}.update").write_bytes(update(version))
        words.append(str(folder / f"{version}.update"))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize("healthy", [True, False], ids=["proves itself", "never does"])
@pytest.mark.parametrize("versions", [(2,), (2, 3)], ids=["into B", "into A again"])
def test_a_cut_at_any_write_ends_with_the_old_or_the_new_image(
    tmp_path: Path, versions: tuple[int, ...], healthy: bool
) -> None:
    assert cuts(tmp_path, healthy, *versions) > 45
