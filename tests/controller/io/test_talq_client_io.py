"""Our gateway's client against our CMS, in one process, over a road that loses answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cms_rig import CMS_URI, GATEWAY_URI, Cms
from gateway_rig import EVENTS

from cms.store import tables
from controller import translate
from controller.io import talq_client_io
from controller.io.engine_io import Engine
from controller.io.store_io import Store
from controller.io.talq_client_io import CmsLink, Unknown
from controller.library import Library
from protocol import talq, worldclock

AT_MS = 1_795_248_000_000


class Road:
    """In the place of a Peer: brings requests to the CMS; `loses` says which answers are lost."""

    def __init__(self, cms: Cms) -> None:
        self.cms = cms
        self.asked: list[str] = []
        self.loses: Callable[[str], bool] = lambda operation: False

    async def call(
        self, operation_id: str, *path: str, body: Any = None, sender: str | None = None,
        origin: str | None = None,
    ) -> talq.Reply:  # fmt: skip
        operation = next(o for o in talq.operations("cms") if o.operation_id == operation_id)
        address = operation.path
        for name, value in zip(operation.parameters, path, strict=True):
            address = address.replace(f"{{{name}}}", value)
        self.asked.append(operation_id)
        answer = await self.cms.talq(operation.method, address, body, sender=sender or talq.NIL)
        if self.loses(operation_id):
            raise httpx.ReadError("the answer is lost")
        return talq.Reply(operation, answer.status_code, answer.content, answer.headers, "")


class Linked:
    """A gateway's link to a CMS."""

    def __init__(self, folder: Path, cms: Cms) -> None:
        self.cms, self.rig = cms, cms.rig
        self.rig.run(6)
        self.store = Store(folder / "controller.db")
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        self.link = CmsLink(CMS_URI, GATEWAY_URI, self.engine)
        self.engine.woken = [self.link.wake]
        self.road = Road(cms)
        self.link._peer = cast(talq.Peer, self.road)

    def events(self, count: int) -> None:
        """So many events are recorded."""
        address, _ = self.rig.lamp()
        for number in range(count):
            at_ms = AT_MS + number * 1000
            entry = translate.event_entry(address, "lamp_failure", 1 - number % 2, at_ms, 0)
            self.rig.gateway.records.event(entry["data"]["srcAddress"].split("/")[0], entry)
        self.engine.arrived()


@pytest.fixture
async def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Linked]:
    for name in ("_PAUSE_S_MIN", "_PAUSE_S_MAX", "_GATHER_S", "_REPORTERS_LOOK_S"):
        monkeypatch.setattr(talq_client_io, name, 0.01)
    cms = Cms(tmp_path)
    await cms.open()
    made = Linked(tmp_path, cms)
    await made.store.open()
    turns = asyncio.create_task(made.engine.run())
    running = asyncio.create_task(made.link.run())
    yield made
    for task in (running, turns):
        task.cancel()
    await asyncio.gather(running, turns, return_exceptions=True)
    await made.store.close()
    await cms.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


async def stored(linked: Linked, count: int) -> list[Any]:
    """The lamp's failures that the CMS has, once there are so many and the outbox is empty."""
    async with asyncio.timeout(20):
        while True:
            rows = await linked.cms.rows(tables.events)
            failures = [row for row in rows if row["kind"] == "lamp_failure"]
            left = await linked.store.rows("SELECT count(*) FROM outbox WHERE logger='events'")
            if len(failures) >= count and left == [(0,)]:
                return failures
            await asyncio.sleep(0.01)


async def test_b1_b2_the_bootstrap_ends_with_every_device_at_the_cms(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    assert linked.road.asked == [
        "addDevices", "addDeviceClasses", "partialUpdateDevice", "announceServices",
        "addDeviceClasses", "addLampTypes", "addLuminaireTypes", "addBracketTypes",
        "addControllerTypes", "addDevices",
    ]  # fmt: skip
    assert (await linked.cms.get("/lamps"))["items"][0]["gateway_id"]
    rows = await linked.store.rows("SELECT gateway_address, ready FROM cms")
    assert rows == [(linked.link.gateway_address, 1)]


async def test_a_bootstrap_whose_answers_are_lost_ends_all_the_same(linked: Linked) -> None:
    lost: set[int] = set()

    def loses(operation: str) -> bool:
        number = len(linked.road.asked)
        if number > 12 or number % 2:
            return False
        lost.add(number)
        return True

    linked.road.loses = loses
    await until(lambda: linked.link.ready)
    assert lost
    assert len(await linked.cms.rows(tables.devices)) == 5


async def test_l2_events_come_once_and_in_order_though_answers_are_lost(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    Library(linked.rig.gateway, CMS_URI).put("logger-configs", [EVENTS], True, linked.rig.now)
    linked.road.loses = lambda operation: len(linked.road.asked) % 3 != 0
    for _ in range(5):
        linked.events(3)
        await asyncio.sleep(0.02)
    rows = await stored(linked, 15)
    assert len(rows) == 15
    assert len({row["at_ms"] for row in rows}) == 15
    times = [row["at_ms"] for row in rows if row["at_ms"] % 1000 == 0]
    assert times == sorted(times)


async def test_l2_an_entry_refused_for_good_holds_up_no_other(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    Library(linked.rig.gateway, CMS_URI).put("logger-configs", [EVENTS], True, linked.rig.now)
    linked.events(3)
    stranger = translate.event_entry(str(uuid.uuid4()), "lamp_failure", 1, AT_MS, 0)
    linked.rig.gateway.effects.store("outbox", CMS_URI, "events", talq.encode(stranger))
    linked.events(6)
    rows = await stored(linked, 6)
    assert len({row["at_ms"] for row in rows}) == len(rows) >= 6
    left = await linked.store.rows("SELECT count(*) FROM outbox WHERE logger='events'")
    assert left == [(0,)]


async def test_b7_a_cms_that_forgot_us_is_attached_anew(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    first = linked.link.gateway_address
    Library(linked.rig.gateway, CMS_URI).put("logger-configs", [EVENTS], True, linked.rig.now)
    async with linked.cms.store.write() as unit:
        for table in (tables.gateways, tables.devices, tables.device_classes):
            await unit.run(table.delete())
    linked.events(2)
    rows = await stored(linked, 2)
    assert linked.link.ready
    assert linked.link.gateway_address != first
    assert len(rows) == 2


async def test_c11_the_outcome_of_a_command_is_patched_with_its_lamp(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    address, _ = linked.rig.lamp()
    linked.road.asked.clear()
    for _ in range(3):
        linked.link.patch("0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01", address)
    await until(lambda: "partialUpdateDevices" in linked.road.asked)
    await asyncio.sleep(0.05)
    assert linked.road.asked.count("partialUpdateDevices") == 1
    said = talq_client_io.outcome(linked.rig.gateway, address, CMS_URI)
    assert talq.check("[Device]", [said], partial=True) == []
    assert {f["id"] for f in said["functions"]} == {"lamp", "node"}


async def test_an_answer_without_addresses_is_no_attachment(linked: Linked) -> None:
    await until(lambda: linked.link.ready)
    function = {"type": "GatewayFunction", "gatewayAddress": {"value": ""},
                "cmsAddress": {"value": ""}}  # fmt: skip
    with pytest.raises(Unknown):
        linked.link._take_addresses([{"functions": [function]}])
