"""Keys and the replay window against their definitions."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import wire
from protocol.wire import controller_end


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=300))
def test_the_mac_is_hmac_sha256(secret: bytes, data: bytes) -> None:
    assert wire.Key(secret).mac(data) == hmac.new(secret, data, hashlib.sha256).digest()


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**30), st.binary(max_size=100))
def test_a_tag_is_bound_to_direction_and_counter(secret: bytes, counter: int, data: bytes) -> None:
    key = wire.Key(secret)
    tag = key.tag(wire.UP, counter, data)
    prefix = bytes([wire.UP]) + counter.to_bytes(4, "little")
    assert tag == hmac.new(secret, prefix + data, hashlib.sha256).digest()[:8]
    assert tag != key.tag(wire.DOWN, counter, data)
    assert tag != key.tag(wire.UP, counter + 1, data)


def test_derivation_passes_the_vector_of_rfc_5869_without_salt() -> None:
    okm = controller_end.derive(b"\x0b" * 22, b"", 32)
    assert okm.hex().startswith("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")


def test_a_neighbours_key_is_another() -> None:
    site = bytes(range(32))
    assert controller_end.node_key(site, "02aa00000001") != controller_end.node_key(
        site, "02aa00000002"
    )
    assert len(controller_end.mqtt_password(controller_end.node_key(site, "02aa00000001"))) == 32


@given(st.lists(st.integers(0, 80), min_size=1, max_size=60))
def test_no_counter_is_ever_accepted_twice(counters: list[int]) -> None:
    window = wire.Window()
    accepted: list[int] = []
    for counter in counters:
        known = counter in accepted or (bool(accepted) and max(accepted) - counter >= 28)
        if known:
            with pytest.raises(wire.DecodeError, match="replay"):
                window.check(counter)
        else:
            window.check(counter)
            window.accept(counter)
            accepted.append(counter)


@given(st.integers(0, 2**29), st.integers(-27, 30000))
def test_the_full_counter_is_found_from_sixteen_bits(newest: int, ahead: int) -> None:
    window = wire.Window()
    window.accept(newest)
    counter = max(0, newest + ahead)
    assert window.full_counter(counter & 0xFFFF) == counter


def test_tags_of_other_lengths_are_not_the_same() -> None:
    assert not wire.same(b"12345678", b"1234567")
    assert wire.same(b"12345678", b"12345678")
