"""Faults on demand: what the command line takes, and what they do to a line."""

from __future__ import annotations

import random

import pytest

from hardware_sim.rom.faults import Fault, FaultError, Line, garble, parse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("noise", Fault("noise", 4000)),
        ("drop=100", Fault("drop", 100)),
        ("unplug-at=20000", Fault("unplug-at", 20000)),
        ("bad-sector=256", Fault("bad-sector", 256)),
        ("mute", Fault("mute")),
    ],
)
def test_a_fault_is_read_as_it_is_written(text: str, fault: Fault) -> None:
    assert parse(text) == fault


@pytest.mark.parametrize(
    "text", ["", "fire", "unplug-at", "mute=3", "noise=often", "bad-sector=-1"]
)
def test_what_is_no_fault_is_told(text: str) -> None:
    with pytest.raises(FaultError):
        parse(text)


def test_noise_changes_bytes_and_loses_none() -> None:
    line = Line((Fault("noise", 100),), random.Random(1))
    heard = line.through(bytes(10_000))
    assert len(heard) == 10_000
    assert 50 < sum(byte != 0 for byte in heard) < 200


def test_a_bad_contact_loses_bytes() -> None:
    line = Line((Fault("drop", 100),), random.Random(1))
    heard = line.through(bytes(10_000))
    assert 9_800 < len(heard) < 9_950
    assert not any(heard)


def test_a_mute_board_says_nothing() -> None:
    assert Line((Fault("mute"),), random.Random(1)).through(b"all of it") == b""


def test_another_rate_makes_nonsense() -> None:
    assert garble(b"waiting for download") != b"waiting for download"
