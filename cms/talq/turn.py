"""One request of a gateway while it is being carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from protocol import talq

from .. import identity
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


def check_owner(kept: str | None, call: talq.Call) -> None:
    """A gateway's address is used by the holder of its certificate alone (T12)."""
    if not identity.speaks_for(kept, call.certificate):
        text = "belongs to the holder of another certificate"
        raise talq.TalqError(403, "parameterValueNotValid", text, "clientAddress")
