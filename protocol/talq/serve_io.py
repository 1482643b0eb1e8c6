"""One side's HTTP face: finds the operation, checks what every request carries, answers in TALQ.

An ASGI application over the tables. What an operation does is the caller's: `carry_out` is given a
`Call`, returns an `Answer` or raises TalqError. Read `Face.__call__` first.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from .addresses import NIL, unquote_id
from .codec import decode, decode_struct
from .errors import TalqError, error_body
from .openapi import openapi
from .operations import Operation, operations
from .requests import (
    API_VERSION,
    BODY_BYTES_MAX,
    VERSION_HEADER,
    check_request,
    compress,
    decompress,
    peer_minor,
)

# A body that takes longer than this, and a second more for each of so many bytes, is not coming.
BODY_S_MAX = 20.0
_BODY_BYTES_PER_S = 65_536
# What comes in masses is better read as structs: a report of 100 entries holds 300 objects.
STRUCTS = frozenset({"sendLogReport"})
_QUERY_FIELDS_MAX = 1000
# What asks for the general reader; most queries hold UUIDs and numbers.
_QUOTED = re.compile(rb"[^A-Za-z0-9_.~&=-]")

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Call(NamedTuple):
    """One checked request: path and query by their TALQ names, body decoded.

    sender is None in a gateway's first announcement. certificate is the peer's, when there is one.
    """

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, str]
    listed: Mapping[str, list[str]]
    body: Any
    sender: str | None
    request_id: str
    minor: int
    host: str
    certificate: Mapping[str, Any] | None


class Answer(NamedTuple):
    """A status, a plain object as body (None: no body), further headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


CarryOut = Callable[[Call], Awaitable[Answer]]
_Tree = dict[str, Any]


class Face:
    """The operations of one side ("cms" or "gateway") as an ASGI application.

    structs: operations whose bodies come as structs where that can be (codec.decode_struct).
    """

    def __init__(
        self, side: str, carry_out: CarryOut, structs: frozenset[str] = frozenset()
    ) -> None:
        self._side = side
        self._structs = structs
        self._carry_out = carry_out
        self._tree: _Tree = {}
        self._document = b""
        for operation in operations(side):
            at = self._tree
            for part in operation.path.strip("/").split("/"):
                at = at.setdefault("{}" if part.startswith("{") else part, {})
            at.setdefault("", {})[operation.method] = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        segments = _segments(scope)
        if segments == ["openapi.json"] and scope["method"] == "GET":
            # Built when first asked for: most processes never are.
            self._document = self._document or msgspec.json.encode(openapi(self._side))
            await _respond(send, 200, self._document, "", {})
            return
        headers = {str(k, "latin-1"): str(v, "latin-1") for k, v in scope["headers"]}
        encoding = headers.get("content-encoding", "")
        try:
            operation, values = self._find(scope["method"], segments)
            call = await self._call(operation, values, scope, headers, receive)
            answer = await self._carry_out(call)
        except TalqError as error:
            await _respond(send, error.status, error_body([error]), "", {})
            return
        body = b"" if answer.body is None else msgspec.json.encode(answer.body)
        encoding = encoding if operation.request else ""
        as_text = operation.response == "integer" and _prefers_text(headers)
        kind = "text/plain" if as_text else "application/json"
        await _respond(send, answer.status, body, encoding, {"content-type": kind}, answer.headers)

    def _find(self, method: str, segments: list[str]) -> tuple[Operation, list[str]]:
        """The operation, and what stands where its path has parameters."""
        found = _walk(self._tree, segments, [])
        path = "/" + "/".join(segments)
        if found is None:
            raise TalqError(404, "resourceNotFound", f"{path} is no path of this API")
        by_method, values = found
        if method not in by_method:
            raise TalqError(405, "genericError", f"{method} {path} is no operation of this API")
        return by_method[method], values

    async def _call(
        self,
        operation: Operation,
        values: list[str],
        scope: Scope,
        headers: Mapping[str, str],
        receive: Receive,
    ) -> Call:
        listed = _query(scope["query_string"])
        query = {name: several[-1] for name, several in listed.items()}
        told = headers.get("content-length", "0")
        if not (told.isascii() and told.isdigit()):
            raise TalqError(400, "headerValueNotValid", "a number of bytes", "content-length")
        sender = check_request(
            query,
            headers,
            int(told),
            caused=operation.caused,
            announcing=_announces(operation, query),
        )
        path = dict(zip(operation.parameters, (unquote_id(v) for v in values), strict=True))
        body = None
        if operation.request:
            packed = await _read(receive, int(told))
            data = decompress(packed, headers.get("content-encoding", ""))
            if operation.operation_id in self._structs:
                body = decode_struct(operation.request, data)
            else:
                body = decode(operation.request, data, partial=operation.partial)
        return Call(
            operation, path, query, listed, body, sender, query.get("talqRequestId", ""),
            peer_minor(headers), (scope.get("client") or ("",))[0],
            (scope.get("extensions") or {}).get("lamplighter.certificate"),
        )  # fmt: skip


