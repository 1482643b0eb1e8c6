"""Secure boot v2 from the laptop's side: is an image signed by the city's key, and signing it.

Boot loader and MicroPython each are followed, at the next sector, by a sector with up to three
signatures (RSA-3072, PSS, SHA-256 over all before). The chip holds the digest of the public key.
The private key may stay in the office: a public key, or the digest alone, checks as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import zlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from .image import MicroPython
from .partitions import TABLE_AT
from .troubles import REFUSED, FlashError

UNSIGNED, BAD_KEY = "not signed", "signing key"
SECTOR_SIZE = 4096
_KEY_BITS = 3072
_KEY_SIZE = _KEY_BITS // 8
_DIGEST_SIZE = 32
_BLOCK_SIZE = 1216
_BLOCKS_MAX = 3
_MARK, _RSA = 0xE7, 2
_KEY, _SIGNATURE = slice(36, 812), slice(812, 1196)
_CRC_AT = 1196
_PADDING = PSS(MGF1(SHA256()), 32)
_MAGIC = 0xE9
_HEAD_SIZE = 24
_SEGMENTS_MAX = 16
_APPLICATION = 0


@dataclass(frozen=True, repr=False)
class SigningKey:
    """The digest that is burnt, and the private key where this laptop has it."""

    digest: bytes
    private: rsa.RSAPrivateKey | None = None


def read_signing_key(data: bytes, passphrase: str = "") -> SigningKey:
    """A private or public key (PEM) or a digest of 32 bytes; FlashError says what is wrong."""
    if len(data) == _DIGEST_SIZE:
        return SigningKey(data)
    if b"PUBLIC KEY" in data:
        return SigningKey(digest_of(_rsa(_public(data))))
    private = _private(data, passphrase)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise _bad("is no RSA key")
    return SigningKey(digest_of(_rsa(private.public_key())), private)


def is_locked(data: bytes) -> bool:
    """Whether a PEM is under a passphrase."""
    return b"ENCRYPTED" in data


def _public(data: bytes) -> object:
    try:
        return serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad("cannot be read") from error


def _private(data: bytes, passphrase: str) -> object:
    try:
        return serialization.load_pem_private_key(data, passphrase.encode() or None)
    except TypeError as error:
        raise _bad("is under a passphrase, or was given one that it does not need") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _bad("cannot be read; a wrong passphrase looks like that, too") from error


def _rsa(key: object) -> rsa.RSAPublicKey:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != _KEY_BITS:
        raise _bad("is no RSA key of 3072 bits, which secure boot v2 wants")
    return key


def _bad(why: str) -> FlashError:
    return FlashError(f"The signing key {why}. Nothing was written or burnt.", REFUSED, BAD_KEY)


def digest_of(key: rsa.RSAPublicKey) -> bytes:
    """SHA-256 of a key as it stands in a signature: with two numbers the chip reckons by."""
    return hashlib.sha256(_key_text(key)).digest()


def _key_text(key: rsa.RSAPublicKey) -> bytes:
    numbers = key.public_numbers()
    square = (1 << 2 * _KEY_BITS) % numbers.n
    inverse = -pow(numbers.n, -1, 1 << 32) & 0xFFFFFFFF
    text = numbers.n.to_bytes(_KEY_SIZE, "little") + struct.pack("<I", numbers.e)
    return text + square.to_bytes(_KEY_SIZE, "little") + struct.pack("<I", inverse)


@dataclass(frozen=True)
class _Piece:
    """Something that is signed: where it is in the file, its size, and what may follow it."""

    name: str
    at: int
    size: int
    room: int

    @property
    def whole(self) -> int:
        """Its size in whole sectors, after which the signatures stand."""
        return -(-self.size // SECTOR_SIZE) * SECTOR_SIZE


def _pieces(image: MicroPython) -> list[_Piece]:
    """Boot loader and applications; FlashError when one of them is not there."""
    found = [_Piece("boot loader", 0, _size(image.data, 0), TABLE_AT - image.offset)]
    for row in image.partitions:
        at = row.offset - image.offset
        if row.kind == _APPLICATION and image.data[at : at + 1] == bytes([_MAGIC]):
            size = _size(image.data, at)
            found.append(_Piece(f"application ({row.name})", at, size, row.size))
    if len(found) < 2:
        raise FlashError("There is no application in this image.", REFUSED)
    return found


def _size(data: bytes, at: int) -> int:
    """How long the image is that begins here; FlashError when it is cut off."""
    try:
        magic, count = struct.unpack_from("<BB", data, at)
        (hashed,) = struct.unpack_from("<B", data, at + _HEAD_SIZE - 1)
        if magic != _MAGIC or not 0 < count <= _SEGMENTS_MAX:
            raise FlashError("The image has no boot loader at its beginning.", REFUSED)
        end = at + _HEAD_SIZE
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, end + 4)
            end += 8 + size
    except struct.error as error:
        raise FlashError("The image ends amid one of its segments.", REFUSED) from error
    end += 16 - (end - at) % 16  # With its checksum.
    return end - at + (_DIGEST_SIZE if hashed else 0)


def must_be_whole(image: MicroPython) -> None:
    """FlashError unless boot loader and application are there to their ends, undamaged."""
    for piece in _pieces(image):
        content = image.data[piece.at : piece.at + piece.size]
        if len(content) < piece.size:
            raise FlashError(
                f"The {piece.name} of this image is cut off: {len(content):,} of {piece.size:,} "
                "bytes. Fetch it again.", REFUSED, "torn image",
            )  # fmt: skip
        is_hashed = content[_HEAD_SIZE - 1]
        body, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
        if is_hashed and hashlib.sha256(body).digest() != digest:
            raise FlashError(
                f"The {piece.name} of this image is damaged: its SHA-256 is another one. Fetch it "
                "again.", REFUSED, "torn image",
            )  # fmt: skip


def check_signed(image: MicroPython, digest: bytes) -> None:
    """FlashError unless boot loader and application are signed by the key of this digest."""
    for piece in _pieces(image):
        why = _fault(image.data, piece, digest)
        if why:
            raise FlashError(
                f"The {piece.name} of this image is not signed by the city's key: {why}. Sign it "
                "in the office with `flash.py image sign`, or give the private key. Nothing was "
                "written or burnt.",
                REFUSED, UNSIGNED,
            )  # fmt: skip


def _fault(data: bytes, piece: _Piece, digest: bytes) -> str:
    """Why a piece is not signed by this key; "" when it is."""
    end = piece.at + piece.whole
    sector = data[end : end + SECTOR_SIZE]
    if len(sector) < SECTOR_SIZE or sector[0] != _MARK:
        return "there is no signature"
    content = hashlib.sha256(data[piece.at : end]).digest()
    for number in range(_BLOCKS_MAX):
        block = sector[number * _BLOCK_SIZE :][:_BLOCK_SIZE]
        (crc,) = struct.unpack_from("<I", block, _CRC_AT)
        if block[:2] != bytes([_MARK, _RSA]) or zlib.crc32(block[:_CRC_AT]) != crc:
            continue
        if hashlib.sha256(block[_KEY]).digest() != digest:
            continue
        return "" if _is_good(block, content) else "the image was changed since it was signed"
    return "the signature is of another key"


def _is_good(block: bytes, content: bytes) -> bool:
    modulus = int.from_bytes(block[_KEY][:_KEY_SIZE], "little")
    (exponent,) = struct.unpack_from("<I", block[_KEY], _KEY_SIZE)
    try:
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        key.verify(block[_SIGNATURE][::-1], content, _PADDING, Prehashed(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return block[4:36] == content and block[_KEY] == _key_text(key)


def signed(image: MicroPython, key: SigningKey) -> MicroPython:
    """The image with both signed; the same one when they are. FlashError without the key."""
    data = bytearray(image.data)
    for piece in _pieces(image):
        if not _fault(image.data, piece, key.digest):
            continue
        if key.private is None:
            check_signed(image, key.digest)
        _sign(data, piece, key)
    done = dataclasses.replace(image, data=bytes(data))
    check_signed(done, key.digest)
    return done


def without_signatures(image: MicroPython) -> bytes:
    """What an image holds besides its signatures and what fills it up for them."""
    data = bytearray(image.data)
    for piece in _pieces(image):
        sector = piece.at + piece.whole
        if data[sector : sector + 1] == bytes([_MARK]):
            behind = data[sector : sector + SECTOR_SIZE]
            data[sector : sector + SECTOR_SIZE] = b"\xff" * len(behind)
    return bytes(data).rstrip(b"\xff")


def _sign(data: bytearray, piece: _Piece, key: SigningKey) -> None:
    """Put the signature where it belongs; whatever else stands there is not written over."""
    assert key.private is not None
    end = piece.at + piece.size
    sector = piece.at + piece.whole
    if piece.whole + SECTOR_SIZE > piece.room:
        raise FlashError(f"There is no room for a signature after the {piece.name}.", REFUSED)
    between, behind = bytes(data[end:sector]), bytes(data[sector : sector + SECTOR_SIZE])
    if between.strip(b"\xff") or (behind.strip(b"\xff") and behind[0] != _MARK):
        raise FlashError(
            f"Something follows the {piece.name} where its signature belongs.", REFUSED
        )
    data += b"\xff" * (sector + SECTOR_SIZE - len(data))
    data[end:sector] = b"\xff" * (sector - end)
    content = hashlib.sha256(data[piece.at : sector]).digest()
    signature = key.private.sign(content, _PADDING, Prehashed(SHA256()))
    block = bytes([_MARK, _RSA, 0, 0]) + content + _key_text(key.private.public_key())
    block += signature[::-1]
    block += struct.pack("<I16x", zlib.crc32(block))
    data[sector : sector + SECTOR_SIZE] = block.ljust(SECTOR_SIZE, b"\xff")
