"""One CMS as the gateway's client sees it: bootstrap, log reports in order, patches after a 202.

States, kept in the store: unknown -> (B1) addressed -> (B2-B4, devices) ready. A restart goes on
from there (B9). When the CMS says that it does not know us, we start from the beginning (B7).
"""

from __future__ import annotations

import asyncio
import random
import ssl
import zoneinfo
from datetime import datetime
from typing import Any

import httpx
import structlog

from protocol import talq

from .. import announce, assets
from ..attachment import LIMITS
from ..gateway import Gateway
from ..loggers import EVENT
from ..station_words import OUTPUTS
from .engine_io import Engine

_ENTRIES_MAX = 200
_DEVICES_MAX = 100
_PAUSE_S_MIN, _PAUSE_S_MAX = 0.2, 10.0
# A report is refused for good when it is not understood (400) or impossible (422).
_FOR_GOOD = (400, 422)
_REFUSALS_MAX = 3
_THERE = 409  # The other side has it already.
# Acknowledgements of a wide command come one by one; so long they are gathered into one PATCH.
_GATHER_S = 0.05
_REPORTERS_LOOK_S = 0.5
_DUE_LOOK_S = 0.1

_log = structlog.get_logger("cms")


class Unknown(Exception):
    """The CMS does not know us (any more)."""


class Refused(talq.TalqError):
    """The CMS refused a request of ours; `answered` is its status."""

    def __init__(self, answered: int, said: str) -> None:
        super().__init__(500, "genericError", said)
        self.answered = answered


