"""One request of an attached CMS while it is being carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from protocol import talq

from ..attachment import Attachment
from ..library import Library
from .engine_io import Engine
from .talq_client_io import CmsLink

Body = dict[str, Any]


class Turn:
    """One request of an attached CMS."""

    def __init__(self, call: talq.Call, cms: CmsLink, engine: Engine) -> None:
        self.call = call
        self.cms = cms
        self.engine = engine

    @property
    def own(self) -> Attachment:
        """What this CMS gave us."""
        return self.engine.gateway.attachment(self.cms.uri)

    @property
    def library(self) -> Library:
        """Its resources."""
        return Library(self.engine.gateway, self.cms.uri)

    @property
    def bodies(self) -> list[Body]:
        """The body as a list, however it came."""
        body = self.call.body
        return body if isinstance(body, list) else [body]


Handler = Callable[[Turn], Awaitable[talq.Answer]]
