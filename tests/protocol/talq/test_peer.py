"""A peer is called through the generated client, over a real connection."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from talq_examples import ROOT, examples, minimal

from protocol import talq
from protocol.talq.peer import snake

SENDER = "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """Answers each request with the next of its answers, and keeps what it saw."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    connections: int = 0
    serving: list[asyncio.Task[None] | None] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.serving.append(asyncio.current_task())
        self.writers.append(writer)
        while line := (await reader.readline()).decode("ascii").strip():
            method, target, _ = line.split(" ")
            headers = {}
            while header := (await reader.readline()).decode("ascii").strip():
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            url = urlsplit(target)
            self.seen.append(Seen(method, url.path, parse_qs(url.query), headers, body))
            status, answer = self.answers.pop(0) if self.answers else (200, b"")
            head = f"HTTP/1.1 {status} said\r\ncontent-length: {len(answer)}\r\n\r\n"
            writer.write(head.encode() + answer)
        writer.close()
        await writer.wait_closed()

    async def stop(self) -> None:
        """End every connection, also one that a failed test has left open."""
        for writer in self.writers:
            writer.close()
        await asyncio.gather(*(task for task in self.serving if task))


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    scripted.port = listening.sockets[0].getsockname()[1]
    yield scripted
    listening.close()
    await scripted.stop()


def peer_of(server: Scripted, side: str, slash: str = "") -> talq.Peer:
    return talq.Peer(side, f"http://127.0.0.1:{server.port}/talq{slash}", answer_s_max=5.0)


def example(kind: str) -> Any:
    return json.loads(next(body for k, body in examples() if k == kind))


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_request_carries_what_every_request_carries(server: Scripted, slash: str) -> None:
    peer = peer_of(server, "cms", slash)
    report = example("LogReport")
    server.answers = [(201, b"")]
    reply = await peer.call("sendLogReport", body=report, sender=SENDER, origin=SENDER)
    await peer.close()
    seen = server.seen[0]
    assert (seen.method, seen.path) == ("POST", "/talq/log-reports")
    query = {name: values[0] for name, values in seen.query.items()}
    assert talq.check_request(query, seen.headers, len(seen.body)) == SENDER
    assert query["talqRequestId"] == reply.request_id
    assert query["talqOriginRequestId"] == SENDER
    assert talq.decode("LogReport", seen.body) == report
    assert seen.headers["content-length"] == str(len(seen.body))
    assert (reply.status, reply.read()) == (201, None)


async def test_the_first_announcement_goes_without_a_sender(server: Scripted) -> None:
    peer = peer_of(server, "cms")
    server.answers = [(201, talq.encode([example("Device")]))]
    reply = await peer.call("addDevices", body=[example("Device")])
    await peer.close()
    assert "clientAddress" not in server.seen[0].query
    assert reply.read() == [example("Device")]


async def test_identifiers_in_paths_are_quoted_t11(server: Scripted) -> None:
    peer = peer_of(server, "gateway")
    await peer.call("getDeviceAttribute", "a b", "x/y", "z?", sender=SENDER)
    await peer.close()
    assert server.seen[0].path == "/talq/devices/a%20b/x%2Fy/z%3F"


async def test_one_connection_is_kept_for_many_requests(server: Scripted) -> None:
    peer = peer_of(server, "gateway")
    for number in range(3):
        query = {"offset": number, "deviceClasses": ["a", "b"]}
        await peer.call("getDevices", sender=SENDER, query=query)
    await peer.close()
    assert server.connections == 1
    assert server.seen[2].query["offset"] == ["2"]
    assert server.seen[2].query["deviceClasses"] == ["a", "b"]


async def test_a_refusal_is_a_reply_with_its_faults(server: Scripted) -> None:
    peer = peer_of(server, "gateway")
    error = talq.TalqError(
        422, "serviceConstraintExceeded", "no more", "rules", (("calendars", "c"),)
    )
    server.answers = [(422, talq.error_body([error])), (400, b"<html>")]
    reply = await peer.call("sendCommand", body=example("OverrideCommand"), sender=SENDER)
    assert reply.faults() == [
        talq.Fault(422, "serviceConstraintExceeded", "rules: no more", "", (("calendars", "c"),))
    ]
    broken = await peer.call("sendCommand", body=example("OverrideCommand"), sender=SENDER)
    with pytest.raises(talq.TalqError):
        broken.faults()
    await peer.close()


async def test_a_status_that_is_none_and_a_closed_door_are_http_errors(server: Scripted) -> None:
    peer = peer_of(server, "gateway")
    server.answers = [(299, b"")]
    with pytest.raises(httpx.HTTPError):
        await peer.call("getServices", sender=SENDER)
    await peer.close()
    nobody = talq.Peer("gateway", "http://127.0.0.1:1")
    with pytest.raises(httpx.HTTPError):
        await nobody.call("getServices", sender=SENDER)
    await nobody.close()


@pytest.mark.parametrize("side", ["cms", "gateway"])
async def test_every_operation_can_be_called(server: Scripted, side: str) -> None:
    peer = peer_of(server, side)
    for operation in talq.operations(side):
        kind = operation.request or ""
        body = minimal(kind) if kind else None
        path = [str(uuid.uuid4())] * len(operation.parameters)
        await peer.call(operation.operation_id, *path, body=body, sender=SENDER)
        assert server.seen[-1].method == operation.method
        if kind:
            assert json.loads(server.seen[-1].body) == body
    await peer.close()


def test_names_are_written_as_generated_code_writes_them() -> None:
    assert snake("getDeviceFunction") == "get_device_function"
    assert snake("talqOriginRequestId") == "talq_origin_request_id"
    assert snake("getControlGearDaliPart102Type") == "get_control_gear_dali_part_102_type"


MEASURE = """
import sys, time, resource, httpx
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before_kb, start_s = peak(), time.process_time()
import importlib, pkgutil
package = importlib.import_module("protocol.talq.client_{side}")
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(found.name)
print(time.process_time() - start_s, (peak() - before_kb) / 1024)
"""


@pytest.mark.parametrize("side", ["cms", "gateway"])
def test_importing_a_whole_client_is_cheap(side: str) -> None:
    words = [sys.executable, "-c", MEASURE.replace("{side}", side)]
    # The first run may have to compile; the second is what every start costs.
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    spent_s, grown_mb = (float(word) for word in done.stdout.split())
    assert spent_s < 0.4
    assert grown_mb < 10


def test_importing_the_room_is_cheap_and_brings_no_http() -> None:
    code = (
        "import sys, time; start_s = time.process_time(); import protocol.talq;"
        "print(time.process_time() - start_s, 'httpx' in sys.modules)"
    )
    words = [sys.executable, "-c", code]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    spent_s, brings = done.stdout.split()
    assert float(spent_s) < 0.3
    assert brings == "False"
