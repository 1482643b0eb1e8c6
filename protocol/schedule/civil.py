"""Days since 2000-01-01 and calendar dates, in small integers.

The count runs over years that begin in March, so that the leap day is the last of its year.
"""

_DAYS_TO_MARCH = 60  # 2000-03-01 is 60 days after 2000-01-01.
_CYCLE_DAYS = 146097  # 400 Gregorian years.


def day_of(year: int, month: int, day: int) -> int:
    """Days from 2000-01-01 to a Gregorian date; negative before it."""
    if month < 3:
        year -= 1
        month += 12
    years = year - 2000
    leaps = years // 4 - years // 100 + years // 400
    return years * 365 + leaps + (153 * (month - 3) + 2) // 5 + day - 1 + _DAYS_TO_MARCH


def date_of(day: int) -> tuple[int, int, int]:
    """(year, month, day of the month) of a day counted from 2000-01-01."""
    rest = day - _DAYS_TO_MARCH
    cycle = rest // _CYCLE_DAYS
    rest -= cycle * _CYCLE_DAYS
    # Take the leap days out, so that every year has 365.
    years = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= years * 365 + years // 4 - years // 100
    month = (5 * rest + 2) // 153
    rest -= (153 * month + 2) // 5
    year = 2000 + cycle * 400 + years
    return (year + 1, month - 9, rest + 1) if month > 9 else (year, month + 3, rest + 1)


def weekday(day: int) -> int:
    """1 for Monday to 7 for Sunday; 2000-01-01 was a Saturday."""
    return (day + 5) % 7 + 1