def _segments(scope: Scope) -> list[str]:
    """The still quoted segments of the path below the base URI (T1, T11)."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    base: str = scope.get("root_path", "")
    path = raw.split(b"?", 1)[0].decode("latin-1")
    if base and path.startswith(base):
        path = path[len(base) :]
    segments = path.split("/")
    while segments and not segments[0]:
        segments.pop(0)
    if segments and not segments[-1]:
        segments.pop()
    return segments


def _walk(
    tree: _Tree, segments: list[str], values: list[str]
) -> tuple[dict[str, Operation], list[str]] | None:
    """Literal segments win over parameters, so that `count` is never an address."""
    if not segments:
        return (tree[""], values) if "" in tree else None
    head, rest = segments[0], segments[1:]
    if head and head in tree:
        found = _walk(tree[head], rest, values)
        if found is not None:
            return found
    if "{}" not in tree or not head:
        return None
    inner = tree["{}"]
    if inner.keys() == {""} and len(values) == 2 and rest:
        # The last parameter of a member is an address, which may hold slashes as they are (G1).
        return inner[""], [*values, "/".join(segments)]
    return _walk(inner, rest, [*values, head])


def _query(query_string: bytes) -> dict[str, list[str]]:
    if not _QUOTED.search(query_string) and query_string.count(b"&") < _QUERY_FIELDS_MAX:
        plain = query_string.decode("ascii", "replace")
        simple: dict[str, list[str]] = {}
        for field in plain.split("&") if plain else ():
            name, _, value = field.partition("=")
            simple.setdefault(name, []).append(value)
        return simple
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict",
            max_num_fields=_QUERY_FIELDS_MAX,
        )  # fmt: skip
    except ValueError as error:
        text = "is not percent-encoded UTF-8, or has too many fields"
        raise TalqError(400, "parameterValueNotValid", text, "query") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _announces(operation: Operation, query: Mapping[str, str]) -> bool:
    """Whether it may be the first announcement, which has no real clientAddress (T2)."""
    return operation.side == "cms" and operation.operation_id == "addDevices" and (
        query.get("clientAddress") or NIL
    ) == NIL  # fmt: skip


async def _read(receive: Receive, announced_bytes: int) -> bytes:
    """The whole body. TalqError 413 when it is too large, 408 when it comes too slowly."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S_MAX + announced_bytes / _BODY_BYTES_PER_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise TalqError(400, "payloadError", "the body ended too early")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_BYTES_MAX:
                    raise TalqError(413, "payloadError", f"at most {BODY_BYTES_MAX} bytes")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError as error:
        raise TalqError(408, "payloadError", "the body came too slowly") from error


def _prefers_text(headers: Mapping[str, str]) -> bool:
    accepted = headers.get("accept", "")
    return "text/plain" in accepted and "json" not in accepted


async def _respond(
    send: Send, status: int, body: bytes, encoding: str, *headers: Mapping[str, str]
) -> None:
    told = {VERSION_HEADER: API_VERSION, "content-type": "application/json"}
    for more in headers:
        told |= more
    if encoding and body:
        body = compress(body, encoding)
        told["content-encoding"] = encoding.strip().lower()
    if not body:
        del told["content-type"]
    told["content-length"] = str(len(body))
    if status in (408, 413):
        # What is left of the body is not read.
        told["connection"] = "close"
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def whole(call: Call, name: str) -> int | None:
    """A query parameter that is a number from 0 on, or None. TalqError 400 for another."""
    text = call.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise TalqError(400, "parameterValueNotValid", "a whole number from 0 on", name)
    return int(text)


def paged(call: Call, found: list[Any], limit_default: int) -> Answer:
    """A list, cut as `offset` and `limit` ask, with the four paging headers then (D5)."""
    offset, limit = whole(call, "offset"), whole(call, "limit")
    if offset is None and limit is None:
        return Answer(200, found)
    first = offset or 0
    page = found[first : first + (limit_default if limit is None else limit)]
    counts = {
        "pagination-totalCount": len(found), "pagination-count": len(page),
        "pagination-offset": first, "pagination-defaultLimit": limit_default,
    }  # fmt: skip
    return Answer(200, page, {name: str(value) for name, value in counts.items()})
