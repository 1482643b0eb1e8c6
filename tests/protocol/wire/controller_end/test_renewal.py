"""The wrapping of renewals, against an independent computation."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import controller_end

KEY = bytes(range(32))


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def unwrapped(key: bytes, generation: int, content: bytes) -> object:
    """What is in it, by the layout as docs/decisions tells it."""
    head, tag = content[:-32], content[-32:]
    assert tag == mac(mac(key, b"renew tag"), struct.pack("<I", generation) + head)
    assert head[:4] == b"LLK1"
    cipher, nonce, text = mac(key, b"renew cipher"), head[4:20], bytearray(head[20:])
    for at in range(len(text)):
        text[at] ^= mac(cipher, nonce + struct.pack("<I", at // 32))[at % 32]
    return json.loads(text)


@given(
    st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1),
    st.binary(min_size=16, max_size=16), st.dictionaries(st.text(max_size=9), st.text()),
)  # fmt: skip
def test_what_is_wrapped_comes_out_by_the_layout_that_is_written_down(
    key: bytes, generation: int, nonce: bytes, told: dict[str, str]
) -> None:
    content = controller_end.wrap(key, generation, nonce, told)
    assert unwrapped(key, generation, content) == told


def test_another_nonce_hides_the_same_text_otherwise() -> None:
    told = {"key": "ab" * 32}
    one = controller_end.wrap(KEY, 1, bytes(16), told)
    other = controller_end.wrap(KEY, 1, bytes([1]) * 16, told)
    same = sum(a == b for a, b in zip(one[20:-32], other[20:-32], strict=True))
    assert same < 8


def test_nodes_that_left_for_the_street_open_what_is_wrapped_today() -> None:
    source = (Path(__file__).parents[3] / "device" / "cases_renew.py").read_text()
    told = {"password": "x", "key": "a" * 64}
    content = controller_end.wrap(KEY, 70000, bytes(range(16)), told).hex()
    kept = "".join(line.strip(' "') for line in source.splitlines() if line.startswith('    "'))
    assert kept == content
