"""One request of a gateway while it is being carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from protocol import talq

from ..store import Unit


class Turn:
    """The checked call, the gateway's row, and the transaction it is carried out in."""

    def __init__(self, call: talq.Call, unit: Unit) -> None:
        self.call = call
        self.unit = unit
        self.gateway: Mapping[str, Any] = {}

    @property
    def sender(self) -> str:
        """The gateway's address; empty in its first announcement."""
        return self.call.sender or ""

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The body as a list, however it came."""
        body = self.call.body
        return body if isinstance(body, list) else [body]


Handler = Callable[[Turn], Awaitable[talq.Answer]]
