"""Alarms of certificates, over a real store and a clock that is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cms_rig import Clock
from gateway_rig import Rig

from cms.site import Site
from cms.store import Store, tables
from cms.street_io import Street
from cms.talq.certificates_io import Certificates

DAY_S = 86_400
OWN, NORTH = "urn:lamplighter:cms", "urn:lamplighter:gateway:north"


class Fixture:
    """What ends when is put here."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = Clock()
        self.own_end_s = int(self.clock.now_s()) + 365 * DAY_S
        street = Street(Site(Rig(1, 0).site), self.clock)
        self.watched = Certificates(store, street, lambda: (OWN, self.own_end_s))

    def shows(self, days: int) -> None:
        end_s = int(self.clock.now_s()) + days * DAY_S
        self.watched.saw({"identity": NORTH, "not_after_s": end_s, "sha256": ""})

    async def alarms(self) -> list[tuple[str, str, bool]]:
        await self.watched.look()
        async with self.store.read() as unit:
            rows: Any = await unit.rows(sa.select(tables.alarms).order_by(tables.alarms.c.id))
        return [(row["kind"], row["asset_id"], row["ended_ms"] is None) for row in rows]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Fixture]:
    store = Store(f"sqlite+aiosqlite:///{tmp_path / 'cms.db'}")
    await store.open()
    yield Fixture(store)
    await store.close()


async def test_an_alarm_opens_sixty_days_before_the_end_and_once(site: Fixture) -> None:
    site.shows(days=100)
    assert await site.alarms() == []
    site.clock.at_s += 40 * DAY_S - 1
    assert await site.alarms() == []
    site.clock.at_s += 1
    expected = [("certificate_expiring", NORTH, True)]
    assert await site.alarms() == expected
    site.clock.at_s += 70 * DAY_S
    assert await site.alarms() == expected


async def test_the_alarm_closes_when_the_renewed_certificate_is_shown(site: Fixture) -> None:
    site.shows(days=10)
    assert await site.alarms() == [("certificate_expiring", NORTH, True)]
    site.shows(days=365)
    site.shows(days=10)  # An older connection is still open.
    assert await site.alarms() == [("certificate_expiring", NORTH, False)]


async def test_our_own_certificate_is_watched_too(site: Fixture) -> None:
    site.own_end_s = int(site.clock.now_s()) + 59 * DAY_S
    assert await site.alarms() == [("certificate_expiring", OWN, True)]
    site.own_end_s += 365 * DAY_S
    assert await site.alarms() == [("certificate_expiring", OWN, False)]


async def test_nobody_seen_since_a_restart_closes_nothing(site: Fixture) -> None:
    site.shows(days=10)
    await site.alarms()
    again = Fixture(site.store)
    assert await again.alarms() == [("certificate_expiring", NORTH, True)]
