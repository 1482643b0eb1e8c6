"""What a node does with renewals of its credentials, run by CPython on a file of the test."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import renew
from protocol.wire import controller_end

KEY, NEXT, LATER = (bytes([n]) * 32 for n in (1, 2, 3))
NONCE = bytes(range(16))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An identity file where renew.py looks for it."""
    path = tmp_path / "identity.json"
    path.write_text(json.dumps({"key": KEY.hex(), "password": "one", "ca": "30aa", "site": "s"}))
    monkeypatch.setattr(renew, "_PATH", str(path))
    return path


def said(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def wrapped(told: dict[str, str], key: bytes = KEY, generation: int = 1) -> bytes:
    return controller_end.wrap(key, generation, NONCE, told)


def test_a_new_key_is_used_at_once_and_the_old_one_kept(file: Path) -> None:
    assert renew._told(0, wrapped({"key": NEXT.hex()}), 1) == (1, 0, NEXT, "one", True, "")
    assert said(file)["key"] == NEXT.hex()
    assert said(file)["before"] == [1, KEY.hex(), None, None]
    assert renew._told(1, b"", 0) == (1, 1, KEY, "one", True, "")


@pytest.mark.parametrize("error", [OSError(28, "no space left"), MemoryError()])
def test_without_room_it_has_to_wait_and_nothing_is_changed(
    file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = file.read_bytes()

    def store(*_: object) -> None:
        raise error

    with monkeypatch.context() as full:
        full.setattr(renew, "_store", store)
        assert renew._tried(0, wrapped({"key": NEXT.hex()}), 1) == ()
    assert file.read_bytes() == before
    taken = (1, 0, NEXT, "one", True, "")
    assert renew._tried(0, wrapped({"key": NEXT.hex()}), 1) == taken


def test_a_join_under_the_new_key_forgets_the_old_one(file: Path) -> None:
    renew._told(0, wrapped({"key": NEXT.hex()}), 1)
    assert renew._told(0, None, 0) == (0, 0, NEXT, "one", True, "")
    assert "before" not in said(file)
    assert said(file) == {"key": NEXT.hex(), "password": "one", "ca": "30aa", "site": "s"}


def test_a_join_under_the_old_key_forgets_neither(file: Path) -> None:
    renew._told(0, wrapped({"key": NEXT.hex()}), 1)
    before = said(file)
    assert renew._told(1, None, 0) == (1, 1, KEY, "one", True, "")
    assert said(file) == before


def test_the_same_renewal_under_the_old_key_leads_to_the_new_one_again(file: Path) -> None:
    renew._told(0, wrapped({"key": NEXT.hex()}), 1)
    assert renew._told(1, wrapped({"key": NEXT.hex()}), 1) == (1, 0, NEXT, "one", True, "")
    assert said(file)["before"][1] == KEY.hex()


def test_another_renewal_under_the_old_key_keeps_the_key_that_works(file: Path) -> None:
    renew._told(0, wrapped({"key": NEXT.hex()}), 1)
    assert renew._told(1, wrapped({"key": LATER.hex()}), 1) == (1, 0, LATER, "one", True, "")
    assert said(file)["before"][1] == KEY.hex()


def test_the_key_in_use_is_no_reason_to_forget_the_other_one(file: Path) -> None:
    renew._told(0, wrapped({"key": NEXT.hex()}), 1)
    renew._told(1, wrapped({"key": KEY.hex()}), 1)
    assert {said(file)["key"], said(file)["before"][1]} == {KEY.hex(), NEXT.hex()}


def test_a_password_alternates_apart_from_the_key(file: Path) -> None:
    both = wrapped({"key": NEXT.hex(), "password": "two"})
    assert renew._told(0, both, 1) == (3, 0, NEXT, "two", True, "")
    assert renew._told(2, b"", 0) == (3, 2, NEXT, "one", True, "")
    assert renew._told(2, None, 0) == (2, 2, NEXT, "two", True, ""), (
        "the key is proved, the password not"
    )
    assert renew._told(0, None, 0) == (0, 0, NEXT, "two", True, "")


def test_an_authority_is_kept_beside_the_new_one_until_that_is_proved(file: Path) -> None:
    assert renew._told(0, wrapped({"ca": "30bb"}), 1) == (4, 0, KEY, "one", True, "")
    assert said(file)["before"][3] == "30aa"
    key = {"ca": "30cc", "key": NEXT.hex()}
    assert renew._told(4, wrapped(key), 1) == (5, 4, NEXT, "one", False, ""), (
        "a third one must wait"
    )
    assert renew._told(4, None, 0) == (4, 4, NEXT, "one", True, "")
    assert (said(file)["ca"], said(file)["before"][3]) == ("30bb", "30aa")
    back = wrapped({"ca": "30aa"}, NEXT)
    assert renew._told(4, back, 1) == (4, 0, NEXT, "one", True, "")
    assert (said(file)["ca"], said(file)["before"][3]) == ("30aa", "30bb")
    renew._told(0, None, 0)
    assert said(file)["ca"] == "30aa"
    assert "before" not in said(file)


HINTS = {"near": NEXT.hex()}


def test_a_key_of_hints_is_kept_at_once_and_needs_no_proof(file: Path) -> None:
    file.write_text(json.dumps(said(file) | {"near": ["S-1", LATER.hex(), 4]}))
    assert renew._told(0, wrapped(HINTS), 1) == (0, 0, KEY, "one", True, NEXT.hex())
    assert said(file)["near"] == ["S-1", NEXT.hex(), 4]
    assert "before" not in said(file)
    both = wrapped({**HINTS, "near": KEY.hex(), "key": NEXT.hex()})
    assert renew._told(0, both, 1) == (1, 0, NEXT, "one", True, KEY.hex())
    assert renew._told(0, b"", 0) == (1, 0, NEXT, "one", True, "")
    assert said(file)["near"][1] == KEY.hex()


def test_a_node_without_neighbours_keeps_no_key_of_hints(file: Path) -> None:
    before = file.read_bytes()
    assert renew._told(0, wrapped(HINTS), 1) == (0, 0, KEY, "one", True, NEXT.hex())
    assert file.read_bytes() == before


WRONG = {
    "another key's": wrapped({"key": NEXT.hex()}, key=NEXT),
    "another generation's": wrapped({"key": NEXT.hex()}, generation=2),
    "cut": wrapped({"key": NEXT.hex()})[:-1],
    "short": b"LLK1",
    "mark": b"LLK2" + wrapped({"key": NEXT.hex()})[4:],
    "a short key": wrapped({"key": "00" * 31}),
    "no hex": wrapped({"key": "xy" * 32}),
    "no text": wrapped({"key": 7}),  # type: ignore[dict-item]  # that is the fault
    "no password": wrapped({"password": ""}),
    "a short key of hints": wrapped({"near": "00" * 31}),
    "hints that are no text": wrapped({"near": 7}),  # type: ignore[dict-item]  # as above
    "no certificate": wrapped({"ca": "00"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_good_changes_nothing(file: Path, name: str) -> None:
    before = file.read_bytes()
    assert renew._told(0, WRONG[name], 1) is None
    assert file.read_bytes() == before


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data: st.DataObject) -> None:
    whole = bytearray(wrapped({"key": NEXT.hex(), "password": "two"}))
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[at // 8] ^= 1 << at % 8
    assert renew._opened(KEY.hex(), bytes(whole), 1) is None


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=1, max_size=64), st.binary(max_size=300))
def test_the_tag_is_the_hmac_of_rfc_2104(key: bytes, data: bytes) -> None:
    expected = hmac.new(key, data, hashlib.sha256).digest()
    assert renew._mac(key, data) == expected


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=64), st.binary(min_size=16, max_size=16))
def test_nothing_of_a_renewal_is_readable_on_the_way(password: str, nonce: bytes) -> None:
    told = {"key": NEXT.hex(), "password": password, "ca": "30" + "ab" * 500}
    content = controller_end.wrap(KEY, 7, nonce, told)
    assert NEXT.hex().encode() not in content
    assert b"abababab" not in content
    assert renew._opened(KEY.hex(), content, 7) == told
