"""A whole CMS and a whole gateway, played from memory: bootstrap, and who may ask what.

Both are single-minded: the CMS takes every gateway that announces itself, the gateway obeys the
one CMS it was attached to. What they were sent they give back; they decide nothing about light.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx

from protocol import talq

from . import content, strict
from .memory import Body, Memory
from .session_io import Played
from .street import Street
from .wire_io import Caller, Journal, Reply

# Until its bootstrap ends, a gateway sends these alone (B5).
FIRST = (
    "addDeviceClasses", "updateDeviceClasses", "partialUpdateDevice", "partialUpdateDevices",
    "updateDevice", "announceServices",
)  # fmt: skip
_RETRY_S, _RETRIES = 5.0, 3
_PERIODS = ("retryPeriod", "gatewayRetryPeriod", "cmsRetryPeriod")
_NUMBERS = ("gatewayNumberOfRetries", "cmsNumberOfRetries")
# Whatever period a logger asks for: a checker need not wait, and a city is not written full.
REPORT_S = 2.0
_STRANGER = "is not known here"


def text(value: str) -> Body:
    """An AttributeString."""
    return {"type": "AttributeString", "value": value}


def gateway_function(device: Body) -> Body:
    """The function that makes a device a gateway; empty for any other."""
    for function in device.get("functions") or ():
        if function.get("type") == "GatewayFunction":
            return dict(function)
    return {}


def name_asset(device: Body, asset_id: str) -> None:
    """Make a device the city's asset of that name."""
    for function in device["functions"]:
        if function["type"] == "BasicFunction":
            function["assetId"] = {**function["assetId"], "value": asset_id}


@dataclass
class Attached:
    """A gateway at a played CMS; stage counts what of its bootstrap is over (B1 to B4)."""

    address: str
    uri: str
    function_id: str
    caller: Caller
    stage: int = 1
    memory: Memory = field(default_factory=Memory)

    @property
    def ready(self) -> bool:
        """Whether its bootstrap has ended."""
        return self.stage >= 5


