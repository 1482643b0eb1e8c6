"""Two real lamps on a line of the real controller: gateway, engine, store; no broker runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from gateway_rig import EVENTS, Rig
from line_rig import BAUD, Pair, lined
from real_node import RealNode
from schedule_tables import only, step

from controller.devices import Device
from controller.io.engine_io import Engine
from controller.io.mqtt_io import Broker, MqttLink
from controller.io.roads_io import Roads
from controller.io.store_io import Store
from controller.lines import SerialLine
from protocol import plan, wire, worldclock
from protocol.schedule.planning import Dynamic

NIGHT = only(step("00:00", 20), dynamic=(Dynamic("presence", "max", 80, 45),))


class City:
    """A controller over two lamps, and the pair that it has to them."""

    def __init__(self, folder: Path, pair: Pair) -> None:
        self.pair, self.rig = pair, Rig(2, 0)
        self.store = Store(folder / "controller.db")
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        ids = [asset.node_id for asset in self.rig.site.assets]
        self.nodes: list[RealNode] = []
        for number, node_id in enumerate(ids, 1):
            (folder / node_id).mkdir()
            node = lined(folder / node_id, pair, number, place=number, node_id=node_id)
            node.pages.power_mw[:] = 60000
            self.nodes.append(node)
        port = f"socket://127.0.0.1:{pair.bus.port}"
        row = SerialLine(port, BAUD, {node_id: at for at, node_id in enumerate(ids, 1)})
        broker = MqttLink(Broker("127.0.0.1", 9, "controller", None, "test"), self.engine.arrived)
        groups = dict.fromkeys(ids, "street-1")
        self.roads = Roads(broker, (row,), groups, self.engine.arrived)
        self.engine.link = self.roads

    @property
    def devices(self) -> list[Device]:
        """The lamps as the gateway knows them."""
        addresses = [plan.device_address(node.node_id, 0) for node in self.nodes]
        return [self.rig.gateway.devices[address] for address in addresses]

    def stored(self) -> bool:
        """Whether every lamp holds the schedule that it should."""
        uploads = [device.node.uploads for device in self.devices]
        return all(
            kind in held and held[kind].stored
            for held in uploads
            for kind in (wire.UPLOAD_SCHEDULE, wire.UPLOAD_CONFIGURATION)
        )


def level(node: RealNode) -> int:
    return round(float(node.pages.duty[0]) * 100 / 65535)


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(city: City) -> AsyncIterator[None]:
    """Controller and lamps are on."""
    await city.store.open()
    city.rig.log(EVENTS)
    tasks = [asyncio.create_task(city.engine.run()), asyncio.create_task(city.roads.run())]
    for node in city.nodes:
        node.start()
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await city.store.close()


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    pair = Pair()
    made = City(tmp_path, pair)
    yield made
    logs = [node.log() for node in made.nodes]
    for node in made.nodes:
        node.close()
    pair.close()
    assert logs == ["", ""]


async def test_lamps_on_a_line_do_all_that_lamps_on_a_broker_do(city: City) -> None:
    gateway = city.rig.gateway
    async with running(city):
        await until(lambda: all(device.node.hello for device in city.devices))
        for device in city.devices:
            gateway.schedule(device, NIGHT, city.engine.now())
            gateway.configured(device, city.engine.now())
        await until(city.stored)
        await until(lambda: [level(node) for node in city.nodes] == [20, 20])
        first = city.devices[0].node
        command = wire.Override(command_id=0, action=wire.SET, level_percent=50, override_id=7)
        first.command(command, city.engine.now())
        await until(lambda: [level(node) for node in city.nodes] == [50, 20])
        city.pair.bus.loss = city.pair.bus.noise = 0.1
        for node in city.nodes:
            node.clock.set(node.clock.now_s(), 4.0)
        city.nodes[1].pages.power_mw[:] = 0  # The second lamp fails.
        await asyncio.sleep(2.0)
        city.pair.bus.loss = city.pair.bus.noise = 0.0
        rows: list[tuple[object, ...]] = []
        while not rows:
            await asyncio.sleep(0.1)
            rows = await city.store.rows("SELECT * FROM event")
        assert [row[0] for row in rows] == [city.nodes[1].node_id]


async def test_presence_at_one_lamp_raises_the_other_through_the_controller(city: City) -> None:
    async with running(city):
        await until(lambda: all(device.node.hello for device in city.devices))
        for device in city.devices:
            city.rig.gateway.schedule(device, NIGHT, city.engine.now())
            city.rig.gateway.configured(device, city.engine.now())
        await until(city.stored)
        await until(lambda: [level(node) for node in city.nodes] == [20, 20])
        city.nodes[0].pages.presence[:] = 1
        await until(lambda: level(city.nodes[0]) == 80)
        await until(lambda: level(city.nodes[1]) > 20)
        assert city.roads.dropped == 0
