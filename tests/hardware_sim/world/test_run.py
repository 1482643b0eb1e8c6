"""A world with lamps on a line: the controller's port finds them there."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

from controller.io.line_io import LineLink
from controller.lines import SerialLine
from protocol import plan

START_S = 1_795_284_000.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_lamps_of_a_world_are_on_the_line_that_it_is_told(tmp_path: Path) -> None:
    site = plan.quarter(2, 0)
    plan.save(site, tmp_path / "plan.json")
    (tmp_path / "site.key").write_text(bytes(range(32)).hex())
    nodes = {asset.node_id: number for number, asset in enumerate(site.assets, 1)}
    port = free_port()
    said = {
        "plan": str(tmp_path / "plan.json"), "data": str(tmp_path / "world"),
        "site_key_file": str(tmp_path / "site.key"), "broker_host": "127.0.0.1",
        "broker_port": 9, "listen_host": "127.0.0.1", "listen_port": free_port(),
        "start_s": START_S, "traffic": False, "lines": [{"port": port, "nodes": nodes}],
    }  # fmt: skip
    (tmp_path / "world.json").write_text(json.dumps(said))
    joins: set[str] = set()

    def came(node_id: str, frame: bytes, address: int) -> None:
        joins.add(node_id)
        link.acknowledge(address)

    link = LineLink(SerialLine(f"socket://127.0.0.1:{port}", 115200, nodes), came)
    world = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hardware_sim", str(tmp_path / "world.json")
    )
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(60):
            while joins != set(nodes):
                assert world.returncode is None
                await asyncio.sleep(0.05)
        assert all(link.up(node_id) for node_id in nodes)
        world.terminate()
        assert await asyncio.wait_for(world.wait(), 20) == 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if world.returncode is None:
            world.kill()
            await world.wait()
