"""One world, from its configuration to its end: clock, pages, nodes, street, handles."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mmap
import os
import signal
import time
from pathlib import Path

import msgspec
import uvicorn

from protocol import plan, worldclock

from .. import provision
from ..pages import Pages
from .air import Air
from .bus import Bus
from .config import ConfigError, WorldConfig
from .nodes import Nodes
from .server import Handles, application
from .street import Street

STEP_S = 0.05
_SAVE_EVERY_S = 1.0


class _State:
    """What a world keeps between two runs: the time it was left at, and the street."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.said: dict[str, object] = {}
        if path.exists():
            self.said = msgspec.json.decode(path.read_bytes(), type=dict[str, object])

    def save(self, now_s: float, street: Street, session: str) -> None:
        part = self._path.with_suffix(".part")
        said = {"now_s": now_s, "session": session, **street.saved()}
        part.write_bytes(msgspec.json.encode(said))
        part.replace(self._path)

    def now_s(self, start_s: float) -> float:
        """Where time goes on: never before it was left."""
        left = self.said.get("now_s")
        return float(left) if isinstance(left, (int, float)) else start_s


def set_clock(
    clock: worldclock.WorldClock, config: WorldConfig, said: dict[str, object], now_s: float
) -> bool:
    """Set the clock to where time goes on; True when it is running already, and stays."""
    if config.session and said.get("session") == config.session:
        try:
            clock.now_s()
        except worldclock.ClockPageError:
            pass  # We died while we wrote it.
        else:
            return True
    clock.set(now_s, config.speed)
    return False


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the caller ends it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # the base's return type is private
        yield


def write_flash(config: WorldConfig, site_plan: plan.Plan, data: Path) -> None:
    """The flash of all nodes, with their identities."""
    data.mkdir(parents=True, exist_ok=True)
    key = bytes.fromhex(Path(config.site_key_file).read_text().strip())
    size = provision.FLASH_SIZE * len(site_plan.assets)
    path = data / "flash"
    provision.make_area(path, size)
    provision.make_area(data / "slots", 2 * provision.SLOT_SIZE * len(site_plan.assets))
    broker = (config.broker_host, config.broker_port)
    rows = provision.places(site_plan)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as memory:
        view = memoryview(memory)
        for index, asset in enumerate(site_plan.assets):
            at = index * provision.FLASH_SIZE
            said = provision.identity(
                asset, site_plan.site.name, key, broker, config.update_keys,
                place=rows.get(asset.asset_id),
            )  # fmt: skip
            if asset.kind == "lamp":
                said["board"] = provision.board_spec(provision.board_of(asset), config.listen_port)
                said |= _lined(config, asset)
            part = view[at : at + provision.FLASH_SIZE]
            provision.provision(part, said)
            part.release()
        view.release()


def _lined(config: WorldConfig, asset: plan.Asset) -> dict[str, object]:
    """What the identity of a lamp says otherwise when it is on a line."""
    for line in config.lines:
        if asset.node_id in line.nodes:
            if asset.lamp_board != "nema":
                raise ConfigError(f"lines: {asset.asset_id} is on one, which its board has not")
            board = provision.board_spec("nema_rs485", wires=line.port)
            return {"board": board, "line": [line.nodes[asset.node_id], line.baud]}
    return {}


async def _turn(
    street: Street, nodes: Nodes, clock: worldclock.WorldClock, state: _State, session: str
) -> None:
    """The loop of the world."""
    saved = 0.0
    while True:
        now_s = clock.now_s()
        street.step(now_s)
        await nodes.want(street.boards_live())
        if time.monotonic() - saved >= _SAVE_EVERY_S:
            saved = time.monotonic()
            state.save(now_s, street, session)
        await asyncio.sleep(STEP_S)


async def _buses(config: WorldConfig) -> list[Bus]:
    buses = [Bus(line.baud) for line in config.lines]
    for bus, line in zip(buses, config.lines, strict=True):
        await bus.open(line.port, line.port)
    return buses


async def run(config: WorldConfig) -> None:
    """Run until SIGINT or SIGTERM."""
    data = Path(config.data)
    site_plan = plan.load(config.plan)
    write_flash(config, site_plan, data)
    air = Air()
    await air.open(config.listen_port)
    buses = await _buses(config)
    state = _State(data / "world-state.json")
    clock = worldclock.open_page(data / "clock", create=True)
    going_on = set_clock(clock, config, state.said, state.now_s(config.start_s))
    pages = Pages(data / "pages", len(site_plan.assets))
    pages.driven[:] = pages.relay[:] = 0
    street = Street(site_plan, pages, config.seed)
    street.traffic.on = config.traffic
    street.restore(state.said)
    if going_on:
        street.traffic.on = bool(state.said.get("traffic", config.traffic))
    nodes = Nodes(data, data / "clock", street.node_died, street.held_up)
    handles = Handles(site_plan, street, nodes, clock)
    await nodes.open()
    server = _Server(
        uvicorn.Config(
            application(handles), host=config.listen_host, port=config.listen_port,
            log_level="warning", lifespan="off", timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(server.serve()),
        asyncio.create_task(nodes.follow()),
        asyncio.create_task(_turn(street, nodes, clock, state, config.session)),
        asyncio.create_task(stop.wait()),
    ]
    if config.ready_file:
        _tell_ready(Path(config.ready_file), config)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    state.save(clock.now_s(), street, config.session)
    for task in tasks:
        task.cancel()
    await nodes.close()
    air.close()
    for bus in buses:
        bus.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _tell_ready(path: Path, config: WorldConfig) -> None:
    part = path.with_suffix(".part")
    url = f"http://{config.listen_host}:{config.listen_port}"
    part.write_text(json.dumps({"world": url, "pid": os.getpid()}))
    part.replace(path)
