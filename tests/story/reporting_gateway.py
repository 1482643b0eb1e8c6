"""A gateway of our controller's own parts that records events without end, to be killed at will.

Words: plan file, data folder, CMS URI, port of ours. It records until there is a file `enough` in
its folder. The number of an event is stored in the batch of its outbox entry, as `Gateway` does
it: after a kill it goes on with the next.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvicorn

from controller import translate
from controller.gateway import Gateway
from controller.io.engine_io import Engine
from controller.io.packages_io import Packages
from controller.io.restore_io import restore
from controller.io.store_io import Store
from controller.io.talq_client_io import CmsLink
from controller.io.talq_server_io import GatewayServer
from protocol import plan, talq, worldclock
from protocol.schedule import planning

AT_MS = 1_795_248_000_000
PAUSE_S = 0.004


async def main(plan_file: Path, folder: Path, cms: str, port: int) -> None:
    """Until it is killed."""
    site = plan.load(plan_file)
    zone = planning.zone_from_name(site.site.zone).to_bytes()
    gateway = Gateway(site, bytes(32), zone, bytes, (60, 1))
    store = Store(folder / "controller.db")
    await store.open()
    engine = Engine(gateway, store, worldclock.SystemClock())
    link = CmsLink(cms, f"http://127.0.0.1:{port}", engine)
    await restore(gateway, store, [link])
    engine.woken = [link.wake]
    engine.bootstrap = lambda _: link.start_over()
    packages = Packages(engine, folder / "packages", None)
    app = talq.Face("gateway", GatewayServer(engine, [link], packages).carry_out)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
    )
    await asyncio.gather(
        server.serve(), engine.run(), link.run(), record(engine, store, folder / "enough")
    )


async def record(engine: Engine, store: Store, enough: Path) -> None:
    """Events one after another, each written down with its number in one batch."""
    gateway = engine.gateway
    device = next(iter(gateway.devices.values()))
    ((number,),) = await store.rows("SELECT coalesce(max(number), 0) FROM event")
    assert isinstance(number, int)
    while not gateway.records.takes_events:
        await asyncio.sleep(0.02)
    while not await asyncio.to_thread(enough.exists):
        number += 1
        at_ms = AT_MS + number
        entry = translate.event_entry(device.address, "lamp_failure", number % 2, at_ms, 0)
        gateway.effects.store("event", device.node.node_id, 1, number)
        gateway.records.event(device.address, entry)
        await engine.settled()
        await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    words = sys.argv[1:]
    asyncio.run(main(Path(words[0]), Path(words[1]), words[2], int(words[3])))
