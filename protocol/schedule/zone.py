"""Local time: a standard offset and, where there is summer time, the two rules that move it.

Sixteen bytes or fewer instead of a time zone database; the rules are those of a POSIX TZ string.
Everything is counted in whole minutes, which every zone in use today keeps to.
"""

from .civil import date_of, day_of, weekday
from .errors import ScheduleError

_VERSION = 1
_SIZE_FIXED = 3
_SIZE_RULES = 15
_OFFSET_MAX_MIN = 26 * 60
_RULE_MAX_MIN = 168 * 60


def _i16(data: bytes, at: int) -> int:
    value = data[at] << 8 | data[at + 1]
    return value - 65536 if value & 32768 else value


def _rule_day(year: int, month: int, week: int, which: int) -> int:
    """The `week`-th weekday `which` of a month, 5 meaning the last."""
    first = day_of(year, month, 1)
    day = first + (which - weekday(first)) % 7 + (week - 1) * 7
    following = day_of(year + 1, 1, 1) if month == 12 else day_of(year, month + 1, 1)
    return day if day < following else day - 7


class Zone:
    """A zone read by `from_bytes`; it remembers the changes of the year last asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._standard_min = _i16(data, 1) if data else 0
        self._summer_min = _i16(data, 3) if len(data) == _SIZE_RULES else 0
        self._first_day = self._end_day = 0
        self._start_min = self._stop_min = 0

    @staticmethod
    def from_bytes(data: bytes) -> "Zone":
        """The zone in the bytes, b"" being UTC; ScheduleError for any other content."""
        if not data:
            return Zone(b"")
        if data[0] != _VERSION:
            raise ScheduleError("version")
        if len(data) not in (_SIZE_FIXED, _SIZE_RULES):
            raise ScheduleError("length")
        for at in range(1, 5 if len(data) == _SIZE_RULES else 3, 2):
            if not -_OFFSET_MAX_MIN <= _i16(data, at) <= _OFFSET_MAX_MIN:
                raise ScheduleError("offset")
        for at in range(5, len(data), 5):
            if not (1 <= data[at] <= 12 and 1 <= data[at + 1] <= 5 and 1 <= data[at + 2] <= 7):
                raise ScheduleError("rule")
            if not -_RULE_MAX_MIN <= _i16(data, at + 3) <= _RULE_MAX_MIN:
                raise ScheduleError("rule")
        return Zone(bytes(data))

    def to_bytes(self) -> bytes:
        """The bytes that `from_bytes` reads."""
        return self._data

    def _change_min(self, year: int, at: int, offset_min: int) -> int:
        """The UTC minute since 2000 at which the rule at byte `at` acts in a year."""
        data = self._data
        day = _rule_day(year, data[at], data[at + 1], data[at + 2])
        return day * 1440 + _i16(data, at + 3) - offset_min

    def offset_min(self, day: int, second: int) -> int:
        """Minutes to add to a UTC instant for local time."""
        if len(self._data) != _SIZE_RULES:
            return self._standard_min
        at_min = day * 1440 + second // 60
        # The year is the local one: a rule may act on the night of New Year.
        local_day = (at_min + self._standard_min) // 1440
        if not self._first_day <= local_day < self._end_day:
            year = date_of(local_day)[0]
            self._first_day = day_of(year, 1, 1)
            self._end_day = day_of(year + 1, 1, 1)
            self._start_min = self._change_min(year, 5, self._standard_min)
            self._stop_min = self._change_min(year, 10, self._summer_min)
        if self._start_min < self._stop_min:
            summer = self._start_min <= at_min < self._stop_min
        else:
            summer = not self._stop_min <= at_min < self._start_min
        return self._summer_min if summer else self._standard_min

    def local(self, day: int, second: int) -> tuple[int, int]:
        """(day, second of the day) of the local clock at a UTC instant."""
        second += self.offset_min(day, second) * 60
        return day + second // 86400, second % 86400

    def utc_second(self, day: int, local_second: int) -> int:
        """Seconds from 0:00 UTC of `day` to when its local clock first reads that or later.

        So a time that a change skips is the change itself, and one that comes twice its first.
        """
        first = local_second - max(self._standard_min, self._summer_min) * 60
        if len(self._data) != _SIZE_RULES:
            return local_second - self._standard_min * 60
        if first + self.offset_min(day, first) * 60 == local_second:
            return first
        second = local_second - min(self._standard_min, self._summer_min) * 60
        if second + self.offset_min(day, second) * 60 == local_second:
            return second
        change = (self._start_min - day * 1440) * 60
        if not first <= change <= second:
            change = (self._stop_min - day * 1440) * 60
        return change
