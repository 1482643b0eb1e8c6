"""The day count against the standard library's calendar."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from protocol.schedule import date_of, day_of, weekday

EPOCH = datetime.date(2000, 1, 1)
DATES = st.dates(datetime.date(1800, 1, 1), datetime.date(2400, 12, 31))


@given(DATES)
def test_day_of_counts_like_the_library(date: datetime.date) -> None:
    assert day_of(date.year, date.month, date.day) == (date - EPOCH).days


@given(DATES)
def test_date_of_inverts_the_count(date: datetime.date) -> None:
    assert date_of((date - EPOCH).days) == (date.year, date.month, date.day)


@given(DATES)
def test_weekday_is_the_iso_weekday(date: datetime.date) -> None:
    assert weekday((date - EPOCH).days) == date.isoweekday()


def test_every_day_of_four_centuries_round_trips() -> None:
    for day in range(-146097 // 2, 146097 // 2):
        assert day_of(*date_of(day)) == day
