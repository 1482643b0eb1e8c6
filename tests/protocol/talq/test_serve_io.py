"""The face of a side over real sockets: the rules of the transport, and hostile clients."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import uuid
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from talq_examples import minimal

from protocol import talq, tls
from protocol.talq import serve_io

SENDER = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11"


class Echo:
    """Takes everything and remembers it; the answer is the body, or what the path says."""

    def __init__(self) -> None:
        self.calls: list[talq.Call] = []

    async def carry_out(self, call: talq.Call) -> talq.Answer:
        self.calls.append(call)
        if call.operation.operation_id == "getLampTypesCount":
            return talq.Answer(200, 3)
        if call.operation.operation_id == "getDevices":
            return talq.paged(call, [minimal("Device", name=str(n)) for n in range(250)], 100)
        return talq.Answer(200, call.body if call.body is not None else dict(call.path))


class Served:
    """A real server on a real port."""

    def __init__(self, echo: Echo, port: int) -> None:
        self.echo = echo
        self.port = port
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        query = {"clientAddress": SENDER, "talqRequestId": str(uuid.uuid4())}
        headers = {talq.VERSION_HEADER: talq.API_VERSION} | more.pop("headers", {})
        return await self.http.request(
            method, path, params=query | more.pop("query", {}), headers=headers, **more
        )

    async def raw(self, data: bytes, *, rest: bytes = b"", pause_s: float = 0.0) -> bytes:
        """Bytes as they are, then single bytes of the rest with pauses; all that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        reading = asyncio.create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            for byte in rest:
                await asyncio.wait([reading], timeout=pause_s)
                if reading.done():
                    break
                writer.write(bytes([byte]))
                await writer.drain()
        got = await asyncio.wait_for(reading, 10)
        writer.close()
        return got


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    echo = Echo()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = tls.server(talq.Face("gateway", echo.carry_out), "127.0.0.1", port, None)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    made = Served(echo, port)
    yield made
    await made.http.aclose()
    server.should_exit = True
    await task


def is_problem(answer: httpx.Response, status: int, key: str) -> None:
    assert (answer.status_code, answer.json()[0]["key"]) == (status, key), answer.text
    assert talq.check("[TALQErrorMessage]", answer.json()) == []
    assert answer.headers[talq.VERSION_HEADER] == talq.API_VERSION


async def test_t1_a_base_uri_with_and_without_its_final_slash(served: Served) -> None:
    for base in ("", "/"):
        url = f"http://127.0.0.1:{served.port}{base}/devices"
        assert (await served.ask("GET", url)).status_code == 200


async def test_t2_what_every_request_carries_is_asked_for(served: Served) -> None:
    lacking = await served.http.get("/devices", params={"clientAddress": SENDER})
    is_problem(lacking, 400, "headerMissing")
    strange = await served.ask("GET", "/devices", headers={talq.VERSION_HEADER: "two"})
    is_problem(strange, 400, "headerValueNotValid")
    is_problem(await served.ask("GET", "/devices", query={"clientAddress": ""}), 400,
               "parameterMissing")  # fmt: skip
    is_problem(await served.ask("GET", "/devices", query={"clientAddress": "me"}), 400,
               "parameterValueNotValid")  # fmt: skip
    assert served.echo.calls == []


async def test_t3_another_minor_version_is_served_another_major_is_not(served: Served) -> None:
    for version in ("2.0.0", "2.6.1", "2.9.0"):
        answer = await served.ask("GET", "/services", headers={talq.VERSION_HEADER: version})
        assert answer.status_code == 200
        assert answer.headers[talq.VERSION_HEADER] == talq.API_VERSION
    for version in ("1.9.0", "3.0.0"):
        answer = await served.ask("GET", "/services", headers={talq.VERSION_HEADER: version})
        is_problem(answer, 400, "headerValueNotValid")
    assert [call.minor for call in served.echo.calls] == [0, 6, 9]


async def test_t4_only_what_changes_something_needs_a_request_id(served: Served) -> None:
    query = {"clientAddress": SENDER}
    headers = {talq.VERSION_HEADER: talq.API_VERSION}
    assert (await served.http.get("/devices", params=query, headers=headers)).status_code == 200
    answer = await served.http.delete("/calendars/a", params=query, headers=headers)
    is_problem(answer, 400, "parameterMissing")


async def test_t5_bodies_without_a_length_are_refused(served: Served) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"[]"

    is_problem(await served.ask("POST", "/calendars", content=parts()), 400,
               "headerValueNotValid")  # fmt: skip
    answer = await served.ask("GET", "/devices")
    assert "transfer-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_t6_answers_come_in_the_encoding_of_the_request(
    served: Served, encoding: str
) -> None:
    body = [minimal("LampType", address="a")]
    data = talq.compress(talq.encode(body), encoding)
    headers = {"content-encoding": encoding, "accept-encoding": "identity"}
    answer = await served.ask("POST", "/lamp-types", content=data, headers=headers)
    assert answer.headers["content-encoding"] == encoding
    assert answer.json() == body


async def test_t6_another_encoding_is_415_and_a_bomb_is_not_held(served: Served) -> None:
    answer = await served.ask(
        "POST", "/calendars", content=b"x", headers={"content-encoding": "br"}
    )
    is_problem(answer, 415, "headerValueNotValid")
    zeros = zlib.compressobj(9)
    bomb = b"".join(zeros.compress(bytes(1 << 20)) for _ in range(1024)) + zeros.flush()
    answer = await served.ask("POST", "/calendars", content=bomb,
                              headers={"content-encoding": "deflate"})  # fmt: skip
    is_problem(answer, 413, "payloadError")


