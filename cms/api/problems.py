"""Refusals as RFC 9457 problem details, and the bound on what is read."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import StatementError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import Fault, RefusedError

BODY_BYTES_MAX = 1024 * 1024  # A program of 48 steps has 3 kB; a thousand lamp ids have 20.
_GOT_MAX = 200


def problem(status: int, title: str, faults: Sequence[Fault] = ()) -> Response:
    """A problem: what is wrong, and each field with its rule and what stood there."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": "; ".join(f"{f.field}: {f.rule}" for f in faults) or title,
        "errors": [{"field": f.field, "rule": f.rule, "got": _shown(f.got)} for f in faults],
    }
    return Response(
        msgspec.json.encode(body), status, media_type="application/problem+json",
        headers={"www-authenticate": "Bearer"} if status == 401 else None,
    )  # fmt: skip


def _shown(value: object) -> Any:
    """What was got, made small and harmless enough to send back."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _GOT_MAX else text[:_GOT_MAX] + "…"


def _field(where: Sequence[object]) -> str:
    """("body", "lamp_ids", 0) as lamp_ids[0]."""
    text = ""
    for part in where[1:] if len(where) > 1 else where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def install(app: FastAPI) -> None:
    """Every error of a handler becomes a problem."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return problem(error.status, error.title, error.faults)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        rows = error.errors()
        if any(row["type"] == "json_invalid" for row in rows):
            said = str(rows[0].get("ctx", {}).get("error", ""))
            return problem(400, "The body is no JSON", [Fault("body", "well-formed JSON", said)])
        faults = [Fault(_field(row["loc"]), row["msg"], row.get("input")) for row in rows]
        return problem(422, "The request cannot be used", faults)

    async def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 400:  # The framework could not read the body.
            faults = [Fault("body", "JSON that can be read", str(error.detail))]
            return problem(400, "The body cannot be read", faults)
        return problem(error.status_code, str(error.detail))

    async def unwritable(request: Request, error: Exception) -> Response:
        if isinstance(error, StatementError) and not isinstance(error.orig, UnicodeError):
            raise error  # Our own fault, not the text's.
        fault = Fault("body", "text without halves of characters (lone surrogates)", None)
        return problem(422, "A text cannot be written", [fault])

    app.add_exception_handler(UnicodeEncodeError, unwritable)
    app.add_exception_handler(StatementError, unwritable)
    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)


class TooLargeError(Exception):
    """More bytes came than are read."""


class BodyLimit:
    """Refuses large bodies before they are read, and cuts off those that hide their size."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        told = headers.get(b"content-length", b"0")
        if not told.isdigit() or int(told) > BODY_BYTES_MAX:
            await _too_large(told)(scope, receive, send)
            return
        came = 0

        async def bounded() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > BODY_BYTES_MAX:
                raise TooLargeError
            return message

        async def answered(message: Message) -> None:
            # The framework makes a 400 of whatever the reader raises; ours is sent instead.
            if came <= BODY_BYTES_MAX:
                await send(message)

        with contextlib.suppress(TooLargeError):
            await self._app(scope, bounded, answered)
        if came > BODY_BYTES_MAX:
            await _too_large(str(came).encode())(scope, receive, send)


def _too_large(got: bytes) -> Response:
    rule = f"at most {BODY_BYTES_MAX} bytes"
    return problem(413, "The body is too large", [Fault("body", rule, got.decode("latin-1"))])
