"""The signed head of an update, as nodes judge it (firmware/installer.py, docs/updates.md)."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

HEAD = "<4sBBH8sII32s"
MARK = b"LLFW"
FORM = 1
MAY_BE_OLDER = 1
HARDWARE = "esp32"


class SigningError(Exception):
    """The image cannot be signed; the text says why."""


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private key from a PEM file (openssl genpkey -algorithm ed25519)."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SigningError(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{path} holds no Ed25519 key")
    return key


def sign(
    image: bytes,
    key: Ed25519PrivateKey,
    version: int,
    *,
    hardware: str = HARDWARE,
    may_be_older: bool = False,
) -> bytes:
    """An update: head, signature, image. may_be_older: nodes take it after a newer one, too."""
    flags = MAY_BE_OLDER if may_be_older else 0
    digest = hashlib.sha256(image).digest()
    try:
        name = hardware.encode("ascii")
        head = struct.pack(HEAD, MARK, FORM, flags, 0, name, version, len(image), digest)
    except (struct.error, UnicodeError) as error:
        raise SigningError(f"version {version}, hardware {hardware!r}: {error}") from error
    if len(name) > 8:
        raise SigningError(f"the hardware {hardware!r} has more than 8 letters")
    return head + key.sign(head) + image


def pack(update: bytes, key: Ed25519PrivateKey, package_id: str, release_id: str) -> bytes:
    """A package as a CMS names it to controllers (controller/packages.py judges it)."""
    header = json.dumps({
        "packageId": package_id, "releaseId": release_id, "hardware": HARDWARE,
        "size": len(update), "sha256": hashlib.sha256(update).hexdigest(),
    }).encode()  # fmt: skip
    start = b"LLPK" + len(header).to_bytes(2, "big") + header
    return start + key.sign(start + update) + update
