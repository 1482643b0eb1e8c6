"""Checks of a CMS: we are a gateway that announces itself there. Rules T12 to P1."""

from __future__ import annotations

import copy
import time
from typing import Any
from uuid import uuid4

from . import content
from .offer import offer
from .results import Failed, NotTestable
from .run_io import Check, expect, refused
from .sides import PlayedGateway, gateway_function, name_asset
from .transport import Target, Write
from .wire_io import Reply

Body = dict[str, Any]
# How long a CMS may take to tell a new gateway what it wants of it.
TOLD_S_MAX = 10.0
_SECOND = "/second-gateway"
_OPERATOR = "only an operator of that CMS can cause it"
SILENT = {
    "T14": "a rule for gateways: what a CMS sends of read-only attributes",
    "B8": "a second CMS concerns gateways",
    "D2": _OPERATOR, "D4": _OPERATOR, "D7": _OPERATOR,
    "C1": "lamps are the gateway's", "C6": "lamps are the gateway's",
    "C7": "lamps are the gateway's", "C8": "lamps are the gateway's",
    "C12": "lamps are the gateway's", "L4": _OPERATOR, "L6": _OPERATOR,
    "G2": _OPERATOR, "C4": _OPERATOR,
}  # fmt: skip


class CmsCheck:
    """One run; `bootstrap` comes first, the other rules stand on it."""

    def __init__(self, gateway: PlayedGateway) -> None:
        self.gateway = gateway
        self.cms = gateway.cms
        self.journal = gateway.played.journal
        self.replies: list[Reply] = []
        self._number = 0

    def bootstrap(self) -> dict[str, Check]:
        """B1 to B5, in the order in which they happen."""
        return {
            "B1": self._announced, "B5": self._too_early, "B2": self._class_and_values,
            "B3": self._addressed, "B4": self._services, "D1": self._devices,
        }  # fmt: skip

    def transport(self) -> dict[str, Check]:
        """T1 to T13, once we are attached."""
        return {
            **self.target().checks(), "T11": self._quoted, "T12": self._own_only,
            "T13": self._merged,
        }  # fmt: skip

    def target(self) -> Target:
        """For the rules that both sides have."""
        bad = {"address": str(uuid4()), "name": "bad", "class": "nowhere-announced",
               "functions": []}  # fmt: skip
        return Target(
            self.cms, ("getDevice", self.gateway.address), self._write, "addDevices",
            self._device, bad, "getDevice",
        )  # fmt: skip

    def _device(self, address: str) -> Body:
        kind = self.gateway.classes[0]
        functions = [content.function("BasicFunction", ["assetId"], time.time())]
        return content.device(address, f"check {address[:8]}", kind["name"], functions)

    def _write(self) -> Write:
        return Write("updateDeviceClasses", (), [self.gateway.classes[0]])

    # Bootstrap.

    async def _announced(self) -> None:
        gateway = self.gateway
        early = {**gateway.own(), "address": str(uuid4())}
        refused(await self.cms.call("addDevices", body=[early]), "an announcement with an address")
        no_gateway = {**gateway.own(), "functions": []}
        refused(await self.cms.call("addDevices", body=[no_gateway]), "one without the function")
        reply = await self.cms.call("addDevices", body=[gateway.own()])
        expect(reply, 201, what="the announcement")
        if not gateway.take(reply):
            raise Failed("the answer holds no gatewayAddress and cmsAddress")
        gateway.fill()

    async def _too_early(self) -> None:
        entry: list[Body] = []
        for operation, path, body in (
            ("getDevices", (), None),
            ("addDevices", (), [self._device(str(uuid4()))]),
            ("sendLogReport", (), {"address": "x", "entries": entry}),
        ):
            reply = await self.cms.call(operation, *path, body=body)
            expect(reply, 403, what=f"{operation} before the bootstrap ended")

    async def _class_and_values(self) -> None:
        gateway = self.gateway
        reply = await self.cms.call("addDeviceClasses", body=[gateway.own_class()])
        expect(reply, 201, what="our own class")
        reply = await self.cms.call("partialUpdateDevice", gateway.address, body=gateway.own())
        expect(reply, 200, what="our own values")

    async def _addressed(self) -> None:
        def told() -> bool:
            own = self.gateway.memory.table("devices").get(self.gateway.address, {})
            asked = self.journal.incoming(
                "partialUpdateDevice", "partialUpdateDevices", "updateDevices",
                "partialUpdateFunction", "partialUpdateAttribute",
            )  # fmt: skip
            value = (gateway_function(own).get("cmsAddress") or {}).get("value")
            return bool(asked) and value == self.gateway.cms_address

        if not await self.gateway.played.until(told, TOLD_S_MAX):
            came = [one.line() for one in self.journal.incoming()]
            raise Failed(f"no PATCH of our device within {TOLD_S_MAX:.0f} s; came: {came}")

    async def _services(self) -> None:
        gateway = self.gateway
        expect(await self.cms.call("announceServices", body=gateway.services), 201)
        expect(await self.cms.call("addDeviceClasses", body=gateway.classes), 201)
        own = await self.cms.call("getDevice", gateway.address)
        expect(own, 200, what="our own device after the bootstrap")

    async def _devices(self) -> None:
        expect(await self.cms.call("addDevices", body=self.gateway.devices), 201)
        wrong = self._device(str(uuid4()))
        wrong["functions"][0]["id"] = "not-in-the-class"
        refused(
            await self.cms.call("addDevices", body=[wrong]), "a device that is not as its class"
        )
        wrong = {**self._device(str(uuid4())), "class": "nowhere-announced"}
        refused(await self.cms.call("addDevices", body=[wrong]), "a device of no announced class")

    # Transport.

    async def _quoted(self) -> None:
        name = "class/of 100% ü?#&"
        body = {**self.gateway.classes[0], "name": name}
        expect(await self.cms.call("addDeviceClasses", body=[body]), 201, what=name)
        found = expect(await self.cms.call("updateDeviceClass", name, body=body), 200, what=name)
        if found and found.get("name") != name:
            raise Failed(f"{name!r} came back as {found.get('name')!r}")
        expect(await self.cms.call("deleteDeviceClass", name), 200, what=f"DELETE of {name}")

    async def _own_only(self) -> str:
        second = PlayedGateway(
            self.gateway.played, self.gateway.uri.rstrip("/") + _SECOND, self.gateway.cms_uri
        )
        self.gateway.played.beside[_SECOND] = second.carry_out
        made = offer(("lighting",), second.uri, time.time())
        second.services, second.classes = made.services, made.classes
        replies = await second.bootstrap()
        if replies[0].status == 403:
            raise NotTestable(f"a second gateway is not taken: {replies[0].said()}")
        expect(replies[-1], 201, what="bootstrap of a second gateway")
        ours = self.gateway.devices[0]["address"]
        try:
            for operation, path, body in (
                ("getDevice", (ours,), None),
                ("getDevice", (self.gateway.address,), None),
                ("partialUpdateDevice", (ours,), {"functions": []}),
                ("deleteDevice", (ours,), None),
            ):
                reply = await second.cms.call(operation, *path, body=body)
                refused(reply, f"another gateway's {operation} of our device")
            listed = expect(await second.cms.call("getDevices"), 200)
            if any(one.get("address") == ours for one in listed):
                raise Failed("another gateway's list of devices shows ours")
        finally:
            await second.cms.call("deleteDevice", second.address)
        expect(await self.cms.call("getDevice", ours), 200, what="our device afterwards")
        tls = self.cms.base_uri.startswith("https")
        return "mutual TLS" if tls else "plain HTTP: mutual TLS was not checked"

    async def _merged(self) -> None:
        address = str(uuid4())
        kind = self.gateway.classes[0]["name"]
        model = copy.deepcopy(self.gateway.devices[0])
        name_asset(model, "merged")
        source = model["functions"][:2]
        body = content.device(address, "merged", kind, [dict(source[0])])
        expect(await self.cms.call("addDevices", body=[body]), 201)
        patch = {"address": address, "functions": [source[1]]}
        expect(await self.cms.call("partialUpdateDevice", address, body=patch), 200)
        found = await self._functions(address)
        if set(found) != {source[0]["id"], source[1]["id"]}:
            raise Failed(f"PATCH with a second function left {sorted(found)}")
        note = {"id": source[0]["id"], "type": source[0]["type"],
                "name": {"type": "AttributeString", "value": "patched"}}  # fmt: skip
        patch = {"address": address, "functions": [note]}
        expect(await self.cms.call("partialUpdateDevice", address, body=patch), 200)
        after = (await self._functions(address))[source[0]["id"]]
        lost = [k for k in source[0] if k not in after]
        if lost:
            raise Failed(f"PATCH of one attribute lost {lost}")
        expect(await self.cms.call("updateDevice", address, body=body), 200)
        found = await self._functions(address)
        if set(found) != {source[0]["id"]}:
            raise Failed(f"PUT with one function left {sorted(found)}")

    async def _functions(self, address: str) -> dict[str, Body]:
        body = expect(await self.cms.call("getDevice", address), 200)
        return {one["id"]: one for one in body["functions"]}
