"""What the bay detector may never do, whatever its sensors say."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.echo import Echo
from firmware.now import Now
from firmware.parking import OCCUPIED, UNKNOWN, VACANT, Bay

AXIS = st.integers(-800_000, 800_000)
FIELD = st.one_of(st.none(), st.lists(AXIS, min_size=3, max_size=3))
HEARD = st.one_of(
    st.none(), st.tuples(st.integers(0, 1000), st.integers(-20, 60), st.integers(0, 1))
)
STEP = st.tuples(FIELD, HEARD, st.integers(-9999, 900), st.integers(1, 200))
DAY = st.lists(STEP, min_size=1, max_size=60)


def feed(bay: Bay, day: list[tuple[object, ...]], deaf: bool = False) -> Now:
    """Each step lasts so many ticks of 100 ms, and its echo is heard once when it is wanted."""
    echo, now = Echo(), Now()
    for field, heard, temperature_dc, ticks in day:
        assert isinstance(ticks, int)
        if echo.wanted and isinstance(heard, tuple) and not deaf:
            echo.count += 1
            echo.mm, echo.strength_db, echo.near = heard
        for _ in range(ticks):
            now.tick_ms = (now.tick_ms + 100) & 0x3FFFFFFF
            now.uptime_ms += 100
            now.uptime_s = now.uptime_ms // 1000
            bay.tick(field, echo, temperature_dc, now)  # type: ignore[arg-type]  # made above
            check(bay)
    return now


def check(bay: Bay) -> None:
    """Invariants of every moment: ranges, no confidence without a state, no number beyond 2^30."""
    assert bay.state in (UNKNOWN, VACANT, OCCUPIED)
    assert 0 <= bay.confidence_percent <= 99
    assert (bay.confidence_percent == 0) == (bay.state == UNKNOWN)
    assert bay.known in (bay.state, VACANT, OCCUPIED) or bay.state == UNKNOWN
    baseline = bay.baseline
    for numbers in (baseline.field, baseline.per_k):
        assert all(isinstance(n, int) and abs(n) < 1 << 30 for n in numbers)


@settings(max_examples=60, deadline=None)
@given(day=DAY)
def test_it_never_claims_anything_before_it_has_heard_an_echo(
    day: list[tuple[object, ...]],
) -> None:
    bay = Bay()
    feed(bay, day, deaf=True)
    assert bay.state == UNKNOWN
    assert bay.confidence_percent == 0


@settings(max_examples=80, deadline=None)
@given(day=DAY)
def test_whatever_it_is_told_its_numbers_stay_small_and_its_claims_in_range(
    day: list[tuple[object, ...]],
) -> None:
    bay = Bay()
    feed(bay, day)
    check(bay)


@settings(max_examples=60, deadline=None)
@given(day=DAY, more=DAY)
def test_a_memory_makes_the_same_detector_again(
    day: list[tuple[object, ...]], more: list[tuple[object, ...]]
) -> None:
    bay = Bay()
    feed(bay, day)
    again = Bay()
    assert again.remember(bay.memory())
    assert again.memory() == bay.memory()
    assert (again.state, again.known) == (bay.state, bay.known)
    feed(again, more)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=64))
def test_what_is_no_memory_changes_nothing(data: bytes) -> None:
    bay = Bay()
    before = bay.memory()
    if not bay.remember(data):
        assert bay.memory() == before


@settings(max_examples=60, deadline=None)
@given(day=DAY)
def test_calibrated_anew_it_claims_nothing_until_it_hears_again(
    day: list[tuple[object, ...]],
) -> None:
    bay = Bay()
    now = feed(bay, day)
    bay.recalibrate(now)
    assert bay.state == UNKNOWN
    assert bay.confidence_percent == 0
    echo = Echo()
    echo.count = 1 << 20
    bay.tick([0, 0, 0], echo, 0, now)
    assert bay.state == UNKNOWN
    assert bay.trusted == 0


@settings(max_examples=40, deadline=None)
@given(day=DAY, deaf_s=st.integers(200, 400))
def test_with_both_senses_gone_nothing_is_claimed(
    day: list[tuple[object, ...]], deaf_s: int
) -> None:
    bay = Bay()
    feed(bay, day)
    silence: list[tuple[object, ...]] = [(None, None, 0, 200)] * (deaf_s // 20)
    again = Bay()
    again.remember(bay.memory())
    feed(again, silence, deaf=True)
    assert again.state == UNKNOWN
