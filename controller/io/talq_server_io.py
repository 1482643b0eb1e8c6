"""The gateway's TALQ server: which CMS asks, and thin handlers over the cores."""

from __future__ import annotations

from protocol import talq

from .. import announce, identity
from ..attachment import LIMITS
from ..control import Control
from . import talq_devices_io
from .engine_io import Engine
from .packages_io import Packages
from .talq_client_io import CmsLink
from .turn import Handler, Turn

_LOG_ENTRIES_MAX = 200


class GatewayServer:
    """Handlers by operation id."""

    def __init__(self, engine: Engine, links: list[CmsLink], packages: Packages) -> None:
        self._engine = engine
        self._links = links
        self.handlers: dict[str, Handler] = {
            **_collections(),
            "addGroupMembers": _add_members,
            "getGroupMembersCount": _count_members,
            "deleteGroupMember": _remove_member,
            "assignCommand": _assign,
            "getAssignCommands": _assigned,
            "sendCommand": _override,
            "getDeviceClasses": _classes,
            "getDeviceClassesCount": _classes_count,
            "getDeviceClass": _class,
            "getServices": _services,
            "getService": _service,
            **talq_devices_io.HANDLERS,
            "getLogReport": _log_report,
            "getLogReportsCount": _log_count,
            "getDataPackages": packages.listed,
            "upgradeDataPackages": packages.upgrade,
        }

    async def carry_out(self, call: talq.Call) -> talq.Answer:
        """One request; 403 for a stranger."""
        for link in self._links:
            if link.cms_address and link.cms_address == call.sender:
                if not identity.may_command(link.identity, call.certificate):
                    text = "belongs to the holder of another certificate"
                    raise talq.TalqError(403, "parameterValueNotValid", text, "clientAddress")
                link.identity = identity.told(call.certificate)
                turn = Turn(call, link, self._engine)
                return await self.handlers[call.operation.operation_id](turn)
        raise talq.TalqError(
            403, "parameterValueNotValid", "is not a CMS we are attached to", "clientAddress"
        )


# Collections: one implementation for all of them.


def _collections() -> dict[str, Handler]:
    """Handlers by operation id, bound by path and method."""
    found: dict[str, Handler] = {}
    for operation in talq.operations("gateway"):
        collection, *rest = operation.path.strip("/").split("/")
        if collection not in talq.COLLECTIONS or len(rest) > 1:
            continue
        doing = {"GET": _get, "PUT": _replace, "DELETE": _remove} if rest else {
            "GET": _list, "POST": _add, "PUT": _replace,
        }  # fmt: skip
        found[operation.operation_id] = _count if rest == ["count"] else doing[operation.method]
    return found


def _collection(turn: Turn) -> str:
    return turn.call.operation.path.strip("/").split("/")[0]


def _address(turn: Turn) -> str:
    return next(iter(turn.call.path.values()))


async def _list(turn: Turn) -> talq.Answer:
    return talq.Answer(200, list(turn.own.catalogue.tables[_collection(turn)].values()))


async def _count(turn: Turn) -> talq.Answer:
    return talq.Answer(200, len(turn.own.catalogue.tables[_collection(turn)]))


async def _get(turn: Turn) -> talq.Answer:
    return talq.Answer(200, turn.own.catalogue.get(_collection(turn), _address(turn)))


async def _add(turn: Turn) -> talq.Answer:
    turn.library.put(_collection(turn), turn.bodies, True, turn.engine.now())
    await turn.engine.settled()
    return talq.Answer(201, turn.call.body if turn.call.operation.response else None)


async def _replace(turn: Turn) -> talq.Answer:
    collection = _collection(turn)
    if turn.call.path:
        key = talq.COLLECTIONS[collection].key
        if turn.call.body[key] != _address(turn):
            raise talq.TalqError(400, "payloadError", "is not that of the path", key)
    turn.library.put(collection, turn.bodies, False, turn.engine.now())
    await turn.engine.settled()
    return talq.Answer(200, turn.call.body if turn.call.operation.response else None)


async def _remove(turn: Turn) -> talq.Answer:
    body = turn.library.remove(_collection(turn), _address(turn))
    await turn.engine.settled()
    return talq.Answer(200, body)


# Groups.


async def _add_members(turn: Turn) -> talq.Answer:
    group = turn.call.path["groupAddress"]
    found = turn.library.add_members(group, turn.bodies, turn.engine.now())
    await turn.engine.settled()
    return talq.Answer(200, found)


async def _count_members(turn: Turn) -> talq.Answer:
    body = turn.own.catalogue.get("groups", turn.call.path["groupAddress"])
    return talq.Answer(200, len(body["members"]))


async def _remove_member(turn: Turn) -> talq.Answer:
    path = turn.call.path
    member = turn.library.remove_member(
        path["groupAddress"], path["memberResource"], path["memberAddress"], turn.engine.now()
    )
    await turn.engine.settled()
    return talq.Answer(200, member)


# Commands.


async def _override(turn: Turn) -> talq.Answer:
    control = Control(turn.engine.gateway, turn.cms.uri)
    control.override(turn.call.body, turn.call.request_id, turn.engine.now())
    await turn.engine.settled()
    return talq.Answer(202)


async def _assign(turn: Turn) -> talq.Answer:
    control = Control(turn.engine.gateway, turn.cms.uri)
    control.assign(turn.call.body, turn.call.request_id, turn.engine.now())
    await turn.engine.settled()
    return talq.Answer(202)


async def _assigned(turn: Turn) -> talq.Answer:
    return talq.Answer(200, Control(turn.engine.gateway, turn.cms.uri).assigned())


# What we are.


async def _classes(turn: Turn) -> talq.Answer:
    return talq.Answer(200, [announce.device_class(name) for name in announce.CLASSES])


async def _classes_count(turn: Turn) -> talq.Answer:
    return talq.Answer(200, len(announce.CLASSES))


async def _class(turn: Turn) -> talq.Answer:
    name = turn.call.path["className"]
    if name not in announce.CLASSES:
        raise talq.not_here("DeviceClass", name)
    return talq.Answer(200, announce.device_class(name))


async def _services(turn: Turn) -> talq.Answer:
    return talq.Answer(200, announce.services(LIMITS))


async def _service(turn: Turn) -> talq.Answer:
    for body in announce.services(LIMITS):
        if body["name"] == turn.call.path["serviceName"]:
            return talq.Answer(200, body)
    raise talq.not_here("Service", turn.call.path["serviceName"])


# Logs.


async def _log_report(turn: Turn) -> talq.Answer:
    """What is recorded and not reported yet; a periodic logger samples first (L4)."""
    name = turn.call.path["loggerAddress"]
    turn.own.catalogue.get("logger-configs", name)
    logger = turn.own.loggers[name]
    if logger.is_periodic:
        turn.engine.gateway.records.sample(turn.cms.uri, logger)
        await turn.engine.settled()
    rows = await turn.engine.store.outbox(turn.cms.uri, name, _LOG_ENTRIES_MAX)
    entries = [talq.read_json(body) for _, body in rows]
    return talq.Answer(200, {"address": name, "entries": entries})


async def _log_count(turn: Turn) -> talq.Answer:
    return talq.Answer(200, len(turn.own.loggers))
