"""Batches open at one laptop alone, and nothing changed passes for whole."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.handover import (
    HandoverError,
    locked,
    make_laptop,
    open_batch,
    read_card,
    seal_batch,
    unlocked,
)

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LAPTOP = make_laptop("van-3")
CONTENT = {"site": "here", "nodes": [{"node_id": "02aa00000001", "key": "11" * 32}]}
BATCH = seal_batch(CONTENT, LAPTOP.card, "b-1", SIGNER)


def test_a_laptop_opens_its_batch_and_learns_who_made_it() -> None:
    content, controller = open_batch(BATCH, LAPTOP, None)
    assert content == CONTENT
    assert controller == SIGNER.public_key().public_bytes_raw().hex()
    assert open_batch(BATCH, LAPTOP, controller)[0] == CONTENT


def test_the_file_shows_no_key_in_clear() -> None:
    assert "11" * 16 not in BATCH
    assert "02aa00000001" not in BATCH


def test_another_laptop_of_the_same_name_cannot_open_it() -> None:
    with pytest.raises(HandoverError, match="not to us"):
        open_batch(BATCH, make_laptop("van-3"), None)


def test_a_batch_of_another_controller_is_refused() -> None:
    other = seal_batch(CONTENT, LAPTOP.card, "b-2", Ed25519PrivateKey.generate())
    first = SIGNER.public_key().public_bytes_raw().hex()
    with pytest.raises(HandoverError, match="another controller"):
        open_batch(other, LAPTOP, first)


@pytest.mark.parametrize("field", ["batch_id", "laptop", "fresh", "sealed", "signature", "seal"])
def test_each_changed_field_is_noticed(field: str) -> None:
    said = json.loads(BATCH)
    said[field] = ("1" if said[field][0] != "1" else "2") + said[field][1:]
    with pytest.raises(HandoverError):
        open_batch(json.dumps(said), LAPTOP, None)


def test_the_passphrase_alone_unlocks_a_laptop() -> None:
    text = locked(LAPTOP, "correct horse", scrypt_n=1024)
    assert unlocked(text, "correct horse").card == LAPTOP.card
    assert LAPTOP.sign.private_bytes_raw().hex() not in text
    with pytest.raises(HandoverError, match="wrong passphrase"):
        unlocked(text, "correct horsf")
    said = json.loads(text) | {"seal": make_laptop("x").card.seal}
    with pytest.raises(HandoverError, match="changed"):
        unlocked(json.dumps(said), "correct horse")


def test_short_passphrases_and_odd_names_are_refused() -> None:
    with pytest.raises(HandoverError, match="8 characters"):
        locked(LAPTOP, "short")
    for name in ("", "-a", "../x", "A", "x" * 64):
        with pytest.raises(HandoverError, match="name"):
            make_laptop(name)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_crashes_the_readers(text: str | bytes) -> None:
    for read in (read_card, lambda t: unlocked(t, "x"), lambda t: open_batch(t, LAPTOP, None)):
        with pytest.raises(HandoverError):
            read(text)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(json.loads(BATCH))), st.none() | st.text() | st.floats())
)
def test_no_field_crashes_the_readers(changed: dict[str, object]) -> None:
    said = json.loads(BATCH) | changed
    if said == json.loads(BATCH):
        return
    with pytest.raises(HandoverError):
        open_batch(json.dumps(said), LAPTOP, None)
