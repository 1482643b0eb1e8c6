"""Receipts: whole and signed, or refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.handover import Receipt, ReceiptError, check_receipt, make_laptop, sign_receipt
from protocol.handover.receipt import Check, Position

LAPTOP = make_laptop("van-3")
RECEIPT = Receipt(
    mac="246f28000001", node_id="02aa00000001", asset_id="L-0001", kind="lamp", serial="7",
    chip="esp32", versions={"firmware": 1}, checks=[Check("light", True, "dims")], passed=True,
    flashed_at="2026-11-21T10:00:00Z", laptop="van-3", batch_id="b-1",
    position=Position(50.8, 4.3, "csv"),
)  # fmt: skip


def test_a_signed_receipt_is_read_back_with_its_signer() -> None:
    receipt, public = check_receipt(sign_receipt(RECEIPT, LAPTOP))
    assert receipt == RECEIPT
    assert public == LAPTOP.card.sign


def test_a_secured_board_says_so_and_a_plain_one_says_nothing_new() -> None:
    secured = msgspec.structs.replace(RECEIPT, flash_encryption=True, secure_boot="5e" * 32)
    text = sign_receipt(secured, LAPTOP)
    assert check_receipt(text)[0] == secured
    said = json.loads(text)
    said["receipt"]["flash_encryption"] = False
    with pytest.raises(ReceiptError, match="changed"):
        check_receipt(json.dumps(said))
    # Readers of before know neither field, and refuse what they do not know.
    plain = json.loads(sign_receipt(RECEIPT, LAPTOP))["receipt"]
    assert not {"flash_encryption", "secure_boot"} & set(plain)


def test_every_changed_field_breaks_the_signature() -> None:
    text = sign_receipt(RECEIPT, LAPTOP)
    for name, value in json.loads(text)["receipt"].items():
        said: dict[str, Any] = json.loads(text)
        said["receipt"][name] = "x" if not isinstance(value, str) else value + "x"
        with pytest.raises(ReceiptError, match="changed"):
            check_receipt(json.dumps(said))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"mac": "24:6f:28"}, "mac is"),
        ({"node_id": "../../etc"}, "node_id is"),
        ({"form": 2}, "form 2"),
        ({"laptop": "../x"}, "no laptop"),
        ({"position": Position(91.0, 0.0, "csv")}, "nowhere on earth"),
    ],
)
def test_what_is_signed_and_wrong_is_refused(changed: dict[str, Any], words: str) -> None:
    wrong = msgspec.structs.replace(RECEIPT, **changed)
    with pytest.raises(ReceiptError, match=words):
        check_receipt(sign_receipt(wrong, LAPTOP))


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80))
def test_no_bytes_crash_the_reader(text: str | bytes) -> None:
    with pytest.raises(ReceiptError):
        check_receipt(text)
