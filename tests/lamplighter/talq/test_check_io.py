"""The checker against a played CMS that keeps every rule, and against ones that break one each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, cast

import httpx
import pytest
from servers import free_port

from lamplighter.talq import check_io, offer, results, strict
from lamplighter.talq.session_io import Played
from lamplighter.talq.sides import PlayedCms, PlayedGateway
from lamplighter.talq.street import Street
from lamplighter.talq.wire_io import Journal, Reply
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


async def seen(broken: Sequence[Broken]) -> list[dict[str, results.Row]]:
    """The rows of each; some are checked at once, for a check waits half of its time."""
    free = asyncio.Semaphore(4)

    async def one(how: Broken) -> dict[str, results.Row]:
        async with free, cms(how) as url:
            return await checked(url)

    return await asyncio.gather(*map(one, broken))


async def test_a_cms_that_does_not_hold_a_rule_fails_in_it() -> None:
    rules = [*strict.RULES, "B5"]
    found = dict(zip(rules, await seen([lenient(rule) for rule in rules]), strict=True))
    missed = {rule: rows[rule] for rule, rows in found.items() if rule not in failed(rows)}
    assert missed == {}
    # A bad element of a list is one that D1 finds.
    besides = {rule: failed(rows) - {rule, "T9"} for rule, rows in found.items()}
    assert {rule: names for rule, names in besides.items() if names} == {}


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


BROKEN_CMS: dict[str, tuple[Broken, set[str]]] = {
    "status": (answering("sendLogReport", 200), {"L2", "L3", "L5", "lampFailure"}),
    "error": (
        answering("getDevices", 500, [{"key": "genericError", "description": "x"}]), {"D5", "B7"}
    ),
    "ignored": (answering("partialUpdateDevice", 200), {"B3", "B4"}),
    "deaf": (deaf, {"B3"}),
}  # fmt: skip


async def test_broken_behaviours_are_seen() -> None:
    found = await seen([broken for broken, _ in BROKEN_CMS.values()])
    blind = {
        name: {rule: rows.get(rule) for rule in expected}
        for (name, (_, expected)), rows in zip(BROKEN_CMS.items(), found, strict=True)
        if not expected & failed(rows)
    }
    assert blind == {}


# Gateways.


@contextlib.asynccontextmanager
async def gateway(cms_port: int, broken: Callable[[PlayedGateway], None]) -> AsyncIterator[str]:
    """The base URI of a played gateway that attaches to that port."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    played = Played("gateway", ("127.0.0.1", port), Journal())
    made = PlayedGateway(played, url, f"http://127.0.0.1:{cms_port}")
    made.services, made.classes, made.devices = offer.offer(PROFILES, url, 1_795_000_000.0)

    async def attach() -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if (await made.bootstrap())[-1].status == 201:
                    return
            await asyncio.sleep(0.05)

    made.on_resync = attach
    broken(made)
    await played.serve(made.carry_out)
    tasks = [asyncio.create_task(attach()), asyncio.create_task(made.report())]
    yield url
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await played.close()


async def gateway_rows(
    broken: Callable[[PlayedGateway], None],
    monkeypatch: pytest.MonkeyPatch,
    patience: float = 1.0,
) -> dict[str, results.Row]:
    """patience: how much longer to wait than where somebody is known not to come."""
    for name, seconds in (
        ("sides.REPORT_S", 0.1), ("of_gateway_data._AWAY_S", 0.2),
        ("of_gateway_data._SETTLES_S", 0.3), ("of_gateway_data._COMES_S_MAX", 3 * patience),
        ("of_gateway_control._TAKES_S_MAX", patience),
    ):  # fmt: skip
        monkeypatch.setattr(f"lamplighter.talq.{name}", seconds)
    port = free_port()
    async with gateway(port, broken) as url:
        wishes = check_io.Wishes(
            "cms",
            url,
            ("127.0.0.1", port),
            f"http://127.0.0.1:{port}",
            PROFILES,
            2 * patience,
        )
        return {row.name: row for row in await check_io.check_gateway(wishes)}


