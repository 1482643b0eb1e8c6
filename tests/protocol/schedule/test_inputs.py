"""What is known of an input, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.schedule import OFF, ON, UNKNOWN, Inputs
from protocol.schedule.inputs import LEVEL, LONG_AGO_S, RAMP, RAMP_FROM


def test_an_input_that_nobody_told_is_unknown() -> None:
    assert Inputs().age_s(0) == -1
    assert Inputs().row(0) is None


def test_an_input_is_known_for_its_time_and_no_longer() -> None:
    inputs = Inputs()
    inputs.now_s = 50
    inputs.tell(3, ON, 10)
    for now_s, age_s in ((50, 0), (59, 0), (60, -1), (1000, -1)):
        inputs.now_s = now_s
        assert inputs.age_s(3) == age_s


def test_the_age_counts_from_when_it_was_on_last() -> None:
    inputs = Inputs()
    inputs.tell(0, ON, 10)
    inputs.now_s = 4
    inputs.tell(0, OFF, 100)
    inputs.now_s = 9
    assert inputs.age_s(0) == 5
    inputs.tell(0, OFF, 100)
    assert inputs.age_s(0) == 5, "said again, it is as old"


def test_an_input_that_ran_out_was_on_until_then() -> None:
    inputs = Inputs()
    inputs.tell(0, ON, 10)
    inputs.now_s = 30
    inputs.tell(0, OFF, 100)
    assert inputs.age_s(0) == 20


def test_an_input_that_never_was_on_was_long_ago() -> None:
    inputs = Inputs()
    inputs.tell(0, OFF, 100)
    assert inputs.age_s(0) == LONG_AGO_S


def test_a_command_stays_until_the_next_one_and_all_goes_with_the_table() -> None:
    inputs = Inputs()
    inputs.tell(1, ON, 10, (35, 4, 6))
    inputs.tell(1, OFF, 10)
    row = inputs.row(1)
    assert row is not None
    assert (row[LEVEL], row[RAMP], row[RAMP_FROM]) == (35, 4, 6)
    inputs.forget()
    assert inputs.row(1) is None


@given(
    st.lists(
        st.tuples(st.sampled_from((OFF, ON, UNKNOWN)), st.integers(1, 50), st.integers(0, 80))
    )
)
def test_an_age_is_unknown_or_counts_up_from_nothing(tellings: list[tuple[int, int, int]]) -> None:
    inputs = Inputs()
    for state, valid_s, gone_s in tellings:
        inputs.tell(2, state, valid_s)
        inputs.now_s += gone_s
        age_s = inputs.age_s(2)
        if state == UNKNOWN or gone_s >= valid_s:
            assert age_s == -1
        else:
            assert age_s == 0 if state == ON else age_s >= gone_s
