"""Framing: what goes in comes out, whatever stands around it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware_sim.rom import slip


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8), st.integers(1, 50))
def test_packets_come_out_as_they_went_in(packets: list[bytes], step: int) -> None:
    stream = b"".join(slip.encode(packet) for packet in packets)
    decoder = slip.Decoder()
    found: list[bytes] = []
    for at in range(0, len(stream), step):
        found += decoder.feed(stream[at : at + step])
    assert found == packets


@given(st.binary(max_size=400))
def test_no_noise_stops_the_packets_after_it(noise: bytes) -> None:
    decoder = slip.Decoder()
    list(decoder.feed(noise))
    # What the noise began ends with the first of the three at the latest.
    found = [packet for _ in range(3) for packet in decoder.feed(slip.encode(b"whole"))]
    assert found[-1] == b"whole"


def test_a_packet_without_end_takes_bounded_memory() -> None:
    decoder = slip.Decoder()
    assert not list(decoder.feed(b"\xc0" + bytes(3 * slip.PACKET_SIZE_MAX)))
    assert decoder.dropped == 1
    assert list(decoder.feed(slip.encode(b"next"))) == [b"next"]


def test_a_wrong_escape_drops_its_packet() -> None:
    decoder = slip.Decoder()
    assert not list(decoder.feed(b"\xc0ab\xdbcd\xc0"))
    assert decoder.dropped == 1
