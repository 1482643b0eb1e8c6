from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from gateway_rig import CMS, EVENTS, Rig, RigNode

from controller.errors import StoreError
from controller.io.engine_io import Engine
from controller.io.mqtt_io import MqttLink
from controller.io.restore_io import restore
from controller.io.store_io import Store
from controller.io.talq_client_io import CmsLink
from protocol import wire, worldclock


class Journal:
    """What happened, in order; the disk may break."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.broken = False


class WatchedStore(Store):
    """A real store that notes when a batch is on disk."""

    def __init__(self, path: Path, journal: Journal) -> None:
        super().__init__(path)
        self.journal = journal

    async def commit(self, writes: Sequence[tuple[str, tuple[object, ...]]]) -> None:
        if self.journal.broken:
            raise StoreError("the disk is full")
        await super().commit(writes)
        self.journal.steps.append("stored")


class FakeLink:
    """Frames from nodes that wait, and what is done with the answers."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.frames: list[tuple[str, bytes, tuple[int, int]]] = []
        self.sent: list[tuple[str, bytes]] = []

    def take(self) -> list[tuple[str, bytes, tuple[int, int]]]:
        batch, self.frames = self.frames, []
        return batch

    def publish(self, frames: list[tuple[str, bytes]]) -> None:
        if frames:
            self.sent += frames
            self.journal.steps.append("sent")

    def acknowledge(self, tokens: list[tuple[int, int]]) -> None:
        if tokens:
            self.journal.steps.append("acknowledged")


class Running:
    """An engine over a joined rig, with a real store and a link that is watched."""

    def __init__(self, folder: Path, *, wakes: bool = True) -> None:
        self.rig = Rig(1, 0)
        if wakes:
            self.rig.run(6)
        self.journal = Journal()
        self.store = WatchedStore(folder / "controller.db", self.journal)
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        self.link = FakeLink(self.journal)
        self.engine.link = cast(MqttLink, self.link)

    async def events_wanted(self) -> None:
        self.rig.log(EVENTS)
        await self.engine.turn()
        self.journal.steps.clear()

    @property
    def node(self) -> RigNode:
        return self.rig.lamp()[1]

    def comes(self, number: int) -> None:
        """An event of the node waits at the broker."""
        event = wire.Event(boot_count=1, number=number, kind=2, started=1, quality=2, day=9000)
        frame = self.node.session.seal(event)
        self.link.frames.append((self.node.node_id, frame, (1, number)))

    def answers(self) -> list[wire.Message]:
        """What the node was sent."""
        for _, frame in self.link.sent:
            self.node.take(frame, self.rig.tick_ms)
        self.link.sent.clear()
        return self.node.got


