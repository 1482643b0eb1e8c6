from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from controller.outbox import RUNS_MAX, Stamps
from protocol import talq

PLACES = [("lamp-1/monitor", "lampFailure"), ("lamp-1/monitor", "supplyLoss"), ("bay-1/bay", "x")]


def entry(place: tuple[str, str], at_ms: int) -> dict[str, Any]:
    source, name = place
    stamp = talq.timestamp_ms(at_ms)
    return {"data": {"srcAddress": source, "eventType": name, "timestamp": stamp}}


# As many moments as are remembered; around each the entries crowd.
MOMENTS = st.builds(
    int.__add__,
    st.sampled_from([1_000_000 + 700 * n for n in range(RUNS_MAX // 2)]),
    st.integers(0, 1),
)


@given(st.lists(st.tuples(st.sampled_from(PLACES), MOMENTS), max_size=200))
@example([(PLACES[0], 1_002_000), (PLACES[0], 1_000_500), (PLACES[0], 1_002_000)])
@example([(PLACES[0], 1_000_000)] * 1200)
def test_no_two_entries_of_a_source_and_name_have_one_time(
    moments: list[tuple[tuple[str, str], int]],
) -> None:
    stamps = Stamps()
    seen = set()
    for place, at_ms in moments:
        made = entry(place, at_ms)
        told_ms = stamps.unique("cms", made, at_ms)
        assert made["data"]["timestamp"] == talq.timestamp_ms(told_ms)
        assert told_ms >= at_ms
        seen.add((place, told_ms))
    assert len(seen) == len(moments)


def test_the_value_within_an_entry_moves_with_its_entry() -> None:
    stamps = Stamps()
    for told in (5000, 5001):
        stamp = talq.timestamp_ms(5000)
        made: dict[str, Any] = {
            "data": {
                "srcAddress": "a/lamp",
                "attributeName": "x",
                "timestamp": stamp,
                "attributeValue": {"value": 1, "timestamp": stamp},
            }
        }
        assert stamps.unique("cms", made, 5000) == told
        assert made["data"]["attributeValue"]["timestamp"] == made["data"]["timestamp"]


def test_another_cms_source_or_name_does_not_move_a_time() -> None:
    stamps = Stamps()
    assert stamps.unique("other", entry(PLACES[0], 7000), 7000) == 7000
    assert [stamps.unique("cms", entry(place, 7000), 7000) for place in PLACES] == [7000] * 3


def test_beyond_what_is_remembered_memory_does_not_grow() -> None:
    stamps = Stamps()
    for at_ms in range(0, 100_000, 100):
        stamps.unique("cms", entry(PLACES[0], at_ms), at_ms)
    assert stamps.unique("cms", entry(PLACES[0], 99_900), 99_900) == 99_901
    assert stamps.unique("cms", entry(PLACES[0], 0), 0) == 0  # Long forgotten.
