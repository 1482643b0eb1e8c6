"""One played side: its server, its calls to the other, and all that passed between the two.

`Played` holds the sockets; what is answered comes from `sides.py`, what is asked from whoever
holds a `Played`: a script (peer_io.py) or the checks.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from protocol import talq, tls

from .wire_io import Caller, Exchange, Journal

OTHER = {"cms": "gateway", "gateway": "cms"}
_LOOK_S = 0.02
_LAST_WORDS_S = 2.0
CarryOut = Callable[[talq.Call], Awaitable[talq.Answer]]
# An answer that a test or a script wants instead of the true one; None: the true one.
Instead = Callable[[talq.Call], talq.Answer | None]


class Played:
    """One side, served at host and port; the other is called once its base URI is known."""

    def __init__(self, side: str, listen: tuple[str, int], journal: Journal) -> None:
        self.side = side
        self.journal = journal
        self.host, self.port = listen
        self.url = ""
        self.trust: tls.Trust | None = None
        self.instead: list[Instead] = []
        # Further ones of our side below a prefix of the path; they are not in the journal.
        self.beside: dict[str, CarryOut] = {}
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None
        self._callers: list[Caller] = []
        self._beside: set[asyncio.Future[object]] = set()

    async def serve(self, carry_out: CarryOut) -> None:
        """Start the server; OSError when the port is not free."""

        async def answer(call: talq.Call) -> talq.Answer:
            for instead in self.instead:
                told = instead(call)
                if told is not None:
                    return told
            return await carry_out(call)

        await _bindable(self.host, self.port)
        app = Recorded(talq.Face(self.side, answer), self.side, self.journal)
        self._server = tls.server(
            tls.certified(self._split(app)), self.host, self.port, self.trust
        )
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(_LOOK_S)

    def _split(self, app: Any) -> Any:
        async def split(scope: Any, receive: Any, send: Any) -> None:
            for prefix, carry_out in self.beside.items():
                if str(scope.get("path", "")).startswith(prefix + "/"):
                    face = talq.Face(self.side, carry_out)
                    await face({**scope, "root_path": prefix}, receive, send)
                    return
            await app(scope, receive, send)

        return split

    async def stop(self) -> None:
        """Stop the server; the port may be served again."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        self._server = self._task = None

    async def close(self) -> None:
        """End everything; what is just being said is said to its end first."""
        if self._beside:
            await asyncio.wait(list(self._beside), timeout=_LAST_WORDS_S)
        late = list(self._beside)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for caller in self._callers:
            await caller.close()
        await self.stop()

    def beside_it(self, work: Awaitable[object]) -> None:
        """Do something while a request is being answered."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    def caller(self, base_uri: str, journal: Journal | None = None) -> Caller:
        """A caller of the other side, closed with us; journal: another one than ours."""
        verify: ssl.SSLContext | bool = self.trust.client() if self.trust else True
        made = Caller(OTHER[self.side], base_uri, journal or self.journal, verify)
        self._callers.append(made)
        return made

    async def until(self, true: Callable[[], Any], seconds: float) -> Any:
        """What `true` returns once it is true; None when the seconds are over."""
        end_s = time.monotonic() + seconds
        while True:
            found = true()
            if found or time.monotonic() > end_s:
                return found or None
            await asyncio.sleep(_LOOK_S)


async def _bindable(host: str, port: int) -> None:
    """uvicorn ends the whole process when it cannot bind; we say so before."""
    probe = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    probe.close()
    await probe.wait_closed()


class Recorded:
    """An ASGI application that notes each exchange, also those that it refuses itself."""

    def __init__(self, app: Any, side: str, journal: Journal) -> None:
        self._app = app
        self._side = side
        self._journal = journal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        parts: dict[str, list[bytes]] = {"in": [], "out": []}
        shown = _shown(self._side, scope)

        async def heard() -> Any:
            message = await receive()
            parts["in"].append(message.get("body", b""))
            return message

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                shown.status = message["status"]
            else:
                parts["out"].append(message.get("body", b""))
            await send(message)

        await self._app(scope, heard, told)
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        shown.body = _read(b"".join(parts["in"]), headers.get("content-encoding", ""))
        shown.answer = _read(b"".join(parts["out"]), "")
        if shown.status >= 400:
            shown.problems.append(f"refused by us: {shown.answer}")
        if "chunked" in headers.get("transfer-encoding", ""):
            shown.problems.append("T5: the request is chunked")
        self._journal.add(shown)


def _shown(side: str, scope: Mapping[str, Any]) -> Exchange:
    target = str(scope["path"])
    raw = (scope.get("raw_path") or target.encode()).decode("latin-1")
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    operation, path = _operation(side, scope["method"], "/" + raw.strip("/"))
    shown = Exchange(False, operation, scope["method"], target, query=query, path=path)
    shown.request_id = query.get("talqRequestId", "")
    shown.origin = query.get("talqOriginRequestId", "")
    return shown


def _read(data: bytes, encoding: str) -> Any:
    try:
        return json.loads(talq.decompress(data, encoding)) if data else None
    except (ValueError, talq.TalqError):
        return data[:200].decode(errors="replace")


@cache
def _routes(side: str) -> list[tuple[str, re.Pattern[str], talq.Operation]]:
    """Literal paths first, so that `count` is never an address."""
    found = sorted(talq.operations(side), key=lambda one: one.path.count("{"))
    return [
        (one.method, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(one.path))), one)
        for one in found
    ]


def _operation(side: str, method: str, path: str) -> tuple[str, dict[str, str]]:
    segments = path.count("/")
    for known, pattern, one in _routes(side):
        match = pattern.fullmatch(path)
        if known == method and match and one.path.count("/") == segments:
            return one.operation_id, {k: talq.unquote_id(v) for k, v in match.groupdict().items()}
    return "", {}
