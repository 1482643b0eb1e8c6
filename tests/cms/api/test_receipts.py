"""Receipts at the CMS: planned, then installed by the node's own word."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from cms_rig import Cms

from protocol import handover

VAN = handover.make_laptop("van-3")


def receipt(**changed: Any) -> dict[str, Any]:
    said = {
        "mac": "246f28000001", "node_id": "02aa00000001", "asset_id": "L-0001", "kind": "lamp",
        "serial": "7", "chip": "esp32", "versions": {"firmware": 1}, "checks": [],
        "passed": True, "flashed_at": "2026-11-21T07:00:00Z", "laptop": "van-3",
        "batch_id": "b-1", "position": {"lat": 50.8, "lon": 4.3, "source": "csv"},
    } | changed  # fmt: skip
    text = handover.sign_receipt(msgspec.convert(said, handover.Receipt), VAN)
    found: dict[str, Any] = json.loads(text)
    return found


async def test_an_asset_is_planned_until_its_node_reports(fresh: Cms) -> None:
    answer = await fresh.ask("POST", "/receipts", receipt(), role="admin")
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "planned"
    listed = await fresh.get("/receipts", state="planned")
    assert [row["asset_id"] for row in listed["items"]] == ["L-0001"]
    assert listed["items"][0]["lat"] == 50.8
    await fresh.attach()
    _, node = fresh.rig.lamp()
    fresh.rig.run(8)
    fresh.rig.say(node, node.state(40))
    await fresh.report()
    listed = await fresh.get("/receipts")
    assert [row["state"] for row in listed["items"]] == ["installed"]
    assert not (await fresh.get("/receipts", state="planned"))["items"]


async def test_without_a_position_the_plans_place_is_told(fresh: Cms) -> None:
    await fresh.ask("POST", "/receipts", receipt(position=None), role="admin")
    await fresh.ask(
        "POST", "/receipts", receipt(
            position=None, asset_id="new", node_id="06aa00000003", mac="246f28000003"
        ), role="admin",
    )  # fmt: skip
    known, new = (await fresh.get("/receipts"))["items"]
    planned = fresh.street.site.lamps["L-0001"]
    assert (known["lat"], known["lon"]) == (planned.lat, planned.lon)
    assert (new["asset_id"], new["lat"], new["lon"]) == ("new", None, None)


async def test_a_newer_receipt_of_a_node_replaces_the_older(fresh: Cms) -> None:
    for mac in ("246f28000001", "246f28000009"):
        assert (
            await fresh.ask("POST", "/receipts", receipt(mac=mac), role="admin")
        ).status_code == 201
    listed = await fresh.get("/receipts")
    assert [row["mac"] for row in listed["items"]] == ["246f28000009"]


async def test_a_receipt_counts_for_the_pole_that_the_plan_has_its_node_at(fresh: Cms) -> None:
    """As after a swap that was settled: what the labels say is no duplicate."""
    first, second = "02aa00000001", "02aa00000002"
    await fresh.ask("POST", "/receipts", receipt(asset_id="L-0002"), role="admin")
    other = receipt(node_id=second, asset_id="L-0001", mac="246f28000002")
    answer = await fresh.ask("POST", "/receipts", other, role="admin")
    assert answer.status_code == 201, answer.text
    rows = {row["id"]: row["asset_id"] for row in (await fresh.get("/receipts"))["items"]}
    assert rows == {first: "L-0001", second: "L-0002"}


@pytest.mark.parametrize("changed", [{"node_id": "02aa00000002"}])
async def test_a_second_node_of_one_board_is_refused(fresh: Cms, changed: dict[str, Any]) -> None:
    await fresh.ask("POST", "/receipts", receipt(), role="admin")
    answer = await fresh.ask("POST", "/receipts", receipt(**changed), role="admin")
    assert answer.status_code == 409
    assert "swap" in answer.json()["title"]


async def test_what_was_changed_or_is_none_is_refused(fresh: Cms) -> None:
    said = receipt()
    said["receipt"]["mac"] = "246f28000002"
    for body in (said, {"receipt": {}, "public": "", "signature": ""}, {}):
        answer = await fresh.ask("POST", "/receipts", body, role="admin")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await fresh.ask("POST", "/receipts", receipt())).status_code == 403
