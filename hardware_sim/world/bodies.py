"""What requests to the handles bring: one small JSON object, or a clear refusal."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request

_BODY_MAX = 10_000


class BadHandleError(Exception):
    """A request that the world cannot do; `status` and what was expected."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


async def told(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    data = await request.body()
    if len(data) > _BODY_MAX:
        raise BadHandleError(413, f"at most {_BODY_MAX} bytes")
    try:
        said = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise BadHandleError(400, f"not JSON: {error}") from error
    if not isinstance(said, dict):
        raise BadHandleError(422, "expected an object")
    return said


async def body(request: Request, key: str) -> dict[str, Any]:
    """The JSON object of a request, which must hold `key`."""
    said = await told(request)
    if key not in said:
        raise BadHandleError(422, f'expected {{"{key}": …}}')
    return said


async def flag(request: Request, key: str) -> bool:
    """A true or false under `key`."""
    value = (await body(request, key))[key]
    if not isinstance(value, bool):
        raise BadHandleError(422, f"{key} is true or false")
    return value
