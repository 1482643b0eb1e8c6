"""Requests to a stranger, and what was wrong with each answer.

The generated clients send only what is right. A checker must also send what is not, and must keep
an answer that no schema describes. Every exchange of both directions goes to one `Journal`.
"""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from protocol import talq

# Used though no document lists them for each operation (BEHAVIOUR: silent files).
UNLISTED = (401, 403, 404, 405, 408, 413, 415, 429, 500, 503)
ANSWER_S_MAX = 15.0
_SHOWN_CHARS_MAX = 300


@dataclass
class Exchange:
    """One request and its answer. ours: we asked. problems: what the other did wrong."""

    ours: bool
    operation: str
    method: str
    target: str
    status: int = 0
    request_id: str = ""
    origin: str = ""
    body: Any = None
    answer: Any = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    at_s: float = field(default_factory=time.monotonic)

    def line(self) -> str:
        """For people: direction, request, answer."""
        arrow = "->" if self.ours else "<-"
        told = f"{arrow} {self.method} {self.target} {self.status} {self.operation}"
        return told + "".join(f"\n     ! {problem}" for problem in self.problems)


class Journal:
    """All exchanges in order, told to whoever listens."""

    def __init__(self, tell: Callable[[Exchange], None] | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self._tell = tell

    def add(self, exchange: Exchange) -> None:
        """One that is over."""
        self.exchanges.append(exchange)
        if self._tell:
            self._tell(exchange)

    def incoming(self, *operations: str, since: int = 0) -> list[Exchange]:
        """What the other side asked of us, of some operations or all."""
        return [
            one for one in self.exchanges[since:]
            if not one.ours and (not operations or one.operation in operations)
        ]  # fmt: skip

    def outgoing(self) -> list[Exchange]:
        """What we asked."""
        return [one for one in self.exchanges if one.ours]


@dataclass(frozen=True)
class Reply:
    """An answer: its decoded body (None if it has none or a broken one), and what is wrong."""

    status: int
    body: Any
    headers: Mapping[str, str]
    request_id: str
    problems: tuple[str, ...]
    raw: bytes

    @property
    def keys(self) -> list[str]:
        """The keys of the faults that a refusal lists."""
        if self.status < 400 or not isinstance(self.body, list):
            return []
        return [str(one.get("key")) for one in self.body if isinstance(one, Mapping)]

    def said(self) -> str:
        """The answer in few words."""
        text = self.raw[:_SHOWN_CHARS_MAX].decode(errors="replace")
        return f"{self.status} {text}".strip()


class Caller:
    """Calls the server of one side at a base URI, over kept-alive connections."""

    def __init__(
        self, side: str, base_uri: str, journal: Journal, verify: ssl.SSLContext | bool = True
    ) -> None:
        self.side = side
        self.base_uri = base_uri
        self.sender: str | None = None
        self._journal = journal
        self._operations = {one.operation_id: one for one in talq.operations(side)}
        self._http = httpx.AsyncClient(verify=verify, timeout=ANSWER_S_MAX, trust_env=False)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def call(self, operation_id: str, *path: str, body: Any = None, **more: Any) -> Reply:
        """One request as it should be. more: query, origin, sender, and what `send` takes."""
        operation = self._operations[operation_id]
        query: dict[str, Any] = {"clientAddress": more.pop("sender", self.sender)}
        request_id = str(uuid.uuid4()) if operation.caused else ""
        if operation.caused:
            query |= {"talqRequestId": request_id, "talqOriginRequestId": more.pop("origin", None)}
        query |= more.pop("query", {})
        headers = {talq.VERSION_HEADER: talq.API_VERSION} | more.pop("headers", {})
        content = more.pop("content", None)
        if content is None and operation.request and body is not None:
            content = json.dumps(body).encode()
        if content is not None:
            headers = {"content-type": "application/json"} | headers
        target = _path(operation.path, path)
        kept = {k: v for k, v in query.items() if v is not None}
        shown = Exchange(True, operation_id, operation.method, target, body=body, query=kept)
        shown.path = dict(zip(operation.parameters, path, strict=False))
        shown.request_id = request_id
        return await self._send(operation, shown, headers, content)

    async def _send(
        self, operation: talq.Operation, shown: Exchange, headers: dict[str, Any], content: Any
    ) -> Reply:
        named = {name: value for name, value in headers.items() if value is not None}
        url = self.base_uri.rstrip("/") + shown.target
        try:
            answer = await self._http.request(
                operation.method, url, params=dict(shown.query), headers=named, content=content
            )
        except httpx.HTTPError as error:
            shown.problems.append(f"no answer: {error!r}")
            self._journal.add(shown)
            raise
        body, problems = judge(operation, answer.status_code, answer.headers, answer.content)
        shown.status, shown.answer, shown.problems = answer.status_code, body, problems
        self._journal.add(shown)
        return Reply(
            answer.status_code, body, answer.headers, shown.request_id, tuple(problems),
            answer.content,
        )  # fmt: skip


def _path(template: str, values: tuple[str, ...]) -> str:
    parts = template.split("/")
    named = sum(part.startswith("{") for part in parts)
    if named != len(values):
        raise ValueError(f"{template} takes {named} values, not {len(values)}")
    left = iter(values)
    return "/".join(talq.quote_id(next(left)) if p.startswith("{") else p for p in parts)


def judge(
    operation: talq.Operation, status: int, headers: Mapping[str, str], content: bytes
) -> tuple[Any, list[str]]:
    """An answer's decoded body, and what is wrong with it: status, headers, schema."""
    problems = []
    if talq.VERSION_HEADER not in headers:
        problems.append(f"T3: the answer has no {talq.VERSION_HEADER}")
    if "chunked" in headers.get("transfer-encoding", ""):
        problems.append("T5: the answer is chunked")
    if status not in (*operation.statuses, *UNLISTED):
        problems.append(f"status {status} is not one of {operation.operation_id}")
    if status >= 500:
        problems.append(f"status {status}: {content[:200]!r}")
    kind = operation.response if status < 400 else "[TALQErrorMessage]"
    if kind is None or not content:
        if status >= 400 and not content:
            problems.append(f"T7: {status} without a list of errors")
        return None, problems
    try:
        body = talq.decode(kind, content)
    except talq.TalqError as error:
        rule = "T7: " if status >= 400 else ""
        problems.append(f"{rule}the body of {status} is no {kind}: {error}")
        return _loosely(content), problems
    if status >= 400 and not body:
        problems.append(f"T7: {status} with an empty list of errors")
    return body, problems


def _loosely(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
