"""From JSON over the table to levels, against an evaluator that shares nothing with the node's."""

from __future__ import annotations

import datetime
import itertools
import zoneinfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from schedule_naive import Naive, Senses
from schedule_tables import ALL_CALENDARS, ALL_PROGRAMS, CALENDARS, PROGRAMS, step

from protocol.schedule import OFF, ON, UNKNOWN, Decision, Evaluator, Inputs, planning
from protocol.schedule.planning import (
    AbsolutePeriod,
    AstroPeriod,
    Calendar,
    PlanningError,
    Program,
    Rule,
    Step,
)
from protocol.schedule.reasons import REASON_NAMES

# Zone, latitude and longitude: both hemispheres, half hours, a polar circle, the date line.
PLACES = (
    ("Europe/Brussels", 5084650, 435170),
    ("America/New_York", 4071000, -7400000),
    ("Australia/Sydney", -3387000, 15121000),
    ("Australia/Lord_Howe", -3155000, 15908000),
    ("Asia/Kolkata", 2860000, 7720000),
    ("Europe/Oslo", 6965000, 1896000),
    ("Pacific/Kiritimati", 187000, -15740000),
)
INSTANTS = st.datetimes(
    datetime.datetime(2025, 1, 2), datetime.datetime(2028, 12, 30), timezones=st.just(datetime.UTC)
) | st.builds(
    # Around the changes of the clocks more often than chance would have it.
    lambda day, second: (
        datetime.datetime.fromisoformat(f"2026-{day}T00:00:00+00:00")
        + datetime.timedelta(seconds=second)
    ),
    st.sampled_from(("03-28", "10-24", "10-03", "04-04", "03-07")),
    st.integers(0, 2 * 86400),
)


def both(
    calendar: Calendar,
    programs: dict[str, Program],
    place: tuple[str, int, int],
    when: datetime.datetime,
    presence_age_s: int,
) -> tuple[tuple[int, str], tuple[int, str]]:
    """What the node says, and what the naive evaluator says."""
    name, lat_e5, lon_e5 = place
    table = planning.compile_table(
        planning.calendar_from_json(planning.calendar_to_json(calendar)), programs
    )
    evaluator = Evaluator(table, lat_e5, lon_e5, planning.zone_from_name(name))
    since = when - datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    decision = evaluator.at(since.days, since.seconds, presence_age_s, Decision())
    naive = Naive(calendar, programs, zoneinfo.ZoneInfo(name), (lat_e5, lon_e5))
    told = (decision.level_percent, REASON_NAMES[decision.reason])
    return told, naive.at(when.replace(microsecond=0), presence_age_s)


@settings(max_examples=400, deadline=None)
@given(
    CALENDARS, PROGRAMS, PROGRAMS, st.sampled_from(PLACES), INSTANTS,
    st.sampled_from((-1, 0, 100, 700)),
)  # fmt: skip
@example(
    Calendar("c", "a"), Program("a", (Step(9000, 40), Step(64800, 90))), Program("b"), PLACES[0],
    datetime.datetime(2026, 3, 29, 1, 0, tzinfo=datetime.UTC), -1,
)  # fmt: skip
def test_the_node_and_the_naive_evaluator_agree(
    calendar: Calendar, a: Program, b: Program, place: tuple[str, int, int],
    when: datetime.datetime, presence_age_s: int,
) -> None:  # fmt: skip
    programs = {
        name: planning.program_from_json(planning.program_to_json(one))
        for name, one in (("a", a), ("b", b))
    }
    ours, naive = both(calendar, programs, place, when, presence_age_s)
    assert ours == naive


TELLINGS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from((OFF, ON, UNKNOWN)), st.sampled_from((-1, 0, 30, 100)),
        st.sampled_from((50, 400, 9000)),
    ),
    max_size=4,
)  # fmt: skip
LUX = st.sampled_from((-1, 0, 100, 300, 500, 700, 1000))


