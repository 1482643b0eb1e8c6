"""The TALQ CMS server: who may ask what and when; each request is one transaction."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from protocol import talq

from .. import fleet, identity
from ..store import Store, tables
from ..street_io import Street
from . import resources_io
from .certificates_io import Certificates
from .classes_io import Classes
from .desired_io import Desired
from .devices_io import Devices
from .intake_io import Intake
from .reports_io import Reports
from .turn import Handler, Turn, check_owner

_RETRY_S = 10.0
_RETRIES = 3


class CmsServer:
    """Handlers by operation id."""

    def __init__(self, store: Store, street: Street, desired: Desired, own: str) -> None:
        self.store = store
        self.talq_uri = ""
        self.allow_loopback = False
        self.certificates: Certificates | None = None
        self.expected: tuple[str, ...] = ()
        self._street = street
        self._desired = desired
        self._intake = Intake(street)
        self._reports = Reports(store, street, self._intake)
        self._own = own
        self.handlers: dict[str, Handler] = {
            **resources_io.handlers(),
            **Classes().handlers(),
            **Devices(self._intake, desired).handlers(),
            "announceServices": self._services,
            "getLoggerConfig": self._logger,
            "getGroups": self._groups,
            "getGroup": self._group,
            "getDataPackages": self._packages,
            "getDataPackage": self._package,
        }

    async def carry_out(self, call: talq.Call) -> talq.Answer:
        """One request: all that it changes is stored, or nothing."""
        if self.certificates is not None:
            self.certificates.saw(call.certificate)
        if call.operation.operation_id == "sendLogReport":
            return await self._reports.take(call)
        async with self.store.write() as unit:
            turn = Turn(call, unit)
            if call.sender is None:
                return await self._announce(turn)
            await self._admit(turn)
            return await self.handlers[call.operation.operation_id](turn)

    # Bootstrap.

    async def _admit(self, turn: Turn) -> None:
        """Find the sender's gateway; 403 for a stranger or out of turn (B5)."""
        g = tables.gateways
        rows = await turn.unit.rows(sa.select(g).where(g.c.address == turn.sender))
        if not rows:
            raise talq.TalqError(
                403, "parameterValueNotValid", "is no gateway of ours", "clientAddress"
            )
        turn.gateway = rows[0]
        check_owner(rows[0]["identity"], turn.call)
        who = identity.told(turn.call.certificate)
        if who and rows[0]["identity"] is None:
            # It attached before there were certificates.
            await turn.unit.run(g.update().where(g.c.address == turn.sender).values(identity=who))
        stage = rows[0]["stage"]
        after = fleet.next_stage(stage, turn.call.operation.operation_id)
        if after != stage:
            await turn.unit.run(g.update().where(g.c.address == turn.sender).values(stage=after))
        if stage == fleet.CLASSED and after == fleet.TOLD:
            await self._tell_own(turn)
        if stage == fleet.SERVED and after == fleet.ATTACHED:
            await self._desired.base(turn.unit, turn.sender)

    async def _tell_own(self, turn: Turn) -> None:
        """B3: our address and what we configure."""
        number = {"type": "AttributeInteger", "value": _RETRIES}
        period = {"type": "AttributeFloat", "value": _RETRY_S}
        own = {"type": "AttributeString", "value": self._own}
        function = {
            "id": _gateway_function(turn.gateway["device"]), "type": "GatewayFunction",
            "cmsAddress": own, "gatewayRetryPeriod": period, "gatewayNumberOfRetries": number,
            "cmsRetryPeriod": period, "cmsNumberOfRetries": number,
        }  # fmt: skip
        body = {"address": turn.sender, "functions": [function]}
        await turn.unit.call(turn.sender, "partialUpdateDevice", [turn.sender], body, None)

    async def _announce(self, turn: Turn) -> talq.Answer:
        """B1: a gateway says that it is there."""
        body = turn.call.body[0] if len(turn.call.body) == 1 else {}
        found = [f for f in body.get("functions", ()) if f.get("type") == "GatewayFunction"]
        if not found or body.get("address") not in (None, "", talq.NIL):
            raise talq.TalqError(
                400, "payloadError", "one device with a GatewayFunction and no address comes first"
            )
        told = (found[0].get("gatewayAddress") or {}).get("value")
        if told not in (None, "", talq.NIL):
            text = "must be NIL or empty: we give it"
            raise talq.TalqError(400, "payloadError", text, "gatewayAddress")
        uri = str((found[0].get("gatewayUri") or {}).get("value") or "").rstrip("/")
        if not uri.startswith(("http://", "https://")):
            raise talq.TalqError(400, "payloadError", "is needed", "gatewayUri")
        self._expect(turn.call, uri)
        g = tables.gateways.c
        rows = await turn.unit.rows(sa.select(g.address, g.identity).where(g.uri == uri))
        if rows:
            check_owner(rows[0]["identity"], turn.call)
        address = rows[0]["address"] if rows else str(uuid.uuid4())
        own_attributes = {
            "cmsAddress": {"type": "AttributeString", "value": self._own},
            "gatewayAddress": {"type": "AttributeString", "value": address},
        }
        functions = [
            {**f, **own_attributes} if f.get("type") == "GatewayFunction" else f
            for f in body["functions"]
        ]
        device = {**body, "address": address, "functions": functions}
        await turn.unit.put(
            tables.gateways,
            {"address": address, "uri": uri, "stage": fleet.ANNOUNCED, "device": device,
             "services": [], "heard_ms": self._street.now_ms(),
             "identity": identity.told(turn.call.certificate)},
        )  # fmt: skip
        await _forget(turn, address)
        return talq.Answer(201, [device])

    def _expect(self, call: talq.Call, uri: str) -> None:
        try:
            near = self.allow_loopback and ipaddress.ip_address(call.host).is_loopback
        except ValueError:
            near = False
        if not identity.expected(call.certificate, entered=uri in self.expected, near=near):
            raise talq.TalqError(403, "genericError", f"the gateway {uri} is not expected here")
        if call.certificate and not uri.startswith("https:"):
            raise talq.TalqError(403, "genericError", "is reached over TLS alone", "gatewayUri")

    # Services, data, loggers, groups.

    async def _services(self, turn: Turn) -> talq.Answer:
        g = tables.gateways
        await turn.unit.run(
            g.update().where(g.c.address == turn.sender).values(services=turn.call.body)
        )
        return talq.Answer(201)

    async def _logger(self, turn: Turn) -> talq.Answer:
        address = turn.call.path["loggerAddress"]
        for body in self._desired.loggers():
            if body["address"] == address:
                return talq.Answer(200, body)
        raise talq.not_here("LoggerConfig", address)

    async def _groups(self, turn: Turn) -> talq.Answer:
        return talq.Answer(200, [])  # Our groups never leave this side: it sends addresses.

    async def _group(self, turn: Turn) -> talq.Answer:
        raise talq.not_here("Group", turn.call.path["groupAddress"])

    async def _packages(self, turn: Turn) -> talq.Answer:
        return talq.Answer(200, await self._sent_packages(turn))

    async def _package(self, turn: Turn) -> talq.Answer:
        address = turn.call.path["packageAddress"]
        for body in await self._sent_packages(turn):
            if body["packageId"] == address:
                return talq.Answer(200, body)
        raise talq.not_here("DataPackage", address)

    async def _sent_packages(self, turn: Turn) -> list[dict[str, Any]]:
        """The newest release of each package that this gateway was sent."""
        r = tables.talq_resources.c
        query = sa.select(r.body).where(r.gateway == turn.sender, r.collection == fleet.PACKAGES)
        return [row["body"] for row in await turn.unit.rows(query.order_by(r.address))]


async def _forget(turn: Turn, address: str) -> None:
    """A gateway starts over: it may have lost everything, and will announce it all anew (B7)."""
    d, calls = tables.devices, tables.calls
    await turn.unit.run(d.update().where(d.c.gateway == address).values(body={}))
    await turn.unit.run(calls.delete().where(calls.c.gateway == address))
    for table in (tables.device_classes, tables.talq_resources):
        await turn.unit.run(table.delete().where(table.c.gateway == address))


def _gateway_function(device: Mapping[str, Any]) -> str:
    """The id that a gateway gave its GatewayFunction."""
    for function in device.get("functions") or ():
        if function.get("type") == "GatewayFunction":
            return str(function["id"])
    return "gateway"
