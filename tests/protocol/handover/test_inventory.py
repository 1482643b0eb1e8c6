"""Inventories: every bad line is named at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.handover import InventoryError, Row, read_inventory


def test_a_spreadsheet_of_a_country_with_decimal_commas_is_read() -> None:
    text = "\ufeffasset_id;MAC;lat;lon\r\nL-1;24:6F:28:00:00:01;50,8;4,3\r\n\r\nL-2;;;\r\n"
    assert read_inventory(text) == [
        Row(2, "L-1", mac="246f28000001", lat=50.8, lon=4.3),
        Row(4, "L-2"),
    ]


def test_all_bad_lines_are_named_with_their_numbers() -> None:
    rows = ("L-1,lamp,,,", "L-1,tree,,,", "L-1,lamp,zz,,", "L-3,,,91,4", "L-4,,,5,", "L-5")
    text = "\n".join(("asset_id,kind,mac,lat,lon", *rows))
    with pytest.raises(InventoryError) as caught:
        read_inventory(text)
    faults = caught.value.faults
    assert [fault.split(":")[0] for fault in faults] == [f"line {n}" for n in (3, 4, 5, 6, 7)]
    assert "tree" in faults[0]
    assert "lat 91" in faults[2]


def test_an_asset_named_twice_is_told_with_both_lines() -> None:
    with pytest.raises(InventoryError, match="line 3: asset_id L-1 is on line 2, too"):
        read_inventory("asset_id\nL-1\nL-1\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("asset_id\n", "no asset"),
        ("kind\nlamp\n", "'asset_id' is missing"),
        ("asset_id,colour\nL-1,red\n", "unknown column 'colour'"),
        ("asset_id,asset_id\nL-1,L-1\n", "twice"),
    ],
)
def test_wrong_columns_are_told_before_any_row(text: str, words: str) -> None:
    with pytest.raises(InventoryError, match=words):
        read_inventory(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120).map(lambda tail: "asset_id,kind,mac,lat,lon\n" + tail))
def test_no_text_crashes_the_reader(text: str) -> None:
    faults: list[str] = []
    rows: list[Row] = []
    try:
        rows = read_inventory(text)
    except InventoryError as error:
        faults = error.faults
    assert bool(faults) != bool(rows)