@settings(max_examples=500, deadline=None)
@given(
    ALL_CALENDARS, st.tuples(ALL_PROGRAMS, ALL_PROGRAMS), st.sampled_from(PLACES), INSTANTS,
    st.lists(
        st.tuples(st.sampled_from((30, 60, 600, 1800, 7200)), LUX, st.sampled_from((-1, 0, 100)),
                  TELLINGS),
        min_size=1, max_size=40,
    ),
)  # fmt: skip
def test_c6_with_all_that_talq_can_say_the_node_and_the_naive_evaluator_agree(
    calendar: Calendar,
    programs: tuple[Program, Program],
    place: tuple[str, int, int],
    when: datetime.datetime,
    moments: list[tuple[int, int, int, list[tuple[int, int, int, int]]]],
) -> None:
    name, *at = place
    named = dict(zip("ab", programs, strict=True))
    inputs = Inputs()
    evaluator = Evaluator(
        planning.compile_table(calendar, named),
        at[0],
        at[1],
        planning.zone_from_name(name),
        inputs,
    )
    naive = Naive(calendar, named, zoneinfo.ZoneInfo(name), (at[0], at[1]))
    history: dict[int, list[tuple[int, int, int, int]]] = {}
    when = when.replace(microsecond=0)
    now_s = 0
    for gone_s, lux_dx, presence_age_s, tellings in moments:
        when += datetime.timedelta(seconds=gone_s)
        now_s += gone_s
        inputs.now_s, inputs.lux_dx = now_s, lux_dx
        for number, state, level, valid_s in tellings:
            inputs.tell(number, state, valid_s, (level, 0, 0))
            history.setdefault(number, []).append((now_s, state, level, now_s + valid_s))
        since = when - datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
        decision = evaluator.at(since.days, since.seconds, presence_age_s, Decision())
        said = {number: _known(rows, now_s) for number, rows in history.items()}
        assert (decision.level_percent, REASON_NAMES[decision.reason]) == naive.at(
            when, presence_age_s, Senses(lux_dx, said)
        )


def _known(rows: list[tuple[int, int, int, int]], now_s: int) -> tuple[int, int]:
    """(age, level) of an input by all that was ever told of it."""
    _, state, level, until_s = rows[-1]
    if state == UNKNOWN or now_s >= until_s:
        return -1, level
    if state == ON:
        return 0, level
    last_on = -(10**9)
    for row, following in itertools.pairwise(rows):
        if row[1] == ON:
            last_on = min(following[0], row[3])
    return now_s - last_on, level


def test_a_program_that_does_not_exist_is_named() -> None:
    calendar = Calendar("c", "night", (Rule("feast"), Rule("night")))
    with pytest.raises(PlanningError) as caught:
        planning.compile_table(calendar, {})
    assert {(f.field, f.got) for f in caught.value.faults} == {
        ("rules", "feast"),
        ("default_program_id", "night"),
    }


def test_a_calendar_too_large_for_a_node_is_refused_with_its_size() -> None:
    steps = tuple(Step(60 * minute, minute % 100) for minute in range(48))
    programs = {f"p{n}": Program(f"p{n}", steps) for n in range(7)}
    calendar = Calendar("c", None, tuple(Rule(name) for name in programs))
    with pytest.raises(PlanningError) as caught:
        planning.compile_table(calendar, programs)
    (fault,) = caught.value.faults
    assert fault.field == "rules"
    assert "2048 bytes" in fault.rule
    assert isinstance(fault.got, int)
    assert fault.got > 2048


def test_only_programs_that_are_used_are_in_the_table() -> None:
    calendar = Calendar("c", "a", (Rule("b"), Rule("a"), Rule("b")))
    programs = {name: Program(name, (step("20:00", 50),)) for name in ("a", "b", "c")}
    assert planning.program_indices(calendar) == {"b": 0, "a": 1}
    assert planning.compile_table(calendar, programs)[1] == 2


def test_the_order_of_periods_and_dynamics_is_kept() -> None:
    program = Program("a", (), (AbsolutePeriod(0, 10), AstroPeriod(-5, 5)))
    table = planning.compile_table(Calendar("c", "a"), {"a": program})
    rest = "00" * 12
    assert table.hex() == (
        "02010000" + "00020000"
        + "0000000000000a000000" + rest
        + "0100d4feffff2c010000" + rest
    )  # fmt: skip