def instead_of(operation: str, status: int, body: Any = None) -> Callable[[PlayedGateway], None]:
    def broken(made: PlayedGateway) -> None:
        answering(operation, status, body)(made.played, cast(PlayedCms, None))

    return broken


def forgetful(made: PlayedGateway) -> None:
    """L2: what was not acknowledged never comes again."""

    async def report() -> None:
        while True:
            await asyncio.sleep(0.1)
            for name in list(made.memory.table("logger-configs")):
                entries = made.memory.sample() if isinstance(made.memory, Street) else []
                with contextlib.suppress(httpx.HTTPError):
                    await made.cms.call(
                        "sendLogReport", body={"address": name, "entries": entries}
                    )

    made.report = report  # type: ignore[method-assign]  # a peer that breaks a rule


def stubborn(made: PlayedGateway) -> None:
    """B7: it forgets nothing, and does not begin again."""
    made.on_resync = None
    made.fill()
    made.fill = lambda: None  # type: ignore[method-assign]  # a peer that breaks a rule


def chatty(made: PlayedGateway) -> None:
    """B5: it tells its devices before it has told its services."""
    true = made.bootstrap

    async def bootstrap() -> list[Reply]:
        own = made.own()
        if made.take(await made.cms.call("addDevices", body=[own])):
            made.fill()
            await made.cms.call("addDevices", body=made.devices)
            steps = [
                ("addDeviceClasses", [made.own_class()]),
                ("partialUpdateDevices", [made.own()]),
            ]
            for operation, body in [*steps, ("announceServices", made.services)]:
                await made.cms.call(operation, body=body)
            return [await made.cms.call("addDeviceClasses", body=made.classes)]
        return await true()

    made.bootstrap = bootstrap  # type: ignore[method-assign]  # a peer that breaks a rule


async def test_a_gateway_that_keeps_the_rules_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = await gateway_rows(lambda made: None, monkeypatch, 10)
    assert failed(rows) == set(), {name: rows[name] for name in failed(rows)}
    passed = {name for name, row in rows.items() if row.state == results.PASSED}
    wanted = {f"T{n}" for n in range(1, 15)} | {f"B{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9)}
    assert wanted | {"C5", "C9", "C10", "C13", "D8", "D9", "G1", "L1", "L2", "L4"} <= passed


BROKEN_GATEWAYS: dict[str, tuple[Callable[[PlayedGateway], None], set[str]]] = {
    "deaf": (instead_of("sendCommand", 202), {"C9", "C11", "D9"}),
    "careless": (instead_of("addControlPrograms", 201, []), {"C5"}),
    "loose": (instead_of("deleteControlProgram", 200), {"D8"}),
    "error": (
        instead_of("getDevices", 500, [{"key": "genericError", "description": "x"}]), {"T1"}
    ),
    "forgetful": (forgetful, {"L2"}),
    "stubborn": (stubborn, {"B7"}),
    "chatty": (chatty, {"B5"}),
}  # fmt: skip


async def test_what_a_gateway_breaks_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are checked at once: a check waits most of its time."""
    every = BROKEN_GATEWAYS.values()
    checks = await asyncio.gather(*(gateway_rows(broken, monkeypatch) for broken, _ in every))
    missed = {
        f"{name} {rule}": rows.get(rule)
        for (name, (_, expected)), rows in zip(BROKEN_GATEWAYS.items(), checks, strict=True)
        for rule in expected - failed(rows)
    }
    assert missed == {}


async def test_a_gateway_that_never_comes_fails_in_b1() -> None:
    port = free_port()
    async with gateway(free_port(), lambda made: None) as url:
        wishes = check_io.Wishes("cms", url, ("127.0.0.1", port), "", PROFILES, 0.2)
        rows = {row.name: row for row in await check_io.check_gateway(wishes)}
    assert failed(rows) == {"B1"}
    assert "no bootstrap within" in rows["B1"].seen


async def test_the_side_at_an_address_is_found() -> None:
    async with cms() as url:
        wishes = check_io.Wishes("cms", url, ("127.0.0.1", 1), "")
        assert await check_io.find_side(wishes) == "cms"
        assert await check_io._probe(url, True) == "cms"
    with pytest.raises(check_io.Unreachable):
        await check_io.find_side(wishes)
