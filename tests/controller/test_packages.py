from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from controller import packages
from controller.errors import PackageError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
ID, RELEASE = "node-firmware", "1.2.3"
WHOLE = packages.build(
    KEY, package_id=ID, release_id=RELEASE, hardware="esp32", content=b"the image" * 20
)


def refusal(data: bytes, **more: str) -> PackageError:
    asked = {"package_id": ID, "release_id": RELEASE, **more}
    with pytest.raises(PackageError) as caught:
        packages.judge(data, PUBLIC, **asked)
    return caught.value


def signed(header: object, content: bytes = b"x", key: Ed25519PrivateKey = KEY) -> bytes:
    """A package whose header is whatever it is, with a good signature."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    start = packages.MARK + len(text).to_bytes(2, "big") + text
    return start + key.sign(start + content) + content


@given(st.binary(max_size=200), st.sampled_from(packages.HARDWARE))
def test_p1_a_signed_package_comes_out_as_it_went_in(content: bytes, hardware: str) -> None:
    data = packages.build(
        KEY, package_id=ID, release_id=RELEASE, hardware=hardware, content=content
    )
    found = packages.judge(data, PUBLIC, package_id=ID, release_id=RELEASE)
    assert found == packages.Package(ID, RELEASE, hardware, content)


@given(st.integers(0, len(WHOLE) * 8 - 1))
def test_p2_any_flipped_bit_is_refused(bit: int) -> None:
    data = bytearray(WHOLE)
    data[bit // 8] ^= 1 << bit % 8
    assert refusal(bytes(data)).event == "changeReleaseFailure"


@given(st.integers(0, len(WHOLE) - 1))
def test_p2_a_package_that_was_cut_is_refused(size: int) -> None:
    assert refusal(WHOLE[:size]).event == "changeReleaseFailure"
    assert refusal(WHOLE + WHOLE[:size] if size else WHOLE + b"x").event == "changeReleaseFailure"


@given(st.binary(max_size=300))
def test_p2_whatever_the_bytes_are_they_are_refused(data: bytes) -> None:
    assert refusal(data).event == "changeReleaseFailure"
    assert refusal(packages.MARK + data).event == "changeReleaseFailure"


def test_p2_a_package_of_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    data = packages.build(other, package_id=ID, release_id=RELEASE, hardware="esp32", content=b"x")
    assert "signature" in str(refusal(data))


def test_p2_a_package_for_other_hardware_is_refused() -> None:
    data = packages.build(KEY, package_id=ID, release_id=RELEASE, hardware="toaster", content=b"x")
    error = refusal(data)
    assert error.event == "changeReleaseFailure"
    assert "toaster" in str(error)
    found = packages.judge(data, PUBLIC, package_id=ID, release_id=RELEASE, hardware=("toaster",))
    assert found.hardware == "toaster"


@pytest.mark.parametrize("asked", [{"package_id": "another"}, {"release_id": "1.2.4"}])
def test_p1_another_release_than_asked_is_a_mismatch(asked: dict[str, str]) -> None:
    assert refusal(WHOLE, **asked).event == "releaseMismatch"


@pytest.mark.parametrize(
    "header",
    [
        b"no json", b"\xff\xfe", b"", [], "text", 7, {},
        {"packageId": ID, "releaseId": RELEASE, "hardware": "esp32", "size": 1},
        {"packageId": ID, "releaseId": RELEASE, "hardware": "esp32", "size": 1, "sha256": "0"},
        {"packageId": ID, "releaseId": RELEASE, "hardware": ["esp32"], "size": 1, "sha256": 0},
    ],
)  # fmt: skip
def test_p2_a_signed_header_that_makes_no_sense_is_refused(header: object) -> None:
    assert refusal(signed(header)).event == "changeReleaseFailure"


def test_p2_a_package_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "PACKAGE_BYTES_MAX", len(WHOLE) - 1)
    assert "bytes" in str(refusal(WHOLE))
