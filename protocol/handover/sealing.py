"""Keys of a batch of nodes, sealed so that one laptop alone can open them.

A laptop has two key pairs: X25519, to which batches are sealed, and Ed25519, with which it signs
receipts. Its card (name and public halves) goes to the controller. A batch is sealed by a fresh
X25519 key, HKDF-SHA256 over the shared secret and both public keys, and ChaCha20-Poly1305 with
the head as associated data (the construction of HPKE, RFC 9180, in its base mode, with our own
framing). The head is signed by the controller's Ed25519 key, which a laptop keeps from its first
batch on. The laptop's own keys lie on its disk under a passphrase: Scrypt, then ChaCha20-Poly1305.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORM = 1
_SEAL_PURPOSE = b"lamplighter batch 1"
_LOCK_PURPOSE = b"lamplighter laptop 1"
_NONCE = bytes(12)  # Each key seals one text, so that its nonce may be a constant.
# 64 MiB and some 0.2 s of a laptop: a guess of a passphrase costs an attacker as much.
SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 16, 8, 1
SCRYPT_N_MAX = 1 << 20
NAME_MAX = 63


class HandoverError(ValueError):
    """A card, a batch or a passphrase that is not good; the text says which and why."""


@dataclass(frozen=True)
class Card:
    """A laptop's public half; keys in hex."""

    name: str
    sign: str
    seal: str

    def told(self) -> dict[str, str]:
        """As it is written down."""
        return {"name": self.name, "sign": self.sign, "seal": self.seal}


@dataclass(frozen=True, repr=False)
class Laptop:
    """A laptop's secret half."""

    name: str
    sign: Ed25519PrivateKey
    seal: X25519PrivateKey

    @property
    def card(self) -> Card:
        """Its public half."""
        return Card(
            self.name,
            self.sign.public_key().public_bytes_raw().hex(),
            self.seal.public_key().public_bytes_raw().hex(),
        )


def make_laptop(name: str) -> Laptop:
    """A new laptop's keys."""
    if not is_name(name):
        raise HandoverError(f"{name!r}: a laptop's name has 1 to {NAME_MAX} of a-z 0-9 and -")
    return Laptop(name, Ed25519PrivateKey.generate(), X25519PrivateKey.generate())


def is_name(name: object) -> bool:
    """Whether this may be the name of a laptop; it becomes the name of files, too."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_MAX or name[0] == "-":
        return False
    return set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def _object(text: str | bytes, what: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HandoverError(f"this is no {what}: {error}") from error
    if not isinstance(said, dict) or said.get("form") != FORM:
        raise HandoverError(f"this is no {what} of form {FORM}")
    return said


def _bytes(said: Mapping[str, Any], name: str, size: int = 0) -> bytes:
    value = said.get(name)
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        data = None
    if data is None or (size and len(data) != size):
        raise HandoverError(f"{name} is not {size or 'some'} bytes in hex")
    return data


def read_card(text: str | bytes) -> Card:
    """A card, or the public half of a locked laptop; HandoverError for what is none."""
    said = _object(text, "card of a laptop")
    if not is_name(said.get("name")):
        raise HandoverError("the card has no good name")
    return Card(said["name"], _bytes(said, "sign", 32).hex(), _bytes(said, "seal", 32).hex())


def locked(laptop: Laptop, passphrase: str, scrypt_n: int = SCRYPT_N) -> str:
    """What a laptop keeps on its disk: its card, and its secret half under a passphrase."""
    if len(passphrase) < 8:
        raise HandoverError("a passphrase has at least 8 characters")
    salt = os.urandom(16)
    card = laptop.card.told()
    secret = laptop.sign.private_bytes_raw() + laptop.seal.private_bytes_raw()
    box = ChaCha20Poly1305(_stretched(passphrase, salt, scrypt_n))
    sealed = box.encrypt(_NONCE, secret, _LOCK_PURPOSE + _canonical(card))
    said = {"form": FORM, **card, "salt": salt.hex(), "n": scrypt_n, "locked": sealed.hex()}
    return json.dumps(said, indent=1) + "\n"


def unlocked(text: str | bytes, passphrase: str) -> Laptop:
    """The laptop's keys; HandoverError when the passphrase is wrong or the file was changed."""
    card, said = read_card(text), _object(text, "card of a laptop")
    rounds = said.get("n")
    if not isinstance(rounds, int) or not 2 <= rounds <= SCRYPT_N_MAX or rounds & rounds - 1:
        raise HandoverError("this card holds no locked keys")
    box = ChaCha20Poly1305(_stretched(passphrase, _bytes(said, "salt", 16), rounds))
    try:
        secret = box.decrypt(
            _NONCE, _bytes(said, "locked"), _LOCK_PURPOSE + _canonical(card.told())
        )
    except InvalidTag as error:
        raise HandoverError("wrong passphrase, or the file was changed") from error
    laptop = Laptop(
        card.name,
        Ed25519PrivateKey.from_private_bytes(secret[:32]),
        X25519PrivateKey.from_private_bytes(secret[32:]),
    )
    if laptop.card != card:
        raise HandoverError("the public half of this file is not that of its keys")
    return laptop


