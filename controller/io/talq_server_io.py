"""The gateway's TALQ server: routes from the tables, thin handlers over control.py."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol import talq, tls, wire

from .. import announce, identity
from ..control import CALENDARS_MAX, LOGGERS_MAX, PROGRAMS_MAX, Control
from ..devices import Device
from .engine_io import Engine
from .talq_client_io import CmsLink

# How long a read waits for a node to measure anew (D4).
ON_DEMAND_S = 1.5
_BODY_READ_MAX = talq.BODY_BYTES_MAX

Answer = tuple[int, Any]
Handler = Callable[["Call"], Awaitable[Answer]]


class Call:
    """One request, checked: who asks, the path's parameters, the decoded body."""

    def __init__(self, request: Request, cms: CmsLink, body: Any) -> None:
        self.cms = cms
        self.body = body
        self.query: Mapping[str, str] = request.query_params
        self.path = {k: talq.unquote_id(v) for k, v in request.path_params.items()}
        self.origin = request.query_params.get("talqRequestId", "")


class GatewayServer:
    """Handlers by operation id."""

    def __init__(self, engine: Engine, links: list[CmsLink]) -> None:
        self._engine = engine
        self._links = links
        self.handlers: dict[str, Handler] = {
            "assignCommand": self._assign,
            "sendCommand": self._override,
            "getDeviceClasses": self._classes,
            "getDeviceClassesCount": self._classes_count,
            "getDeviceClass": self._class,
            "getServices": self._services,
            "getService": self._service,
            "getDevices": self._devices,
            "getDevicesCount": self._devices_count,
            "getDevice": self._device,
            "deleteDevice": self._delete_device,
            "partialUpdateDevice": self._patch_device,
            "partialUpdateDevices": self._patch_devices,
            "getDeviceFunction": self._function,
            "getDeviceAttribute": self._attribute,
            "addLoggerConfig": self._add_logger,
            "updateLoggerConfig": self._put_logger,
            "getLoggerConfig": self._get_logger,
            "deleteLoggerConfig": self._delete_logger,
            "getLogReport": self._log_report,
            "getLogReportsCount": self._log_count,
        }
        for kind, many, one in (
            ("calendars", "Calendars", "Calendar"),
            ("control-programs", "ControlPrograms", "ControlProgram"),
        ):
            self._resources(kind, many, one)

    def _resources(self, kind: str, many: str, one: str) -> None:
        """Programs and calendars have the same operations."""
        key = f"{one[0].lower()}{one[1:]}Address"

        def table(call: Call) -> dict[str, dict[str, Any]]:
            own = self._engine.gateway.attachment(call.cms.uri)
            return own.calendars if kind == "calendars" else own.programs

        async def put(call: Call, new: bool) -> Answer:
            bodies = call.body if isinstance(call.body, list) else [call.body]
            self._control(call).put(kind, bodies, new, self._engine.now())
            await self._engine.settled()
            return (201 if new else 200), call.body

        async def add(call: Call) -> Answer:
            return await put(call, True)

        async def update(call: Call) -> Answer:
            if key in call.path and str(call.body["id"]) != call.path[key]:
                raise talq.TalqError(400, "payloadError", "is not the id of the path", "id")
            return await put(call, False)

        async def get_all(call: Call) -> Answer:
            return 200, list(table(call).values())

        async def count(call: Call) -> Answer:
            return 200, len(table(call))

        async def get(call: Call) -> Answer:
            body = table(call).get(call.path[key])
            if body is None:
                raise talq.TalqError(404, "resourceNotFound", f"{call.path[key]!r} is not here")
            return 200, body

        async def delete(call: Call) -> Answer:
            self._control(call).delete(kind, call.path[key])
            await self._engine.settled()
            return 200, None

        self.handlers |= {
            f"add{many}": add, f"update{many}": update, f"update{one}": update,
            f"get{many}": get_all, f"get{many}Count": count, f"get{one}": get,
            f"delete{one}": delete,
        }  # fmt: skip

    def _control(self, call: Call) -> Control:
        return Control(self._engine.gateway, call.cms.uri)

    def sender(self, address: str, certificate: Mapping[str, Any] | None) -> CmsLink:
        """The CMS that an address belongs to; 403 for a stranger."""
        for link in self._links:
            if link.cms_address and link.cms_address == address:
                if not identity.may_command(link.identity, certificate):
                    text = "belongs to the holder of another certificate"
                    raise talq.TalqError(403, "parameterValueNotValid", text, "clientAddress")
                link.identity = identity.told(certificate)
                return link
        raise talq.TalqError(403, "parameterValueNotValid", "is not a CMS we are attached to",
                             "clientAddress")  # fmt: skip

    # Commands.

    async def _override(self, call: Call) -> Answer:
        self._control(call).override(call.body, call.origin, self._engine.now())
        await self._engine.settled()
        return 202, None

    async def _assign(self, call: Call) -> Answer:
        self._control(call).assign(call.body, call.origin, self._engine.now())
        await self._engine.settled()
        return 202, None

    # What we are.

    async def _classes(self, call: Call) -> Answer:
        names = (announce.GATEWAY_CLASS, announce.LAMP_CLASS, announce.BAY_CLASS)
        return 200, [announce.device_class(name) for name in names]

    async def _classes_count(self, call: Call) -> Answer:
        return 200, 3

    async def _class(self, call: Call) -> Answer:
        for body in (await self._classes(call))[1]:
            if body["name"] == call.path["className"]:
                return 200, body
        raise talq.TalqError(404, "resourceNotFound", f"{call.path['className']!r} is not here")

    async def _services(self, call: Call) -> Answer:
        limits = {"calendars": CALENDARS_MAX, "programs": PROGRAMS_MAX, "loggers": LOGGERS_MAX}
        return 200, announce.services(limits)

    async def _service(self, call: Call) -> Answer:
        for body in (await self._services(call))[1]:
            if body["name"] == call.path["serviceName"]:
                return 200, body
        raise talq.TalqError(404, "resourceNotFound", f"{call.path['serviceName']!r} is not here")

    # Devices.

    def _gateway_device(self, cms: CmsLink) -> dict[str, Any]:
        engine = self._engine
        uris = {"cms": cms.uri, "gateway": cms.gateway_uri}
        addresses = (cms.gateway_address, cms.cms_address)
        return announce.gateway_device(engine.gateway.site, uris, addresses, engine.now().domain_s)

    async def _devices(self, call: Call) -> Answer:
        bodies = [self._gateway_device(call.cms)]
        bodies += [announce.device(d, call.cms.uri) for d in self._engine.gateway.devices.values()]
        offset = _whole(call.query, "offset", 0)
        limit = _whole(call.query, "limit", len(bodies))
        return 200, bodies[offset : offset + limit]

    async def _devices_count(self, call: Call) -> Answer:
        return 200, len(self._engine.gateway.devices) + 1

    def _find(self, call: Call) -> Device:
        address = call.path["deviceAddress"]
        device = self._engine.gateway.devices.get(address)
        if device is None:
            raise talq.TalqError(404, "resourceNotFound", f"no device {address!r}")
        return device

    async def _body(self, call: Call, *, fresh: bool) -> dict[str, Any]:
        if call.path["deviceAddress"] == call.cms.gateway_address:
            return self._gateway_device(call.cms)
        device = self._find(call)
        if fresh:
            await self._measure(device)
        return announce.device(device, call.cms.uri)

    async def _measure(self, device: Device) -> None:
        """Ask the node for its state, and wait for it a moment (D4)."""
        now = self._engine.now()
        before = device.node.heard_ms
        if not device.node.command(wire.Ask(device.asset.channel), now):
            return
        self._engine.arrived()
        end = asyncio.get_running_loop().time() + ON_DEMAND_S
        while device.node.heard_ms == before and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)

    async def _device(self, call: Call) -> Answer:
        return 200, await self._body(call, fresh=True)

    async def _function(self, call: Call) -> Answer:
        body = await self._body(call, fresh=True)
        for function in body["functions"]:
            if function["id"] == call.path["functionId"]:
                return 200, function
        raise talq.TalqError(404, "resourceNotFound", f"no function {call.path['functionId']!r}")

    async def _attribute(self, call: Call) -> Answer:
        _, function = await self._function(call)
        name = call.path["attributeName"]
        if name not in function or name in ("id", "type"):
            raise talq.TalqError(404, "resourceNotFound", f"no attribute {name!r}")
        return 200, function[name]

    async def _delete_device(self, call: Call) -> Answer:
        """DELETE of our own device: the CMS wants a resync (B7)."""
        if call.path["deviceAddress"] != call.cms.gateway_address:
            self._find(call)
            raise talq.TalqError(422, "deletingResourceIsReferred", "hardware stands there")
        self._control(call).forget()
        await self._engine.settled()
        return 200, None

    async def _patch_device(self, call: Call) -> Answer:
        if call.path["deviceAddress"] != call.cms.gateway_address:
            self._find(call)
        return 200, await self._body(call, fresh=False)

    async def _patch_devices(self, call: Call) -> Answer:
        for index, body in enumerate(call.body):
            address = str(body.get("address"))
            known = address == call.cms.gateway_address
            if not known and address not in self._engine.gateway.devices:
                text = f"no device {address!r}"
                raise talq.TalqError(404, "resourceNotFound", text, f"[{index}].address")
        return 200, call.body

    # Loggers.

    async def _add_logger(self, call: Call) -> Answer:
        self._control(call).put_logger(call.body, True)
        await self._engine.settled()
        return 201, call.body

    async def _put_logger(self, call: Call) -> Answer:
        self._control(call).put_logger(call.body, False)
        await self._engine.settled()
        return 200, call.body

    async def _get_logger(self, call: Call) -> Answer:
        logger = self._engine.gateway.attachment(call.cms.uri).loggers.get(
            call.path["loggerAddress"]
        )
        if logger is None:
            raise talq.TalqError(404, "resourceNotFound", "no such logger")
        return 200, dict(logger.config)

    async def _delete_logger(self, call: Call) -> Answer:
        self._control(call).delete_logger(call.path["loggerAddress"])
        await self._engine.settled()
        return 200, None

    async def _log_report(self, call: Call) -> Answer:
        """What is recorded and not reported yet; a periodic logger samples first (L4)."""
        name = call.path["loggerAddress"]
        logger = self._engine.gateway.attachment(call.cms.uri).loggers.get(name)
        if logger is None:
            raise talq.TalqError(404, "resourceNotFound", "no such logger")
        if logger.mode == "PeriodicRecordingMode":
            self._engine.gateway.sample(call.cms.uri, logger)
            await self._engine.settled()
        rows = await self._engine.store.outbox(call.cms.uri, name, 200)
        return 200, {"address": name, "entries": [talq.read_json(body) for _, body in rows]}

    async def _log_count(self, call: Call) -> Answer:
        return 200, len(self._engine.gateway.attachment(call.cms.uri).loggers)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isdigit():
        raise talq.TalqError(400, "parameterValueNotValid", "a whole number", name)
    return int(text)


