"""Either side dies at any point of the bootstrap, and the other carries on (B1 to B9)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
from cms_rig import CMS_URI, GATEWAY_URI, Cms
from gateway_rig import EVENTS, Rig

from cms import fleet
from cms.store import tables
from controller import announce, translate
from controller.io import talq_client_io
from controller.io.engine_io import Engine
from controller.io.restore_io import restore
from controller.io.store_io import Store
from controller.io.talq_client_io import CmsLink
from controller.library import Library
from controller.run import _look_at_plan as look_at_plan
from protocol import talq, worldclock

STEPS = 10  # Requests of a bootstrap, announcement to devices.
DEVICES = 5
AT_MS = 1_795_248_000_000


class Dead(httpx.ReadError):
    """The other side died."""


class Street:
    """Our controller and our CMS, joined by a road on which either dies at a request."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.dies = ""  # cms, gateway
        self.at = -1  # The number of the request at which that one dies.
        self.before = True  # Before the request came to the CMS, or before the answer came back.
        self.tasks: list[asyncio.Task[None]] = []
        self.died = asyncio.Event()

    async def open(self) -> None:
        self.cms = Cms(self.folder)
        await self.cms.open()
        await self.start_gateway()

    async def start_gateway(self) -> None:
        """Our controller from what its store holds."""
        self.rig = Rig(3, 2)
        self.store = Store(self.folder / "controller.db")
        await self.store.open()
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        self.link = CmsLink(CMS_URI, GATEWAY_URI, self.engine)
        await restore(self.rig.gateway, self.store, [self.link])
        self.engine.woken = [self.link.wake]
        self.link._peer = cast(talq.Peer, self)

    def go(self) -> None:
        """From now on it runs."""
        if not self.tasks:
            self.tasks = [asyncio.create_task(run()) for run in (self.link.run, self.engine.run)]

    async def kill_gateway(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []
        await self.store.close()

    async def restart_cms(self) -> None:
        await self.cms.close()
        self.cms = Cms(self.folder)
        await self.cms.open()

    async def close(self) -> None:
        await self.kill_gateway()
        await self.cms.close()

    async def call(
        self, operation_id: str, *path: str, body: Any = None, sender: str | None = None,
        origin: str | None = None,
    ) -> talq.Reply:  # fmt: skip
        """In the place of a Peer."""
        operation = next(o for o in talq.operations("cms") if o.operation_id == operation_id)
        address = operation.path
        for name, value in zip(operation.parameters, path, strict=True):
            address = address.replace(f"{{{name}}}", value)
        number = len(self.asked)
        self.asked.append(operation_id)
        if number == self.at and self.before:
            await self._die()
        answer = await self.cms.talq(operation.method, address, body, sender=sender or talq.NIL)
        if number == self.at and not self.before:
            await self._die()
        return talq.Reply(operation, answer.status_code, answer.content, answer.headers, "")

    async def _die(self) -> None:
        self.died.set()
        if self.dies == "gateway":
            await asyncio.Event().wait()  # Killed from outside while it waits here.
        await self.restart_cms()
        raise Dead("the CMS was killed")

    async def attached(self) -> None:
        self.go()
        async with asyncio.timeout(20):
            while not self.link.ready:
                await asyncio.sleep(0.005)
            await self.engine.settled()  # Who is killed before that was not attached, on disk.


@pytest.fixture
async def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Street]:
    for name in ("_PAUSE_S_MIN", "_PAUSE_S_MAX", "_GATHER_S", "_REPORTERS_LOOK_S"):
        monkeypatch.setattr(talq_client_io, name, 0.005)
    made = Street(tmp_path)
    await made.open()
    yield made
    await made.close()