def _stretched(passphrase: str, salt: bytes, rounds: int) -> bytes:
    kdf = Scrypt(salt=salt, length=32, n=rounds, r=_SCRYPT_R, p=_SCRYPT_P)
    return kdf.derive(passphrase.encode())


def _canonical(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def seal_batch(
    content: Mapping[str, Any], card: Card, batch_id: str, signer: Ed25519PrivateKey
) -> str:
    """A file that the laptop of this card can open, and no other."""
    fresh = X25519PrivateKey.generate()
    head = {
        "form": FORM, "batch_id": batch_id, "laptop": card.name, "seal": card.seal,
        "fresh": fresh.public_key().public_bytes_raw().hex(),
        "controller": signer.public_key().public_bytes_raw().hex(),
    }  # fmt: skip
    secret = fresh.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(card.seal)))
    signed = _canonical(head)
    box = ChaCha20Poly1305(_batch_key(secret, signed))
    sealed = box.encrypt(_NONCE, _canonical(content), signed)
    signature = signer.sign(_SEAL_PURPOSE + signed + sealed)
    said = {**head, "sealed": sealed.hex(), "signature": signature.hex()}
    return json.dumps(said, indent=1) + "\n"


def _batch_key(secret: bytes, head: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_SEAL_PURPOSE + head).derive(secret)


def open_batch(
    text: str | bytes, laptop: Laptop, controller: str | None
) -> tuple[dict[str, Any], str]:
    """The content of a batch, and the controller's public key in hex.

    controller: the key that signed this laptop's batches before; None when this is its first.
    """
    said = _object(text, "batch of keys")
    sealed, signature = _bytes(said, "sealed"), _bytes(said, "signature", 64)
    head = {k: v for k, v in said.items() if k not in ("sealed", "signature")}
    signer = _bytes(said, "controller", 32)
    if controller is not None and signer.hex() != controller:
        raise HandoverError("this batch was made by another controller than those before")
    signed = _canonical(head)
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(
            signature, _SEAL_PURPOSE + signed + sealed
        )
    except InvalidSignature as error:
        raise HandoverError("the batch was changed since the controller signed it") from error
    if said.get("seal") != laptop.card.seal:
        raise HandoverError(f"this batch is sealed to the laptop {said.get('laptop')}, not to us")
    try:
        secret = laptop.seal.exchange(X25519PublicKey.from_public_bytes(_bytes(said, "fresh", 32)))
        content = ChaCha20Poly1305(_batch_key(secret, signed)).decrypt(_NONCE, sealed, signed)
    except (InvalidTag, ValueError) as error:
        raise HandoverError("the batch cannot be opened: it was changed") from error
    found: dict[str, Any] = json.loads(content)
    return found, signer.hex()
