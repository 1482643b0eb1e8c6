from __future__ import annotations

import re

import pytest
from cms_rig import Cms


async def test_the_documentation_page_needs_nothing_from_elsewhere(fresh: Cms) -> None:
    page = await fresh.http.get("/api/docs")
    assert page.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/api/docs/"), address
        answer = await fresh.http.get(address)
        assert answer.status_code == 200, address
        assert answer.content
    assert "/api/v1/openapi.json" in (await fresh.http.get("/api/docs/start.js")).text


async def test_the_document_lists_every_resource_of_the_contract(fresh: Cms) -> None:
    document = (await fresh.http.get("/api/v1/openapi.json")).json()
    assert document["openapi"] == "3.0.3"
    for name in ("lamps", "bays", "overrides", "programs", "calendars", "assignments", "groups",
                 "feeders", "cabinets", "alarms", "events", "streets", "lamp-types", "stream",
                 "preview", "site", "session"):  # fmt: skip
        assert f"/api/v1/{name}" in document["paths"], name


@pytest.mark.parametrize("path", ["/", "/map", "/api/v1/site", "/api/docs", "/talq/openapi.json"])
async def test_every_answer_says_what_browsers_may_do(fresh: Cms, path: str) -> None:
    headers = (await fresh.http.get(path)).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


async def test_an_address_with_a_line_break_is_answered_as_talq_says(fresh: Cms) -> None:
    answer = await fresh.http.get("/talq/bracket-types/a%0D%0Ab")
    assert answer.status_code in (400, 404)
    assert [row["key"] for row in answer.json()], answer.text


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/%2e%2e/settings.py", "/..%2f..%2frun.py"]
)
async def test_no_file_beside_the_pages_is_given_away(fresh: Cms, path: str) -> None:
    answer = await fresh.http.get(path)
    assert "import" not in answer.text.split("<")[0]
    assert "[project]" not in answer.text
