"""Tables: what is refused, and which program a day selects."""

import datetime
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_tables import CALENDARS, PROGRAMS, step, table_of

from protocol.schedule import Decision, Evaluator, ScheduleError, Zone, planning
from protocol.schedule.planning import Calendar, Program, Rule
from protocol.schedule.table import NO_PROGRAM, TABLE_SIZE_MAX, Table

WORDS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EPOCH = datetime.date(2000, 1, 1)
GOOD = table_of(
    Rule("b", "2026-12-01", "2026-12-31", ("sat",)),
    default="a",
    a=Program("a", (step("06:00", 100), step("22:30", 60, 60))),
    b=Program("b", (step("23:00", 40),)),
)
A_STEPS_AT, RULE_AT = 4 + 3, len(GOOD) - struct.calcsize("<BBHBBHBBB")
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
        (0, 2, "version"),
        (3, 9, "reference"),
        (B_AT + 3 + 4, 101, "level"),
        (B_AT + 3 + 2, 2, "order"),
        (B_AT + 3 + 6, 255, "ramp"),
        (RULE_AT, 2, "reference"),
        (RULE_AT + 1, 3, "rule"),
        (RULE_AT + 4, 13, "date"),
        (RULE_AT + 5, 32, "date"),
        (RULE_AT + 9, 0, "date"),
        (RULE_AT + 10, 0, "rule"),
        (RULE_AT + 10, 128, "rule"),
    ],
)
def test_each_broken_field_is_refused_with_its_word(at: int, value: int, reason: str) -> None:
    assert refused(changed(at, value)) == reason


def test_bytes_after_the_last_rule_are_refused() -> None:
    assert refused(GOOD + b"\0") == "size"
    assert refused(bytes(TABLE_SIZE_MAX + 1)) == "size"


def test_two_steps_at_one_time_are_refused() -> None:
    one = struct.pack("<IBH", 3600, 50, 0)
    assert refused(bytes((1, 1, 0, 0, 2, 0, 0)) + one + one) == "order"


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda data: b"\1\1\1\0" + data))
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


def matches(rule: Rule, date: datetime.date) -> bool:
    if rule.days and WORDS[date.weekday()] not in rule.days:
        return False
    if rule.from_date is None or rule.to_date is None:
        return True
    if not rule.from_date.startswith("--"):
        return rule.from_date <= date.isoformat() <= rule.to_date
    now = f"--{date:%m-%d}"
    if rule.from_date <= rule.to_date:
        return rule.from_date <= now <= rule.to_date
    return now >= rule.from_date or now <= rule.to_date


@given(
    CALENDARS, st.dates(datetime.date(2024, 6, 1), datetime.date(2029, 6, 1)), PROGRAMS, PROGRAMS
)
def test_the_first_rule_that_matches_selects_the_program(
    calendar: Calendar, date: datetime.date, a: Program, b: Program
) -> None:
    table = Table(planning.compile_table(calendar, {"a": a, "b": b}))
    wanted = next((r.program_id for r in calendar.rules if matches(r, date)), None)
    index, ruled = table.selected((date - EPOCH).days)
    assert ruled is (wanted is not None)
    name = wanted or calendar.default_program_id
    places = planning.program_indices(calendar)
    assert index == (NO_PROGRAM if name is None else places[name])


@given(PROGRAMS)
def test_a_program_is_read_back_as_it_was_compiled(program: Program) -> None:
    table = Table(table_of(default="a", a=program))
    steps = [(s.at_s, s.level_percent, s.ramp_s) for s in program.steps]
    assert table.rows(0, 0) == steps
    assert len(table.rows(0, 1)) == len(program.active_periods)
    assert [row[1:] for row in table.rows(0, 2)] == [
        (d.level_percent, d.hold_s) for d in program.dynamic
    ]
