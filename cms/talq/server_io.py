"""The TALQ CMS server: routes from the tables, thin handlers, one transaction for each request."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol import talq

from .. import fleet
from ..store import Store, Unit, tables
from ..street_io import Street
from .desired_io import Desired
from .intake_io import Intake

Answer = tuple[int, Any]
_RETRY_S = 10.0
_RETRIES = 3


class Call:
    """One request, checked: who asks (None: the first announcement), path, decoded body."""

    def __init__(self, request: Request, sender: str | None, body: Any, unit: Unit) -> None:
        self.sender = sender or ""
        self.body = body
        self.unit = unit
        self.host = request.client.host if request.client else ""
        self.path = {k: talq.unquote_id(v) for k, v in request.path_params.items()}
        self.gateway: Mapping[str, Any] = {}


Handler = Callable[[Call], Awaitable[Answer]]


class CmsServer:
    """Handlers by operation id."""

    def __init__(self, store: Store, street: Street, desired: Desired, own: str) -> None:
        self.store = store
        self.talq_uri = ""
        self.allow_loopback = False
        self.expected: tuple[str, ...] = ()
        self._street = street
        self._desired = desired
        self._intake = Intake(street)
        self._own = own
        self.handlers: dict[str, Handler] = {
            "addDevices": self._add_devices,
            "updateDevices": self._patch_devices,
            "partialUpdateDevices": self._patch_devices,
            "partialUpdateDevice": self._patch_device,
            "updateDevice": self._patch_device,
            "deleteDevice": self._delete_device,
            "getDevices": self._get_devices,
            "getDevice": self._get_device,
            "getDeviceFunction": self._get_function,
            "getDeviceAttribute": self._get_attribute,
            "addDeviceClasses": self._add_classes,
            "updateDeviceClasses": self._update_classes,
            "updateDeviceClass": self._update_classes,
            "deleteDeviceClass": self._delete_class,
            "announceServices": self._services,
            "sendLogReport": self._report,
            "getLoggerConfig": self._logger,
            "getGroups": self._groups,
            "getGroup": self._group,
        }

    # Bootstrap.

    async def admit(self, call: Call, operation: str) -> None:
        """Find the sender's gateway; 403 for a stranger or out of turn (B5)."""
        rows = await call.unit.rows(
            sa.select(tables.gateways).where(tables.gateways.c.address == call.sender)
        )
        if not rows:
            raise talq.TalqError(
                403, "parameterValueNotValid", "is no gateway of ours", "clientAddress"
            )
        call.gateway = rows[0]
        stage = rows[0]["stage"]
        after = fleet.next_stage(stage, operation)
        if after != stage:
            await call.unit.run(
                tables.gateways.update()
                .where(tables.gateways.c.address == call.sender)
                .values(stage=after)
            )
        if stage == fleet.CLASSED and after == fleet.TOLD:
            await self._tell_own(call)
        if stage == fleet.SERVED and after == fleet.ATTACHED:
            await self._desired.base(call.unit, call.sender)

    async def _tell_own(self, call: Call) -> None:
        """B3: our address and what we configure."""
        number = {"type": "AttributeInteger", "value": _RETRIES}
        period = {"type": "AttributeFloat", "value": _RETRY_S}
        own = {"type": "AttributeString", "value": self._own}
        function = {
            "id": "gateway", "type": "GatewayFunction", "cmsAddress": own,
            "gatewayRetryPeriod": period, "gatewayNumberOfRetries": number,
            "cmsRetryPeriod": period, "cmsNumberOfRetries": number,
        }  # fmt: skip
        body = {"address": call.sender, "functions": [function]}
        await call.unit.call(call.sender, "partialUpdateDevice", [call.sender], body, None)

    async def announce(self, call: Call) -> Answer:
        """B1: a gateway says that it is there."""
        body = call.body[0] if len(call.body) == 1 else {}
        found = [f for f in body.get("functions", ()) if f.get("type") == "GatewayFunction"]
        if not found or body.get("address") not in (None, "", talq.NIL):
            raise talq.TalqError(
                400, "payloadError", "one device with a GatewayFunction and no address comes first"
            )
        uri = str((found[0].get("gatewayUri") or {}).get("value") or "").rstrip("/")
        if not uri.startswith(("http://", "https://")):
            raise talq.TalqError(400, "payloadError", "is needed", "gatewayUri")
        self._expect(call.host, uri)
        g = tables.gateways.c
        rows = await call.unit.rows(sa.select(g.address).where(g.uri == uri))
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
        await call.unit.put(
            tables.gateways,
            {"address": address, "uri": uri, "stage": fleet.ANNOUNCED, "device": device,
             "services": [], "heard_ms": self._street.now_ms()},
        )  # fmt: skip
        # It may have lost everything: its devices are announced anew, calls are made anew.
        d = tables.devices
        await call.unit.run(d.update().where(d.c.gateway == address).values(body={}))
        await call.unit.run(tables.calls.delete().where(tables.calls.c.gateway == address))
        classes = tables.device_classes
        await call.unit.run(classes.delete().where(classes.c.gateway == address))
        return 201, [device]

    def _expect(self, host: str, uri: str) -> None:
        if uri in self.expected:
            return
        try:
            near = ipaddress.ip_address(host).is_loopback
        except ValueError:
            near = False
        if not (near and self.allow_loopback):
            raise talq.TalqError(403, "genericError", f"the gateway {uri} is not expected here")

    # Classes and services.

    async def _add_classes(self, call: Call) -> Answer:
        c = tables.device_classes.c
        here = {
            row["name"]: row["body"]
            for row in await call.unit.rows(
                sa.select(c.name, c.body).where(c.gateway == call.sender)
            )
        }
        known = [b["name"] for b in call.body if b["name"] in here]
        if known and call.gateway["stage"] == fleet.ATTACHED:
            text = f"{known[0]!r} is here already"
            raise talq.TalqError(
                409, "resourceConflict", text, "", tuple(("device-classes", k) for k in known)
            )
        return 201, await self._keep_classes(call, call.body)

    async def _update_classes(self, call: Call) -> Answer:
        bodies = call.body if isinstance(call.body, list) else [call.body]
        await self._keep_classes(call, bodies)
        return 200, call.body

    async def _keep_classes(self, call: Call, bodies: list[dict[str, Any]]) -> Any:
        for body in bodies:
            await call.unit.put(
                tables.device_classes,
                {"gateway": call.sender, "name": body["name"], "body": body},
            )
        return bodies

    async def _delete_class(self, call: Call) -> Answer:
        c = tables.device_classes.c
        mine = sa.and_(c.gateway == call.sender, c.name == call.path["className"])
        rows = await call.unit.rows(sa.select(c.body).where(mine))
        if not rows:
            raise talq.TalqError(404, "resourceNotFound", "no such class")
        bodies = await self._bodies(call)
        users = [
            ("devices", str(b["address"]))
            for b in bodies
            if b.get("class") == call.path["className"]
        ]
        if users:
            raise talq.TalqError(
                422, "deletingResourceIsReferred", "devices are of it", "", tuple(users[:20])
            )
        await call.unit.run(tables.device_classes.delete().where(mine))
        return 200, rows[0]["body"]

    async def _services(self, call: Call) -> Answer:
        await call.unit.run(
            tables.gateways.update()
            .where(tables.gateways.c.address == call.sender)
            .values(services=call.body)
        )
        return 201, None

    # Devices.

    async def _add_devices(self, call: Call) -> Answer:
        asset_ids = await self._intake.announce(call.unit, call.sender, call.body)
        await self._desired.for_lamps(call.unit, asset_ids)
        return 201, call.body

    async def _patch_devices(self, call: Call) -> Answer:
        own = [b for b in call.body if b.get("address") == call.sender]
        others = [b for b in call.body if b.get("address") != call.sender]
        for body in own:
            await self._keep_own(call, body)
        if others:
            await self._intake.patch(call.unit, call.sender, others)
        return 200, None

    async def _patch_device(self, call: Call) -> Answer:
        body = {**call.body, "address": call.path["deviceAddress"]}
        if body["address"] == call.sender:
            await self._keep_own(call, body)
        else:
            await self._intake.patch(call.unit, call.sender, [body])
        return 200, None

    async def _keep_own(self, call: Call, body: Mapping[str, Any]) -> None:
        device = fleet.merged(call.gateway["device"], body)
        await call.unit.run(
            tables.gateways.update()
            .where(tables.gateways.c.address == call.sender)
            .values(device=device)
        )

    async def _delete_device(self, call: Call) -> Answer:
        """A device that is gone; the gateway's own: it starts over (B7)."""
        address = call.path["deviceAddress"]
        d = tables.devices
        if address == call.sender:
            await call.unit.run(tables.calls.delete().where(tables.calls.c.gateway == address))
            await call.unit.run(d.update().where(d.c.gateway == address).values(body={}))
            g = tables.gateways
            await call.unit.run(g.delete().where(g.c.address == address))
            return 200, call.gateway["device"]
        body = await self._body(call)
        await call.unit.run(d.delete().where(d.c.address == address))
        return 200, body

    async def _bodies(self, call: Call) -> list[dict[str, Any]]:
        d = tables.devices.c
        query = sa.select(d.body).where(d.gateway == call.sender).order_by(d.address)
        rows = await call.unit.rows(query)
        return [call.gateway["device"], *(row["body"] for row in rows if row["body"])]

    async def _body(self, call: Call) -> dict[str, Any]:
        for body in await self._bodies(call):
            if body["address"] == call.path["deviceAddress"]:
                return body
        text = f"no device {call.path['deviceAddress']!r}"
        raise talq.TalqError(404, "resourceNotFound", text)

    async def _get_devices(self, call: Call) -> Answer:
        return 200, await self._bodies(call)

    async def _get_device(self, call: Call) -> Answer:
        return 200, await self._body(call)

    async def _get_function(self, call: Call) -> Answer:
        for function in (await self._body(call))["functions"]:
            if function["id"] == call.path["functionId"]:
                return 200, function
        raise talq.TalqError(404, "resourceNotFound", "no such function")

    async def _get_attribute(self, call: Call) -> Answer:
        _, function = await self._get_function(call)
        name = call.path["attributeName"]
        if not isinstance(function.get(name), dict):
            raise talq.TalqError(404, "resourceNotFound", "no such attribute")
        return 200, function[name]

    # Data, loggers, groups.

    async def _report(self, call: Call) -> Answer:
        await self._intake.report(call.unit, call.sender, call.body)
        return 201, None

    async def _logger(self, call: Call) -> Answer:
        for body in self._desired.loggers():
            if body["address"] == call.path["loggerAddress"]:
                return 200, body
        raise talq.TalqError(404, "resourceNotFound", "no such logger")

    async def _groups(self, call: Call) -> Answer:
        return 200, []  # Our groups never leave this side: it sends device addresses.

    async def _group(self, call: Call) -> Answer:
        raise talq.TalqError(404, "resourceNotFound", "no such group")


