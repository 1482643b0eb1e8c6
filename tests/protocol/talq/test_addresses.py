"""Addresses name a device, a function or an attribute; identifiers may hold anything (T11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import talq

part = st.text(st.characters(exclude_characters="/", codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(part, min_size=1, max_size=3))
def test_addresses_go_round(parts: list[str]) -> None:
    address = talq.join_address(*parts)
    assert [p for p in talq.split_address(address) if p] == parts


@pytest.mark.parametrize("address", ["", "a/", "/a", "a//b", "a/b/c/d"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        talq.split_address(address)


def test_an_attribute_needs_its_function() -> None:
    with pytest.raises(ValueError, match="function"):
        talq.join_address("device", "", "attribute")


@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_identifiers_go_round_through_a_path_t11(identifier: str) -> None:
    quoted = talq.quote_id(identifier)
    assert "/" not in quoted
    assert "?" not in quoted
    assert talq.unquote_id(quoted) == identifier


def test_a_segment_that_is_no_utf_8_is_400() -> None:
    with pytest.raises(talq.TalqError) as caught:
        talq.unquote_id("%ff")
    assert caught.value.status == 400


def test_a_uuid_is_taken_in_its_one_written_form() -> None:
    text = "3F6F1C0E-94C7-5A55-8A53-0A4B7D7A1C11"
    assert talq.read_uuid(text) == text.lower()
    for wrong in ("", text[:-1], "{" + text[:34] + "}", text.replace("-", "").ljust(36, "0")):
        with pytest.raises(ValueError, match=r".+"):
            talq.read_uuid(wrong)