async def whole(street: Street) -> None:
    """One gateway, attached, each device once, everything queued for it once."""
    cms = street.cms
    (gateway,) = await cms.rows(tables.gateways)
    assert gateway["stage"] == fleet.ATTACHED
    assert gateway["address"] == street.link.gateway_address
    devices = await cms.rows(tables.devices)
    wanted = {d.address for d in street.rig.gateway.devices.values()}
    assert sorted(row["address"] for row in devices) == sorted(wanted)
    assert all(row["body"] for row in devices)
    assert {row["gateway"] for row in devices} == {gateway["address"]}
    assert len(wanted) == DEVICES
    calls = [operation for operation, _ in await cms.calls()]
    assert calls.count("addLoggerConfig") == 3
    assert calls.count("partialUpdateDevice") == 1
    rows = await street.store.rows("SELECT gateway_address, ready FROM cms")
    assert rows == [(gateway["address"], 1)]


async def test_b3_the_gateways_own_device_is_patched_back(street: Street) -> None:
    await street.attached()
    bodies = [body for name, body in await street.cms.calls() if name == "partialUpdateDevice"]
    (function,) = bodies[0]["functions"]
    assert bodies[0]["address"] == street.link.gateway_address
    assert function["type"] == "GatewayFunction"
    assert function["cmsAddress"]["value"] == street.link.cms_address
    assert function["gatewayRetryPeriod"]["value"] > 0
    assert function["cmsNumberOfRetries"]["value"] > 0
    assert talq.check("Device", bodies[0], partial=True) == []


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", range(STEPS))
async def test_b9_a_cms_that_dies_at_any_step_ends_with_us_attached(
    street: Street, step: int, before: bool
) -> None:
    street.dies, street.at, street.before = "cms", step, before
    await street.attached()
    assert street.died.is_set()
    await whole(street)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", range(STEPS))
async def test_b9_a_gateway_that_dies_at_any_step_goes_on_and_ends_attached(
    street: Street, step: int, before: bool
) -> None:
    street.dies, street.at, street.before = "gateway", step, before
    street.go()
    async with asyncio.timeout(20):
        await street.died.wait()
    told = street.link.gateway_address
    await street.kill_gateway()
    street.at = -1
    await street.start_gateway()
    assert street.link.gateway_address == told
    await street.attached()
    await whole(street)


async def test_b9_without_a_reason_no_restart_bootstraps_again(street: Street) -> None:
    await street.attached()
    first = street.link.gateway_address
    for _ in range(2):
        street.asked.clear()
        await street.kill_gateway()
        await street.start_gateway()
        await street.restart_cms()
        street.go()
        await asyncio.sleep(0.05)
        assert (street.link.ready, street.link.gateway_address) == (True, first)
        assert street.asked == []
    await whole(street)


@pytest.mark.parametrize("step", range(STEPS))
async def test_b7_a_resync_of_the_cms_is_done_though_we_die_at_any_step(
    street: Street, step: int
) -> None:
    await street.attached()
    Library(street.rig.gateway, CMS_URI).put("logger-configs", [EVENTS], True, street.engine.now())
    await street.engine.settled()
    street.engine.bootstrap = lambda cms: street.link.start_over()
    street.asked.clear()
    street.dies, street.at, street.before = "gateway", step, False
    Library(street.rig.gateway, CMS_URI).forget()
    await street.engine.settled()
    async with asyncio.timeout(20):
        await street.died.wait()
    await street.kill_gateway()
    street.at = -1
    await street.start_gateway()
    assert street.rig.gateway.attachment(CMS_URI).loggers == {}
    await street.attached()
    await whole(street)


async def test_d6_b9_what_field_staff_changes_is_told_though_we_die_meanwhile(
    street: Street,
) -> None:
    await plan_is(street, b"before")
    await street.attached()
    for plan_file, dies in ((b"before", -1), (b"after", 0), (b"after", -1), (b"after", -1)):
        await street.kill_gateway()
        await street.start_gateway()
        await plan_is(street, plan_file)
        device = next(iter(street.rig.gateway.devices.values()))
        if plan_file == b"after":
            device.asset = msgspec.structs.replace(device.asset, lat=12.5)
        street.asked.clear()
        street.died.clear()
        street.dies, street.at, street.before = "gateway", dies, True
        was_untold = street.link.tell_devices
        street.go()
        if dies >= 0:
            await asyncio.wait_for(street.died.wait(), 20)
            continue
        async with asyncio.timeout(20):
            while street.link.tell_devices:
                await asyncio.sleep(0.01)
        await street.engine.settled()
        told = street.asked.count("partialUpdateDevices")
        assert told == (DEVICES if was_untold else 0)
        latitudes = await known_latitudes(street, device.address)
        assert (12.5 in latitudes) == (plan_file == b"after")
    assert not was_untold
    await whole(street)


