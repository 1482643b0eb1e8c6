"""The demo: a quarter of Brussels on this machine, whole, from the lamp to the map.

Four processes meet as they would in a city: broker, world (with a process for each node's real
firmware), CMS and controller. The city is kept in the data folder and goes on where it was left.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import fcntl
import json
import secrets
import signal
import sys
import time
import webbrowser
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from protocol import plan

from . import broker
from .city import LINE, City, Wishes, start_s
from .errors import MissingError
from .supervise import Program, Supervisor

_CITY_S_MAX = 45.0


async def _port_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _program(city: City, name: str, words: list[str], port: int) -> Program:
    async def ready() -> bool:
        return await _port_open(port)

    return Program(name, words, city.data / "logs" / f"{name}.log", ready)


def broker_program(city: City) -> Program:
    """The MQTT broker."""
    port = city.ports["broker"]
    nodes = len({asset.node_id for asset in city.plan.assets})
    words = broker.words(
        city.data / "broker", port=port, site=city.plan.site.name, users=city.users(), nodes=nodes
    )
    return _program(city, "broker", words, port)


def world_program(city: City) -> Program:
    """The street and its nodes."""
    wishes = city.wishes
    folder = city.data / "world"
    folder.mkdir(exist_ok=True)
    today = datetime.datetime.now(zoneinfo.ZoneInfo(city.plan.site.zone)).date()
    said = {
        "plan": str(city.plan_file), "data": str(folder), "site_key_file": str(city.key_file),
        "broker_host": "127.0.0.1", "broker_port": city.ports["broker"],
        "listen_host": "127.0.0.1", "listen_port": city.ports["world"],
        "start_s": start_s(wishes.start, city.plan.site, today), "speed": wishes.speed,
        "seed": wishes.seed, "traffic": wishes.traffic, "session": secrets.token_hex(8),
        "update_keys": [city.release_key],
        "lines": [{"port": city.ports[LINE], "nodes": city.on_line()}] if wishes.line else [],
    }  # fmt: skip
    path = folder / "world.json"
    path.write_text(json.dumps(said))
    words = [sys.executable, "-m", "hardware_sim", str(path)]
    return _program(city, "world", words, city.ports["world"])


def cms_program(city: City) -> Program:
    """Central management."""
    words = [
        sys.executable, "-m", "cms", "--plan", str(city.plan_file),
        "--listen", f"127.0.0.1:{city.wishes.port}", "--data", str(city.data / "cms"),
        "--clock", str(city.data / "world" / "clock"), "--talq-allow-loopback",
        "--plain-http",
    ]  # fmt: skip
    return _program(city, "cms", words, city.wishes.port)


def controller_program(city: City) -> Program:
    """The edge controller."""
    path = city.data / "controller.toml"
    rows = {
        "plan": str(city.plan_file), "site_key_file": str(city.key_file),
        "data": str(city.data / "controller"), "broker_port": city.ports["broker"],
        "broker_password_file": str(city.password_file), "listen_port": city.ports["gateway"],
        "release_key": city.release_key,
    }  # fmt: skip
    text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in rows.items())
    if city.wishes.line:
        nodes = ", ".join(f'"{node_id}" = {at}' for node_id, at in city.on_line().items())
        port = f"socket://127.0.0.1:{city.ports[LINE]}"
        text += f'\n[[lines]]\nport = "{port}"\nnodes = {{{nodes}}}\n'
    path.write_text(text)
    words = [
        sys.executable, "-m", "controller", "--config", str(path),
        "--clock", str(city.data / "world" / "clock"), "--plain-http",
    ]  # fmt: skip
    for uri in (f"{city.web}/talq", *city.wishes.cms):
        words += ["--cms", uri]
    return _program(city, "controller", words, city.ports["gateway"])


class Demo:
    """A running city."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._ready = False
        self.supervisor = Supervisor(self._changed)
        self.token = ""

    async def start(self) -> None:
        """Start everything; MissingError names what does not get ready."""
        city = self._city
        if city.missing_on_line:
            raise MissingError(
                f"--line {city.wishes.line}: this city has {city.missing_on_line} fewer lamps "
                "whose board can be on a line; take more --lamps, or a new --data"
            )
        for name, port in city.ports.items():
            if await _port_open(port):
                raise MissingError(
                    f"port {port} of the {name} is in use; delete {city.data / 'ports.json'}"
                )
        try:
            # CMS and controller wait for each other, and read the world's clock.
            for makers in ((broker_program,), (world_program,), (cms_program, controller_program)):
                programs = [make(city) for make in makers]
                _say(f"starting {' and '.join(program.name for program in programs)}")
                await asyncio.gather(*map(self.supervisor.start, programs))
        except TimeoutError as error:
            raise MissingError(str(error)) from error
        self.token = (city.data / "cms" / "first-token").read_text().strip()
        headers = {"authorization": f"Bearer {self.token}"}
        async with httpx.AsyncClient(
            base_url=f"{city.web}/api/v1", headers=headers, trust_env=False
        ) as api:
            await _first_schedule(api)
            stands = [a for a in city.plan.assets if a.kind not in plan.STATION_KINDS]
            await _city_known(api, len(stands))
        self._ready = True
        self._changed()

    def _changed(self) -> None:
        if self._ready and self._city.wishes.ready_file is not None:
            write_ready(self._city.wishes.ready_file, self.told())

    def told(self) -> dict[str, Any]:
        """The ready file's content (docs/contract)."""
        city = self._city
        site = city.plan.site
        users = city.users()
        pids = {name: program.pid for name, program in self.supervisor.programs.items()}
        return {
            "web": f"{city.web}/#token={self.token}",
            "api": f"{city.web}/api/v1",
            "token": self.token,
            "cms_talq": f"{city.web}/talq",
            "gateway_talq": city.url("gateway"),
            "world": city.url("world"),
            "broker": f"127.0.0.1:{city.ports['broker']}",
            "broker_users": {name: [name, password] for name, password in users.items()},
            "data": str(city.data),
            "pids": {name: pids[name] for name in ("cms", "controller", "broker", "world")},
            "site": {"lat": site.lat, "lon": site.lon, "zone": site.zone},
        }


