from __future__ import annotations

import copy
import uuid
from typing import Any

from cms_rig import Cms

from cms.store import tables
from controller import translate
from protocol import talq

AT_MS = 1_795_248_000_000


def event(address: str, at_ms: int = AT_MS, started: int = 1, kind: str = "lamp_failure") -> Any:
    return translate.event_entry(address, kind, started, at_ms, 0)


def power(address: str, watts: float, at_ms: int = AT_MS) -> Any:
    value = translate.Value(("monitor", "activePower"), "Float", watts, at_ms)
    return translate.attribute_entry(address, value)


async def report(cms: Cms, *entries: Any, logger: str = "live") -> int:
    body = {"address": f"lamplighter-{logger}", "entries": list(entries)}
    return (await cms.talq("POST", "/log-reports", body)).status_code


async def whole(cms: Cms) -> list[Any]:
    names = (tables.devices, tables.events, tables.alarms, tables.measurements, tables.feed)
    return [copy.deepcopy([dict(row) for row in await cms.rows(table)]) for table in names]


async def test_a_report_that_comes_twice_is_stored_once(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    entries = [event(address, AT_MS + n, started=n % 2) for n in range(6)]
    assert await report(attached, *entries, logger="events") == 201
    before = await whole(attached)
    assert await report(attached, *entries, logger="events") == 201
    assert await whole(attached) == before
    assert len(before[1]) == 6


async def test_one_bad_entry_refuses_the_whole_report(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    before = await whole(attached)
    stranger, nowhere = event(str(uuid.uuid4())), event("a/b/c/d")
    for bad in (stranger, nowhere):
        assert await report(attached, event(address), power(address, 5.0), bad) == 422
        assert await whole(attached) == before


async def test_a_device_of_another_gateway_refuses_the_report(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    async with attached.store.write() as unit:
        d = tables.devices
        await unit.run(d.update().where(d.c.address == address).values(gateway="other"))
    before = await whole(attached)
    assert await report(attached, power(address, 5.0)) == 422
    assert await whole(attached) == before


async def test_a_failure_opens_an_alarm_that_its_end_closes(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    await report(attached, power(address, 5.0), event(address))
    assert (await attached.get("/lamps/L-0001"))["health"] == "fault"
    (alarm,) = (await attached.get("/alarms", state="open"))["items"]
    assert (alarm["kind"], alarm["asset_id"], alarm["ended_at"]) == (
        "lamp_failure",
        "L-0001",
        None,
    )
    await report(attached, event(address, AT_MS + 5000, started=0))
    assert (await attached.get("/lamps/L-0001"))["health"] == "ok"
    assert (await attached.get("/alarms", state="open"))["items"] == []
    (alarm,) = (await attached.get("/alarms"))["items"]
    assert alarm["ended_at"] == "2026-11-21T09:00:05.000+01:00"


async def test_measurements_of_the_periodic_logger_are_kept_for_ever_once(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    for _ in range(2):
        await report(attached, power(address, 5.0), power(address, 6.0, AT_MS + 1),
                     logger="periodic")  # fmt: skip
    await report(attached, power(address, 7.0, AT_MS + 2), logger="live")
    rows = await attached.rows(tables.measurements)
    assert [(row["name"], row["value"]) for row in rows] == [
        ("activePower", 5.0), ("activePower", 6.0),
    ]  # fmt: skip
    assert (await attached.get("/lamps/L-0001"))["power_w"] == 7.0


async def test_a_late_value_does_not_take_the_place_of_a_newer_one(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    await report(attached, power(address, 9.0, AT_MS + 10))
    await report(attached, power(address, 1.0, AT_MS))
    assert (await attached.get("/lamps/L-0001"))["power_w"] == 9.0


async def test_events_of_the_gateway_itself_have_its_name(attached: Cms) -> None:
    assert await report(attached, event(attached.gateway, kind="node_started")) == 201
    (row,) = (await attached.get("/events"))["items"]
    assert row["asset_id"] == attached.gateway


async def test_a_patch_of_a_stranger_refuses_all_of_it(attached: Cms) -> None:
    body = attached.devices()[0]
    changed = copy.deepcopy(body)
    for function in changed["functions"]:
        if function["id"] == "basic":
            function["swVersion"]["value"] = "9"
    stranger = {**changed, "address": str(uuid.uuid4())}
    before = await whole(attached)
    answer = await attached.talq("PATCH", "/devices", [changed, stranger])
    assert answer.status_code == 404
    assert await whole(attached) == before
    assert (await attached.talq("PATCH", "/devices", [changed])).status_code == 200
    read = await attached.talq("GET", f"/devices/{body['address']}/basic/swVersion")
    assert read.json()["value"] == "9"


async def test_a_value_of_another_type_is_refused_before_anything(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    wrong = power(address, 5.0)
    wrong["data"]["attributeValue"]["value"] = "five"
    before = await whole(attached)
    assert await report(attached, wrong) == 400
    assert await whole(attached) == before
    assert talq.check("LogReport", {"address": "x", "entries": [power(address, 5.0)]}) == []
