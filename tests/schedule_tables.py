"""Makers of calendars, programs and tables that several tests use."""

import datetime

from hypothesis import strategies as st

from protocol.schedule import Decision, Evaluator, Inputs, planning
from protocol.schedule.planning import (
    AbsolutePeriod,
    AstroPeriod,
    AstroSensorPeriod,
    Calendar,
    Dynamic,
    Program,
    Rule,
    SensorPeriod,
    Step,
    SunControl,
)
from protocol.schedule.reasons import REASON_NAMES

LAT_E5, LON_E5 = 5084650, 435170
BRUSSELS = planning.zone_from_name("Europe/Brussels")
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def step(at: str, level_percent: int, ramp_s: int = 0) -> Step:
    """A step at hh:mm."""
    hour, minute = at.split(":")
    return Step(int(hour) * 3600 + int(minute) * 60, level_percent, ramp_s)


def table_of(*rules: Rule, default: str | None = None, **programs: Program) -> bytes:
    """The table of a calendar with these rules over the named programs."""
    return planning.compile_table(Calendar("calendar", default, rules), programs)


def only(*steps: Step, **parts: object) -> bytes:
    """The table of a calendar with one program for every day."""
    return table_of(default="a", a=Program("a", steps, **parts))  # type: ignore[arg-type] # named


def instant(text: str) -> tuple[int, int]:
    """(day, second) of an ISO time; without an offset it is UTC."""
    at = datetime.datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=datetime.UTC)
    since = at - EPOCH
    return since.days, since.seconds


def told(
    table: bytes, text: str, presence_age_s: int = -1, inputs: Inputs | None = None
) -> tuple[int, str]:
    """(level, reason) in Brussels at an ISO time."""
    evaluator = Evaluator(table, LAT_E5, LON_E5, BRUSSELS, inputs)
    decision = evaluator.at(*instant(text), presence_age_s, Decision())
    return decision.level_percent, REASON_NAMES[decision.reason]


_SECONDS = st.integers(0, 86399)
_LEVELS = st.integers(0, 100)
_STEPS = st.lists(st.builds(Step, _SECONDS, _LEVELS, st.integers(0, 600)), max_size=6).map(
    lambda steps: tuple({s.at_s: s for s in sorted(steps, key=lambda s: s.at_s)}.values())
)
_PERIODS = st.lists(
    st.builds(AbsolutePeriod, _SECONDS, _SECONDS)
    | st.builds(AstroPeriod, st.integers(-90, 90), st.integers(-90, 90)),
    max_size=3,
).map(tuple)
_DYNAMICS = st.lists(
    st.builds(
        Dynamic,
        st.just("presence"),
        st.sampled_from(("set", "max", "min", "add", "sub")),
        _LEVELS,
        st.integers(1, 600),
    ),
    max_size=2,
).map(tuple)
PROGRAMS = st.builds(Program, st.just("p"), _STEPS, _PERIODS, _DYNAMICS)
_DATES = st.dates(datetime.date(2025, 1, 1), datetime.date(2028, 12, 31))


def _full(pair: tuple[datetime.date, datetime.date]) -> tuple[str, str]:
    first, last = sorted(pair)
    return first.isoformat(), last.isoformat()


def _yearly(pair: tuple[datetime.date, datetime.date]) -> tuple[str, str]:
    return f"--{pair[0]:%m-%d}", f"--{pair[1]:%m-%d}"


_RANGES = (
    st.just((None, None))
    | st.tuples(_DATES, _DATES).map(_full)
    | st.tuples(_DATES, _DATES).map(_yearly)
)
_DAYS = st.lists(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), unique=True)
RULES = st.builds(
    lambda program, dates, days: Rule(program, dates[0], dates[1], tuple(days)),
    st.sampled_from(("a", "b")),
    _RANGES,
    _DAYS,
)
CALENDARS = st.builds(
    lambda default, rules: Calendar("c", default, tuple(rules)),
    st.sampled_from((None, "a", "b")),
    st.lists(RULES, max_size=4),
)

# All that a table can say, also what operators' programs cannot.
_OPERATIONS = st.sampled_from(("set", "max", "min", "add", "sub", "mul"))
_RAMPS = st.integers(0, 600)
_SOURCES = st.integers(0, 3)
_MINUTES = st.integers(-120, 120)
_CELLS = st.builds(
    lambda low, more: SensorPeriod(low, low + more), st.integers(0, 500), st.integers(0, 500)
) | st.builds(SensorPeriod, source=_SOURCES)
_ALL_PERIODS = st.lists(
    st.builds(AbsolutePeriod, _SECONDS, _SECONDS)
    | st.builds(AstroPeriod, _MINUTES, _MINUTES)
    | _CELLS
    | st.builds(
        AstroSensorPeriod, _MINUTES, _MINUTES, st.integers(0, 120), st.integers(0, 120), _CELLS
    ),
    max_size=3,
    unique=True,
).map(tuple)
_HOLDS = st.sampled_from((0, 30, 60, 100, 600))
_ALL_DYNAMICS = st.lists(
    st.builds(
        lambda operation, level, hold_s, source, external, span: Dynamic(
            "presence", operation, 0 if external else level, hold_s, source, external,
            from_s=span[0], to_s=span[1],
        ),
        _OPERATIONS, _LEVELS, _HOLDS, _SOURCES, st.booleans(),
        st.tuples(_SECONDS, _SECONDS) | st.just((0, 0)),
    )
    | st.builds(Dynamic, st.just("presence"), _OPERATIONS, _LEVELS, _HOLDS),
    max_size=3,
).map(tuple)  # fmt: skip
_SUNS = st.lists(
    st.builds(
        SunControl, st.sampled_from(("sunrise", "sunset")), _OPERATIONS, _LEVELS,
        st.integers(-360, 360), _RAMPS, _RAMPS,
    ),
    max_size=3,
).map(tuple)  # fmt: skip
ALL_PROGRAMS = st.builds(Program, st.just("p"), _STEPS, _ALL_PERIODS, _ALL_DYNAMICS, _SUNS)


def _monthly(pair: tuple[datetime.date, datetime.date]) -> tuple[str, str]:
    return f"---{pair[0]:%d}", f"---{pair[1]:%d}"


_PAIRS = st.tuples(_DATES, _DATES)
_MIXED = st.tuples(
    st.none() | _DATES.map(lambda date: f"--{date:%m-%d}"),
    st.none() | _DATES.map(datetime.date.isoformat),
)
ALL_RULES = st.builds(
    lambda program, dates, days, weeks, spans: Rule(
        program, dates[0], dates[1], tuple(days), tuple(weeks), tuple(spans)
    ),
    st.sampled_from(("a", "b")),
    _RANGES | _MIXED | _MIXED.map(lambda pair: (pair[1], pair[0])),
    _DAYS,
    st.lists(st.sampled_from("12345L"), unique=True, max_size=2),
    st.lists(_PAIRS.map(_full) | _PAIRS.map(_yearly) | _PAIRS.map(_monthly), max_size=2),
)
# Half of them have no rules, so that programs are tried more often than calendars.
ALL_CALENDARS = st.just(Calendar("c", "a")) | st.builds(
    lambda default, rules: Calendar("c", default, tuple(rules)),
    st.sampled_from((None, "a", "b")),
    st.lists(ALL_RULES, max_size=4),
)
