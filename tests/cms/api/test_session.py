from __future__ import annotations

import pytest
import sqlalchemy as sa
from cms_rig import Cms

from cms import people
from cms.store import tables


async def test_a_token_becomes_a_cookie_that_ends(fresh: Cms) -> None:
    said = {"token": fresh.tokens["viewer"]}
    answer = await fresh.http.post("/api/v1/session", json=said)
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    me = await fresh.http.get("/api/v1/me")
    assert me.json() == {"name": "viewer", "role": "viewer"}
    assert (await fresh.http.delete("/api/v1/session")).status_code == 204
    assert (await fresh.http.get("/api/v1/me")).status_code == 401


async def test_of_tokens_and_cookies_only_digests_are_kept(fresh: Cms) -> None:
    await fresh.http.post("/api/v1/session", json={"token": fresh.tokens["admin"]})
    kept = str(await fresh.rows(tables.tokens))
    assert fresh.tokens["admin"] not in kept
    assert str(fresh.http.cookies[people.COOKIE]) not in kept


async def test_an_old_session_is_over_and_a_token_is_not(fresh: Cms) -> None:
    await fresh.http.post("/api/v1/session", json={"token": fresh.tokens["viewer"]})
    async with fresh.store.write() as unit:
        t = tables.tokens
        await unit.run(sa.update(t).values(created_ms=0))
    assert (await fresh.http.get("/api/v1/me")).status_code == 401
    assert (await fresh.ask("GET", "/me", role="viewer")).status_code == 200


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", "Basic x", "bearer  "])
async def test_nobody_without_a_token_is_answered(fresh: Cms, said: str) -> None:
    for path in ("/lamps", "/me", "/site", "/stream"):
        answer = await fresh.http.get(f"/api/v1{path}", headers={"authorization": said})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["errors"][0]["field"] == "Authorization"


@pytest.mark.parametrize("token", ["wrong", "x" * 200])
async def test_a_wrong_token_opens_no_session(fresh: Cms, token: str) -> None:
    answer = await fresh.http.post("/api/v1/session", json={"token": token})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["field"] == "token"
    assert "set-cookie" not in answer.headers
