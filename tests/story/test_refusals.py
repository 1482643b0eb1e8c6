"""What is wrong is refused with field and rule, and nothing has changed then."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from story.city import City

TWO_AT_ONCE = {
    "name": "x",
    "steps": [{"at": "22:00", "level_percent": 60}, {"at": "22:00", "level_percent": 50}],
}
WRONG: list[tuple[str, str, object, int, str]] = [
    ("POST", "/overrides", {"lamp_ids": ["L-9999"], "level_percent": 5}, 422, "lamp_ids[0]"),
    ("POST", "/overrides", {"lamp_ids": ["L-0001"], "level_percent": 101}, 422, "level_percent"),
    ("POST", "/overrides", {"lamp_ids": ["L-0001"], "level_percent": "x"}, 422, "level_percent"),
    ("POST", "/overrides", {"lamp_ids": ["L-0001"]}, 422, "level_percent"),
    ("POST", "/overrides", {"lamp_ids": [], "level_percent": 5}, 422, "lamp_ids"),
    ("POST", "/overrides", {"lamp_ids": ["L-0001"], "level_percent": 5, "x": 1}, 422, "x"),
    ("POST", "/programs", TWO_AT_ONCE, 422, "steps[1].at"),
    ("POST", "/programs", {"name": "x", "steps": [{"at": "25:00", "level_percent": 1}]}, 422,
     "steps[0].at"),
    ("POST", "/calendars", {"name": "x", "default_program_id": "no"}, 422, "default_program_id"),
    ("POST", "/assignments", {"calendar_id": "no", "lamp_ids": ["L-0001"]}, 422, "calendar_id"),
    ("POST", "/groups", {"name": "x", "lamp_ids": ["B-0001"]}, 422, "lamp_ids[0]"),
    ("GET", "/lamps/L-9999", None, 404, "id"),
    ("GET", "/lamps?limit=0", None, 422, "limit"),
    ("GET", "/preview?lamp_id=L-0001&date=2026-13-01", None, 422, "date"),
    ("GET", "/lamps/L-0001/why?at=yesterday", None, 422, "at"),
]  # fmt: skip


def everything(city: City) -> dict[str, Any]:
    return {
        name: city.get(f"/{name}")["items"]
        for name in ("overrides", "programs", "calendars", "assignments", "groups")
    }


def waiting(city: City) -> list[Any]:
    """What an operator asked for and no lamp has yet; it changes while nobody asks for more."""
    return [item for item in city.get("/assignments")["items"] if item["state"] == "pending"]


def is_problem(answer: httpx.Response, status: int, field: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    errors = answer.json()["errors"]
    assert field in {error["field"] for error in errors}, errors
    assert all(error["rule"] for error in errors)


def test_wrong_requests_name_field_and_rule_and_change_nothing(city: City) -> None:
    city.until(lambda: not waiting(city), "end of what was under way")
    before = everything(city)
    for method, path, body, status, field in WRONG:
        is_problem(city.request(method, path, body), status, field)
    assert everything(city) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"lamp_ids": ["L-0001"], "level_percent": NaN}', 422), (b"\xff\xfe", 400)],
)
def test_a_body_that_is_no_json_is_refused(city: City, body: bytes, status: int) -> None:
    said = city.ready
    headers = {"authorization": f"Bearer {said['token']}", "content-type": "application/json"}
    answer = httpx.post(said["api"] + "/overrides", content=body, headers=headers, trust_env=False)
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"]


def test_a_body_of_a_hundred_megabytes_is_not_read(city: City) -> None:
    said = city.ready
    headers = {"authorization": f"Bearer {said['token']}", "content-type": "application/json"}
    answer = httpx.post(
        said["api"] + "/overrides", content=b" " * 100_000_000, headers=headers, trust_env=False
    )
    is_problem(answer, 413, "body")


def test_nobody_without_a_token_hears_anything(city: City) -> None:
    said = city.ready
    for path in ("/lamps", "/stream", "/events"):
        answer = httpx.get(said["api"] + path, trust_env=False)
        is_problem(answer, 401, "Authorization")
    wrong = {"authorization": "Bearer wrong"}
    is_problem(httpx.get(said["api"] + "/lamps", headers=wrong, trust_env=False), 401,
               "Authorization")  # fmt: skip
    bad = httpx.post(said["api"] + "/session", json={"token": "wrong"}, trust_env=False)
    is_problem(bad, 401, "token")


def test_a_session_opens_the_stream_and_ends(city: City) -> None:
    said = city.ready
    with httpx.Client(base_url=said["api"], trust_env=False) as http:
        assert http.post("/session", json={"token": said["token"]}).status_code == 204
        assert http.get("/me").json() == {"name": "admin", "role": "admin"}
        assert http.delete("/session").status_code == 204
        assert http.get("/me").status_code == 401
