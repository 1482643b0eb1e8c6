from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cms.feed import RING_MAX, Ring, Told


def told(first: int, count: int) -> list[Told]:
    return [(number, "lamp", str(number)) for number in range(first, first + count)]


@given(st.integers(0, 50), st.lists(st.integers(0, 40), max_size=10), st.integers(0, 500))
def test_the_ring_tells_what_a_plain_list_would(
    start: int, batches: list[int], number: int
) -> None:
    ring, everything = Ring(), []
    ring.last = start
    for count in batches:
        rows = told(ring.last + 1, count)
        ring.add(rows)
        everything += rows
    found = ring.after(number)
    if start <= number:
        assert found == [row for row in everything if row[0] > number]
    elif everything:
        assert found is None  # It does not reach back so far: the database is asked.


def test_the_ring_is_bounded_and_says_so() -> None:
    ring = Ring()
    ring.add(told(1, RING_MAX + 10))
    assert ring.after(9) is None
    kept = ring.after(10)
    assert kept is not None
    assert (kept[0][0], kept[-1][0], len(kept)) == (11, RING_MAX + 10, RING_MAX)


def test_nothing_new_is_an_empty_list() -> None:
    ring = Ring()
    assert ring.after(0) == []
    ring.add(told(1, 3))
    assert ring.after(3) == []
    assert ring.after(99) == []
