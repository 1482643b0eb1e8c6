"""Handshakes, certificates and slow clients, over real sockets."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
import tls_rig

from protocol import tls
from protocol.tls import listen_io, trust_io


@pytest.fixture
def site(tmp_path: Path) -> tls_rig.Site:
    made = tls_rig.Site(tmp_path / "pki")
    made.issue("cms")
    made.issue("gateway", "north")
    return made


@pytest.fixture(autouse=True)
def look_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust_io, "_LOOK_S", 0.0)


def client(context: ssl.SSLContext | bool) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=context, trust_env=False)


def bare(site: tls_rig.Site) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=site.path / "ca.crt")


async def refused(port: int, context: ssl.SSLContext) -> bool:
    """Whether the server ends it: by an alert at, or (TLS 1.3) just after, the handshake."""
    async with client(context) as http:
        try:
            await http.get(f"https://127.0.0.1:{port}/")
        except httpx.TransportError:
            return True
    return False


async def test_a_request_carries_who_sent_it(site: tls_rig.Site) -> None:
    trust = site.trust("gateway-north")
    server = tls_rig.serving(tls_rig.tell, site.trust("cms"))
    async with server as port, client(trust.client()) as http:
        told = (await http.get(f"https://127.0.0.1:{port}/")).json()
    assert told["identity"] == "urn:lamplighter:gateway:north"
    assert told["not_after_s"] == trust.own.not_after_s
    assert told["sha256"] == trust.own.sha256


async def test_t12_a_caller_without_certificate_reaches_pages_alone(site: tls_rig.Site) -> None:
    pages = tls_rig.serving(tls_rig.tell, site.trust("cms"))
    async with pages as port, client(bare(site)) as http:
        assert (await http.get(f"https://127.0.0.1:{port}/")).json() is None
    async with tls_rig.serving(tls.certified(tls_rig.tell), site.trust("cms")) as port:
        async with client(bare(site)) as http:
            answer = await http.get(f"https://127.0.0.1:{port}/")
        async with client(site.trust("gateway-north").client()) as http:
            known = await http.get(f"https://127.0.0.1:{port}/")
    assert answer.status_code == 401
    assert answer.json()[0]["key"] == "genericError"
    assert known.status_code == 200


async def test_a_certificate_of_another_authority_is_refused(
    site: tls_rig.Site, tmp_path: Path
) -> None:
    foreign = tls_rig.Site(tmp_path / "foreign")
    foreign.issue("gateway", "north")
    mixed = foreign.files("gateway-north")._replace(ca=site.path / "ca.crt", crl=None)
    async with tls_rig.serving(tls_rig.tell, site.trust("cms")) as port:
        assert await refused(port, tls.Trust(mixed).client())
        assert not await refused(port, site.trust("gateway-north").client())


async def test_a_client_refuses_a_server_that_it_does_not_trust(
    site: tls_rig.Site, tmp_path: Path
) -> None:
    foreign = tls_rig.Site(tmp_path / "foreign")
    foreign.issue("cms")
    server = tls_rig.serving(tls_rig.tell, foreign.trust("cms"))
    async with server as port, client(site.trust("gateway-north").client()) as http:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"):
            await http.get(f"https://127.0.0.1:{port}/")


async def test_an_expired_certificate_is_refused(site: tls_rig.Site) -> None:
    site.issue("gateway", "old", began_days=40, days=30)
    async with tls_rig.serving(tls_rig.tell, site.trust("cms")) as port:
        assert await refused(port, site.trust("gateway-old").client())


async def test_a_revocation_cuts_open_connections_too(site: tls_rig.Site) -> None:
    """The certificate was good at the handshake; the connection is kept alive since."""
    async with tls_rig.serving(tls_rig.tell, site.trust("cms")) as port:
        context = site.trust("gateway-north").client()
        async with client(context) as http:
            url = f"https://127.0.0.1:{port}/"
            assert (await http.get(url)).status_code == 200
            site.folder.revoke("gateway-north", tls_rig.now())
            with pytest.raises(httpx.TransportError):
                await http.get(url)
        assert await refused(port, context)


async def test_a_renewed_certificate_is_shown_without_a_restart(site: tls_rig.Site) -> None:
    async def shown(port: int) -> bytes:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=bare(site))
        found: bytes = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        await writer.wait_closed()
        return found

    trust = site.trust("cms")
    gateway = site.trust("gateway-north")
    async with tls_rig.serving(tls_rig.tell, trust) as port, client(gateway.client()) as http:
        url = f"https://127.0.0.1:{port}/"
        first = await shown(port)
        assert (await http.get(url)).status_code == 200
        site.folder.renew("cms", tls_rig.now(), 365)
        site.folder.renew("gateway-north", tls_rig.now(), 365)
        second = await shown(port)
        kept = (await http.get(url)).json()
        async with client(gateway.client()) as fresh:
            anew = (await fresh.get(url)).json()
    assert first != second
    assert trust.read(second).not_after_s == trust.own.not_after_s
    # The kept connection goes on under the former certificate, a new one shows the new.
    assert anew["sha256"] == gateway.own.sha256 != kept["sha256"]
    assert anew["identity"] == kept["identity"]


async def test_tls_before_one_point_two_is_not_spoken(site: tls_rig.Site) -> None:
    async with tls_rig.serving(tls_rig.tell, site.trust("cms")) as port:
        old = site.trust("gateway-north")._now().client
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = ssl.TLSVersion.TLSv1_1
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        assert await refused(port, old)


# Slow clients.


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(listen_io, "HEADERS_S_MAX", 0.3)
    return 0.3


async def cut_after_s(port: int, *parts: bytes, pause_s: float = 0.05) -> float:
    """Send the parts in a circle, one at a time, until the server closes; how long that took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    ended = asyncio.create_task(reader.read())
    number = 0
    while not ended.done() and loop.time() < began_s + 3:
        if number < len(parts):
            writer.write(parts[number])
        number += 1
        await asyncio.sleep(pause_s)
    writer.close()
    assert ended.done(), "the connection was left open"
    return loop.time() - began_s


async def test_a_head_that_comes_byte_by_byte_is_cut(hurried: float) -> None:
    head = [bytes([one]) for one in b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 100]
    async with tls_rig.serving(tls_rig.tell, None) as port:
        assert hurried * 0.9 < await cut_after_s(port, *head) < 1.5


async def test_a_client_that_sends_nothing_is_cut(hurried: float) -> None:
    async with tls_rig.serving(tls_rig.tell, None) as port:
        assert hurried * 0.9 < await cut_after_s(port) < 1.5


async def test_a_second_head_has_the_same_limit(hurried: float) -> None:
    whole = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    async with tls_rig.serving(tls_rig.tell, None) as port:
        assert await cut_after_s(port, whole, b"GET /") < 1.5
        assert await cut_after_s(port, whole, *[b"\r\n"] * 60) < 1.5


async def test_pipelined_requests_are_answered_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than a busy machine keeps us from writing the rest of the third head.
    monkeypatch.setattr(listen_io, "HEADERS_S_MAX", 1.0)

    async def slow(scope: object, receive: object, send: object) -> None:
        await asyncio.sleep(1.2)
        await tls_rig.tell(scope, receive, send)

    one = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    async with tls_rig.serving(slow, None) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        # The third head waits, half sent, while we do not read: its client is not late.
        writer.write(one + one + one[:10])
        for _ in range(2):
            assert b"200" in await reader.readuntil(b"null")
        writer.write(one[10:])
        assert b"200" in await reader.readuntil(b"null")
        writer.close()
        await writer.wait_closed()
