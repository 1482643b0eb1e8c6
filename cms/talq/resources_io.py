"""Resources that a gateway keeps here: one implementation over the table of collections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from protocol import talq

from ..store import tables
from .turn import Handler, Turn

_REFERRING = frozenset(talq.attribute_resources())


def handlers() -> dict[str, Handler]:
    """Handlers of the type resources by operation id, bound by path and method."""
    found: dict[str, Handler] = {}
    for operation in talq.operations("cms"):
        collection, *rest = operation.path.strip("/").split("/")
        if collection in talq.TYPES:
            doing = {"GET": _get, "PUT": _replace, "DELETE": _remove} if rest else {
                "GET": _list, "POST": _add, "PUT": _replace,
            }  # fmt: skip
            handler = _count if rest == ["count"] else doing[operation.method]
            found[operation.operation_id] = handler
    return found


def _collection(turn: Turn) -> str:
    return turn.call.operation.path.strip("/").split("/")[0]


def _address(turn: Turn) -> str:
    return next(iter(turn.call.path.values()))


async def catalogue(turn: Turn, *, with_devices: bool = False) -> talq.Catalogue:
    """What the sender has sent of types; with_devices: who of its devices refers to them too."""
    users: dict[tuple[str, str], list[tuple[str, str]]] = {}
    if with_devices:
        d = tables.devices.c
        query = sa.select(d.address, d.body).where(d.gateway == turn.sender)
        for row in await turn.unit.rows(query):
            for found in talq.device_references(row["body"]):
                key = (found.resource, found.address)
                users.setdefault(key, []).append(("devices", row["address"]))
    made = talq.Catalogue(
        talq.Others(lambda resource, address: False, lambda *key: users.get(key, ()))
    )
    r = tables.talq_resources.c
    for row in await turn.unit.rows(
        sa.select(tables.talq_resources).where(r.gateway == turn.sender)
    ):
        made.restore(row["collection"], row["address"], row["body"])
    return made


async def keep(turn: Turn, changes: list[talq.Change]) -> None:
    """Store what a catalogue has changed."""
    r = tables.talq_resources
    for collection, address, body in changes:
        key = {"gateway": turn.sender, "collection": collection, "address": address}
        if body is not None:
            await turn.unit.put(r, {**key, "body": body})
        else:
            same = sa.and_(*(r.c[name] == value for name, value in key.items()))
            await turn.unit.run(r.delete().where(same))


async def refuse_dangling(turn: Turn, bodies: list[dict[str, Any]]) -> None:
    """TalqError 422 when a device names a type that its gateway has not sent (D9)."""
    named = [
        (number, found)
        for number, body in enumerate(bodies)
        if any(_REFERRING & function.keys() for function in body.get("functions") or ())
        for found in talq.device_references(body)
        if found.resource in talq.TYPES
    ]
    if not named:
        return
    known = await catalogue(turn)
    faults = [
        talq.Fault(422, "relatedResourceNotFound", f"no {found.address!r} is here",
                   f"{number}.{found.field}", ((found.resource, found.address),))
        for number, found in named
        if not known.exists(found.resource, found.address)
    ]  # fmt: skip
    if faults:
        raise talq.TalqError.of(faults[:20])


async def _list(turn: Turn) -> talq.Answer:
    return talq.Answer(200, list((await _table(turn)).values()))


async def _count(turn: Turn) -> talq.Answer:
    return talq.Answer(200, len(await _table(turn)))


async def _table(turn: Turn) -> Mapping[str, Any]:
    return (await catalogue(turn)).tables[_collection(turn)]


async def _get(turn: Turn) -> talq.Answer:
    return talq.Answer(200, (await catalogue(turn)).get(_collection(turn), _address(turn)))


async def _add(turn: Turn) -> talq.Answer:
    known = await catalogue(turn)
    await keep(turn, known.add(_collection(turn), turn.bodies))
    return talq.Answer(201, turn.call.body)


async def _replace(turn: Turn) -> talq.Answer:
    collection = _collection(turn)
    if turn.call.path:
        key = talq.COLLECTIONS[collection].key
        if turn.call.body[key] != _address(turn):
            raise talq.TalqError(400, "payloadError", "is not that of the path", key)
    known = await catalogue(turn)
    await keep(turn, known.replace(collection, turn.bodies))
    return talq.Answer(200, turn.call.body)


async def _remove(turn: Turn) -> talq.Answer:
    known = await catalogue(turn, with_devices=True)
    body, changes = known.remove(_collection(turn), _address(turn))
    await keep(turn, changes)
    return talq.Answer(200, body)
