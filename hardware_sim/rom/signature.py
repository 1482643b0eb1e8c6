"""Secure boot v2 as the boot ROM and the boot loader judge an image: a sector of RSA-PSS blocks.

After the image, filled up to a sector, stand up to three blocks of 1,216 bytes: mark, SHA-256 of
all before, the RSA-3072 key with two numbers made of it, the signature, a CRC. What is said is
what the chips say on their console.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Collection

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from .flash import SECTOR_SIZE

BLOCK_SIZE = 1216
_BLOCKS_MAX = 3
_MARK, _RSA = 0xE7, 2
_KEY = slice(36, 812)  # Modulus, exponent and the two numbers: what the digest is made of.
_CRC_AT = 1196


class UnsignedError(ValueError):
    """The image is not one that this chip boots; the text is what the console says."""


def check(
    read: Callable[[int, int], bytes], at: int, size: int, digests: Collection[bytes]
) -> None:
    """UnsignedError unless the image of `size` bytes is signed by a key of these digests."""
    whole = -(-size // SECTOR_SIZE) * SECTOR_SIZE
    sector = read(at + whole, SECTOR_SIZE)
    if sector[0] != _MARK:
        raise UnsignedError(
            "No signature block magic byte found at signature sector (found "
            f"{sector[0]:#x} not {_MARK:#x}). Image not V2 signed?"
        )
    image = hashlib.sha256(read(at, whole)).digest()
    words = ""
    for number in range(_BLOCKS_MAX):
        block = sector[number * BLOCK_SIZE :][:BLOCK_SIZE]
        words = words or f"Sig block {number} invalid: "
        if block[0] != _MARK or block[1] != _RSA:
            break
        (crc,) = struct.unpack_from("<I", block, _CRC_AT)
        if zlib.crc32(block[:_CRC_AT]) != crc:
            words = f"Sig block {number} invalid: CRC mismatch"
        elif hashlib.sha256(block[_KEY]).digest() not in digests:
            words = f"Sig block {number} signed with untrusted key"
        elif block[4:36] != image:
            words = f"Sig block {number} invalid: Image digest does not match"
        elif _is_signed(block, image):
            return
        else:
            words = f"Sig block {number} signature verification failed"
    raise UnsignedError(words)


def _is_signed(block: bytes, digest: bytes) -> bool:
    modulus = int.from_bytes(block[36:420], "little")
    (exponent,) = struct.unpack_from("<I", block, 420)
    signature = block[812:1196][::-1]
    try:
        key = RSAPublicNumbers(exponent, modulus).public_key()
        key.verify(signature, digest, PSS(MGF1(SHA256()), 32), Prehashed(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