class CmsLink:
    """One CMS by its base URI."""

    def __init__(
        self,
        uri: str,
        gateway_uri: str,
        engine: Engine,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self.uri = uri
        # Of the certificate that it commands us with, once it has.
        self.identity: str | None = None
        self.gateway_address = ""
        self.cms_address = ""
        self.ready = False
        self.tell_devices = False  # The plan was changed by field staff: tell it (D6).
        self.gateway_uri = gateway_uri
        self._engine = engine
        self._peer = talq.Peer("cms", uri, verify=verify)
        self._wakes: dict[str, asyncio.Event] = {}
        self._patches: dict[tuple[str, str], None] = {}
        self._patch_wake = asyncio.Event()
        self._again = asyncio.Event()
        self._chance = random.Random().random  # spreads reports, guards nothing

    @property
    def _gateway(self) -> Gateway:
        return self._engine.gateway

    def restore(self, gateway_address: str, cms_address: str, ready: bool) -> None:
        """From the store."""
        self.gateway_address, self.cms_address, self.ready = gateway_address, cms_address, ready
        self._gateway.attachment(self.uri).gateway_address = gateway_address

    def wake(self) -> None:
        """There may be something in the outbox."""
        for event in self._wakes.values():
            event.set()

    def patch(self, origin: str, address: str) -> None:
        """The state of this lamp is to be told, as the outcome of that request."""
        self._patches[origin, address] = None
        self._patch_wake.set()

    def start_over(self) -> None:
        """Resync: forget our address and announce ourselves anew."""
        self.gateway_address = self.cms_address = ""
        self.ready = False
        self._again.set()

    async def run(self) -> None:
        """For ever: attach, then report; and from the beginning when the CMS forgot us."""
        while True:
            self._again.clear()
            if not self.ready:
                await self._attach()
            elif self.tell_devices:
                await self._attach(again=True)
            if self.tell_devices:
                self.tell_devices = False
                self._gateway.effects.store("resource_gone", self.uri, "untold", "plan")
                self._engine.arrived()
            tasks = [
                asyncio.create_task(self._report_all()),
                asyncio.create_task(self._patch_all()),
                asyncio.create_task(self._again.wait()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Unknown):
                    _log.warning("the CMS does not know us; attaching again", cms=self.uri)
                    self.start_over()
                elif isinstance(result, Exception):
                    raise result

    async def _attach(self, *, again: bool = False) -> None:
        """Bootstrap, or (again) only tell what the plan says now."""
        pause_s = _PAUSE_S_MIN
        while again or not self.ready:
            try:
                if again:
                    await self._say_types()
                    await self._say_devices()
                    return
                await self._bootstrap()
            except (httpx.HTTPError, Unknown, talq.TalqError) as error:
                _log.info("not attached yet", cms=self.uri, why=str(error) or repr(error))
                if isinstance(error, Unknown):
                    self.gateway_address, self.ready, again = "", False, False
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
        _log.info("attached", cms=self.uri, gateway=self.gateway_address)

    async def _keep(self) -> None:
        self._gateway.effects.store(
            "cms", self.uri, self.gateway_address, self.cms_address, int(self.ready)
        )
        await self._engine.settled()

    async def _bootstrap(self) -> None:
        """B1 to B4, then the devices (D1)."""
        site, now_s = self._gateway.site, self._engine.now().domain_s
        uris = {"cms": self.uri, "gateway": self.gateway_uri}
        if not self.gateway_address:
            first = announce.gateway_device(site, uris, ("", ""), now_s)
            reply = await self._peer.call("addDevices", body=[first])
            if reply.status != 201:
                raise Unknown(f"the announcement was answered {reply.status}: {_why(reply)}")
            self._take_addresses(reply.read())
            await self._keep()
        addresses = (self.gateway_address, self.cms_address)
        await self._say("addDeviceClasses", [announce.device_class(announce.GATEWAY_CLASS)])
        since_s = self._gateway.since_s
        device = announce.gateway_device(site, uris, addresses, now_s, since_s)
        await self._say("partialUpdateDevice", device, self.gateway_address)
        await self._say("announceServices", announce.services(LIMITS))
        names = [name for name in announce.CLASSES if name != announce.GATEWAY_CLASS]
        await self._say("addDeviceClasses", [announce.device_class(name) for name in names])
        await self._say_types()
        await self._say_devices()
        self.ready = True
        self._gateway.attached(self.uri, self._engine.now())
        await self._keep()

    async def _say_types(self) -> None:
        """What the devices name goes first (D9)."""
        for path, bodies in assets.types(self._gateway.site):
            schema = talq.COLLECTIONS[path].schema
            if bodies and await self._say(f"add{schema}s", bodies) == 409:
                await self._say(f"update{schema}s", bodies)

    async def _say_devices(self) -> None:
        own = self._gateway.attachment(self.uri)
        devices = [own.body(device) for device in own.devices()]
        for at in range(0, len(devices), _DEVICES_MAX):
            part = devices[at : at + _DEVICES_MAX]
            if await self._say("addDevices", part) != 409:
                continue
            for device in part:  # Some are there, some may be new.
                if await self._say("addDevices", [device]) == 409:
                    await self._say("partialUpdateDevices", [device])

    def _take_addresses(self, devices: list[dict[str, Any]]) -> None:
        for function in devices[0]["functions"]:
            if function.get("type") == "GatewayFunction":
                self.gateway_address = str(function["gatewayAddress"]["value"])
                self.cms_address = str(function["cmsAddress"]["value"])
        if not self.gateway_address or not self.cms_address:
            raise Unknown("the answer to the announcement holds no addresses")
        self._gateway.attachment(self.uri).gateway_address = self.gateway_address

    async def _say(self, operation: str, body: Any, *path: str) -> int:
        """One request of ours; 409 (it has that) is no fault. Unknown when we are refused."""
        reply = await self._peer.call(operation, *path, body=body, sender=self.gateway_address)
        if reply.status in (401, 403, 404):
            raise Unknown(f"{operation} was answered {reply.status}: {_why(reply)}")
        if reply.status >= 400 and reply.status != 409:
            text = f"{operation} was answered {reply.status}: {_why(reply)}"
            raise Refused(reply.status, text)
        return reply.status

    async def _report_all(self) -> None:
        """A task for each logger, so that a long live log never holds an event back."""
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                attachment = self._gateway.attachments.get(self.uri)
                for name in list(attachment.loggers) if attachment else ():
                    if name not in tasks:
                        self._wakes[name] = asyncio.Event()
                        tasks[name] = asyncio.create_task(self._report(name))
                for task in tasks.values():
                    if task.done():
                        task.result()
                await asyncio.sleep(_REPORTERS_LOOK_S)
        finally:
            for task in tasks.values():
                task.cancel()

    async def _report(self, logger: str) -> None:
        """Tell the entries of one logger in order, each once, for ever (L2)."""
        pause_s = _PAUSE_S_MIN
        wake = self._wakes[logger]
        is_due = False  # Once a report is due, all that waits is told, in parts (L3).
        most, refusals = _ENTRIES_MAX, 0
        while True:
            wake.clear()
            rows = await self._engine.store.outbox(self.uri, logger, most)
            if not rows:
                is_due = False
                await wake.wait()
                continue
            if not is_due:
                await self._until_due(logger)
                is_due = True
                continue
            report = {"address": logger, "entries": [talq.read_json(body) for _, body in rows]}
            try:
                status = await self._say("sendLogReport", report)
            except (httpx.HTTPError, talq.TalqError) as error:
                _log.info("report not taken", logger=logger, why=str(error) or repr(error))
                if isinstance(error, Refused) and error.answered in _FOR_GOOD:
                    most = await self._narrow(logger, rows, refusals, str(error))
                    refusals = refusals + 1 if len(rows) == 1 and most == 1 else 0
                    if len(rows) > 1 or not refusals:
                        continue
                await self._give_way(logger)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                continue
            pause_s = _PAUSE_S_MIN
            most, refusals = min(_ENTRIES_MAX, most * 2), 0
            if status < 300 or status == _THERE:
                await self._engine.store.sent(self.uri, logger, rows[-1][0])

    async def _narrow(
        self, logger: str, rows: list[tuple[int, bytes]], refusals: int, said: str
    ) -> int:
        """How many entries to try next, after these were refused for good.

        One entry would hold up all others for ever: it is looked for by halves, and left out when
        the CMS has refused it alone several times.
        """
        if len(rows) > 1:
            return len(rows) // 2
        if refusals < _REFUSALS_MAX:
            return 1
        _log.error("an entry is left out, refused for good", logger=logger, why=said)
        await self._engine.store.sent(self.uri, logger, rows[0][0])
        return _ENTRIES_MAX

    async def _until_due(self, logger: str) -> None:
        """Wait as the logger's reporting mode says, in the world's time (L1)."""
        attachment = self._gateway.attachments.get(self.uri)
        known = attachment.loggers.get(logger) if attachment else None
        if known is None:
            return
        begin_s = self._engine.now().domain_s
        zone = zoneinfo.ZoneInfo(self._gateway.site.site.zone)
        local = datetime.fromtimestamp(begin_s, zone)
        second = local.hour * 3600 + local.minute * 60 + local.second
        wait_s = known.wait_s(second, self._chance())
        while self._engine.now().domain_s - begin_s < wait_s:
            await asyncio.sleep(_DUE_LOOK_S)

    async def _give_way(self, logger: str) -> None:
        """While the CMS is away a log of measurements is bounded; events never are."""
        attachment = self._gateway.attachments.get(self.uri)
        known = attachment.loggers.get(logger) if attachment else None
        if known is not None and known.mode != EVENT:
            dropped = await self._engine.store.trim(self.uri, logger)
            if dropped:
                _log.warning("old measurements dropped", logger=logger, entries=dropped)

    async def _patch_all(self) -> None:
        """Tell outcomes of accepted commands (C11); the store keeps the commands themselves."""
        pause_s = _PAUSE_S_MIN
        while True:
            await self._patch_wake.wait()
            await asyncio.sleep(_GATHER_S)
            self._patch_wake.clear()
            waiting, self._patches = self._patches, {}
            by_origin: dict[str, list[str]] = {}
            for origin, address in waiting:
                by_origin.setdefault(origin, []).append(address)
            for origin, addresses in by_origin.items():
                devices = [outcome(self._gateway, address, self.uri) for address in addresses]
                try:
                    reply = await self._peer.call(
                        "partialUpdateDevices", body=devices, sender=self.gateway_address,
                        origin=origin,
                    )  # fmt: skip
                except httpx.HTTPError:
                    for address in addresses:
                        self.patch(origin, address)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _PAUSE_S_MAX)
                    continue
                pause_s = _PAUSE_S_MIN
                if reply.status in (401, 403):
                    raise Unknown(f"a patch was answered {reply.status}")
                if reply.status >= 400:
                    _log.warning("patch refused", status=reply.status, why=_why(reply))


def outcome(gateway: Gateway, address: str, cms: str) -> dict[str, Any]:
    """What became of a command on a lamp: asked, in effect, calendar, contact, digests."""
    whole = gateway.attachment(cms).body(gateway.devices[address])
    wanted = {
        "lamp": ("targetLightCommand", "feedbackLightCommand", "calendarID"),
        **dict.fromkeys(OUTPUTS.values(), ("targetCommand", "feedbackCommand", "calendarID")),
        "node": ("contact", "scheduleDigest", "scheduleDigestWanted", "overrideRank"),
    }
    functions = []
    for function in whole["functions"]:
        names = wanted.get(function["id"])
        if names:
            kept = {name: function[name] for name in names if name in function}
            functions.append({"id": function["id"], "type": function["type"], **kept})
    return {**whole, "functions": functions}


def _why(reply: talq.Reply) -> str:
    try:
        return "; ".join(f"{f.field} {f.description}".strip() for f in reply.faults())
    except talq.TalqError:
        return reply.body[:200].decode(errors="replace")
