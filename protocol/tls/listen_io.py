"""One HTTP server for both sides: uvicorn with our TLS, and with an end for those who dawdle.

A connection has HEADERS_S_MAX to send a whole request head, the first as any later one; a
kept-alive connection may rest IDLE_S_MAX in between. What the other's certificate says stands in
`scope["extensions"][CERTIFICATE]` of each of its requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from protocol import talq

from .trust_io import Certificate, Trust

CERTIFICATE = "lamplighter.certificate"
# A head fits one packet; ten seconds are a slow modem's, not a client's that works.
HEADERS_S_MAX = 10.0
IDLE_S_MAX = 30
_SHUTDOWN_S_MAX = 1

ASGIApp = Callable[[Any, Any, Any], Any]


class Protocol(HttpToolsProtocol):
    """uvicorn's own, with a time limit for heads and with the peer's certificate."""

    def __init__(self, *args: Any, trust: Trust | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trust = trust
        self._certificate: Certificate | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._in_head = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new connection, after its handshake."""
        super().connection_made(cast(asyncio.Transport, transport))
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(True) if isinstance(tls, ssl.SSLObject) else None
        if der and self._trust is not None:
            self._certificate = self._trust.read(der)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More bytes; a few do not prolong the time for a head.

        Whose certificate was revoked or ran out since is cut, and may shake hands again.
        """
        if self._trust and self._certificate and not self._trust.good(self._certificate):
            self.transport.abort()
            return
        super().data_received(data)
        if self._in_head or (self.timeout_keep_alive_task is None and self._resting()):
            self._arm()

    def on_message_begin(self) -> None:
        """A request's first bytes."""
        super().on_message_begin()
        self._in_head = True
        if self._certificate is not None:
            told = self._certificate
            self.scope["extensions"] = {
                CERTIFICATE: {
                    "identity": told.identity,
                    "not_after_s": told.not_after_s,
                    "sha256": told.sha256,
                }
            }

    def on_headers_complete(self) -> None:
        """A whole head."""
        self._in_head = False
        self._disarm()
        super().on_headers_complete()

    def _resting(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _arm(self) -> None:
        if self._limit is None:
            self._limit = self.loop.call_later(HEADERS_S_MAX, self._late)

    def _disarm(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _late(self) -> None:
        self._limit = None
        if self.flow.read_paused or not self._resting():
            self._arm()  # The client waits for us: it is not the client who is late.
        elif not self.transport.is_closing():
            self.transport.close()


def certified(app: ASGIApp) -> ASGIApp:
    """An application for holders of certificates; over plain HTTP, once allowed, for all."""

    async def checked(scope: Any, receive: Any, send: Any) -> None:
        bare = scope["type"] == "http" and scope["scheme"] == "https"
        if bare and CERTIFICATE not in scope.get("extensions", {}):
            fault = talq.Fault(401, "genericError", "show a certificate that this side trusts")
            body = talq.error_body([fault])
            headers = {
                talq.VERSION_HEADER: talq.API_VERSION, "content-type": "application/json",
                "content-length": str(len(body)),
            }  # fmt: skip
            named = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": 401, "headers": named})
            await send({"type": "http.response.body", "body": body})
            return
        await app(scope, receive, send)

    return checked


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: whoever started it ends it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: ASGIApp, host: str, port: int, trust: Trust | None = None) -> uvicorn.Server:
    """A server of an application; with `trust` it speaks TLS alone."""
    config = uvicorn.Config(
        cast(Any, app), host=host, port=port, log_level="warning", lifespan="off",
        access_log=False, server_header=False, ws="none", timeout_keep_alive=IDLE_S_MAX,
        timeout_graceful_shutdown=_SHUTDOWN_S_MAX,
        http=cast(Any, functools.partial(Protocol, trust=trust)),
    )  # fmt: skip
    if trust is not None:
        config.load()
        config.ssl = trust.server()
    return _Server(config)
