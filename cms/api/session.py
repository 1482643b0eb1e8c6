"""Tokens to sessions."""

from __future__ import annotations

import secrets
import time
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from .. import people
from ..errors import RefusedError, wrong
from ..store import tables
from .context import Parts, Somebody

router = APIRouter(tags=["session"])


class SessionAsked(BaseModel):
    """A token that somebody was given."""

    model_config = ConfigDict(extra="forbid", strict=True)
    token: str = Field(min_length=1, max_length=200)


@router.post("/session", status_code=204)
async def sign_in(asked: SessionAsked, request: Request, parts: Parts) -> Response:
    """Turns a token into a cookie, which pages and event streams use."""
    t = tables.tokens.c
    query = sa.select(t.name, t.role).where(t.digest == people.digest(asked.token))
    async with parts.store.write() as unit:
        rows = await unit.rows(query)
        if not rows:
            error = wrong("token", "a token of this CMS", None)
            raise RefusedError(401, "The token is not known", error.faults)
        cookie = secrets.token_urlsafe(people.TOKEN_BYTES)
        row = {
            "digest": people.digest(cookie), "name": rows[0]["name"], "role": rows[0]["role"],
            "created_ms": int(time.time() * 1000), "session": True,
        }  # fmt: skip
        await unit.put(tables.tokens, row)
    answer = Response(status_code=204)
    answer.set_cookie(
        people.COOKIE, cookie, httponly=True, samesite="strict", max_age=people.SESSION_S,
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip
    return answer


@router.delete("/session", status_code=204)
async def sign_out(request: Request, who: Somebody, parts: Parts) -> Response:
    """Ends the session of the cookie."""
    cookie = request.cookies.get(people.COOKIE, "")
    t = tables.tokens
    mine = sa.and_(t.c.digest == people.digest(cookie), t.c.session.is_(True))
    async with parts.store.write() as unit:
        await unit.run(t.delete().where(mine))
    answer = Response(status_code=204)
    answer.delete_cookie(people.COOKIE, path="/")
    return answer


@router.get("/me")
async def me(who: Somebody) -> dict[str, Any]:
    """Who we are here."""
    return {"name": who.name, "role": who.role}
