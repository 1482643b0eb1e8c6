"""Pairings come from phones, also twice; the list of a day says what became of them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from cms_rig import Cms


def scan(cms: Cms, number: int, node: str, pole: str, **changed: Any) -> dict[str, Any]:
    at = datetime.datetime.fromtimestamp(cms.clock.now_s(), datetime.UTC)
    return {
        "id": f"scan-{number:04d}", "node_id": node, "asset_id": pole, "at": at.isoformat(),
    } | changed  # fmt: skip


async def paired(cms: Cms, *scans: dict[str, Any]) -> dict[str, Any]:
    answer = await cms.ask("POST", "/pairings", {"pairings": list(scans)}, role="admin")
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    return said


def today(cms: Cms) -> str:
    site = cms.street.site
    return site.local(cms.clock.now_s()).date().isoformat()


async def test_a_paired_lamp_is_heard_once_it_has_reported(fresh: Cms) -> None:
    site = fresh.street.site
    asset, (_, node) = min(site.lamps), fresh.rig.lamp()
    await fresh.attach()
    assert await paired(fresh, scan(fresh, 1, site.lamps[asset].node_id, asset)) == {
        "added": 1, "known": 0,
    }  # fmt: skip
    listed = await fresh.get("/installs", on=today(fresh))
    assert [(row["asset_id"], row["state"]) for row in listed["items"]] == [(asset, "not_heard")]
    fresh.rig.run(8)
    fresh.rig.say(node, node.state(40))
    await fresh.report()
    listed = await fresh.get("/installs", on=today(fresh))
    assert [row["state"] for row in listed["items"]] == ["heard"]
    assert (await fresh.get("/installs"))["items"] == [], "yesterday nothing was hung"
    assert (await fresh.get("/installs", on=today(fresh), state="swap"))["items"] == []


async def test_what_a_phone_sends_again_counts_once(fresh: Cms) -> None:
    one, other = (scan(fresh, n, f"02aa0000000{n}", "L-0001") for n in (1, 2))
    assert (await paired(fresh, one))["added"] == 1
    assert await paired(fresh, one, other) == {"added": 1, "known": 1}


async def test_boxes_that_changed_poles_are_told_with_each_other(fresh: Cms) -> None:
    lamps = fresh.street.site.lamps
    first, second, *_ = sorted(lamps)
    await paired(
        fresh,
        scan(fresh, 1, lamps[second].node_id, first),
        scan(fresh, 2, lamps[first].node_id, second),
    )
    listed = await fresh.get("/installs", on=today(fresh))
    assert {row["asset_id"]: (row["state"], row["others"]) for row in listed["items"]} == {
        first: ("swap", [second, lamps[first].node_id]),
        second: ("swap", [first, lamps[second].node_id]),
    }


async def test_a_time_ahead_of_ours_is_now(fresh: Cms) -> None:
    await paired(fresh, scan(fresh, 1, "02aa00000001", "L-0001", at="2098-01-01T00:00:00Z"))
    assert len((await fresh.get("/installs", on=today(fresh)))["items"]) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"node_id": "02AA00000001"}, "node_id"), ({"asset_id": ""}, "asset_id"),
        ({"id": "x"}, "id"), ({"lat": 91.0}, "lat"), ({"at": "soon"}, "at"),
        ({"at": "1800-01-01T00:00:00Z"}, "at"), ({"more": 1}, "more"),
    ],
)  # fmt: skip
async def test_a_wrong_scan_is_refused_and_nothing_is_kept(
    fresh: Cms, changed: dict[str, Any], field: str
) -> None:
    good = scan(fresh, 1, "02aa00000001", "L-0001")
    wrong = scan(fresh, 2, "02aa00000002", "L-0002") | changed
    answer = await fresh.ask("POST", "/pairings", {"pairings": [good, wrong]}, role="admin")
    assert answer.status_code == 422
    assert f"pairings[1].{field}" in {error["field"] for error in answer.json()["errors"]}
    assert (await fresh.get("/installs", on=today(fresh)))["items"] == []


async def test_only_field_staff_may_pair(fresh: Cms) -> None:
    body = {"pairings": [scan(fresh, 1, "02aa00000001", "L-0001")]}
    assert (await fresh.ask("POST", "/pairings", body)).status_code == 403