def _is_announcement(operation: talq.Operation, request: Request) -> bool:
    told = request.query_params.get("clientAddress")
    return operation.operation_id == "addDevices" and (not told or told == talq.NIL)


def _endpoint(
    server: CmsServer, operation: talq.Operation
) -> Callable[[Request], Awaitable[Response]]:
    handler = server.handlers.get(operation.operation_id)

    async def endpoint(request: Request) -> Response:
        encoding = request.headers.get("content-encoding", "") if operation.request else ""
        first = _is_announcement(operation, request)
        try:
            size = int(request.headers.get("content-length") or 0)
            sender = talq.check_request(
                request.query_params, request.headers, size, announcing=first
            )
            body = None
            if operation.request:
                data = talq.decompress(await request.body(), encoding)
                body = talq.decode(operation.request, data, partial=operation.partial)
            async with server.store.write() as unit:
                call = Call(request, sender, body, unit)
                if first:
                    status, said = await server.announce(call)
                else:
                    await server.admit(call, operation.operation_id)
                    if handler is None:
                        raise talq.TalqError(405, "genericError", "not offered by this CMS")
                    status, said = await handler(call)
        except talq.TalqError as error:
            return _respond(error.status, talq.error_body([error]), "")
        return _respond(status, talq.encode(said) if said is not None else b"", encoding)

    return endpoint


