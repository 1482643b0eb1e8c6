"""What every request carries, and the encodings of a body: rules T2, T3, T5, T6."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import talq

SENDER = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"
QUERY = {"clientAddress": SENDER, "talqRequestId": "9b2f0d8e-0000-4000-8000-000000000001"}
HEADERS = {"talq-api-version": "2.7.1"}


def refused(
    query: dict[str, str], headers: dict[str, str], body_bytes: int = 0, announcing: bool = False
) -> tuple[int, str, str]:
    with pytest.raises(talq.TalqError) as caught:
        talq.check_request(query, headers, body_bytes, announcing=announcing)
    return caught.value.status, caught.value.key, caught.value.field


def test_a_whole_request_gives_its_sender_t2() -> None:
    assert talq.check_request(QUERY | {"clientAddress": SENDER.upper()}, HEADERS) == SENDER


@pytest.mark.parametrize(
    ("headers", "key"),
    [({}, "headerMissing"), ({"talq-api-version": "two"}, "headerValueNotValid"),
     ({"talq-api-version": "3.0.0"}, "headerValueNotValid"),
     ({"talq-api-version": "2.7.1.9"}, "headerValueNotValid")],
)  # fmt: skip
def test_a_missing_or_strange_version_is_400_t2(headers: dict[str, str], key: str) -> None:
    assert refused(QUERY, headers) == (400, key, "talq-api-version")


@pytest.mark.parametrize("version", ["2.0", "2.6.1", "2.7.0", "2.9.3"])
def test_another_minor_version_still_talks_t3(version: str) -> None:
    assert talq.check_request(QUERY, {"talq-api-version": version}) == SENDER


def test_an_older_peer_may_lack_the_request_id_t3() -> None:
    query = {"clientAddress": SENDER}
    assert talq.check_request(query, {"talq-api-version": "2.4.0"}) == SENDER
    assert refused(query, HEADERS) == (400, "parameterMissing", "talqRequestId")


@pytest.mark.parametrize(
    ("query", "key"),
    [({"clientAddress": ""}, "parameterMissing"), ({"clientAddress": "me"},
     "parameterValueNotValid"), ({"clientAddress": talq.NIL}, "parameterValueNotValid")],
)  # fmt: skip
def test_a_sender_without_a_real_address_is_400_t2(query: dict[str, str], key: str) -> None:
    assert refused(QUERY | query, HEADERS) == (400, key, "clientAddress")


@pytest.mark.parametrize("address", [None, "", talq.NIL])
def test_the_first_announcement_may_lack_its_address_t2(address: str | None) -> None:
    query = {key: value for key, value in QUERY.items() if key != "clientAddress"}
    if address is not None:
        query["clientAddress"] = address
    assert talq.check_request(query, HEADERS, announcing=True) is None


def test_an_origin_that_is_no_uuid_is_400_t4() -> None:
    origin = {"talqOriginRequestId": "x"}
    assert refused(QUERY | origin, HEADERS)[2] == "talqOriginRequestId"


def test_chunked_bodies_are_400_t5() -> None:
    assert refused(QUERY, HEADERS | {"transfer-encoding": "chunked"})[0] == 400


def test_a_body_beyond_the_bound_is_413() -> None:
    assert refused(QUERY, HEADERS, talq.BODY_BYTES_MAX + 1)[0] == 413


@given(st.binary(max_size=500), st.sampled_from(["", "identity", "gzip", "deflate", " GZIP "]))
def test_bodies_go_round_in_every_encoding_t6(body: bytes, encoding: str) -> None:
    assert talq.decompress(talq.compress(body, encoding), encoding) == body


def test_deflate_without_its_wrapping_is_taken_too_t6() -> None:
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    raw = machine.compress(b"lamp" * 50) + machine.flush()
    assert talq.decompress(raw, "deflate") == b"lamp" * 50


@pytest.mark.parametrize("encoding", ["br", "gzip, deflate", "zstd"])
def test_any_other_encoding_is_415_t6(encoding: str) -> None:
    with pytest.raises(talq.TalqError) as caught:
        talq.decompress(b"x", encoding)
    assert caught.value.status == 415
    with pytest.raises(ValueError, match="unknown"):
        talq.compress(b"x", encoding)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, bytes])
def test_a_bomb_is_413_before_it_is_unfolded_t6(pack: object) -> None:
    encodings: dict[object, str] = {gzip.compress: "gzip", zlib.compress: "deflate"}
    encoding = encodings.get(pack, "")
    body = pack(b"\0" * 3_000_000)  # type: ignore[operator]  # it is one of three callables
    with pytest.raises(talq.TalqError) as caught:
        talq.decompress(body, encoding, 1_000_000)
    assert caught.value.status == 413


@given(st.binary(max_size=60), st.sampled_from(["gzip", "deflate"]))
def test_broken_compression_is_a_talq_error(body: bytes, encoding: str) -> None:
    whole = talq.compress(body, encoding)
    for broken in (whole[:-1], whole[:2], whole + b"x", b"\x00" + whole):
        with pytest.raises(talq.TalqError) as caught:
            talq.decompress(broken, encoding)
        assert caught.value.status == 400
