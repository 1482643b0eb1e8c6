"""Data packages: their form, and whether one may be taken (P1, P2).

A package is `LLPK`, a big-endian u16 with the size of the header, the header as JSON, an Ed25519
signature (RFC 8032) over everything else, and the content. The header says packageId, releaseId,
hardware, size and SHA-256 of the content. Nothing of it
is used before all of it was judged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from .errors import PackageError

MARK = b"LLPK"
SIGNATURE_SIZE = 64
_HEAD = len(MARK) + 2
# Images of nodes are some hundred kilobytes; a gateway's disk is small.
PACKAGE_BYTES_MAX = 64 * 1024 * 1024
HARDWARE = ("lamplighter-gateway", "esp32")


@dataclass(frozen=True)
class Package:
    """What a whole, signed package says of itself."""

    package_id: str
    release_id: str
    hardware: str
    content: bytes


def build(
    key: Ed25519PrivateKey, *, package_id: str, release_id: str, hardware: str, content: bytes
) -> bytes:
    """A signed package."""
    header = json.dumps({
        "packageId": package_id, "releaseId": release_id, "hardware": hardware,
        "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
    }).encode()  # fmt: skip
    start = MARK + len(header).to_bytes(2, "big") + header
    return start + key.sign(start + content) + content


def judge(
    data: bytes, key: Ed25519PublicKey, *, package_id: str, release_id: str,
    hardware: Iterable[str] = HARDWARE,
) -> Package:  # fmt: skip
    """The package in these bytes; PackageError says why it may not be used (P2)."""
    if len(data) > PACKAGE_BYTES_MAX:
        raise PackageError("changeReleaseFailure", f"more than {PACKAGE_BYTES_MAX} bytes")
    if data[: len(MARK)] != MARK or len(data) < _HEAD:
        raise PackageError("changeReleaseFailure", "this is no package")
    end = _HEAD + int.from_bytes(data[len(MARK) : _HEAD], "big")
    signature, content = data[end : end + SIGNATURE_SIZE], data[end + SIGNATURE_SIZE :]
    try:
        key.verify(signature, data[:end] + content)
    except InvalidSignature as error:
        raise PackageError("changeReleaseFailure", "the signature does not fit") from error
    try:
        header = json.loads(data[_HEAD:end])
        told = (header["packageId"], header["releaseId"], header["hardware"], header["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError("changeReleaseFailure", f"the header is broken: {error}") from error
    if told[3] != hashlib.sha256(content).hexdigest() or header.get("size") != len(content):
        raise PackageError("changeReleaseFailure", "the content is not what the header says")
    if told[:2] != (package_id, release_id):
        text = f"it is {told[0]} {told[1]}, asked was {package_id} {release_id}"
        raise PackageError("releaseMismatch", text)
    if told[2] not in tuple(hardware):
        raise PackageError("changeReleaseFailure", f"it is for the hardware {told[2]}")
    return Package(package_id, release_id, told[2], content)
