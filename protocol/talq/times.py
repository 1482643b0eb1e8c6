"""Times as TALQ writes them: RFC 3339 in, UTC with milliseconds out."""

from __future__ import annotations

import functools
import re
from datetime import UTC, date, datetime, timedelta

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def timestamp_ms(posix_ms: int) -> str:
    """Milliseconds since 1970 UTC as `2026-11-21T16:20:00.123Z`."""
    return f"{_second(posix_ms // 1000)}.{posix_ms % 1000:03d}Z"


@functools.lru_cache(maxsize=1024)
def _second(posix_s: int) -> str:
    # Reports come in bursts that share their second.
    return f"{_EPOCH + timedelta(seconds=posix_s):%Y-%m-%dT%H:%M:%S}"


def timestamp(posix_s: float) -> str:
    """Seconds since 1970 UTC, rounded to the nearest millisecond, as a timestamp."""
    return timestamp_ms(round(posix_s * 1000))


def read_timestamp_ms(text: str) -> int:
    """Milliseconds since 1970 UTC; any RFC 3339 date-time. ValueError if it is none.

    An offset without its colon (ISO 8601) is met in the field and taken.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not a date-time of RFC 3339")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    millis = int((match[7] or "0")[:3].ljust(3, "0"))
    # A leap second is the same moment as the second after it: no clock of ours counts it.
    leap = second == 60
    moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    posix_ms = (moment - _EPOCH) // timedelta(milliseconds=1) + (1000 if leap else millis)
    if match[8]:
        if int(match[9]) > 23 or int(match[10]) > 59:
            raise ValueError("an offset beyond a day")
        offset_ms = (int(match[9]) * 60 + int(match[10])) * 60_000
        posix_ms += -offset_ms if match[8] == "+" else offset_ms
    return posix_ms


def read_date(text: str) -> date:
    """A full date `yyyy-mm-dd`. ValueError if it is none."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a date of the form yyyy-mm-dd")
    return date(*(int(part) for part in match.groups()))


def read_time_s(text: str) -> int:
    """A local time `hh:mm[:ss]` as seconds since midnight. ValueError if it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time of the form hh:mm or hh:mm:ss")
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
