"""The partition table: ours and the stock one, made and parsed."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flasher import TABLE_SIZE, parse_partitions
from hardware_sim.rom.partitions import layout, partition_table


@pytest.mark.parametrize("romfs", [True, False])
@pytest.mark.parametrize("flash_mb", [4, 8, 16])
def test_partitions_fill_the_flash_and_none_overlaps(flash_mb: int, romfs: bool) -> None:
    rows = layout(flash_mb, romfs=romfs)
    assert parse_partitions(partition_table(rows)) == rows
    ends = [row.offset + row.size for row in rows]
    assert all(end <= row.offset for end, row in zip(ends, rows[1:], strict=False))
    assert ends[-1] == flash_mb << 20


def test_a_changed_table_is_refused() -> None:
    table = bytearray(partition_table(layout(4)))
    table[40] ^= 1
    with pytest.raises(ValueError, match="MD5"):
        parse_partitions(bytes(table))
    with pytest.raises(ValueError, match="no partition table"):
        parse_partitions(b"\xff" * TABLE_SIZE)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    with suppress(ValueError):  # The one that says what is wrong; any other is a fault.
        assert parse_partitions(b"\xaa\x50" + data)
