from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from cms_rig import Cms

from cms.api.problems import BODY_BYTES_MAX


async def posted(cms: Cms, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    headers = {"authorization": f"Bearer {cms.tokens['operator']}",
               "content-type": "application/json"}  # fmt: skip
    return await cms.http.post("/api/v1/groups", content=content, headers=headers)


def is_problem(answer: httpx.Response, status: int, field: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["status"]) == ("about:blank", status)
    assert [error["field"] for error in body["errors"]] == [field]


async def test_a_body_that_says_it_is_large_is_not_read(fresh: Cms) -> None:
    is_problem(await posted(fresh, b" " * (BODY_BYTES_MAX + 1)), 413, "body")


async def test_a_body_that_hides_its_size_is_cut_off(fresh: Cms) -> None:
    taken = 0

    async def parts() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * 65536

    is_problem(await posted(fresh, parts()), 413, "body")
    assert taken <= BODY_BYTES_MAX // 65536 + 2


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1,", b"nothing"])
async def test_a_body_that_is_no_json_is_refused(fresh: Cms, content: bytes) -> None:
    answer = await posted(fresh, content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"] == "body"


@pytest.mark.parametrize(
    "content", [b"[]", b"5", b"null", b'{"name": NaN, "lamp_ids": []}', b'{"lamp_ids": [[]]}']
)
async def test_a_body_of_another_form_is_refused_at_its_field(fresh: Cms, content: bytes) -> None:
    answer = await posted(fresh, content)
    assert answer.status_code == 422, answer.text
    assert all(error["field"] and error["rule"] for error in answer.json()["errors"])


async def test_what_stood_there_is_told_short(fresh: Cms) -> None:
    content = b'{"name": "' + b"x" * 100_000 + b'", "lamp_ids": []}'
    answer = await posted(fresh, content)
    assert answer.status_code == 422
    assert len(answer.content) < 1000


async def test_an_address_or_a_method_that_is_not_there_is_a_problem_too(fresh: Cms) -> None:
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404), ("GET", "/api/nothing", 404),
        ("PATCH", "/api/v1/lamps", 405),
    ):  # fmt: skip
        answer = await fresh.http.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
