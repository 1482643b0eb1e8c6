"""The application: API under /api, TALQ under /talq, the pages everywhere else."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

import swagger_ui_bundle
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import (
    control,
    installs,
    packages,
    problems,
    receipts,
    schedules,
    session,
    stations,
    street,
    watch,
)
from .context import Context

API = "/api/v1"
TALQ = "/talq"
WEB = Path(__file__).resolve().parent.parent / "web" / "dist"
# What reads codes in a camera's picture is WebAssembly (cms/web/src/lib/codes.ts).
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; "
    "worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'"
)
_NOT_BUILT = (
    "<!doctype html><title>Lamplighter</title><p>The pages are not built: run "
    "<code>python hatch_build.py</code>. The API is at <a href='/api/docs'>/api/docs</a>."
)
_DOCS = f"{API}/openapi.json"
_DOCS_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lamplighter operator API</title>
<link rel="stylesheet" href="/api/docs/static/swagger-ui.css">
<body>
<main id="operations"></main>
<script src="/api/docs/static/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
"""
_DOCS_START = f'SwaggerUIBundle({{url: "{_DOCS}", dom_id: "#operations", deepLinking: true}});'


def build(parts: Context, talq_face: ASGIApp) -> ASGIApp:
    """The ASGI application over the wired parts."""
    app = FastAPI(
        title="Lamplighter operator API", version="1", docs_url=None, redoc_url=None,
        openapi_url=_DOCS,
    )  # fmt: skip
    app.openapi_version = "3.0.3"  # What the documentation page can draw.
    app.state.context = parts
    problems.install(app)
    for module in (
        session,
        street,
        stations,
        control,
        schedules,
        packages,
        receipts,
        installs,
        watch,
    ):
        app.include_router(module.router, prefix=API)
    app.router.routes += [
        Route("/api/docs", _docs, methods=["GET"]),
        Route("/api/docs/start.js", _docs_start, methods=["GET"]),
        Mount("/api/docs/static", StaticFiles(directory=swagger_ui_bundle.swagger_ui_path)),
    ]
    # In front: gateways ask far more often than people, and each route before it is looked at.
    talq = Mount(TALQ, talq_face)
    # Else an address with a line break in it would be none of TALQ's, and get a page's answer.
    talq.path_regex = re.compile(talq.path_regex.pattern, re.DOTALL)
    app.router.routes.insert(0, talq)
    app.router.routes.append(Route("/{path:path}", _web, methods=["GET", "HEAD"]))
    return Headers(problems.BodyLimit(app, "/api/"))


async def _docs(request: Request) -> Response:
    """The API's documentation; everything it needs is served from here."""
    return Response(_DOCS_PAGE, media_type="text/html")


async def _docs_start(request: Request) -> Response:
    return Response(_DOCS_START, media_type="text/javascript")


async def _web(request: Request) -> Response:
    """A file of the pages; any other address is the application's own (it reads the address)."""
    path = request.path_params["path"]
    if path.startswith(("api/", "talq/")):
        return problems.problem(404, f"No /{path} here")
    wanted = (WEB / path).resolve()
    if path and wanted.is_file() and wanted.is_relative_to(WEB):
        kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
        return _file(request, wanted, kept)
    index = WEB / "index.html"
    if index.is_file():
        return _file(request, index, "no-cache")
    return Response(_NOT_BUILT, 503, media_type="text/html")


def _file(request: Request, path: Path, kept: str) -> Response:
    """A built file, in the best form that the build made and the browser takes."""
    headers = {"cache-control": kept, "vary": "accept-encoding"}
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix in (".js", ".mjs"):
        kind = "text/javascript"  # A module of another type is refused by browsers.
    taken = {part.split(";")[0].strip() for part in
             request.headers.get("accept-encoding", "").split(",")}  # fmt: skip
    for name, suffix in (("br", ".br"), ("gzip", ".gz")):
        packed = path.with_name(path.name + suffix)
        if name in taken and packed.is_file():
            headers["content-encoding"] = name
            return FileResponse(packed, headers=headers, media_type=kind)
    return FileResponse(path, headers=headers, media_type=kind)


class Headers:
    """What every answer says to browsers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self._app(scope, receive, with_headers)