class PlayedCms:
    """Answers gateways, and tells each its cmsAddress (B3)."""

    def __init__(self, played: Played) -> None:
        # The same in every run, so that a gateway which we attached before still obeys us.
        self.address = str(uuid5(NAMESPACE_URL, f"{played.url}#cms"))
        self.played = played
        self.gateways: dict[str, Attached] = {}
        # Rules of strict.py that are not held, and "B5": a test wants a CMS that breaks them.
        self.lenient: frozenset[str] = frozenset()

    async def carry_out(self, call: talq.Call) -> talq.Answer:
        """One request of a gateway."""
        if call.sender is None:
            return self._announce(call.body)
        gateway = self.gateways.get(call.sender)
        if gateway is None:
            raise talq.TalqError(403, "parameterValueNotValid", _STRANGER, "clientAddress")
        operation = call.operation.operation_id
        if not gateway.ready and operation not in FIRST and "B5" not in self.lenient:
            raise talq.TalqError(403, "genericError", f"{operation} before the bootstrap ended")
        if operation == "deleteDevice" and gateway.address in call.path.values():
            del self.gateways[gateway.address]
            return talq.Answer(200, gateway.memory.table("devices").get(gateway.address))
        if operation == "addDeviceClasses" and not gateway.ready:
            # Sent again after an answer that was lost, they are no conflict.
            for body in call.body:
                gateway.memory.table("device-classes").pop(body["name"], None)
        strict.judge(gateway.memory, call, self.lenient)
        answer = gateway.memory.answer(call)
        self._advance(gateway, operation)
        return answer

    def _announce(self, bodies: list[Body]) -> talq.Answer:
        function = gateway_function(bodies[0]) if len(bodies) == 1 else {}
        uri = str((function.get("gatewayUri") or {}).get("value") or "")
        if not uri or bodies[0].get("address") not in (None, "", talq.NIL):
            said = "one device with a GatewayFunction, its gatewayUri, and no address comes first"
            raise talq.TalqError(400, "payloadError", said)
        known = [one for one in self.gateways.values() if one.uri == uri]
        address = known[0].address if known else str(uuid4())
        gateway = Attached(address, uri, str(function["id"]), self.played.caller(uri))
        gateway.caller.sender = self.address
        self.gateways[address] = gateway
        told = {"gatewayAddress": text(address), "cmsAddress": text(self.address)}
        functions = [
            {**one, **told} if one["id"] == gateway.function_id else one
            for one in bodies[0]["functions"]
        ]
        device = {**bodies[0], "address": address, "functions": functions}
        gateway.memory.table("devices")[address] = device
        return talq.Answer(201, [device])

    def _advance(self, gateway: Attached, operation: str) -> None:
        steps = {
            (1, "addDeviceClasses"): 2, (2, "partialUpdateDevice"): 3, (2, "updateDevice"): 3,
            (2, "partialUpdateDevices"): 3, (3, "announceServices"): 4,
            (4, "addDeviceClasses"): 5,
        }  # fmt: skip
        before = gateway.stage
        gateway.stage = steps.get((before, operation), before)
        if gateway.stage == 3 and before == 2:
            self.played.beside_it(self.tell(gateway))

    async def tell(self, gateway: Attached) -> Reply:
        """B3: our address, and how often to try again."""
        period = {"type": "AttributeFloat", "value": _RETRY_S}
        number = {"type": "AttributeInteger", "value": _RETRIES}
        function = {
            "id": gateway.function_id, "type": "GatewayFunction",
            "cmsAddress": text(self.address), "gatewayRetryPeriod": period,
            "gatewayNumberOfRetries": number, "cmsRetryPeriod": period,
            "cmsNumberOfRetries": number,
        }  # fmt: skip
        body = {"address": gateway.address, "functions": [function]}
        return await gateway.caller.call("partialUpdateDevice", gateway.address, body=body)

    async def recall(self, base_uri: str) -> bool:
        """Make a gateway that an earlier run attached begin anew (B7); False for any other."""
        caller = self.played.caller(base_uri, Journal())
        caller.sender = self.address
        reply = await caller.call("getDevices")
        if self.gateways or reply.status != 200 or not isinstance(reply.body, list):
            return False  # It has come by itself, or answers no stranger, as it should.
        for device in reply.body:
            if gateway_function(device):
                return (await caller.call("deleteDevice", device["address"])).status < 300
        return False


