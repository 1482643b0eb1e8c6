"""What the bytes of a driver's memory mean: each number where the standard puts it, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol import wire

FIELDS = [(bank, *row) for bank, rows in wire.DRIVER_BANKS for row in rows]
NAMES = [row[1] for row in FIELDS]


def part(bank: int, first: int, content: bytes) -> bytes:
    return bytes((bank, first, len(content))) + content


def test_each_name_stands_once_and_no_two_numbers_share_a_byte() -> None:
    assert len(NAMES) == len(set(NAMES))
    for bank, rows in wire.DRIVER_BANKS:
        taken = [at for _, place, count, _ in rows for at in range(place, place + count)]
        assert len(taken) == len(set(taken)), bank


@pytest.mark.parametrize("field", FIELDS, ids=NAMES)
@given(data=st.data())
def test_a_number_that_is_put_at_its_place_is_read_again(
    field: tuple[int, str, int, int, int], data: st.DataObject
) -> None:
    bank, name, place, count, off = field
    number = data.draw(st.integers(0, (1 << 8 * count) - 3))
    content = bytearray(b"\xff" * 40)
    content[place : place + count] = number.to_bytes(count, "big")
    expected = number - off
    if bank in (203, 204):
        ten = data.draw(st.integers(-9, 9))
        content[off] = ten & 0xFF
        expected = number * 10**ten if ten >= 0 else number // 10**-ten
    first = data.draw(st.integers(0, min(place, off) if bank in (203, 204) else place))
    # What no reader of JSON keeps exactly, no driver has used: then it is left out.
    told = [(name, expected)] if expected < 1 << 53 or bank not in (203, 204) else []
    assert wire.driver_facts(part(bank, first, bytes(content[first:]))) == told


@pytest.mark.parametrize("field", FIELDS, ids=NAMES)
def test_what_a_driver_does_not_know_or_tell_is_left_out(
    field: tuple[int, str, int, int, int],
) -> None:
    bank, name, place, count, off = field
    for unknown in ((1 << 8 * count) - 1, (1 << 8 * count) - 2):
        content = bytes(place) + unknown.to_bytes(count, "big")
        assert name not in dict(wire.driver_facts(part(bank, 0, content)))
    whole = bytes(place + count)
    assert name in dict(wire.driver_facts(part(bank, 0, whole)))
    assert name not in dict(wire.driver_facts(part(bank, 0, whole[:-1])))
    assert name not in dict(wire.driver_facts(part(bank, place + 1, whole)))
    if bank in (203, 204):
        wrong = bytearray(whole)
        wrong[off] = 0x7F
        assert name not in dict(wire.driver_facts(part(bank, 0, bytes(wrong))))


@given(st.binary(max_size=185))
@example(part(203, 12, bytes(9)))
@example(part(1, 200, bytes(20)))
def test_any_bytes_at_all_give_known_names_and_bounded_numbers(content: bytes) -> None:
    for name, number in wire.driver_facts(content):
        assert name in NAMES
        assert -60 <= number < 1 << 64


def test_what_all_banks_hold_fits_one_frame() -> None:
    """The parts that a node reads (firmware/drivers/dali_commission.py)."""
    reads = ((1, 3, 34), (203, 4, 15), (204, 4, 15), (205, 4, 28), (206, 7, 32), (207, 4, 6),
             (255, 0, 0))  # fmt: skip
    banks = b"".join(part(bank, first, bytes(last - first + 1)) for bank, first, last in reads)
    buffer = bytearray(wire.FRAME_SIZE_MAX)
    end = wire.encode_into(buffer, wire.DriverData(banks=banks), 0)
    assert end + wire.TAG_SIZE <= wire.FRAME_SIZE_MAX
    message = wire.decode(bytes(buffer[: end + wire.TAG_SIZE]))
    assert isinstance(message, wire.DriverData)
    assert dict(wire.driver_facts(message.banks)).keys() == set(NAMES)
