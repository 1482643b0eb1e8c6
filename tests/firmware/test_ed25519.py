"""The node's verification says what a library of another origin says."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import ed25519


def library(public: bytes, signature: bytes, message: bytes) -> bool:
    """What `cryptography` says."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300))
def test_what_a_library_signs_is_good(secret: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public = key.public_key().public_bytes_raw()
    assert ed25519.verify(public, key.sign(message), message)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64), st.integers(0, 767))
def test_a_flipped_bit_of_key_or_signature_is_judged_alike(
    secret: bytes, message: bytes, bit: int
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(secret)
    both = bytearray(key.public_key().public_bytes_raw() + key.sign(message))
    both[bit // 8] ^= 1 << bit % 8
    public, signature = bytes(both[:32]), bytes(both[32:])
    assert ed25519.verify(public, signature, message) == library(public, signature, message)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_any_bytes_are_judged_alike(public: bytes, signature: bytes) -> None:
    assert ed25519.verify(public, signature, b"x") == library(public, signature, b"x")


@given(st.binary(max_size=600))
def test_the_digest_is_sha512(message: bytes) -> None:
    digest = bytearray(64)
    for _ in ed25519.sha512(message, digest):
        pass
    assert bytes(digest) == hashlib.sha512(message).digest()
