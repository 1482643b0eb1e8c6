"""Tables: what is refused, and which program a day selects."""

import datetime
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_naive import matches
from schedule_tables import ALL_CALENDARS, ALL_PROGRAMS, CALENDARS, PROGRAMS, step, table_of

from protocol.schedule import Decision, Evaluator, ScheduleError, Zone, planning
from protocol.schedule.planning import Calendar, Program, Rule
from protocol.schedule.rules import RULE, SPAN
from protocol.schedule.table import (
    DYNAMIC,
    DYNAMICS,
    NO_PROGRAM,
    PERIOD,
    PERIODS,
    STEP,
    STEPS,
    SUN,
    SUNS,
    TABLE_SIZE_MAX,
    Table,
)

EPOCH = datetime.date(2000, 1, 1)
GOOD = table_of(
    Rule("b", "2026-12-01", "2026-12-31", ("sat",)),
    default="a",
    a=Program("a", (step("06:00", 100), step("22:30", 60, 60))),
    b=Program("b", (step("23:00", 40),)),
)
RULE_AT = len(GOOD) - struct.calcsize("<BHBBHBBBBB")
B_AT = 4  # The program of the first rule comes first.


def refused(data: bytes) -> str:
    with pytest.raises(ScheduleError) as caught:
        Evaluator(data, 0, 0, Zone.from_bytes(b""))
    return caught.value.reason


def changed(at: int, value: int) -> bytes:
    return GOOD[:at] + bytes((value,)) + GOOD[at + 1 :]


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_a_table_cut_anywhere_is_refused(size: int) -> None:
    assert refused(GOOD[:size]) == "truncated"


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (0, 1, "version"),
        (3, 9, "reference"),
        (B_AT + 4 + 4, 101, "level"),
        (B_AT + 4 + 2, 2, "order"),
        (B_AT + 4 + 6, 255, "ramp"),
        (B_AT + 4 + 8, 255, "ramp"),
        (RULE_AT, 2, "reference"),
        (RULE_AT + 3, 13, "date"),
        (RULE_AT + 4, 32, "date"),
        (RULE_AT + 4, 0, "date"),
        (RULE_AT + 7, 11, "date"),
        (RULE_AT + 9, 0, "rule"),
        (RULE_AT + 9, 128, "rule"),
        (RULE_AT + 10, 64, "rule"),
        (RULE_AT + 11, 1, "truncated"),
    ],
)
def test_each_broken_field_is_refused_with_its_word(at: int, value: int, reason: str) -> None:
    assert refused(changed(at, value)) == reason


def test_bytes_after_the_last_rule_are_refused() -> None:
    assert refused(GOOD + b"\0") == "size"
    assert refused(bytes(TABLE_SIZE_MAX + 1)) == "size"


def test_two_steps_at_one_time_are_refused() -> None:
    one = struct.pack("<IBHH", 3600, 50, 0, 0)
    assert refused(bytes((2, 1, 0, 0, 2, 0, 0, 0)) + one + one) == "order"


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: b"\2\1\1\0" + data))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    try:
        evaluator = Evaluator(data, 5084650, 435170, Zone.from_bytes(b""))
    except ScheduleError:
        return
    decision = evaluator.at(9821, 70000, 3, Decision())
    assert 0 <= decision.level_percent <= 100


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(9000, 20000))
def test_a_table_with_one_wrong_byte_never_breaks_the_evaluator(
    at: int, value: int, day: int
) -> None:
    try:
        evaluator = Evaluator(changed(at, value), 5084650, 435170, Zone.from_bytes(b""))
    except ScheduleError:
        return
    decision = evaluator.at(day, 1000, -1, Decision())
    assert 0 <= decision.level_percent <= 100


@given(
    CALENDARS | ALL_CALENDARS,
    st.dates(datetime.date(2024, 6, 1), datetime.date(2029, 6, 1)),
    PROGRAMS,
    PROGRAMS,
)
def test_c2_the_first_rule_that_matches_selects_the_program(
    calendar: Calendar, date: datetime.date, a: Program, b: Program
) -> None:
    table = Table(planning.compile_table(calendar, {"a": a, "b": b}))
    wanted = next((r.program_id for r in calendar.rules if matches(r, date)), None)
    index, ruled = table.selected((date - EPOCH).days)
    assert ruled is (wanted is not None)
    name = wanted or calendar.default_program_id
    places = planning.program_indices(calendar)
    assert index == (NO_PROGRAM if name is None else places[name])


@given(ALL_PROGRAMS)
def test_a_program_is_read_back_as_it_was_compiled(program: Program) -> None:
    table = Table(table_of(default="a", a=program))
    steps = [(s.at_s, s.level_percent, s.ramp_s, s.ramp_from_s) for s in program.steps]
    assert table.rows(0, STEPS) == steps
    assert len(table.rows(0, PERIODS)) == len(program.active_periods)
    assert [row[2:] for row in table.rows(0, SUNS)] == [
        (s.level_percent, s.offset_min * 60, s.ramp_s, s.ramp_from_s) for s in program.suns
    ]
    assert [(row[0], *row[2:]) for row in table.rows(0, DYNAMICS)] == [
        (d.source, d.level_percent, d.hold_s, d.ramp_s, d.ramp_from_s, d.from_s, d.to_s)
        for d in program.dynamic
    ]