class PlayedGateway:
    """A gateway with what it was made with: classes, services, devices."""

    def __init__(self, played: Played, uri: str, cms_uri: str) -> None:
        self.played = played
        self.uri = uri
        self.cms_uri = cms_uri
        self.cms = played.caller(cms_uri)
        self.address = self.cms_address = ""
        self.memory: Memory = Memory()
        self.services: list[Body] = []
        self.classes: list[Body] = []
        self.devices: list[Body] = []
        # Told when the CMS wants a resync (B7).
        self.on_resync: Callable[[], Awaitable[None]] | None = None
        self.resyncs = 0

    async def carry_out(self, call: talq.Call) -> talq.Answer:
        """One request of the CMS."""
        if not self.cms_address or call.sender != self.cms_address:
            raise talq.TalqError(403, "parameterValueNotValid", _STRANGER, "clientAddress")
        if call.operation.operation_id == "deleteDevice" and self.address in call.path.values():
            gone = self.memory.table("devices").get(self.address)
            self.resyncs += 1
            self.fill()
            if self.on_resync is not None:
                self.played.beside_it(self.on_resync())
            return talq.Answer(200, gone)
        return self.memory.answer(call)

    def fill(self) -> None:
        """Know what we were made with, and nothing that a CMS gave us."""
        tables = {
            "device-classes": {body["name"]: body for body in [self.own_class(), *self.classes]},
            "services": {body["name"]: body for body in self.services},
            "devices": {body["address"]: body for body in [self.own(), *self.devices]},
        }
        self.memory = Street(copy.deepcopy(tables))

    async def report(self) -> None:
        """For ever: a sample to each periodic logger, the same again until it is taken (L2)."""
        waiting: dict[str, list[Body]] = {}
        while True:
            await asyncio.sleep(REPORT_S)
            loggers = self.memory.table("logger-configs")
            waiting = {name: entries for name, entries in waiting.items() if name in loggers}
            for name, config in list(loggers.items()):
                if config["recordingMode"]["type"] != "PeriodicRecordingMode":
                    continue
                if isinstance(self.memory, Street) and name not in waiting:
                    waiting[name] = self.memory.sample()
                body = {"address": name, "entries": waiting.get(name, [])}
                try:
                    reply = await self.cms.call("sendLogReport", body=body)
                except httpx.HTTPError:
                    continue
                if reply.status == 201:
                    waiting.pop(name, None)

    def own(self) -> Body:
        """Our own device, as it is before and after B1."""
        function: Body = {
            "id": "gateway", "type": "GatewayFunction",
            "cmsUri": {"type": "AttributeUri", "value": self.cms_uri},
            "gatewayUri": {"type": "AttributeUri", "value": self.uri},
            "cmsAddress": {"type": "AttributeString"},
            "gatewayAddress": {"type": "AttributeString"},
        }  # fmt: skip
        if self.address:
            function |= {
                "cmsAddress": text(self.cms_address), "gatewayAddress": text(self.address),
                "vendor": text("Lamplighter talq peer"),
                "crlUrn": {"type": "AttributeUri", "value": "urn:lamplighter:no-crl"},
                **{name: {"type": "AttributeFloat", "value": _RETRY_S} for name in _PERIODS},
                **{name: {"type": "AttributeInteger", "value": _RETRIES} for name in _NUMBERS},
            }  # fmt: skip
        return content.device(
            self.address or talq.NIL, "played gateway", "played-gateway", [function]
        )

    def own_class(self) -> Body:
        """The class of our own device."""
        shown = self.own()["functions"]
        names = (
            "cmsUri", "gatewayUri", "cmsAddress", "gatewayAddress", "vendor", "crlUrn", *_PERIODS,
            *_NUMBERS,
        )  # fmt: skip
        described = content.described(shown)
        described[0]["attributes"] = [{"name": name} for name in names]
        described[0]["events"] = [{"type": "newCmsAttached"}]
        return {"name": "played-gateway", "functions": described}

    def take(self, reply: Reply) -> bool:
        """The addresses in the answer to our announcement; False when it holds none."""
        device = reply.body[0] if isinstance(reply.body, list) and reply.body else {}
        function = gateway_function(device)
        found = [
            str((function.get(name) or {}).get("value") or "")
            for name in ("gatewayAddress", "cmsAddress")
        ]
        if not all(found):
            return False
        self.address, self.cms_address = found
        self.cms.sender = self.address
        return True

    async def bootstrap(self) -> list[Reply]:
        """B1 to B4, then the devices (D1); stops after the first refusal."""
        self.address = self.cms_address = ""
        self.cms.sender = None
        replies = [await self.cms.call("addDevices", body=[self.own()])]
        if replies[0].status != 201 or not self.take(replies[0]):
            return replies
        self.fill()
        steps: list[tuple[str, tuple[str, ...], Any]] = [
            ("addDeviceClasses", (), [self.own_class()]),
            ("partialUpdateDevice", (self.address,), self.own()),
            ("announceServices", (), self.services),
            ("addDeviceClasses", (), self.classes),
        ]
        if self.devices:
            steps.append(("addDevices", (), self.devices))
        for operation, path, body in steps:
            replies.append(await self.cms.call(operation, *path, body=body))
            if replies[-1].status >= 300:
                break
        return replies
