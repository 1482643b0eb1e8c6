from __future__ import annotations

from typing import Any

import pytest
from cms_rig import Cms

from protocol import wire

SENTENCES = {"fr", "nl", "en", "de"}


async def test_every_asset_of_the_plan_is_told_before_any_gateway_came(fresh: Cms) -> None:
    lamps = await fresh.get("/lamps")
    assert [lamp["id"] for lamp in lamps["items"]] == ["L-0001", "L-0002", "L-0003"]
    assert {lamp["health"] for lamp in lamps["items"]} == {"unmanaged"}
    assert {bay["state"] for bay in (await fresh.get("/bays"))["items"]} == {"unknown"}


@pytest.mark.parametrize("kind", ["lamps", "bays", "feeders", "streets", "cabinets"])
async def test_a_list_is_read_whole_by_its_cursors(fresh: Cms, kind: str) -> None:
    whole = await fresh.get(f"/{kind}")
    assert whole["total"] == len(whole["items"])
    assert whole["next_cursor"] is None
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        part = await fresh.get(f"/{kind}", limit=1, **cursor)
        assert len(part["items"]) == 1
        found += part["items"]
        if part["next_cursor"] is None:
            break
        cursor = {"cursor": part["next_cursor"]}
    assert [row["id"] for row in found] == [row["id"] for row in whole["items"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=5001", "limit"), ("limit=x", "limit"), ("cursor=no", "cursor")],
)
async def test_a_wrong_part_of_a_list_is_refused(fresh: Cms, query: str, field: str) -> None:
    answer = await fresh.ask("GET", f"/lamps?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_bay_tells_what_its_node_said(attached: Cms) -> None:
    node = attached.rig.lamp(-1)[1]
    name = attached.rig.site.assets[-1].asset_id
    await attached.says(node, wire.BayState(state=2, confidence_percent=97))
    bay = await attached.get(f"/bays/{name}")
    assert (bay["state"], bay["confidence_percent"], bay["health"]) == ("occupied", 97, "ok")


async def test_the_place_tells_its_time_and_tonights_sun(fresh: Cms) -> None:
    told = await fresh.get("/site")
    assert told["now"] == "2026-11-21T09:00:00.000+01:00"
    assert (told["zone"], told["speed"]) == ("Europe/Brussels", 1.0)
    assert told["sunset"][:13] == "2026-11-20T16"  # Before noon it is still last night.
    fresh.clock.at_s += 4 * 3600
    assert (await fresh.get("/site"))["sunset"][:13] == "2026-11-21T16"


async def test_why_tells_a_sentence_in_the_asked_language(attached: Cms) -> None:
    told = await attached.get("/lamps/L-0001/why", lang="nl")
    assert set(told["sentences"]) == SENTENCES
    assert told["sentence"] == told["sentences"]["nl"]
    headers = {"accept-language": "fr-BE,fr;q=0.9"}
    answer = await attached.ask("GET", "/lamps/L-0001/why", headers=headers)
    assert answer.json()["sentence"] == told["sentences"]["fr"]
    other = await attached.get("/lamps/L-0001/why", lang="xx")
    assert other["sentence"] == told["sentences"]["en"]
    for row in told["chain"]:
        assert {"rule", "value", "since", "by"} <= row.keys()


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-11-21T10:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"]
)
async def test_why_of_a_time_that_is_none_is_refused(attached: Cms, at: str) -> None:
    answer = await attached.ask("GET", "/lamps/L-0001/why", params={"at": at})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "at"


@pytest.mark.parametrize(
    "path", ["/lamps/no", "/bays/no", "/lamps/no/why", "/lamps/no/driver", "/bays/L-0001"]
)
async def test_an_asset_that_is_not_there_is_404(fresh: Cms, path: str) -> None:
    answer = await fresh.ask("GET", path)
    assert answer.status_code == 404
    assert answer.json()["errors"]


async def test_a_lamp_tells_what_its_driver_holds_and_since_when(attached: Cms) -> None:
    before = await attached.get("/lamps/L-0001/driver")
    assert (before["reported_at"], before["age_s"], before["values"]) == (None, None, {})
    banks = (
        b"\x01\x03\x06\x04\xec\xc7\x39\x9c\x82"
        b"\xcd\x04\x07\x00\x00\x27\x10\x00\x00\x2a\xcd\x0e\x01\x60\xcd\x1b\x01\x65"
        b"\xce\x07\x03\x00\x00\x40\xcf\x04\x03\x64\x87\x32"
    )
    await attached.says(attached.rig.lamp(0)[1], wire.DriverData(banks=banks))
    told = await attached.get("/lamps/L-0001/driver")
    assert told["values"] == {
        "luminaire_gtin": "5415001234562", "gear_on_s": 10000, "gear_starts": 42, "gear_c": 41,
        "power_factor": 0.96, "light_starts": 64, "rated_life_kh": 100, "rated_starts_100": 50,
    }  # fmt: skip
    assert told["reported_at"] is not None
    attached.clock.at_s += 3600
    later = await attached.get("/lamps/L-0001/driver")
    assert 3590 < later["age_s"] <= told["age_s"] + 3600
    assert (await attached.get("/lamps/L-0002/driver"))["values"] == {}


async def test_feeders_and_cabinets_tell_what_their_nodes_tell(attached: Cms) -> None:
    feeders = {row["id"]: row for row in (await attached.get("/feeders"))["items"]}
    assert feeders["F-4"]["mains"] == "on"
    (cabinet,) = (await attached.get("/cabinets"))["items"]
    assert (cabinet["mains"], cabinet["expected_on"]) == ("on", True)
    (kind,) = (await attached.get("/lamp-types"))["items"]
    assert kind["power_w_max"] == 58.0
