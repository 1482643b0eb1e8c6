"""Operations on levels."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.schedule.operations import MUL_LEVEL, OPERATION_NAMES, applied


@given(st.integers(0, len(OPERATION_NAMES) - 1), st.integers(0, 100), st.integers(0, 100))
def test_c6_every_operation_stays_a_level(operation: int, level: int, other: int) -> None:
    found = applied(operation, level, other)
    name = OPERATION_NAMES[operation]
    assert 0 <= found <= 100
    assert found >= level or name in ("set", "min", "sub", "mul")
    assert found <= level or name in ("set", "max", "add")


def test_c6_mul_is_a_part_of_the_level_rounded() -> None:
    assert [applied(MUL_LEVEL, level, 50) for level in (0, 1, 25, 99, 100)] == [0, 1, 13, 50, 50]
