"""A site's certificates in a folder, and a server over real sockets that tells who called."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from servers import free_port

from lamplighter import pki
from lamplighter.pki.authority import holder_of
from protocol import tls

HOSTS = ["127.0.0.1", "localhost"]


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


class Site:
    """An authority that began two years ago, so that what it issued may have expired."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = pki.Folder(path)
        self.folder.init("test", now() - datetime.timedelta(days=730), 3650)

    def issue(self, role: str, name: str = "", *, began_days: int = 0, days: int = 90) -> None:
        """A certificate that began some days ago and lasts so many days from then."""
        began = now() - datetime.timedelta(days=began_days)
        self.folder.issue(holder_of(role, name, HOSTS), began, days)

    def files(self, title: str) -> tls.TlsFiles:
        return tls.TlsFiles(
            self.path / f"{title}.crt", self.path / f"{title}.key", self.path / "ca.crt",
            self.path / "crl.pem",
        )  # fmt: skip

    def trust(self, title: str) -> tls.Trust:
        return tls.Trust(self.files(title))

    def copy(self, title: str, to: str) -> None:
        """Keep a certificate under another name, as a thief would."""
        for end in ("crt", "key"):
            shutil.copy(self.path / f"{title}.{end}", self.path / f"{to}.{end}")


async def tell(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers with the certificate it sees."""
    found = scope.get("extensions", {}).get(tls.CERTIFICATE)
    body = json.dumps(found).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(app: Any, trust: tls.Trust | None) -> AsyncIterator[int]:
    """The port of a running server."""
    port = free_port()
    server = tls.server(app, "127.0.0.1", port, trust)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await task
