"""The devices of the gateway as its TALQ server shows, changes and measures them."""

from __future__ import annotations

import asyncio

from protocol import talq, wire

from .. import announce, translate
from ..configure import Configure, Operation
from ..control import Control
from ..devices import Device
from .engine_io import Engine
from .turn import Body, Handler, Turn

# How long a read waits for a node to measure anew (D4).
ON_DEMAND_S = 1.5
_PAGE_DEFAULT = 100


def _own_device(turn: Turn) -> Body:
    """The gateway's own device, with what the CMS set on it."""
    uris = {"cms": turn.cms.uri, "gateway": turn.cms.gateway_uri}
    addresses = (turn.cms.gateway_address, turn.cms.cms_address)
    gateway = turn.engine.gateway
    now_s = turn.engine.now().domain_s
    body = announce.gateway_device(gateway.site, uris, addresses, now_s, gateway.since_s)
    said = turn.own.configured.get(turn.cms.gateway_address)
    return said.over(body) if said else body


def _bodies(turn: Turn) -> list[Body]:
    found = [_own_device(turn), *(turn.own.body(device) for device in turn.own.devices())]
    wanted = turn.call.listed.get("deviceClasses")
    return [body for body in found if not wanted or body["class"] in wanted]


async def _devices(turn: Turn) -> talq.Answer:
    return talq.paged(turn.call, _bodies(turn), _PAGE_DEFAULT)


async def _devices_count(turn: Turn) -> talq.Answer:
    return talq.Answer(200, len(_bodies(turn)))


async def _body(turn: Turn) -> Body:
    """A device as it is now: its node is asked first (D4)."""
    address = turn.call.path["deviceAddress"]
    if address == turn.cms.gateway_address:
        return _own_device(turn)
    if not turn.own.sees(address):
        raise talq.not_here("Device", address)
    device = turn.engine.gateway.devices[address]
    await _measure(turn.engine, device)
    return turn.own.body(device)


async def _measure(engine: Engine, device: Device) -> None:
    """Ask the node for its state, and wait for it a moment."""
    before = device.node.heard_ms
    if not device.node.command(wire.Ask(device.asset.channel), engine.now()):
        return
    engine.arrived()
    end = asyncio.get_running_loop().time() + ON_DEMAND_S
    while device.node.heard_ms == before and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)


async def _device(turn: Turn) -> talq.Answer:
    return talq.Answer(200, await _body(turn))


async def _function(turn: Turn) -> talq.Answer:
    found = talq.function_of(await _body(turn), turn.call.path["functionId"])
    return talq.Answer(200, talq.in_scope(found, turn.call.query.get("attributeScope")))


async def _attribute(turn: Turn) -> talq.Answer:
    found = talq.function_of(await _body(turn), turn.call.path["functionId"])
    return talq.Answer(200, talq.attribute_of(found, turn.call.path["attributeName"]))


async def _add_devices(turn: Turn) -> talq.Answer:
    made = Configure(turn.engine.gateway, turn.cms.uri).add(turn.bodies)
    await turn.engine.settled()
    return talq.Answer(201, made)


async def _put_devices(turn: Turn) -> talq.Answer:
    await _set(turn, turn.bodies, whole=True)
    return talq.Answer(200, turn.call.body)


async def _patch_devices(turn: Turn) -> talq.Answer:
    bodies = turn.bodies
    if turn.call.path:
        bodies = [{**turn.call.body, "address": turn.call.path["deviceAddress"]}]
    return await _set(turn, bodies, whole=False)


async def _patch_function(turn: Turn) -> talq.Answer:
    path, said = turn.call.path, turn.call.body
    function = {**said, "id": path["functionId"], "type": _kind(turn)}
    body = {"address": path["deviceAddress"], "functions": [function]}
    return await _set(turn, [body], whole=False)


async def _patch_attribute(turn: Turn) -> talq.Answer:
    path = turn.call.path
    function = {
        "id": path["functionId"], "type": _kind(turn), path["attributeName"]: turn.call.body,
    }  # fmt: skip
    body = {"address": path["deviceAddress"], "functions": [function]}
    return await _set(turn, [body], whole=False)


def _kind(turn: Turn) -> str:
    """The type of the function in the path. TalqError 404."""
    address = turn.call.path["deviceAddress"]
    if address == turn.cms.gateway_address:
        body = _own_device(turn)
    elif turn.own.sees(address):
        body = turn.own.body(turn.engine.gateway.devices[address])
    else:
        raise talq.not_here("Device", address)
    return str(talq.function_of(body, turn.call.path["functionId"])["type"])


async def _set(turn: Turn, bodies: list[Body], *, whole: bool) -> talq.Answer:
    """Set attributes; 202 when a node has yet to carry something out (C11)."""
    now = turn.engine.now()
    operations = Configure(turn.engine.gateway, turn.cms.uri).patch(bodies, now, whole=whole)
    for operation in operations:
        _operate(turn, operation)
    await turn.engine.settled()
    return talq.Answer(202 if operations else 200)


def _operate(turn: Turn, operation: Operation) -> None:
    device, function, name, value = operation
    now = turn.engine.now()
    if name in ("targetLightCommand", "targetCommand"):
        where = talq.join_address(device.address, function)
        said = {"addresses": [{"resource": "devices", "address": where}]}
        if value is not None:
            said["targetCommand"] = value
        Control(turn.engine.gateway, turn.cms.uri).override(said, turn.call.request_id, now)
    elif name in translate.RESETS and value is True:
        device.node.command(wire.Reset(action=translate.RESETS[name]), now)
    elif name == announce.RECALIBRATE and value is True and device.asset.kind == "bay":
        device.node.command(wire.Recalibrate(), now)


async def _delete_device(turn: Turn) -> talq.Answer:
    """A device; our own: the CMS wants a resync (B7)."""
    address = turn.call.path["deviceAddress"]
    if address == turn.cms.gateway_address:
        body = _own_device(turn)
        turn.library.forget()
    else:
        body = Configure(turn.engine.gateway, turn.cms.uri).remove(address)
    await turn.engine.settled()
    return talq.Answer(200, body)


HANDLERS: dict[str, Handler] = {
    "getDevices": _devices,
    "getDevicesCount": _devices_count,
    "addDevices": _add_devices,
    "updateDevices": _put_devices,
    "partialUpdateDevices": _patch_devices,
    "getDevice": _device,
    "deleteDevice": _delete_device,
    "partialUpdateDevice": _patch_devices,
    "getDeviceFunction": _function,
    "partialUpdateFunction": _patch_function,
    "getDeviceAttribute": _attribute,
    "partialUpdateAttribute": _patch_attribute,
}
