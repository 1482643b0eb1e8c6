from __future__ import annotations

import asyncio
from typing import Any

import pytest
from cms_rig import Cms

from cms import feed
from cms.feed import Ring, Told
from cms.live_io import RESYNC, Live
from cms.store import tables


async def tell(cms: Cms, count: int) -> None:
    for _ in range(count):
        async with cms.store.write() as unit:
            unit.tell("lamp", {})


async def heard(live: Live, after: int | None, count: int) -> list[Told]:
    """The next so many changes after a number."""
    found: list[Told] = []
    async with asyncio.timeout(5):
        async for row in live.listen(after):
            found.append(row)
            if len(found) == count:
                break
    return found


def numbers(rows: list[Told]) -> list[int]:
    return [row[0] for row in rows]


async def test_whoever_comes_back_hears_what_was_missed_without_gaps(fresh: Cms) -> None:
    await tell(fresh, 10)
    assert numbers(await heard(fresh.live, 4, 6)) == [5, 6, 7, 8, 9, 10]


async def test_whoever_comes_first_hears_from_now_on(fresh: Cms) -> None:
    await tell(fresh, 3)
    waiting = asyncio.create_task(heard(fresh.live, None, 2))
    await asyncio.sleep(0)
    await tell(fresh, 2)
    assert numbers(await waiting) == [4, 5]


async def test_after_a_restart_the_database_tells_what_the_memory_lost(fresh: Cms) -> None:
    await tell(fresh, 6)
    again = Live(fresh.store)
    await again.start()
    fresh.store.on_told = again.add
    assert numbers(await heard(again, 2, 4)) == [3, 4, 5, 6]
    await tell(fresh, 1)
    assert numbers(await heard(again, 5, 2)) == [6, 7]


async def test_while_it_is_told_from_the_database_new_changes_are_not_lost(fresh: Cms) -> None:
    await tell(fresh, 6)
    again = Live(fresh.store)
    await again.start()
    fresh.store.on_told = again.add
    waiting = asyncio.create_task(heard(again, 0, 16))
    await tell(fresh, 10)
    assert numbers(await waiting) == list(range(1, 17))


async def test_a_commit_not_yet_told_is_no_reason_to_start_anew(fresh: Cms) -> None:
    await tell(fresh, 6)
    again = Live(fresh.store)
    await again.start()
    held: list[Told] = []
    fresh.store.on_told = held.extend
    await tell(fresh, 2)
    waiting = asyncio.create_task(heard(again, 0, 9))
    await asyncio.sleep(0.05)  # It has read the database by now, and asked for what comes next.
    again.add(held)
    fresh.store.on_told = again.add
    await tell(fresh, 1)
    assert numbers(await waiting) == list(range(1, 10))


async def test_what_nobody_keeps_any_more_is_told_as_resync(fresh: Cms) -> None:
    await tell(fresh, 6)
    again = Live(fresh.store)
    await again.start()
    async with fresh.store.write() as unit:
        await unit.run(tables.feed.delete().where(tables.feed.c.number < 4))
    ((number, name, _),) = await heard(again, 1, 1)
    assert (number, name) == (6, RESYNC)
    assert numbers(await heard(again, 3, 3)) == [4, 5, 6]


async def test_a_number_that_was_never_given_is_told_as_resync(fresh: Cms) -> None:
    await tell(fresh, 2)
    ((number, name, _),) = await heard(fresh.live, 900, 1)
    assert (number, name) == (2, RESYNC)


async def test_a_page_too_slow_for_the_ring_goes_on_from_the_database(
    fresh: Cms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RING_MAX", 3)
    fresh.live._ring = Ring()
    listening = fresh.live.listen(0)
    await tell(fresh, 1)
    found: list[Any] = [await anext(listening)]
    await tell(fresh, 12)
    async with asyncio.timeout(5):
        while len(found) < 13:
            found.append(await anext(listening))
    assert numbers(found) == list(range(1, 14))
    await listening.aclose()  # type: ignore[attr-defined]  # it is a generator behind its type


async def test_a_listener_that_went_is_forgotten(fresh: Cms) -> None:
    await tell(fresh, 1)
    listening = fresh.live.listen(0)
    await anext(listening)
    assert len(fresh.live._bells) == 1
    await listening.aclose()  # type: ignore[attr-defined]  # it is a generator behind its type
    assert not fresh.live._bells
