"""Log reports, stored together: those that wait while one transaction runs share the next.

A commit waits for the disk, whatever it holds; at dusk all gateways report at once. A report is
answered when it is on disk (L2), and one that is refused leaves the others as they are.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import sqlalchemy as sa

from protocol import talq

from .. import fleet
from ..errors import StoreError
from ..reports import Report, sorted_report
from ..store import Row, Store, Unit, tables
from ..street_io import Street
from .intake_io import Intake
from .turn import check_owner

# So many reports share a transaction: more would hold up the operator's own writes.
TOGETHER_MAX = 64


class _Waiting(NamedTuple):
    gateway: str
    call: talq.Call
    report: Report
    done: asyncio.Future[None]


class Reports:
    """Takes reports of all gateways."""

    def __init__(self, store: Store, street: Street, intake: Intake) -> None:
        self._store = store
        self._street = street
        self._intake = intake
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def take(self, call: talq.Call) -> talq.Answer:
        """201 once it is stored; TalqError 403, 422."""
        report = sorted_report(call.body, self._street.now_ms())
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(call.sender or "", call, report, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await done
        return talq.Answer(201)

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = (
                self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:],
            )  # fmt: skip
            stored = False
            try:
                async with self._store.write() as unit:
                    await self._write(unit, batch)
                stored = True
            finally:
                # Whatever ended the transaction, nobody waits for ever: an answer of 500 is asked
                # again by the gateway (L2).
                for one in batch if stored else [*batch, *self._waiting]:
                    if not one.done.done():
                        if stored:
                            one.done.set_result(None)
                        else:
                            one.done.set_exception(StoreError("the reports were not stored"))

    async def _write(self, unit: Unit, batch: list[_Waiting]) -> None:
        """Store what may be stored, refuse the others."""
        g = tables.gateways.c
        senders = {one.gateway for one in batch}
        query = sa.select(g.address, g.stage, g.identity).where(g.address.in_(senders))
        gateways = {row["address"]: row for row in await unit.rows(query)}
        named = {address for one in batch for address in one.report.devices}
        known = await self._intake.known(unit, named)
        taken = []
        for one in batch:
            try:
                self._admit(gateways.get(one.gateway), one.call)
                self._intake.judge(one.report, known, one.gateway)
            except talq.TalqError as error:
                one.done.set_exception(error)
            else:
                taken.append(one)
        await self._intake.store(unit, [(one.gateway, one.report) for one in taken], known)

    def _admit(self, gateway: Row | None, call: talq.Call) -> None:
        """TalqError 403 for a stranger, the holder of another certificate, or out of turn."""
        if gateway is None:
            raise talq.TalqError(
                403, "parameterValueNotValid", "is no gateway of ours", "clientAddress"
            )
        check_owner(gateway["identity"], call)
        fleet.next_stage(gateway["stage"], call.operation.operation_id)
