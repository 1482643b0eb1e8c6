from __future__ import annotations

from typing import Any

import pytest
from cms_rig import Cms

from cms import commands
from cms.store import tables
from protocol import talq


async def override(cms: Cms, **more: Any) -> dict[str, Any]:
    said = {"lamp_ids": ["L-0001"], "level_percent": 40, **more}
    answer = await cms.ask("POST", "/overrides", said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def sent(cms: Cms) -> list[dict[str, Any]]:
    return [body for operation, body in await cms.calls() if operation == "sendCommand"]


async def test_an_override_is_asked_of_the_gateway_as_talq_has_it(attached: Cms) -> None:
    made = await override(attached, expires_in_s=3600, rank="event", reason="market")
    (body,) = await sent(attached)
    assert talq.check("OverrideCommand", body) == []
    command = body["targetCommand"]
    assert command["cmsRefId"] == f"event:{made['id']}"
    assert command["state"]["value"] == 40
    begin, end = (talq.read_timestamp_ms(command[name]) for name in ("start", "expiration"))
    assert end - begin == 3_600_000
    assert (made["state"], made["reached"], made["total"]) == ("pending", 0, 1)
    assert made["by"] == "operator"


async def test_an_override_goes_through_its_stages_by_what_comes_back(attached: Cms) -> None:
    _, node = attached.rig.lamp()
    made = await override(attached)
    attached.rig.control.override(
        {"addresses": [{"resource": "devices", "address": attached.rig.lamp()[0]}],
         "targetCommand": {"state": {"name": "LevelState", "value": 40},
                           "cmsRefId": f"ordinary:{made['id']}"}},
        "", attached.rig.now,
    )  # fmt: skip
    attached.rig.settle()
    number = attached.rig.gateway.devices[attached.rig.lamp()[0]].overrides["ordinary"].number
    watts = attached.rig.site.lamp_types[0].power_w
    states = [(100, 100, "acknowledged"), (40, 40, "seen")]
    for level, light, stage in states:
        said = {"override_id": number, "target_percent": 40, "reason": 5}
        state = node.state(level, power_mw=round(watts(light) * 1000), **said)
        await attached.says(node, state)
        now = await attached.get(f"/overrides/{made['id']}")
        assert now["lamps"][0]["stage"] == stage
        assert now["state"] == "active"
    assert now["reached"] == 1
    assert (await attached.get("/lamps/L-0001"))["override_id"] == made["id"]


async def test_a_release_is_told_to_the_gateway_once(attached: Cms) -> None:
    made = await override(attached)
    for _ in range(2):
        answer = await attached.ask("DELETE", f"/overrides/{made['id']}")
        assert answer.json()["state"] == "released"
    release = (await sent(attached))[1:]
    assert [body["cmsRefId"] for body in release] == [f"ordinary:{made['id']}"]
    assert talq.check("OverrideCommand", release[0]) == []


async def test_without_a_wish_an_override_ends_after_twelve_hours(attached: Cms) -> None:
    made = await override(attached)
    assert made["starts_at"] == "2026-11-21T09:00:00.000+01:00"
    assert made["expires_at"] == "2026-11-21T21:00:00.000+01:00"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"lamp_ids": ["L-0001", "no"]}, "lamp_ids[1]"),
        ({"lamp_ids": ["B-0001"]}, "lamp_ids[0]"),
        ({"lamp_ids": []}, "lamp_ids"),
        ({"group_ids": ["no"]}, "group_ids[0]"),
        ({"level_percent": 101}, "level_percent"),
        ({"level_percent": "40"}, "level_percent"),
        ({"level_percent": True}, "level_percent"),
        ({"expires_in_s": 0}, "expires_in_s"),
        ({"expires_in_s": 31 * 86400 + 1}, "expires_in_s"),
        ({"expires_at": "2026-11-21T08:00:00+01:00"}, "expires_at"),
        ({"expires_at": "2026-11-22T08:00:00"}, "expires_at"),
        ({"expires_at": "2027-11-22T08:00:00Z"}, "expires_at"),
        ({"expires_at": "2026-11-22T08:00:00Z", "expires_in_s": 60}, "expires_at"),
        ({"starts_at": "9999-12-31T23:00:00Z"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00Z"}, "starts_at"),
        ({"rank": "king"}, "rank"),
        ({"reason": "x" * 201}, "reason"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_a_wrong_override_names_its_field_and_changes_nothing(
    attached: Cms, more: dict[str, Any], field: str
) -> None:
    before = await attached.calls()
    said = {"lamp_ids": ["L-0001"], "level_percent": 40, **more}
    answer = await attached.ask("POST", "/overrides", said)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await attached.calls() == before
    assert await attached.rows(tables.overrides) == []


async def test_a_lamp_named_twice_is_one_lamp(attached: Cms) -> None:
    group = (
        await attached.ask("POST", "/groups", {"name": "g", "lamp_ids": ["L-0001", "L-0002"]})
    ).json()
    made = await override(attached, lamp_ids=["L-0001", "L-0001"], group_ids=[group["id"]])
    assert made["total"] == 2
    assert {row["lamp_id"] for row in made["lamps"]} == {"L-0001", "L-0002"}


async def test_overrides_are_listed_newest_first_and_by_state(attached: Cms) -> None:
    ids = []
    for _ in range(3):
        attached.clock.at_s += 1
        ids.append((await override(attached))["id"])
    await attached.ask("DELETE", f"/overrides/{ids[0]}")
    listed = await attached.get("/overrides")
    assert [row["id"] for row in listed["items"]] == ids[::-1]
    released = await attached.get("/overrides", state="released")
    assert [row["id"] for row in released["items"]] == ids[:1]
    first = await attached.get("/overrides", limit=2)
    rest = await attached.get("/overrides", limit=2, cursor=first["next_cursor"])
    assert [row["id"] for row in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


async def test_a_viewer_may_look_and_not_touch(attached: Cms) -> None:
    made = await override(attached)
    said = {"lamp_ids": ["L-0001"], "level_percent": 40}
    answer = await attached.ask("POST", "/overrides", said, role="viewer")
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "role"
    gone = await attached.ask("DELETE", f"/overrides/{made['id']}", role="viewer")
    assert gone.status_code == 403
    seen = await attached.ask("GET", f"/overrides/{made['id']}", role="viewer")
    assert seen.json()["state"] == "pending"


async def test_what_is_not_there_is_404(attached: Cms) -> None:
    for method, path in (("GET", "/overrides/no"), ("DELETE", "/overrides/no"),
                         ("GET", "/assignments/no")):  # fmt: skip
        answer = await attached.ask(method, path)
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["field"] == "id"


async def test_a_silent_lamp_says_beforehand_why_it_will_not_follow(attached: Cms) -> None:
    attached.rig.lamp()[1].up = False
    attached.rig.run(200)
    await attached.report()
    made = await override(attached, lamp_ids=["L-0001", "L-0002"])
    assert [(row["stage"], row["why"]) for row in made["lamps"]] == [
        ("asked", "silent"), ("asked", None),
    ]  # fmt: skip


async def test_an_override_ends_at_its_time(attached: Cms) -> None:
    made = await override(attached, expires_in_s=60)
    attached.clock.at_s += 61
    async with attached.store.write() as unit:
        await attached.street.tell_override(unit, made["id"])
    assert (await attached.get(f"/overrides/{made['id']}"))["state"] == "expired"


async def test_an_assignment_is_done_when_the_node_holds_the_table(attached: Cms) -> None:
    program = (await attached.ask("POST", "/programs", {"name": "p", "steps": []})).json()
    said = {"name": "c", "default_program_id": program["id"]}
    calendar = (await attached.ask("POST", "/calendars", said)).json()
    asked = {"calendar_id": calendar["id"], "lamp_ids": ["L-0001"]}
    made = (await attached.ask("POST", "/assignments", asked)).json()
    assert (made["state"], made["total"], made["reached"]) == ("pending", 1, 0)
    operations = [operation for operation, _ in await attached.calls()]
    assert operations[-3:] == ["addControlPrograms", "addCalendars", "assignCommand"]
    address = attached.rig.lamp()[0]
    functions = [
        {"id": "lamp", "type": "LampActuatorFunction",
         "calendarID": {"type": "AttributeString", "value": calendar["id"]}},
        {"id": "node", "type": "LamplighterNodeFunction",
         "scheduleDigest": {"type": "AttributeString", "value": "aa"},
         "scheduleDigestWanted": {"type": "AttributeString", "value": "aa"}},
    ]  # fmt: skip
    patched = await attached.talq("PATCH", "/devices",
                                  [{"address": address, "functions": functions}])  # fmt: skip
    assert patched.status_code == 200, patched.text
    now = await attached.get(f"/assignments/{made['id']}")
    assert (now["state"], now["reached"]) == ("done", 1)
    assert (await attached.get("/lamps/L-0001"))["calendar_id"] == calendar["id"]


async def test_an_assignment_to_what_is_not_there_is_refused(attached: Cms) -> None:
    for said, field in (
        ({"calendar_id": "no", "lamp_ids": ["L-0001"]}, "calendar_id"),
        ({"calendar_id": None, "lamp_ids": ["no"]}, "lamp_ids[0]"),
        ({"lamp_ids": ["L-0001"]}, "calendar_id"),
    ):
        answer = await attached.ask("POST", "/assignments", said)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    assert await attached.rows(tables.assignments) == []


async def test_the_words_of_the_api_are_those_of_the_core(attached: Cms) -> None:
    made = await override(attached)
    assert list(made["stages"]) == list(commands.STAGES)
    assert made["rank"] in commands.RANKS