def _respond(status: int, data: bytes, encoding: str) -> Response:
    headers = {talq.VERSION_HEADER: talq.API_VERSION}
    if encoding and data:
        data = talq.compress(data, encoding)
        headers["content-encoding"] = encoding
    return Response(data, status, headers, "application/json")


def _rest(known: list[Route]) -> Route:
    """Whatever is no operation: 405 on a path that has others, else 404, as T7 words it."""

    async def refuse(request: Request) -> Response:
        path = "/" + request.path_params["rest"].strip("/")
        status = 405 if any(route.path_regex.match(path) for route in known) else 404
        said = f"{request.method} {path} is no operation here"
        return _respond(status, talq.error_body([_fault(status, said)]), "")

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Route("/{rest:path}", refuse, methods=methods)


def _fault(status: int, said: str) -> talq.Fault:
    return talq.Fault(status, "genericError" if status == 405 else "resourceNotFound", said)


def routes(server: CmsServer) -> list[Route]:
    """Every implemented operation, and the document of them."""

    async def document(request: Request) -> Response:
        return Response(talq.encode(talq.openapi("cms")), media_type="application/json")

    found = [Route("/openapi.json", document, methods=["GET"])]
    for operation in talq.operations("cms"):
        endpoint = _endpoint(server, operation)
        found.append(Route(operation.path, endpoint, methods=[operation.method]))
    found.append(_rest(list(found)))
    return found
