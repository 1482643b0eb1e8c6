"""Log reports of 100 entries per second, against FastAPI with pydantic doing the same.

Both store into SQLite files of the same schema with the same pragmas: entries as measurements, and
as the newest values of their devices. Both are asked by the same connections at once. A further
figure sets our checking alone against a bare ASGI application that only decodes with msgspec.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from protocol import plan, talq

from .figures import Figure, against

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = 100
# As many gateways report at once; a city has hundreds, and all of them at dusk.
CONNECTIONS = 48
REPORTS = 2400
DECODES = 4000
TURNS = 5
_START_MS = 1_795_278_000_000
_UP_S_MAX = 30.0


def devices() -> list[dict[str, Any]]:
    """A lamp for each entry; none stands in the plan, so only storing is measured."""
    return [
        {"address": str(uuid.UUID(int=number + 1)), "name": f"S-{number}", "class": "lamp",
         "functions": [
             {"id": "basic", "type": "BasicFunction",
              "assetId": {"type": "AttributeString", "value": f"S-{number}"}},
             {"id": "mon", "type": "LampMonitorFunction"}]}
        for number in range(ENTRIES)
    ]  # fmt: skip


def report(number: int) -> bytes:
    """A report whose entries nobody has sent before."""
    stamp = talq.timestamp_ms(_START_MS + number * 1000)
    entries = [
        {"data": {"type": "AttributeLogData", "srcAddress": f"{device['address']}/mon",
                  "timestamp": stamp, "attributeName": "activePower",
                  "attributeValue": {"type": "AttributeFloat", "value": 20 + number % 7 / 2,
                                     "timestamp": stamp}}}
        for device in devices()
    ]  # fmt: skip
    return talq.encode({"address": "lamplighter-periodic", "entries": entries})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _said(port: int, sender: str, body: bytes) -> bytes:
    path = f"/talq/log-reports?clientAddress={sender}&talqRequestId={uuid.uuid4()}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{talq.VERSION_HEADER}: "
        f"{talq.API_VERSION}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _exchange(port: int, requests: list[bytes], status: bytes) -> None:
    """One connection: a request after the answer to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if status not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"answered {head!r}")
        length = next(
            (int(row.split(b":")[1]) for row in head.lower().split(b"\r\n")
             if row.startswith(b"content-length:")), 0
        )  # fmt: skip
        await reader.readexactly(length)
    writer.close()


async def _load(port: int, requests: list[bytes], status: bytes) -> float:
    """Requests per second over all connections."""
    begin = time.perf_counter()
    await asyncio.gather(
        *(_exchange(port, requests[at::CONNECTIONS], status) for at in range(CONNECTIONS))
    )
    return len(requests) / (time.perf_counter() - begin)


@contextlib.contextmanager
def _server(words: list[str], port: int) -> Any:
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _UP_S_MAX
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def _attach(port: int) -> str:
    """Bootstrap a gateway and its devices at our CMS; its address."""
    sender = talq.NIL

    def say(method: str, path: str, body: Any) -> Any:
        query = f"clientAddress={sender}&talqRequestId={uuid.uuid4()}"
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/talq{path}?{query}", talq.encode(body), method=method,
            headers={talq.VERSION_HEADER: talq.API_VERSION, "Content-Type": "application/json"},
        )  # fmt: skip
        with urllib.request.urlopen(request) as answer:  # our own loopback
            data = answer.read()
        return json.loads(data) if data else None

    gateway = {
        "id": "gw", "type": "GatewayFunction",
        "cmsUri": {"type": "AttributeUri", "value": f"http://127.0.0.1:{port}/talq"},
        "gatewayUri": {"type": "AttributeUri", "value": f"http://127.0.0.1:{_free_port()}"},
        "cmsAddress": {"type": "AttributeString"}, "gatewayAddress": {"type": "AttributeString"},
    }  # fmt: skip
    own = {"address": talq.NIL, "name": "bench", "class": "gw", "functions": [gateway]}
    (told,) = say("POST", "/devices", [own])
    sender = told["address"]
    say(
        "POST",
        "/device-classes",
        [{"name": "gw", "functions": [{"functionId": "gw", "type": "GatewayFunction"}]}],
    )
    say("PATCH", f"/devices/{sender}", told)
    say("POST", "/services", [])
    say("POST", "/device-classes", [{"name": "lamp", "functions": [
        {"functionId": "basic", "type": "BasicFunction"},
        {"functionId": "mon", "type": "LampMonitorFunction"}]}])  # fmt: skip
    say("POST", "/devices", devices())
    return str(sender)


def _ours(folder: Path) -> float:
    plan.save(plan.quarter(1, 0), folder / "plan.json")
    port = _free_port()
    words = ["-m", "cms", "--plan", str(folder / "plan.json"), "--data", str(folder / "cms"),
             "--listen", f"127.0.0.1:{port}", "--talq-allow-loopback", "--plain-http"]  # fmt: skip
    with _server(words, port):
        sender = _attach(port)
        requests = [_said(port, sender, report(n)) for n in range(REPORTS)]
        asyncio.run(_load(port, requests[:CONNECTIONS], b"201"))
        return asyncio.run(_load(port, requests[CONNECTIONS:], b"201"))


def _other(folder: Path, kind: str, count: int) -> tuple[float, float]:
    """Requests per second, and per second of the server's processor time."""
    port = _free_port()
    sender = str(uuid.UUID(int=0xABC))
    words = ["-m", "bench.log_report_servers", kind, str(port), str(folder), sender]
    with _server(words, port) as process:
        requests = [_said(port, sender, report(n)) for n in range(count)]
        asyncio.run(_load(port, requests[:CONNECTIONS], b"201"))
        before_s = _cpu_s(process.pid)
        rate = asyncio.run(_load(port, requests[CONNECTIONS:], b"201"))
        return rate, (count - CONNECTIONS) / (_cpu_s(process.pid) - before_s)


def _cpu_s(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> list[Figure]:
    """Two ratios."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ours = _ours(folder)
        fastapi, _ = _other(folder, "fastapi", REPORTS // 3)
        # In turns, and the middle of several: the two differ by less than a busy machine does.
        turns = [
            (_other(folder, "checked", DECODES)[1], _other(folder, "bare", DECODES)[1])
            for _ in range(TURNS)
        ]
        checked, bare = (statistics.median(rates) for rates in zip(*turns, strict=True))
    return [
        against("log_reports_against_fastapi", ours, "requests/s", fastapi, goal=4.0,
                better="higher"),
        against("log_report_checking_against_bare_decoding", checked, "requests/s per core", bare,
                goal=0.6, better="higher"),
    ]  # fmt: skip