@pytest.mark.parametrize(
    ("part", "row", "reason"),
    [
        (PERIODS, (0, 1, 0, 0, 0, 0, 0, 0), "period"),
        (PERIODS, (0, 0, 0, 86400, 0, 0, 0, 0), "period"),
        (PERIODS, (1, 0, 21601, 0, 0, 0, 0, 0), "period"),
        (PERIODS, (1, 0, 0, 0, 1, 0, 0, 0), "period"),
        (PERIODS, (2, 16, 0, 0, 0, 0, 0, 0), "period"),
        (PERIODS, (2, 15, 0, 0, 0, 0, 1, 1), "period"),
        (PERIODS, (2, 255, 1, 0, 0, 0, 1, 2), "period"),
        (PERIODS, (2, 255, 0, 0, 0, 0, 3, 2), "period"),
        (PERIODS, (2, 255, 0, 0, 0, 0, 3, 2000001), "period"),
        (PERIODS, (3, 255, 0, 0, 361, 0, 1, 2), "period"),
        (PERIODS, (4, 255, 0, 0, 0, 0, 1, 2), "period"),
        (SUNS, (2, 0, 0, 0, 0, 0), "sun"),
        (SUNS, (1, 6, 0, 0, 0, 0), "sun"),
        (SUNS, (1, 0, 101, 0, 0, 0), "sun"),
        (SUNS, (1, 0, 0, -21601, 0, 0), "sun"),
        (SUNS, (1, 0, 0, 0, 0, 3601), "sun"),
        (DYNAMICS, (16, 0, 0, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (255, 6, 0, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (255, 8, 0, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 8, 1, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 14, 0, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 0, 101, 0, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 0, 0, 3601, 0, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 0, 0, 0, 3601, 0, 0, 0), "dynamic"),
        (DYNAMICS, (0, 0, 0, 0, 0, 0, 86400, 0), "dynamic"),
    ],
)
def test_each_wrong_row_of_a_program_is_refused_with_its_word(
    part: int, row: tuple[int, ...], reason: str
) -> None:
    counts = [int(part == place) for place in range(4)]
    data = struct.pack((STEP, PERIOD, SUN, DYNAMIC)[part], *row)
    assert refused(bytes((2, 1, 0, 0, *counts)) + data) == reason


def test_c2_a_span_of_dates_is_of_one_kind_and_of_real_dates() -> None:
    for span in ((0, 0, 1, 0, 1, 1), (2026, 1, 2, 2026, 1, 1), (0, 2, 30, 0, 3, 1),
                 (0, 0, 32, 0, 0, 1), (0, 0, 0, 0, 0, 1), (2026, 0, 1, 2026, 0, 1)):  # fmt: skip
        rule = struct.pack(RULE, 0, *[0] * 6, 127, 0, 1) + struct.pack(SPAN, *span)
        assert refused(bytes((2, 1, 1, 255, 0, 0, 0, 0)) + rule) == "date", span


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (Rule("a", spans=(("---01", "---01"),)), ["2026-11-01", "2026-12-01"]),
        (Rule("a", spans=(("---30", "---02"),)),
         ["2026-11-01", "2026-11-02", "2026-11-30", "2026-12-01", "2026-12-02", "2026-12-30",
          "2026-12-31"]),
        (Rule("a", spans=(("--12-24", "--12-25"), ("2026-11-11", "2026-11-11"))),
         ["2026-11-11", "2026-12-24", "2026-12-25"]),
        (Rule("a", days=("mon",), occurrences=("2",)), ["2026-11-09", "2026-12-14"]),
        (Rule("a", days=("mon",), occurrences=("5", "L")), ["2026-11-30", "2026-12-28"]),
        (Rule("a", "2026-12-30"), ["2026-12-30", "2026-12-31"]),
        (Rule("a", None, "2026-11-02"), ["2026-11-01", "2026-11-02"]),
        (Rule("a", "2026-12-01", "--12-02"), ["2026-12-01", "2026-12-02"]),
        (Rule("a", "--12-31", "--11-01"), ["2026-11-01", "2026-12-31"]),
    ],
)  # fmt: skip
def test_c2_each_kind_of_condition_selects_its_days(rule: Rule, days: list[str]) -> None:
    table = Table(table_of(rule, a=Program("a")))
    first = datetime.date(2026, 11, 1)
    found = [
        day.isoformat()
        for day in (first + datetime.timedelta(n) for n in range(61))
        if table.selected((day - EPOCH).days)[1]
    ]
    assert found == days
