"""A thousand nodes with the real firmware: how long they take to start, what an idle one holds."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
import time
from pathlib import Path

import numpy as np

from hardware_sim.pages import Pages
from hardware_sim.world.config import WorldConfig
from hardware_sim.world.nodes import Nodes
from hardware_sim.world.run import write_flash
from protocol import plan, worldclock

from .figures import Figure

NODES = 1000
_S_MAX = 60.0


def _own_kb(pid: int) -> int:
    """A process's share of memory, its flash chip (a mapped file) apart."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss_Anon:"):
            return int(line.split()[1])
    raise RuntimeError("this kernel does not tell Pss_Anon")


async def _measured(folder: Path) -> tuple[float, float]:
    """(seconds until all drive their lamps, median kB of a node)."""
    site_plan = plan.quarter(NODES, 0)
    clock = worldclock.open_page(folder / "clock", create=True)
    clock.set(time.time(), 1.0)
    pages = Pages(folder / "pages", NODES)
    plan.save(site_plan, folder / "plan.json")
    (folder / "site.key").write_text(secrets.token_hex(32))
    # Nobody listens at that port: the nodes are alone, as on an evening without a network.
    config = WorldConfig(
        plan=str(folder / "plan.json"), data=str(folder), site_key_file=str(folder / "site.key"),
        broker_host="127.0.0.1", broker_port=9, listen_host="", listen_port=0, start_s=0.0,
    )  # fmt: skip
    write_flash(config, site_plan, folder)
    nodes = Nodes(folder, folder / "clock", lambda _: None)
    await nodes.open()
    following = asyncio.create_task(nodes.follow())
    pages.link[:] = 1
    powered = np.ones(NODES, bool)
    begin = time.monotonic()
    await nodes.want(powered)
    while (len(nodes.pids) < NODES or int((pages.driven != 0).sum()) < NODES) and (
        time.monotonic() - begin < _S_MAX
    ):
        await asyncio.sleep(0.05)
    took_s = time.monotonic() - begin
    await asyncio.sleep(3)
    sizes = sorted(_own_kb(pid) for pid in list(nodes.pids.values())[:: max(1, NODES // 50)])
    await nodes.close()
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    return took_s, float(sizes[len(sizes) // 2])


def measure() -> list[Figure]:
    """Both figures against the issue's bounds."""
    with tempfile.TemporaryDirectory() as folder:
        took_s, size_kb = asyncio.run(_measured(Path(folder)))
    return [
        Figure("thousand_nodes_start", took_s, "s", None, None, 20.0, "lower"),
        Figure("idle_node_memory", size_kb / 1024, "MB", None, None, 1.0, "lower"),
    ]