def write_ready(path: Path, said: dict[str, Any]) -> None:
    """Write whole: temporary file, then rename."""
    part = path.with_suffix(path.suffix + ".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(said, indent=1))
    part.replace(path)


async def _first_schedule(api: httpx.AsyncClient) -> None:
    """A new city gets a calendar, so that there is a dusk to look at."""
    known = (await api.get("/calendars")).json()
    if known["total"]:
        return
    residential = {
        "name": "Residential",
        "steps": [
            {"at": "22:30", "level_percent": 60, "ramp_s": 60},
            {"at": "06:00", "level_percent": 100, "ramp_s": 60},
        ],
        "active_periods": [{"kind": "astro", "on_offset_min": -5, "off_offset_min": 10}],
        "dynamic": [
            {"sensor": "presence", "operation": "max", "level_percent": 80, "hold_s": 45}
        ],
    }  # fmt: skip
    festive = {
        "name": "Festive",
        "steps": [{"at": "12:00", "level_percent": 100}],
        "active_periods": [{"kind": "astro", "on_offset_min": -15, "off_offset_min": 10}],
    }
    ids = []
    for program in (residential, festive):
        answer = await api.post("/programs", json=program)
        answer.raise_for_status()
        ids.append(answer.json()["id"])
    rules = [{"program_id": ids[1], "from": "--12-24", "to": "--01-02", "days": []}]
    calendar = {"name": "All year", "default_program_id": ids[0], "rules": rules}
    made = await api.post("/calendars", json=calendar)
    made.raise_for_status()
    lamps = (await api.get("/lamps")).json()["items"]
    if lamps:
        said = {"calendar_id": made.json()["id"], "lamp_ids": [lamp["id"] for lamp in lamps]}
        (await api.post("/assignments", json=said)).raise_for_status()


async def _city_known(api: httpx.AsyncClient, assets: int) -> None:
    """Until every asset was reported by its node, or as long as one should wait for that."""
    end = time.monotonic() + _CITY_S_MAX
    known = 0
    while known < assets and time.monotonic() < end:
        known = 0
        for kind in ("lamps", "bays"):
            rows = (await api.get(f"/{kind}")).json()["items"]
            # What is without power by plan cannot report, and is known all the same.
            known += sum(
                row["reported_at"] is not None or row["health"] == "unpowered" for row in rows
            )
        await asyncio.sleep(0.1)
    _say(f"{known} of {assets} lamps and bays have reported")


def _say(text: str) -> None:
    print(f"lamplighter: {text}", file=sys.stderr, flush=True)


async def run(wishes: Wishes) -> int:
    """Run until SIGINT or SIGTERM; 0. StartError and MissingError before anything is made."""
    if wishes.start is not None:
        start_s(wishes.start, plan.quarter(1, 0).site, datetime.date.today())
    if await _port_open(wishes.port):
        raise MissingError(f"port {wishes.port} is in use; choose another by --port")
    with _only_one(wishes.data):
        return await _run(Demo(City(wishes)), wishes)


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold the data folder; MissingError when another demo does."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MissingError(f"another demo runs in {data}; choose another --data") from error
        yield


async def _run(demo: Demo, wishes: Wishes) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(demo.start())
    try:
        await asyncio.wait({stopping, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            url = demo.told()["web"]
            print(f"Lamplighter runs: {url}\nCtrl-C ends it.", flush=True)
            if wishes.browser:
                webbrowser.open(url)
            watching = asyncio.create_task(demo.supervisor.watch())
            done, _ = await asyncio.wait({stopping, watching}, return_when=asyncio.FIRST_COMPLETED)
            watching.cancel()
            for task in done:
                task.result()
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await demo.supervisor.close()
    return 0
