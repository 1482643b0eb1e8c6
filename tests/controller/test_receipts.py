"""Who may bring which receipt, and what a revocation ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from controller.receipts import NAME as FILE
from controller.receipts import Given, Receipts, RefusedError
from controller.renewals import Asked, Renewals
from protocol import handover

VAN = handover.make_laptop("van-3")
OTHER = handover.make_laptop("van-4")
NOW = "2026-11-21T10:00:00+00:00"
NODE = "02aa00000001"
ASKED = Asked(("key",), NOW)


def receipt(laptop: handover.Laptop = VAN, **changed: Any) -> str:
    said = {
        "mac": "246f28000001", "node_id": NODE, "asset_id": "L-1", "kind": "lamp", "serial": "7",
        "chip": "esp32", "versions": {}, "checks": [], "passed": True, "flashed_at": NOW,
        "laptop": laptop.name, "batch_id": "b-1",
    } | changed  # fmt: skip
    return handover.sign_receipt(msgspec.convert(said, handover.Receipt), laptop)


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    found = Receipts(tmp_path)
    found.enrol(VAN.card)
    found.enrol(OTHER.card)
    found.given("b-1", "van-3", [Given(NODE, "L-1", 0), Given("02aa00000002", "L-2", 0)], NOW)
    return found


def keep(receipts: Receipts, text: str) -> bool:
    return receipts.keep(receipts.read(text), text, NOW)


def test_a_receipt_of_a_given_key_is_kept_once(receipts: Receipts) -> None:
    assert keep(receipts, receipt())
    assert not keep(receipts, receipt())
    assert receipts.macs() == {NODE: "246f28000001"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (receipt(OTHER), "never given the key"),
        (receipt(handover.make_laptop("van-9")), "not known here"),
        (receipt(handover.make_laptop("van-3")), "not signed by the laptop van-3"),
        (receipt(node_id="02aa00000009"), "never given the key"),
        (receipt(batch_id="b-2"), "never given the key"),
        (receipt(passed=False), "self-test had failed"),
        ("{}", "no receipt"),
    ],
    # Signatures are new ones each time, and workers must find the same tests.
    ids=["other laptop", "unknown laptop", "other key", "node", "batch", "failed", "empty"],
)
def test_any_other_receipt_is_refused_with_its_reason(
    receipts: Receipts, text: str, words: str
) -> None:
    with pytest.raises(RefusedError, match=words):
        receipts.read(text)


def test_one_board_is_no_two_nodes(receipts: Receipts) -> None:
    keep(receipts, receipt())
    same: list[dict[str, Any]] = [{"asset_id": "L-2"}, {"mac": "246f28000002"}]
    for changed in same:
        twin = receipt(node_id="02aa00000002", **changed)
        with pytest.raises(RefusedError, match="duplicate label"):
            receipts.read(twin)


def test_a_key_is_given_to_one_laptop_alone(receipts: Receipts) -> None:
    with pytest.raises(RefusedError, match="given to the laptop van-3"):
        receipts.given("b-2", "van-4", [Given("02aa00000003", "", 0), Given(NODE, "", 0)], NOW)
    with pytest.raises(RefusedError, match="never given"):  # And nothing of the batch was.
        receipts.read(receipt(OTHER, node_id="02aa00000003", batch_id="b-2"))
    receipts.revoke_node(NODE)
    receipts.given("b-3", "van-4", [Given(NODE, "L-1", 1)], NOW)
    assert receipts.read(receipt(OTHER, batch_id="b-3")).node_id == NODE
    with pytest.raises(RefusedError, match="was revoked since"):
        receipts.read(receipt())


def test_a_revoked_laptop_brings_nothing_and_its_keys_end(
    receipts: Receipts, tmp_path: Path
) -> None:
    keep(receipts, receipt())
    ended, left = receipts.revoke_laptop("van-3", ASKED, at_once=False)
    assert (ended, left) == (["02aa00000002"], [NODE])
    store = Renewals(tmp_path / FILE)
    assert store.keys() == {"02aa00000002": (1, 1), NODE: (0, 1)}
    assert [(row.node_id, row.parts, row.state) for row in store.rows()] == [
        (NODE, "key", "waiting")
    ]
    with pytest.raises(RefusedError, match="was revoked at"):
        receipts.read(receipt())
    assert receipts.revoke_laptop("van-3", ASKED, at_once=True) == ([NODE], [])
    assert store.keys()[NODE] == (2, 2), "what it was getting went over the road under the old"
    assert not store.rows()
    store.close()


def test_a_board_flashed_before_a_renewal_is_taken_with_the_password_it_has(
    receipts: Receipts, tmp_path: Path
) -> None:
    store = Renewals(tmp_path / FILE)
    store.ask([NODE], Asked(("key", "password"), NOW))
    assert store.passwords() == {NODE: 1}
    assert keep(receipts, receipt())
    assert store.passwords() == {NODE: 0}, "what lies in the box has the password of its batch"
    (row,) = store.rows()
    assert (row.number, row.state, row.password) == (2, "waiting", 1)
    row.state = "taken"
    store.keep([row], {NODE: 1})
    assert store.passwords() == {NODE: 1}
    assert keep(receipts, receipt(serial="8")), "it may come late"
    assert store.passwords() == {NODE: 1}, "and what the node has taken since stays"
    assert store.rows()[0].state == "taken"
    receipts.revoke_node(NODE)
    with pytest.raises(RefusedError, match="was revoked since"):
        receipts.read(receipt(serial="9"))
    store.close()


def test_an_older_receipt_takes_no_newer_ones_place(receipts: Receipts) -> None:
    newer, older = (f"2026-11-2{day}T10:00:00+00:00" for day in (2, 1))
    assert keep(receipts, receipt(flashed_at=newer, mac="246f28000009"))
    assert not keep(receipts, receipt(flashed_at=older))
    assert receipts.macs() == {NODE: "246f28000009"}


def test_a_next_key_that_a_laptop_was_given_is_passed_over(
    receipts: Receipts, tmp_path: Path
) -> None:
    store = Renewals(tmp_path / FILE)
    store.ask([NODE], ASKED)
    store.ask([NODE], ASKED)
    assert store.keys() == {NODE: (0, 1)}, "asked for again, it is the same one"
    receipts.given("b-2", "van-4", [Given(NODE, "L-1", 1)], NOW)
    store.ask([NODE], ASKED)
    assert store.keys() == {NODE: (0, 2)}, "a laptop knows the first"
    store.close()


def test_another_card_of_a_known_name_is_refused(receipts: Receipts) -> None:
    with pytest.raises(RefusedError, match="another card"):
        receipts.enrol(handover.make_laptop("van-3").card)