async def test_t7_paths_and_methods_that_are_none_are_told(served: Served) -> None:
    is_problem(await served.ask("GET", "/lamps"), 404, "resourceNotFound")
    is_problem(await served.ask("GET", "/"), 404, "resourceNotFound")
    is_problem(await served.ask("PATCH", "/calendars"), 405, "genericError")


async def test_t11_reserved_characters_in_identifiers_come_through(served: Served) -> None:
    for name in ("a/b", "a?b#c", "50 %", "é/☃", "count", "..", "%2F", "a+b"):
        path = f"/calendars/{talq.quote_id(name)}" if name != "count" else "/calendars/%63ount"
        answer = await served.http.get(
            f"http://127.0.0.1:{served.port}{path}?clientAddress={SENDER}",
            headers={talq.VERSION_HEADER: talq.API_VERSION},
        )
        if name not in ("..",):
            assert answer.json() == {"calendarAddress": name}, answer.text
    broken = await served.raw(
        f"GET /calendars/%ff?clientAddress={SENDER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"{talq.VERSION_HEADER}: 2.7.1\r\n\r\n".encode()
    )
    assert b" 400 " in broken.split(b"\r\n", 1)[0]


async def test_g1_a_member_may_hold_slashes_quoted_or_not(served: Served) -> None:
    for member in ("d/lamp/level", "d%2Flamp%2Flevel"):
        answer = await served.ask("DELETE", f"/groups/g/members/devices/{member}")
        assert answer.json()["memberAddress"] == "d/lamp/level"
        assert answer.json()["memberResource"] == "devices"


async def test_d5_pages_tell_where_they_are(served: Served) -> None:
    whole = await served.ask("GET", "/devices")
    assert (len(whole.json()), "pagination-totalCount" in whole.headers) == (250, False)
    page = await served.ask("GET", "/devices", query={"offset": "200"})
    assert (len(page.json()), page.json()[0]["name"]) == (50, "200")
    told = {k: v for k, v in page.headers.items() if k.startswith("pagination")}
    assert told == {
        "pagination-totalcount": "250", "pagination-count": "50", "pagination-offset": "200",
        "pagination-defaultlimit": "100",
    }  # fmt: skip
    assert len((await served.ask("GET", "/devices", query={"limit": "7"})).json()) == 7
    assert (await served.ask("GET", "/devices", query={"offset": "900"})).json() == []
    for wrong in ("-1", "x", "1" * 30):
        answer = await served.ask("GET", "/devices", query={"limit": wrong})
        is_problem(answer, 400, "parameterValueNotValid")


async def test_counts_come_as_text_to_who_asks_for_text(served: Served) -> None:
    plain = await served.ask("GET", "/lamp-types/count", headers={"accept": "text/plain"})
    assert (plain.text, plain.headers["content-type"]) == ("3", "text/plain")
    both = await served.ask("GET", "/lamp-types/count")
    assert (both.json(), both.headers["content-type"]) == (3, "application/json")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"NaN", b"[NaN]", b'[{"id": 1e999}]', b'[{"id":"a","id":"b"}]', b"\xff\xfe",
        b'["\xc3\x28"]', b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" + b"[" * 60 + b"]" * 60 + b"]", b'"\\ud800"', b"[0" + b",0" * 50_000 + b"]",
    ],
)  # fmt: skip
async def test_hostile_json_is_a_400(served: Served, body: bytes) -> None:
    for encoding, data in (("", body), ("gzip", gzip.compress(body))):
        headers = {"content-encoding": encoding} if encoding else {}
        answer = await served.ask("POST", "/calendars", content=data, headers=headers)
        is_problem(answer, 400, "payloadError")
    assert served.echo.calls == []


async def test_a_length_that_is_none_or_too_long_is_refused(served: Served) -> None:
    for length, status in (("-1", b"400"), ("9" * 30, b"400"), ("99999999", b"413")):
        answer = await served.raw(
            f"POST /calendars?clientAddress={SENDER}&talqRequestId={uuid.uuid4()} HTTP/1.1\r\n"
            f"Host: x\r\nConnection: close\r\n{talq.VERSION_HEADER}: 2.7.1\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        assert status in answer.split(b"\r\n", 1)[0], (length, answer[:80])


async def test_a_body_of_a_byte_now_and_then_is_cut(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_io, "BODY_S_MAX", 0.3)
    head = (
        f"POST /calendars?clientAddress={SENDER}&talqRequestId={uuid.uuid4()} HTTP/1.1\r\n"
        f"Host: x\r\n{talq.VERSION_HEADER}: 2.7.1\r\nContent-Length: 1000\r\n\r\n"
    )
    answer = await served.raw(head.encode(), rest=b"[" * 60, pause_s=0.05)
    assert b" 408 " in answer.split(b"\r\n", 1)[0]
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])[0]["key"] == "payloadError"
    assert served.echo.calls == []


async def test_ten_thousand_devices_come_in_one_request(served: Served) -> None:
    function = {"id": "basic", "type": "BasicFunction",
                "assetId": {"type": "AttributeString", "value": "L-0001"}}  # fmt: skip
    bodies = [
        minimal("Device", address=str(uuid.uuid4()), functions=[function] * 8)
        for _ in range(10_000)
    ]
    data = talq.encode(bodies)
    assert len(data) > 5_000_000
    answer = await served.ask("POST", "/devices", content=data)
    assert answer.status_code == 200
    assert len(served.echo.calls[0].body) == 10_000
