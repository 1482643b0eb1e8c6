"""What handlers stand on, who asks, and how lists are told."""

from __future__ import annotations

import datetime
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Depends, Query, Request

from .. import people
from ..errors import Fault, RefusedError, wrong
from ..live_io import Live
from ..people import Person
from ..store import Store, tables
from ..street_io import Street
from ..talq import Desired

LIMIT_MAX = 5000
YEAR_MIN, YEAR_MAX = 2001, 2098
_DIGITS_MAX = 15
# Beyond these years there is no city to light, and further on no calendar to count in.
YEAR_MIN, YEAR_MAX = 2000, 2099


@dataclass(frozen=True)
class Context:
    """The parts of this CMS, wired once."""

    store: Store
    street: Street
    desired: Desired
    live: Live


def context(request: Request) -> Context:
    """The parts, out of the application."""
    found: Context = request.app.state.context
    return found


Parts = Annotated[Context, Depends(context)]


def _shown(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(people.COOKIE)


async def person(request: Request, parts: Parts) -> Person:
    """Who asks; 401 when nobody we know."""
    token = _shown(request)
    if token:
        t = tables.tokens.c
        # Sessions end in real time, whatever the pace of a simulated city.
        oldest_ms = int((time.time() - people.SESSION_S) * 1000)
        query = sa.select(t.name, t.role).where(
            t.digest == people.digest(token),
            sa.or_(t.session.is_(False), t.created_ms > oldest_ms),
        )
        async with parts.store.read() as unit:
            rows = await unit.rows(query)
        if rows:
            return Person(rows[0]["name"], rows[0]["role"])
    raise RefusedError(
        401, "No token",
        (Fault("Authorization", "Bearer and a token, or the cookie of a session", None),),
    )  # fmt: skip


Somebody = Annotated[Person, Depends(person)]


def needs(role: str) -> Callable[[Person], Awaitable[Person]]:
    """A dependency: at least this role, else 403."""

    async def check(who: Somebody) -> Person:
        if not who.may(role):
            raise RefusedError(
                403, f"This needs the role {role}", (Fault("role", role, who.role),)
            )
        return who

    return check


Operator = Annotated[Person, Depends(needs("operator"))]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="At most so many items.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the answer before.")]


def within_years(field: str, at: datetime.date) -> None:
    """Refuse a date or time outside of the years that we plan for."""
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise wrong(field, f"in the years {YEAR_MIN} to {YEAR_MAX}", str(at))


def instant_s(field: str, at: datetime.datetime) -> float:
    """POSIX seconds of a time within the years that we plan for; RefusedError for others."""
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise wrong(field, f"a year from {YEAR_MIN} to {YEAR_MAX}", at.isoformat())
    return at.timestamp()


def number(text: str) -> int | None:
    """The whole number in an id or cursor; None when it is none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
        return None
    return int(text)


def page(items: Sequence[dict[str, Any]], limit_items: int, cursor: str | None) -> dict[str, Any]:
    """A part of a list whose items are in the order of their ids."""
    start = 0
    if cursor is not None:
        ids = [str(item["id"]) for item in items]
        if cursor not in ids:
            raise wrong("cursor", "next_cursor of an answer to the same question", cursor)
        start = ids.index(cursor) + 1
    part = list(items[start : start + limit_items])
    more = start + limit_items < len(items)
    return {
        "items": part,
        "next_cursor": str(part[-1]["id"]) if more and part else None,
        "total": len(items),
    }
