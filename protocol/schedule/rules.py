"""The days of a calendar's rule: dates from and to, weekdays and which of a month, spans of dates.

A date is (year, month, day); year 0 means each year, month 0 too each month, all 0 no bound.
"""

from .civil import date_of, day_of, weekday
from .errors import ScheduleError

RULE = "<BHBBHBBBBB"
SPAN = "<HBBHBB"
YEAR_MAX = 9999
LAST_OF_MONTH = 32  # A bit beside those of the first to the fifth.


def check_rule(rule: "tuple[int, ...]", number: int) -> None:
    """ScheduleError "rule" or "date" for a rule that is none."""
    days, occurrences = rule[7], rule[8]
    if not 0 < days < 128 or occurrences >= 2 * LAST_OF_MONTH:
        raise ScheduleError("rule", str(number))
    first, last = rule[1:4], rule[4:7]
    for bound in (first, last):
        if any(bound) and (not bound[1] or not _dated(bound)):
            raise ScheduleError("date", str(number))
    if first[0] and last[0] and first > last:
        raise ScheduleError("date", str(number))


def check_span(span: "tuple[int, ...]", number: int) -> None:
    """ScheduleError "date" for a span that is none."""
    first, last = span[:3], span[3:]
    alike = bool(first[0]) == bool(last[0]) and bool(first[1]) == bool(last[1])
    if not (alike and _dated(first) and _dated(last)) or (first[0] and first > last):
        raise ScheduleError("date", str(number))


def _dated(date: "tuple[int, ...]") -> bool:
    """Whether there is such a date, in a leap year if any year will do."""
    year, month, day = date
    if year and not month:
        return False
    if not month:
        return 1 <= day <= 31
    if not (not year or 2000 <= year <= YEAR_MAX) or month > 12 or not day:
        return False
    year = year or 2000
    return date_of(day_of(year, month, day)) == (year, month, day)


def rule_holds(
    rule: "tuple[int, ...]", day: int, date: "tuple[int, ...]", last_week: bool
) -> bool:
    """Whether dates and weekdays of a rule are for this day; its spans are asked apart."""
    days, occurrences = rule[7], rule[8]
    if not days >> (weekday(day) - 1) & 1:
        return False
    if occurrences:
        found = 1 << (date[2] - 1) // 7
        if last_week:
            found |= LAST_OF_MONTH
        if not occurrences & found:
            return False
    first, last = rule[1:4], rule[4:7]
    if first[1] and last[1] and not first[0] and not last[0]:
        return _within(first[1:], last[1:], date[1:])
    return (not first[1] or _cut(first, date) <= date) and (
        not last[1] or date <= _cut(last, date)
    )


def _cut(bound: "tuple[int, ...]", date: "tuple[int, ...]") -> "tuple[int, ...]":
    """A bound of each year as one of the date's year."""
    return bound if bound[0] else (date[0], bound[1], bound[2])


def span_holds(span: "tuple[int, ...]", date: "tuple[int, ...]") -> bool:
    """Whether a date lies in a span of full dates, of days of the year or of the month."""
    if span[0]:
        return span[:3] <= date <= span[3:]
    if span[1]:
        return _within(span[1:3], span[4:], date[1:])
    return _within(span[2:3], span[5:], date[2:])


def _within(first: "tuple[int, ...]", last: "tuple[int, ...]", now: "tuple[int, ...]") -> bool:
    """Whether it is between; what ends before it begins runs over the end of the year or month."""
    if first <= last:
        return first <= now <= last
    return now >= first or now <= last
