"""The checker against a played CMS that keeps every rule, and against ones that break one each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from servers import free_port

from lamplighter.talq import check_io, results, strict
from lamplighter.talq.session_io import Played
from lamplighter.talq.sides import PlayedCms
from lamplighter.talq.wire_io import Journal
from protocol import talq

Broken = Callable[[Played, PlayedCms], None]
PROFILES = ("lighting",)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for who does not come."""
    monkeypatch.setattr("lamplighter.talq.of_cms.TOLD_S_MAX", 1.0)
    monkeypatch.setattr("lamplighter.talq.of_cms_data._COMES_S_MAX", 0.1)


@contextlib.asynccontextmanager
async def cms(broken: Broken | None = None) -> AsyncIterator[str]:
    """The base URI of a played CMS."""
    port = free_port()
    played = Played("cms", ("127.0.0.1", port), Journal())
    played.url = f"http://127.0.0.1:{port}"
    made = PlayedCms(played)
    if broken:
        broken(played, made)
    await played.serve(made.carry_out)
    yield played.url
    await played.close()


async def checked(url: str) -> dict[str, results.Row]:
    """The rows of a check, by name (the rules have theirs alone)."""
    port = free_port()
    wishes = check_io.Wishes(
        "gateway", url, ("127.0.0.1", port), f"http://127.0.0.1:{port}", PROFILES
    )
    return {row.name: row for row in await check_io.check_cms(wishes)}


def failed(rows: dict[str, results.Row]) -> set[str]:
    return {name for name, row in rows.items() if row.state == results.FAILED}


async def test_a_cms_that_keeps_the_rules_passes() -> None:
    async with cms() as url:
        rows = await checked(url)
    assert failed(rows) == set()
    passed = {name for name, row in rows.items() if row.state == results.PASSED}
    wanted = {f"T{n}" for n in range(1, 14)} | {f"B{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9)}
    assert wanted | {"D1", "D3", "D5", "D6", "D8", "D9", "L2", "L3", "L5"} <= passed


def lenient(rule: str) -> Broken:
    def broken(played: Played, made: PlayedCms) -> None:
        made.lenient = frozenset({rule})

    return broken


@pytest.mark.parametrize("rule", [*strict.RULES, "B5"])
async def test_a_cms_that_does_not_hold_a_rule_fails_in_it(rule: str) -> None:
    async with cms(lenient(rule)) as url:
        rows = await checked(url)
    assert rule in failed(rows), rows[rule]
    # A bad element of a list is one that D1 finds.
    assert failed(rows) <= {rule, "T9"}


def answering(operation: str, status: int, body: Any = None) -> Broken:
    def instead(call: talq.Call) -> talq.Answer | None:
        same = call.operation.operation_id == operation
        return talq.Answer(status, body) if same else None

    return lambda played, made: played.instead.append(instead)


def deaf(played: Played, made: PlayedCms) -> None:
    """B3: it never tells a gateway its address."""

    async def silent(gateway: object) -> None:
        await asyncio.sleep(0)

    made.tell = silent  # type: ignore[method-assign, assignment]  # a peer that breaks a rule


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (answering("sendLogReport", 200), {"L2", "L3", "L5", "lampFailure"}),
        (
            answering("getDevices", 500, [{"key": "genericError", "description": "x"}]),
            {"D5", "B7"},
        ),
        (answering("partialUpdateDevice", 200), {"B3", "B4"}),
        (deaf, {"B3"}),
    ],
    ids=["status", "error", "ignored", "deaf"],
)
async def test_broken_behaviours_are_seen(broken: Broken, expected: set[str]) -> None:
    async with cms(broken) as url:
        rows = await checked(url)
    assert expected & failed(rows), {name: rows[name] for name in expected if name in rows}


async def test_the_side_at_an_address_is_found() -> None:
    async with cms() as url:
        wishes = check_io.Wishes("cms", url, ("127.0.0.1", 1), "")
        assert await check_io.find_side(wishes) == "cms"
        assert await check_io._probe(url, True) == "cms"
    with pytest.raises(check_io.Unreachable):
        await check_io.find_side(wishes)
