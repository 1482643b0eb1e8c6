"""Certificates that run out: ours and those of gateways, each an alarm until it is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from .. import alarms
from ..store import Store, tables
from ..street_io import Street
from .intake_io import tell_alarm

_LOOK_S = 5.0
# More identities than a city has gateways; a stranger's authority cannot fill our memory.
_SEEN_MAX = 10_000


class Certificates:
    """own: identity and end (POSIX s) of our certificate as it is now; None without TLS."""

    def __init__(
        self, store: Store, street: Street, own: Callable[[], tuple[str, int]] | None
    ) -> None:
        self._store = store
        self._street = street
        self._own = own
        self._ends_ms: dict[str, int] = {}

    def saw(self, certificate: Mapping[str, Any] | None) -> None:
        """Someone showed this. While it is being renewed both are shown: the later end counts."""
        if certificate is None:
            return
        identity, end_ms = str(certificate["identity"]), int(certificate["not_after_s"]) * 1000
        if identity in self._ends_ms or len(self._ends_ms) < _SEEN_MAX:
            self._ends_ms[identity] = max(end_ms, self._ends_ms.get(identity, 0))

    async def look(self) -> None:
        """Open and close alarms as of now."""
        ends_ms = dict(self._ends_ms)
        if self._own is not None:
            identity, end_s = self._own()
            ends_ms[identity] = end_s * 1000
        if not ends_ms:
            return
        a = tables.alarms.c
        query = sa.select(a.id, a.kind, a.asset_id).where(
            a.ended_ms.is_(None), a.kind == alarms.CERTIFICATE_EXPIRING
        )
        async with self._store.read() as unit:
            known = await unit.rows(query)
        changes = alarms.expiring(known, ends_ms, self._street.now_ms())
        if not changes:
            return
        async with self._store.write() as unit:
            for change in changes:
                if isinstance(change, alarms.Closed):
                    over = tables.alarms.update().where(a.id == change.number)
                    await unit.run(over.values(ended_ms=change.ended_ms))
                    number = change.number
                else:
                    row = {
                        "kind": change.kind, "severity": change.severity,
                        "asset_id": change.asset_id, "started_ms": change.started_ms,
                    }  # fmt: skip
                    done = await unit.run(tables.alarms.insert().values(row))
                    assert done.inserted_primary_key is not None
                    number = int(done.inserted_primary_key[0])
                await tell_alarm(unit, self._street, number)

    async def watch(self) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)
