"""A node's configuration there and back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from link_pair import reason_of

from protocol import wire


def sample(**changes: object) -> wire.Configuration:
    values: dict[str, Any] = {
        "lat_e5": 5083680,
        "lon_e5": 434590,
        "heartbeat_s": 300,
        "floor_percent": 10,
        "default_percent": 100,
        "power_max_mw": 58000,
        "lamp_failure_s": 5,
        "zone": b"\x01\x02",
    }
    return wire.Configuration(**{**values, **changes})


def test_a_configuration_is_read_as_it_was_written() -> None:
    data = wire.encode_configuration(sample())
    assert wire.decode_configuration(data).as_dict() == sample().as_dict()
    assert wire.decode_configuration(data + b"later").as_dict() == sample().as_dict()


def test_what_version_1_said_is_read_with_defaults_for_what_came_later() -> None:
    later = sample(near_percent=70, permanent=1, power_parts=bytes(range(8)))
    data = wire.encode_configuration(later)
    zone_size = 2 + len(later.zone)
    old = b"\x01" + data[1:21] + data[-zone_size:]
    assert wire.decode_configuration(old).as_dict() == sample().as_dict()


@given(st.binary(max_size=120))
def test_strange_bytes_are_no_configuration_and_raise_nothing_else(data: bytes) -> None:
    assert reason_of(wire.decode_configuration, data) in (*wire.REASONS, "")
    assert reason_of(wire.decode_configuration, b"\x01" + data) in (*wire.REASONS, "")


def test_a_latitude_beyond_the_pole_is_our_own_error() -> None:
    with pytest.raises(wire.EncodeError, match="lat_e5"):
        wire.encode_configuration(sample(lat_e5=9000001))