async def test_first_the_disk_then_the_node_then_the_broker(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.store.open()
    await running.events_wanted()
    running.comes(1)
    await running.engine.turn()
    assert running.journal.steps == ["stored", "sent", "acknowledged"]
    assert isinstance(running.answers()[-1], wire.EventAck)
    await running.store.close()


async def test_nothing_is_acknowledged_that_is_not_on_disk(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.store.open()
    await running.events_wanted()
    running.comes(1)
    running.journal.broken = True
    with pytest.raises(StoreError):
        await running.engine.turn()
    assert running.journal.steps == []
    assert running.link.sent == []
    await running.store.close()


async def test_killed_after_the_disk_an_event_is_acknowledged_and_not_told_again(
    tmp_path: Path,
) -> None:
    first = Running(tmp_path)
    await first.store.open()
    await first.events_wanted()
    first.comes(1)
    await first.engine.turn()
    first.link.sent.clear()  # Killed before anything left; the broker tells it again.
    await first.store.close()
    second = Running(tmp_path)
    await second.store.open()
    await restore(second.rig.gateway, second.store, [])
    second.comes(1)
    await second.engine.turn()
    assert isinstance(second.answers()[-1], wire.EventAck)
    assert await second.store.rows("SELECT count(*) FROM outbox") == [(1,)]
    await second.store.close()


async def test_b9_a_restart_takes_up_everything_that_was_asked(tmp_path: Path) -> None:
    first = Running(tmp_path)
    await first.store.open()
    await first.events_wanted()
    address, _ = first.rig.lamp()
    target = [{"resource": "devices", "address": address}]
    command = {"state": {"name": "LevelState", "value": 40}, "cmsRefId": "event:1"}
    calendar: dict[str, Any] = {"id": "year", "rules": []}
    library, control, now = first.rig.library, first.rig.control, first.rig.now
    control.override({"addresses": target, "targetCommand": command}, "request", now)
    library.put("calendars", [calendar], True, now)
    control.assign({"addresses": target, "entity": {"resource": "calendars", "address": "year"}},
                   "request", now)  # fmt: skip
    first.rig.gateway.effects.store("cms", CMS, "gateway-address", "cms-address", 1)
    await first.engine.turn()
    await first.store.close()
    second = Running(tmp_path, wakes=False)
    await second.store.open()
    link = CmsLink(CMS, "http://gateway.test", second.engine)
    await restore(second.rig.gateway, second.store, [link])
    assert (link.gateway_address, link.cms_address, link.ready) == (
        "gateway-address", "cms-address", True,
    )  # fmt: skip
    own = second.rig.gateway.attachment(CMS)
    assert own.calendars == {"year": calendar}
    assert list(own.loggers) == ["events"]
    device = second.rig.gateway.devices[address]
    assert device.calendar_id == "year"
    assert wire.UPLOAD_SCHEDULE in device.node.uploads
    second.rig.run(2)
    assert second.node.levels == {1: 40}
    assert not device.overrides["event"].said_silent
    await second.store.close()


async def test_after_a_restart_no_lamp_is_called_silent_before_its_time(tmp_path: Path) -> None:
    running = Running(tmp_path, wakes=False)
    running.rig.tick_ms = 10_000_000  # The machine has been up for hours.
    await running.store.open()
    address, node = running.rig.lamp()
    node.up = False
    row = (address, "event", 1, 40, 0.0, 0.0, 0, "event:1", "request", CMS, 0)
    await running.store.commit([("override", row)])
    await restore(running.rig.gateway, running.store, [])
    running.rig.run(20)
    assert running.rig.patches == []
    running.rig.run(20)
    assert len(running.rig.patches) == 1
    await running.store.close()


async def test_whoever_waits_hears_when_it_is_on_disk_and_sent(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.store.open()
    turns = asyncio.create_task(running.engine.run())
    running.rig.gateway.effects.store("event", "node", 1, 1)
    await asyncio.wait_for(running.engine.settled(), 5)
    assert running.journal.steps == ["stored"]
    turns.cancel()
    await asyncio.gather(turns, return_exceptions=True)
    await running.store.close()


async def test_a_fault_in_the_ticks_ends_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(tmp_path)
    await running.store.open()

    def broken(_: object) -> None:
        raise ArithmeticError("a fault of ours")

    monkeypatch.setattr(running.rig.gateway, "tick", broken)
    with pytest.raises(ArithmeticError):
        await asyncio.wait_for(running.engine.run(), 5)
    await running.store.close()


async def test_links_are_told_of_outcomes_reports_and_resyncs(tmp_path: Path) -> None:
    running = Running(tmp_path)
    await running.store.open()
    heard: list[object] = []
    engine = running.engine
    engine.woken = [lambda: heard.append("report")]
    engine.patch = heard.extend
    engine.bootstrap = heard.append
    effects = running.rig.gateway.effects
    effects.store("outbox", CMS, "events", b"x")
    effects.patches.append((CMS, "request", "lamp"))
    effects.bootstrap.append(CMS)
    await engine.turn()
    assert heard == [(CMS, "request", "lamp"), CMS, "report"]
    await running.store.close()
