from __future__ import annotations

from typing import Any

import pytest
from cms_rig import Cms

from controller import translate

AT_MS = 1_795_248_000_000


async def happened(cms: Cms, count: int, kind: str = "lamp_failure") -> None:
    address, _ = cms.rig.lamp()
    entries = [
        translate.event_entry(address, kind, 1 - n % 2, AT_MS + n * 1000, 0) for n in range(count)
    ]
    body = {"address": "lamplighter-events", "entries": entries}
    assert (await cms.talq("POST", "/log-reports", body)).status_code == 201


async def test_every_event_is_told_once_in_the_order_taken(attached: Cms) -> None:
    await happened(attached, 7)
    whole = await attached.get("/events")
    ids = [row["id"] for row in whole["items"]]
    assert ids == sorted(ids)
    assert whole["total"] == 7
    found: list[Any] = []
    after = 0
    while part := (await attached.get("/events", after=after, limit=2))["items"]:
        found += part
        after = part[-1]["id"]
    assert found == whole["items"]
    first = await attached.get("/events", limit=5)
    rest = await attached.get("/events", limit=5, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == whole["items"]
    assert rest["next_cursor"] is None


async def test_events_can_be_asked_by_kind_and_asset(attached: Cms) -> None:
    await happened(attached, 2)
    await happened(attached, 1, "node_started")
    assert (await attached.get("/events", kind="lamp_failure"))["total"] == 2
    assert (await attached.get("/events", asset_id="L-0001"))["total"] == 3
    assert (await attached.get("/events", asset_id="L-0002"))["total"] == 0


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={2**60}", "cursor=x"])
async def test_events_after_nothing_are_refused(fresh: Cms, query: str) -> None:
    assert (await fresh.ask("GET", f"/events?{query}")).status_code == 422


async def test_the_first_who_acknowledges_an_alarm_stands(attached: Cms) -> None:
    await happened(attached, 1)
    (alarm,) = (await attached.get("/alarms", state="open"))["items"]
    assert alarm["acknowledged_by"] is None
    path = f"/alarms/{alarm['id']}/acknowledge"
    assert (await attached.ask("POST", path, role="viewer")).status_code == 403
    for role in ("operator", "admin"):
        answer = await attached.ask("POST", path, role=role)
        assert answer.json()["acknowledged_by"] == "operator"
    assert (await attached.get("/alarms", state="acknowledged"))["total"] == 1
    assert (await attached.get("/alarms", state="open"))["total"] == 1  # It lasts all the same.


async def test_ended_alarms_are_listed_apart(attached: Cms) -> None:
    await happened(attached, 2)
    assert (await attached.get("/alarms", state="open"))["total"] == 0
    assert (await attached.get("/alarms", state="ended"))["total"] == 1


@pytest.mark.parametrize("number", ["99", "x", "-1", "9" * 40])
async def test_an_alarm_that_is_not_there_is_404(attached: Cms, number: str) -> None:
    assert (await attached.ask("POST", f"/alarms/{number}/acknowledge")).status_code == 404
