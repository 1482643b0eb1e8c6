"""Takes up what the store holds after a restart (B9): nothing is judged again."""

from __future__ import annotations

from typing import Any

from protocol import talq, wire

from .. import announce, external, outputs, translate
from .. import compile as compiler
from ..attachment import Attachment, Configured
from ..devices import Override
from ..gateway import Gateway
from ..loggers import logger_of
from ..nodes import Upload
from .store_io import Store
from .talq_client_io import CmsLink


async def restore(gateway: Gateway, store: Store, links: list[CmsLink]) -> None:
    """Take up everything the store holds (B9)."""
    for uri, gateway_address, cms_address, ready in await store.rows("SELECT * FROM cms"):
        for link in links:
            if link.uri == uri:
                link.restore(str(gateway_address), str(cms_address), bool(ready))
    for cms, kind, name, body in await store.rows("SELECT * FROM resource WHERE cms != ''"):
        assert isinstance(body, bytes)
        own = gateway.attachment(str(cms))
        _resource(gateway, own, str(kind), str(name), talq.read_json(body))
    for attachment in gateway.attachments.values():
        for config in attachment.catalogue.tables["logger-configs"].values():
            logger = logger_of(config, attachment.groups)
            attachment.loggers[logger.address] = logger
        for name in attachment.configured.keys() & gateway.devices.keys():
            gateway.configuration(gateway.devices[name])
    for row in await store.rows("SELECT * FROM assignment"):
        device = gateway.devices.get(str(row[0]))
        if device:
            device.cms, device.calendar_id = str(row[1]), str(row[2])
            device.calendar_s = float(str(row[3]))
            device.calendar_origin = str(row[4])
    for row in await store.rows("SELECT * FROM override"):
        _restore_override(gateway, row)
    for address, generation, body in await store.rows("SELECT * FROM schedule"):
        device = gateway.devices.get(str(address))
        if device and isinstance(body, bytes) and isinstance(generation, int):
            upload = Upload(generation, compiler.digest(body), body)
            device.node.uploads[wire.UPLOAD_SCHEDULE] = upload
    for address, body in await store.rows("SELECT * FROM reported"):
        device = gateway.devices.get(str(address))
        if device and isinstance(body, bytes):
            device.keep(translate.unpacked(body))
    for node_id, boot, number in await store.rows("SELECT * FROM event"):
        assert isinstance(boot, int)
        assert isinstance(number, int)
        gateway.known_event(str(node_id), boot, number)


def _resource(
    gateway: Gateway, own: Attachment, kind: str, name: str, body: dict[str, Any]
) -> None:
    if kind in talq.COLLECTIONS:
        own.catalogue.restore(kind, name, body)
    elif kind == "configured":
        own.configured[name] = Configured.from_json(body)
    elif kind == "absent":
        own.absent.add(name)
    elif kind == "data-packages":
        own.packages[name] = body
    elif kind == "fetching":
        own.fetching[name] = body
    elif kind == outputs.KIND:
        gateway.beside.outputs.restore(name, body)
    elif kind == external.KIND:
        external.restore(gateway.inputs, name, body)
    elif kind == "commissioned" and name not in gateway.devices:
        asset_kind = announce.CLASS_KINDS[str(body["class"])]
        node_id = announce.hardware(body)
        gateway.registry.add(announce.asset_of(body, node_id, asset_kind, gateway.site), name)


def _restore_override(gateway: Gateway, row: tuple[Any, ...]) -> None:
    address, rank, number, level, starts_s, expires_s, ramp_ds, ref, origin, cms, released = row
    override = Override(
        number, rank, level, starts_s, expires_s, ramp_ds, ref, origin, cms, bool(released)
    )
    if address in gateway.devices:
        gateway.devices[address].overrides[rank] = override
