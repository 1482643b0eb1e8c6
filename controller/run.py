"""Wiring of a controller: settings, plan, store, brain, link, server, one client for each CMS."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import signal
from pathlib import Path

import structlog

from protocol import plan, talq, tls, worldclock
from protocol.schedule import planning

from .effects import Now
from .errors import ControllerError
from .gateway import Gateway
from .io.engine_io import Engine
from .io.mqtt_io import Broker, MqttLink
from .io.packages_io import Packages
from .io.restore_io import restore
from .io.roads_io import Roads
from .io.store_io import Store
from .io.talq_client_io import CmsLink
from .io.talq_server_io import GatewayServer
from .library import Library
from .lines import check_nodes
from .receipts import NAME
from .renewals import Renewals
from .rollout import Rollout
from .settings import Settings
from .streets import near_keys

_KEYS_LOOK_S = 5.0  # So soon a revoked key opens nothing any more.
_log = structlog.get_logger("controller")


async def run(settings: Settings, clock: worldclock.Clock, ready_file: Path | None) -> None:
    """Run until SIGINT or SIGTERM."""
    site = plan.load(settings.plan)
    gateway = _gateway(site, settings)
    store = Store(settings.data / "controller.db")
    await store.open()
    engine = Engine(gateway, store, clock)
    trust = tls.Trust(settings.tls) if settings.tls else None
    verify = trust.client() if trust else True
    links = [
        CmsLink(uri.rstrip("/"), settings.gateway_url, engine, verify) for uri in settings.cms
    ]
    await restore(gateway, store, links)
    await _look_at_plan(gateway, store, links, settings.plan.read_bytes(), clock.now_s())
    for uri in list(gateway.attachments):
        Library(gateway, uri).compile_all(engine.now())
    _wire(engine, links, settings, site)
    assert engine.link is not None
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    packages = Packages(engine, settings.data / "packages", settings.release_key)
    for attachment in gateway.attachments.values():
        for body in attachment.fetching.values():
            packages.begin(attachment.uri, body)
    app = tls.certified(talq.Face("gateway", GatewayServer(engine, links, packages).carry_out))
    server = tls.server(app, settings.listen_host, settings.listen_port, trust)
    tasks = [
        asyncio.create_task(server.serve()),
        asyncio.create_task(engine.run()),
        asyncio.create_task(engine.link.run()),
        asyncio.create_task(stop.wait()),
        asyncio.create_task(_watch_keys(engine, settings)),
        *(asyncio.create_task(link.run()) for link in links),
    ]
    if ready_file:
        part = ready_file.with_suffix(".part")
        part.write_text(json.dumps({"gateway_talq": settings.gateway_url, "pid": os.getpid()}))
        part.replace(ready_file)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await packages.close()
    await store.close()
    for task in done:
        error = None if task.cancelled() else task.exception()
        if error:
            raise ControllerError(f"{type(error).__name__}: {error}") from error


def _gateway(site: plan.Plan, settings: Settings) -> Gateway:
    """The brain, with the keys that hold now."""
    zone = planning.zone_from_name(site.site.zone).to_bytes()
    beat = (settings.heartbeat_s, settings.fade_s)
    gateway = Gateway(site, settings.site_key, zone, secrets.token_bytes, beat)
    _look_at_keys(gateway, settings)
    return gateway


def _look_at_keys(gateway: Gateway, settings: Settings, now: Now | None = None) -> None:
    """Which keys hold, by the commands that end and renew them, and by how nodes have joined.

    With a time, renewals go on.
    """
    nodes = gateway.registry.nodes()
    path = settings.data / NAME
    ahead = {node.node_id: node.keys.proved for node in nodes.values() if node.keys.proved > 0}
    if not path.exists() and not ahead:
        return
    renewals = Renewals(path)
    try:
        known = renewals.keys()
        joined = {
            node_id: number for node_id, number in ahead.items()
            if number > known.get(node_id, (0, 0))[0]
        }  # fmt: skip
        if joined:
            renewals.keep((), joined)
            known = renewals.keys()
            _log.info("nodes have joined by renewed keys", nodes=len(joined))
        for node_id, (held, wanted) in known.items():
            if node_id in nodes:
                nodes[node_id].expect_keys(held, wanted)
        if now is not None:
            near = near_keys(gateway.site, settings.site_key, renewals.near())
            further = Rollout(nodes, secrets.token_bytes, near).look(renewals.rows(), now)
            renewals.keep(further, {})
            for row in further:
                _log.info("renewal", node_id=row.node_id, state=row.state, why=row.why)
    finally:
        renewals.close()


async def _watch_keys(engine: Engine, settings: Settings) -> None:
    while True:
        await asyncio.sleep(_KEYS_LOOK_S)
        _look_at_keys(engine.gateway, settings, engine.now())


async def _look_at_plan(
    gateway: Gateway, store: Store, links: list[CmsLink], data: bytes, now_s: float
) -> None:
    """Devices learn since when the plan has them; one that was changed is told (D6)."""
    digest = hashlib.sha256(data).hexdigest()
    rows = await store.rows("SELECT body FROM resource WHERE cms='' AND kind='plan'")
    kept = talq.read_json(bytes(rows[0][0])) if rows and isinstance(rows[0][0], bytes) else {}
    same = kept.get("digest") == digest
    since_s = float(kept["since_s"]) if same else now_s
    gateway.since_s = since_s
    for device in gateway.devices.values():
        device.since_s = since_s
    if not same:
        body = talq.encode({"digest": digest, "since_s": since_s})
        await store.commit([("resource", ("", "plan", "plan", body))])
    rows = await store.rows("SELECT cms FROM resource WHERE kind='untold'")
    untold = {str(row[0]) for row in rows}
    if kept and not same:
        untold = {link.uri for link in links}
        # Until a CMS has taken it: we may be killed before.
        await store.commit([("resource", (uri, "untold", "plan", b"{}")) for uri in untold])
    for link in links:
        link.tell_devices = link.uri in untold


def _wire(engine: Engine, links: list[CmsLink], settings: Settings, site: plan.Plan) -> None:
    """Connect the shells."""
    broker = Broker(
        settings.broker_host, settings.broker_port, settings.broker_user,
        settings.broker_password, site.site.name,
    )  # fmt: skip
    mqtt_link = MqttLink(broker, engine.arrived)
    mqtt_link.on_connected = engine.gateway.connected
    check_nodes(settings.lines, {asset.node_id for asset in site.assets})
    group_of = {a.node_id: a.street_id for a in site.assets if a.kind == "lamp"}
    engine.link = Roads(mqtt_link, settings.lines, group_of, engine.arrived)
    engine.woken = [link.wake for link in links]
    by_uri = {link.uri: link for link in links}

    def patch(patches: list[tuple[str, str, str]]) -> None:
        for cms, origin, address in patches:
            if cms in by_uri:
                by_uri[cms].patch(origin, address)

    def bootstrap(cms: str) -> None:
        if cms in by_uri:
            by_uri[cms].start_over()

    engine.patch, engine.bootstrap = patch, bootstrap
