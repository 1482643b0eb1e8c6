"""The table of faults: the words that tools really say lead to the sentence that is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasher.troubles import TROUBLES, of, told


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("could not open port /dev/ttyUSB0: [Errno 13] Permission denied", "permission"),
        ("[Errno 11] Could not exclusively lock port /dev/ttyUSB0", "port in use"),
        ("could not open port: [Errno 16] Device or resource busy", "port in use"),
        ("[Errno 2] could not open port /dev/ttyUSB9: No such file or directory", "no port"),
        ("Wrong boot mode detected (0x13)! The chip needs to be in download mode.",
         "wrong boot mode"),
        ("Failed to connect to Espressif device: No serial data received.", "cable without data"),
        ("Failed to connect to Espressif device: Invalid head of packet (0x80)", "disturbed line"),
        ("Unexpected chip ID value 12.", "wrong chip"),
        ("MD5 of file does not match data in flash!", "bad flash"),
        ("device reports readiness to read but returned no data", "unplugged"),
        ("Brownout detector was triggered", "brown-out"),
        ("no ROMFS partition in this image", "no ROMFS"),
        ("not provisioned: /identity.json: [Errno 2] ENOENT", "not provisioned"),
        ("not provisioned: /identity.json: key is missing", "not provisioned"),
    ],
)  # fmt: skip
def test_real_words_find_their_row(words: str, name: str) -> None:
    row = of(words)
    assert row is not None
    assert row.name == name


def test_each_row_has_a_name_of_its_own_and_says_what_to_do() -> None:
    assert len({row.name for row in TROUBLES}) == len(TROUBLES)
    for row in TROUBLES:
        assert len(row.advice.split()) >= 8, row.name
        assert row.code in (1, 3, 4)


@given(st.text(max_size=300))
def test_any_words_become_an_error_with_a_sentence(words: str) -> None:
    error = told(words)
    assert str(error)
    assert error.code in (1, 3, 4)
