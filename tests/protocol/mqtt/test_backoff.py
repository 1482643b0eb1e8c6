"""The pauses between attempts."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.mqtt import Backoff


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=40))
def test_pauses_grow_to_their_bound_and_are_never_equal_for_all(chances: list[int]) -> None:
    backoff = Backoff(500, 1000, 30000)
    pauses = [backoff.pause_ms(chance) for chance in chances]
    assert 0 <= pauses[0] < 500
    ceiling = 1000
    for pause in pauses[1:]:
        assert ceiling // 2 <= pause <= ceiling
        ceiling = min(ceiling * 2, 30000)


def test_a_success_makes_the_next_pause_short_again() -> None:
    backoff = Backoff(500, 1000, 30000)
    for _ in range(10):
        backoff.pause_ms(65535)
    backoff.succeeded()
    assert backoff.pause_ms(65535) <= 1000
