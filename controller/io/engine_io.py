"""Runs the brain: feeds it frames and time, and does what it asks in the order store, send, tell.

Whatever several sources ask within one turn goes to disk in one transaction (a group commit).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from protocol import worldclock

from ..effects import Now
from ..gateway import Gateway
from .mqtt_io import MqttLink, tick_ms
from .roads_io import Roads
from .store_io import Store

TICK_S = 0.1


class Engine:
    """`link` brings frames; `reporters` are woken when there may be something to tell a CMS."""

    def __init__(self, gateway: Gateway, store: Store, clock: worldclock.Clock) -> None:
        self.gateway = gateway
        self.store = store
        self._clock = clock
        self._wake = asyncio.Event()
        self._settled: list[asyncio.Future[None]] = []
        self.link: MqttLink | Roads | None = None
        self.woken: list[Callable[[], None]] = []
        self.patch: Callable[[list[tuple[str, str, str]]], None] = lambda _: None
        self.bootstrap: Callable[[str], None] = lambda _: None

    def now(self) -> Now:
        """The time for the cores."""
        return Now(tick_ms(), self._clock.now_s())

    def arrived(self) -> None:
        """There is something to do."""
        self._wake.set()

    async def settled(self) -> None:
        """Until everything asked so far is on disk and sent."""
        future = asyncio.get_running_loop().create_future()
        self._settled.append(future)
        self._wake.set()
        await future

    async def run(self) -> None:
        """For ever; a failed store or a fault in a tick ends it."""
        ticks = asyncio.create_task(self._ticks())
        ticks.add_done_callback(lambda _: self._wake.set())
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                if ticks.done():
                    ticks.result()
                await self.turn()
        finally:
            ticks.cancel()

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.gateway.tick(self.now())
            self._wake.set()

    async def turn(self) -> None:
        """One batch: frames in, then store, then send, acknowledge and tell."""
        link = self.link
        batch = link.take() if link else []
        now = self.now()
        for node_id, frame, _ in batch:
            self.gateway.frame(node_id, frame, now)
        effects = self.gateway.effects
        writes, effects.writes = effects.writes, []
        frames, effects.frames = effects.frames, []
        patches, effects.patches = effects.patches, []
        again, effects.bootstrap = effects.bootstrap, []
        settled, self._settled = self._settled, []
        if writes:
            await self.store.commit(writes)
        if link:
            link.publish(frames)
            link.acknowledge([token for _, _, token in batch])
            if link.frames:
                self._wake.set()
        for future in settled:
            if not future.done():
                future.set_result(None)
        if patches:
            self.patch(patches)
        for cms in again:
            self.bootstrap(cms)
        if any(name == "outbox" for name, _ in writes):
            for wake in self.woken:
                wake()
