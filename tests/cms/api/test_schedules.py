from __future__ import annotations

import datetime
from typing import Any

import pytest
from cms_rig import Cms

from protocol import talq

PROGRAM: dict[str, Any] = {
    "name": "Residential",
    "steps": [
        {"at": "22:30", "level_percent": 60, "ramp_s": 60},
        {"at": "06:00", "level_percent": 100},
    ],
    "active_periods": [{"kind": "astro", "on_offset_min": -5, "off_offset_min": 10}],
}
DST = ["2026-03-28", "2026-10-24"]


async def made(cms: Cms, kind: str, body: Any) -> dict[str, Any]:
    answer = await cms.ask("POST", f"/{kind}", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def night(cms: Cms) -> tuple[dict[str, Any], dict[str, Any]]:
    """A program, and a calendar that follows it."""
    program = await made(cms, "programs", PROGRAM)
    said = {"name": "All year", "default_program_id": program["id"]}
    return program, await made(cms, "calendars", said)


async def refusal(cms: Cms, method: str, path: str, body: Any, status: int) -> list[str]:
    answer = await cms.ask(method, path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


async def test_a_program_is_kept_changed_and_taken_away(attached: Cms) -> None:
    program = await made(attached, "programs", PROGRAM)
    assert await attached.get(f"/programs/{program['id']}") == program
    changed = {**program, "name": "Quiet"}
    answer = await attached.ask("PUT", f"/programs/{program['id']}", changed)
    assert answer.json()["name"] == "Quiet"
    assert [row["name"] for row in (await attached.get("/programs"))["items"]] == ["Quiet"]
    assert (await attached.ask("DELETE", f"/programs/{program['id']}")).status_code == 200
    assert await refusal(attached, "GET", f"/programs/{program['id']}", None, 404) == ["id"]


async def test_gateways_are_told_of_every_change(attached: Cms) -> None:
    program, calendar = await night(attached)
    await attached.ask("PUT", f"/programs/{program['id']}", program)
    told = (await attached.calls())[-3:]
    assert [operation for operation, _ in told] == [
        "addControlPrograms", "addCalendars", "addControlPrograms",
    ]  # fmt: skip
    assert talq.check("[ControlProgram]", told[0][1]) == []
    assert talq.check("[Calendar]", told[1][1]) == []
    assert told[1][1][0]["id"] == calendar["id"]


async def test_what_is_in_use_cannot_be_taken_away(attached: Cms) -> None:
    program, calendar = await night(attached)
    assert await refusal(attached, "DELETE", f"/programs/{program['id']}", None, 409) == ["id"]
    said = {"calendar_id": calendar["id"], "lamp_ids": ["L-0001"]}
    await made(attached, "assignments", said)
    assert await refusal(attached, "DELETE", f"/calendars/{calendar['id']}", None, 409) == ["id"]
    await made(attached, "assignments", said | {"calendar_id": None})
    assert (await attached.ask("DELETE", f"/calendars/{calendar['id']}")).status_code == 200
    assert (await attached.ask("DELETE", f"/programs/{program['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("programs", {**PROGRAM, "steps": PROGRAM["steps"] * 2}, "steps[2].at"),
        ("programs", {"name": ""}, "name"),
        ("programs", {"name": "x", "dynamic": [{"sensor": "nose"}]}, "dynamic[0].sensor"),
        ("calendars", {"name": "x", "default_program_id": "no"}, "default_program_id"),
        ("calendars", {"name": "x", "rules": [{"program_id": "no"}]}, "rules"),
        ("groups", {"name": "x", "lamp_ids": ["B-0001"]}, "lamp_ids[0]"),
        ("groups", {"name": "", "lamp_ids": []}, "name"),
    ],
)
async def test_what_cannot_be_used_is_refused_at_its_field(
    attached: Cms, kind: str, body: Any, field: str
) -> None:
    assert field in await refusal(attached, "POST", f"/{kind}", body, 422)
    assert (await attached.get(f"/{kind}"))["items"] == []


async def test_an_id_that_is_not_the_address_is_refused(attached: Cms) -> None:
    program = await made(attached, "programs", PROGRAM)
    body = {**program, "id": "other"}
    path = f"/programs/{program['id']}"
    assert await refusal(attached, "PUT", path, body, 422) == ["id"]
    assert await refusal(attached, "PUT", "/programs/no", PROGRAM, 404) == ["id"]


async def test_groups_are_kept_changed_and_taken_away(attached: Cms) -> None:
    said = {"name": "Square", "lamp_ids": ["L-0002", "L-0001", "L-0002"]}
    group = await made(attached, "groups", said)
    assert group["lamp_ids"] == ["L-0002", "L-0001"]
    path = f"/groups/{group['id']}"
    changed = (await attached.ask("PUT", path, {**group, "lamp_ids": ["L-0003"]})).json()
    assert await attached.get(path) == changed
    assert (await attached.ask("DELETE", path)).status_code == 200
    assert (await attached.ask("GET", path)).status_code == 404


async def test_a_lamp_tells_its_groups(attached: Cms) -> None:
    group = await made(attached, "groups", {"name": "g", "lamp_ids": ["L-0001"]})
    assert (await attached.get("/lamps/L-0001"))["group_ids"] == [group["id"]]
    assert (await attached.get("/lamps/L-0002"))["group_ids"] == []


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize("date", [*DST, "2026-06-21", "2026-12-31"])
async def test_a_preview_runs_from_noon_to_noon(attached: Cms, date: str) -> None:
    _, calendar = await night(attached)
    told = await attached.get("/preview", calendar_id=calendar["id"], date=date)
    begin, end = at(told["points"][0]["at"]), at(told["ends_at"])
    assert begin.isoformat().startswith(f"{date}T12:00:00")
    assert (end.date() - begin.date(), end.hour) == (datetime.timedelta(days=1), 12)
    hours = {"2026-03-28": 23, "2026-10-24": 25}.get(date, 24)
    assert (end.timestamp() - begin.timestamp()) / 3600 == hours
    assert told["points"][0]["level_percent"] == 0  # By day the lamp is off.
    levels = {point["level_percent"] for point in told["points"]}
    assert {0, 60, 100} <= levels or date == "2026-06-21"
    step = next(point for point in told["points"] if point["at"][11:16] == "22:30")
    assert at(step["at"]).utcoffset() == begin.utcoffset()


async def test_a_draft_is_shown_and_not_kept(attached: Cms) -> None:
    answer = await attached.ask("POST", "/preview", {"program": PROGRAM, "date": DST[0]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["energy_kwh"] > 0
    assert (await attached.get("/programs"))["total"] == 0
    wrong = {"program": {**PROGRAM, "steps": [{"at": "x", "level_percent": 5}]}}
    assert await refusal(attached, "POST", "/preview", wrong, 422) == ["steps[0].at"]


async def test_the_preview_of_a_lamp_has_its_calendar_and_its_overrides(attached: Cms) -> None:
    _, calendar = await night(attached)
    await made(attached, "assignments", {"calendar_id": calendar["id"], "lamp_ids": ["L-0001"]})
    said = {"lamp_ids": ["L-0001"], "level_percent": 33, "starts_at": "2026-11-21T20:00:00+01:00",
            "expires_in_s": 3600}  # fmt: skip
    await made(attached, "overrides", said)
    told = await attached.get("/preview", lamp_id="L-0001", date="2026-11-21")
    found = {point["at"][11:16]: point for point in told["points"]}
    assert (found["20:00"]["level_percent"], found["20:00"]["reason"]) == (33, "override")
    assert found["21:00"]["level_percent"] == 100
    other = await attached.get("/preview", lamp_id="L-0002", date="2026-11-21")
    assert [point["level_percent"] for point in other["points"]] == [100]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 422, "lamp_id"),
        ("?lamp_id=L-0001&calendar_id=x", 422, "lamp_id"),
        ("?calendar_id=no", 404, "id"),
        ("?lamp_id=no", 404, "id"),
        ("?lamp_id=L-0001&date=yesterday", 422, "date"),
        ("?lamp_id=L-0001&date=9999-12-31", 422, "date"),
        ("?lamp_id=L-0001&date=0001-01-01", 422, "date"),
    ],
)
async def test_a_preview_of_nothing_is_refused(
    attached: Cms, query: str, status: int, field: str
) -> None:
    assert await refusal(attached, "GET", f"/preview{query}", None, status) == [field]