def _endpoint(
    server: GatewayServer, operation: talq.Operation
) -> Callable[[Request], Awaitable[Response]]:
    handler = server.handlers.get(operation.operation_id)

    async def endpoint(request: Request) -> Response:
        encoding = request.headers.get("content-encoding", "") if operation.request else ""
        try:
            size = int(request.headers.get("content-length") or 0)
            sender = talq.check_request(request.query_params, request.headers, size)
            certificate = (request.scope.get("extensions") or {}).get(tls.CERTIFICATE)
            cms = server.sender(sender or "", certificate)
            if handler is None:
                raise talq.TalqError(405, "genericError", "not offered by this gateway")
            body = None
            if operation.request:
                data = talq.decompress(await request.body(), encoding)
                body = talq.decode(operation.request, data, partial=operation.partial)
            status, said = await handler(Call(request, cms, body))
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


def application(server: GatewayServer) -> Starlette:
    """The ASGI application with every implemented operation."""

    async def document(request: Request) -> Response:
        return Response(talq.encode(talq.openapi("gateway")), media_type="application/json")

    routes = [Route("/openapi.json", document, methods=["GET"])]
    for operation in talq.operations("gateway"):
        routes.append(
            Route(operation.path, _endpoint(server, operation), methods=[operation.method])
        )
    routes.append(_rest(list(routes)))
    return Starlette(routes=routes)