async def plan_is(street: Street, data: bytes) -> None:
    """The plan file holds this, as our controller finds it at a start."""
    await look_at_plan(street.rig.gateway, street.store, [street.link], data, AT_MS / 1000)


async def known_latitudes(street: Street, address: str) -> list[float]:
    """Where our CMS believes a device to be."""
    return [
        function["location"]["value"]["latitude"]
        for row in await street.cms.rows(tables.devices) if row["address"] == address
        for function in row["body"]["functions"] if function["id"] == "basic"
    ]  # fmt: skip


async def test_b7_a_resync_of_the_gateway_forgets_it_and_begins_anew(street: Street) -> None:
    await street.attached()
    first = street.link.gateway_address
    answer = await street.cms.talq("DELETE", f"/devices/{first}", sender=first)
    assert answer.status_code == 200
    Library(street.rig.gateway, CMS_URI).put("logger-configs", [EVENTS], True, street.engine.now())
    address, _ = street.rig.lamp()
    entry = translate.event_entry(address, "lamp_failure", 1, AT_MS, 0)
    street.rig.gateway.records.event(address, entry)
    street.engine.arrived()
    async with asyncio.timeout(20):
        while not await street.cms.rows(tables.events):
            await asyncio.sleep(0.01)
    events = [row["kind"] for row in await street.cms.rows(tables.events)]
    assert events.count("lamp_failure") == 1
    await whole(street)


async def test_b1_a_real_address_in_the_first_announcement_is_refused(street: Street) -> None:
    await street.attached()
    device = (await street.cms.rows(tables.gateways))[0]["device"]
    answer = await street.cms.talq("POST", "/devices", [device], sender=talq.NIL)
    assert answer.status_code == 400
    (function,) = (f for f in device["functions"] if f["type"] == "GatewayFunction")
    bare = {**device, "address": talq.NIL, "functions": [function]}
    answer = await street.cms.talq("POST", "/devices", [bare], sender=talq.NIL)
    assert answer.status_code == 400
    assert len(await street.cms.rows(tables.gateways)) == 1


@pytest.mark.parametrize("at", range(4))
async def test_b5_until_the_end_of_the_bootstrap_nothing_else_is_taken(
    street: Street, at: int
) -> None:
    await street.attached()
    cms = street.cms
    assert (await cms.announced()).status_code == 201
    for method, path, body in cms.steps()[:at]:
        assert (await cms.talq(method, path, body)).status_code < 300
    lamp = cms.devices()[0]["address"]
    for method, path, body in (
        ("GET", "/devices", None), ("GET", f"/devices/{lamp}", None), ("GET", "/groups", None),
        ("POST", "/devices", cms.devices()), ("PATCH", "/devices", cms.devices()),
        ("DELETE", f"/devices/{lamp}", None),
        ("POST", "/log-reports", {"address": "lamplighter-live", "entries": []}),
    ):  # fmt: skip
        refused = await cms.talq(method, path, body)
        assert refused.status_code == 403, (path, refused.text)


async def test_b6_classes_may_grow_and_never_shrink(street: Street) -> None:
    await street.attached()
    cms = street.cms
    cms.gateway = street.link.gateway_address
    known = announce.device_class(announce.BAY_CLASS)
    grown = {**known, "functions": [
        *known["functions"], {"functionId": "acme", "type": "AcmeFunction"},
    ]}  # fmt: skip
    for body, status in ((grown, 200), (known, 422)):
        answer = await cms.talq("PUT", "/device-classes", [body])
        assert answer.status_code == status, answer.text
    classes = {row["name"]: row["body"] for row in await cms.rows(tables.device_classes)}
    assert classes[announce.BAY_CLASS] == grown
    name = str(uuid.uuid4())
    answer = await cms.talq("POST", "/device-classes", [{**known, "name": name}])
    assert answer.status_code == 201
