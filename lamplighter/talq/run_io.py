"""Runs checks one after the other; each ends as a row, whatever the other side does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from .results import (
    FAILED,
    NOT_ANNOUNCED,
    NOT_TESTABLE,
    PASSED,
    Failed,
    NotAnnounced,
    NotTestable,
    Row,
)
from .rules import RULES, group_of
from .wire_io import Reply

# A check returns what it saw, in words, or nothing; it raises what results.py has otherwise.
Check = Callable[[], Awaitable[str | None]]
_SILENT = "no check of this rule is possible from this side"


def expect(reply: Reply, *statuses: int, key: str = "", what: str = "") -> Any:
    """The body of an answer with one of these statuses and no fault; Failed otherwise."""
    told = f"{what}: " if what else ""
    if reply.status not in statuses:
        wanted = " or ".join(map(str, statuses))
        raise Failed(f"{told}answered {reply.said()}; expected {wanted}")
    if reply.problems:
        raise Failed(told + "; ".join(reply.problems))
    if key and key not in reply.keys:
        raise Failed(f"{told}{reply.status} has keys {reply.keys}; expected {key}")
    return reply.body


def refused(reply: Reply, what: str) -> None:
    """Failed unless the request was refused, in TALQ's words."""
    if not 400 <= reply.status < 500:
        raise Failed(f"{what}: answered {reply.said()}; expected a refusal")
    if reply.problems:
        raise Failed(f"{what}: " + "; ".join(reply.problems))


async def row(group: str, name: str, title: str, check: Check) -> Row:
    """One check, run."""
    try:
        return Row(group, name, title, PASSED, await check() or "")
    except Failed as error:
        return Row(group, name, title, FAILED, str(error))
    except NotAnnounced as error:
        return Row(group, name, title, NOT_ANNOUNCED, str(error))
    except NotTestable as error:
        return Row(group, name, title, NOT_TESTABLE, str(error))
    except httpx.HTTPError as error:
        return Row(group, name, title, FAILED, f"no answer: {error!r}")
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # A body that a schema let pass, and yet not what it must be here.
        return Row(group, name, title, FAILED, f"an answer cannot be used: {error!r}")


async def run(checks: Mapping[str, Check]) -> dict[str, Row]:
    """A row for each rule that has a check, in their order."""
    return {
        number: await row(group_of(number), number, RULES[number], check)
        for number, check in checks.items()
    }


def complete(found: Mapping[str, Row], silent: Mapping[str, str]) -> list[Row]:
    """A row for every rule; silent: why one has no check."""
    return [
        found.get(number)
        or Row(group_of(number), number, title, NOT_TESTABLE, silent.get(number, _SILENT))
        for number, title in RULES.items()
    ]
