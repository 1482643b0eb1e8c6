from __future__ import annotations

import uuid
from typing import Any

import pytest
from cms_rig import Cms

from cms.store import tables
from controller import translate
from protocol import talq


async def test_b4_the_whole_bootstrap_of_our_controller_ends_attached(fresh: Cms) -> None:
    await fresh.attach()
    lamps = (await fresh.get("/lamps"))["items"]
    assert {lamp["gateway_id"] for lamp in lamps} == {fresh.gateway}
    assert {lamp["health"] for lamp in lamps} == {"unknown"}
    _, node = fresh.rig.lamp()
    await fresh.says(node, node.state(40))
    lamp = await fresh.get("/lamps/L-0001")
    assert (lamp["health"], lamp["level_percent"]) == ("ok", 40)
    operations = [operation for operation, _ in await fresh.calls()]
    assert operations == ["partialUpdateDevice", *["addLoggerConfig"] * 3]


async def test_what_we_ask_of_a_new_gateway_is_what_talq_takes(fresh: Cms) -> None:
    await fresh.attach()
    for operation, body in await fresh.calls():
        known = next(o for o in talq.operations("gateway") if o.operation_id == operation)
        assert known.request
        assert talq.check(known.request, body, partial=known.partial) == [], operation


async def test_b5_before_the_bootstrap_has_ended_everything_else_is_403(fresh: Cms) -> None:
    assert (await fresh.announced()).status_code == 201
    report = {"address": "lamplighter-live", "entries": []}
    steps = fresh.steps()
    for at, (method, path, body) in enumerate(steps[:4]):
        refused = await fresh.talq("POST", "/log-reports", report)
        assert refused.status_code == 403, path
        assert talq.check("[TALQErrorMessage]", refused.json()) == []
        skipped = steps[at + 1] if at < 3 else None
        if skipped and skipped[1] != "/device-classes":
            assert (await fresh.talq(*skipped)).status_code == 403
        assert (await fresh.talq(method, path, body)).status_code < 300
    assert (await fresh.talq("POST", "/log-reports", report)).status_code == 201


async def test_a_stranger_is_told_403_whatever_it_asks(attached: Cms) -> None:
    before = await attached.rows(tables.devices)
    for operation in talq.operations("cms"):
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", "nothing")
        body = [] if (operation.request or "").startswith("[") else {"address": "x"}
        if operation.operation_id == "sendLogReport":
            body = {"address": "lamplighter-live", "entries": []}
        answer = await attached.talq(
            operation.method, path, body if operation.request else None,
            sender=str(uuid.uuid4()),
        )  # fmt: skip
        assert answer.status_code in (400, 403), operation.operation_id
        assert talq.check("[TALQErrorMessage]", answer.json()) == []
    assert await attached.rows(tables.devices) == before


async def test_a_gateway_that_nobody_expects_is_refused(fresh: Cms) -> None:
    fresh.server.allow_loopback = False
    assert (await fresh.announced()).status_code == 403
    assert await fresh.rows(tables.gateways) == []
    fresh.server.expected = ("http://127.0.0.1:9/gateway",)
    assert (await fresh.announced()).status_code == 201


async def test_a_gateway_that_announces_itself_anew_keeps_its_address(attached: Cms) -> None:
    before = attached.gateway
    assert (await attached.announced()).status_code == 201
    assert attached.gateway == before
    assert await attached.calls() == []
    for method, path, body in attached.steps():
        assert (await attached.talq(method, path, body)).status_code < 300
    assert len(await attached.rows(tables.devices)) == 5


async def test_t9_devices_that_are_here_already_are_refused_all_together(attached: Cms) -> None:
    one = attached.devices()[0]
    other = {**one, "address": str(uuid.uuid4())}
    answer = await attached.talq("POST", "/devices", [other, one])
    assert answer.status_code == 409
    assert len(await attached.rows(tables.devices)) == 5


async def test_d1_a_device_of_an_unknown_class_is_refused(attached: Cms) -> None:
    strange = {**attached.devices()[0], "address": str(uuid.uuid4()), "class": "strange"}
    answer = await attached.talq("POST", "/devices", [strange])
    assert answer.status_code == 422
    assert len(await attached.rows(tables.devices)) == 5


async def test_l2_a_log_report_is_stored_exactly_once_however_often_it_comes(
    attached: Cms,
) -> None:
    address, _ = attached.rig.lamp()
    entry = translate.event_entry(address, "lamp_failure", 1, 1_795_248_000_000, 0)
    body = {"address": "lamplighter-events", "entries": [entry]}
    for _ in range(3):
        assert (await attached.talq("POST", "/log-reports", body)).status_code == 201
    assert (await attached.get("/events", kind="lamp_failure"))["total"] == 1
    assert (await attached.get("/alarms", state="open"))["total"] == 1


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-encoding": "br"}, None, 415),
        ({"content-encoding": "gzip"}, b"not packed", 400),
        ({"content-length": str(talq.BODY_BYTES_MAX + 1)}, None, 413),
        ({talq.VERSION_HEADER: "1.0"}, None, 400),
        ({}, b"{", 400),
        ({}, b"[1]", 400),
    ],
)
async def test_a_report_of_another_form_is_refused(
    attached: Cms, headers: dict[str, str], content: bytes | None, status: int
) -> None:
    body: Any = {"address": "lamplighter-live", "entries": []}
    more: dict[str, Any] = {"content": content} if content is not None else {}
    answer = await attached.talq("POST", "/log-reports", body, headers=headers, **more)
    assert answer.status_code == status, answer.text
    assert talq.check("[TALQErrorMessage]", answer.json()) == []


async def test_packed_reports_are_taken(attached: Cms) -> None:
    data = talq.compress(talq.encode({"address": "lamplighter-live", "entries": []}), "gzip")
    headers = {"content-encoding": "gzip"}
    answer = await attached.talq("POST", "/log-reports", content=data, headers=headers)
    assert answer.status_code == 201


async def test_a_read_with_an_encoding_of_its_own_is_answered_plainly(attached: Cms) -> None:
    answer = await attached.talq("GET", "/devices", headers={"content-encoding": "br"})
    assert answer.status_code == 200
    talq.decode("[Device]", answer.content)


async def test_d3_devices_functions_and_attributes_can_be_read(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    function = await attached.talq("GET", f"/devices/{address}/basic")
    assert function.json()["assetId"]["value"] == "L-0001"
    attribute = await attached.talq("GET", f"/devices/{address}/basic/assetId")
    assert attribute.json()["value"] == "L-0001"
    assert (await attached.talq("GET", f"/devices/{address}/no")).status_code == 404
    assert (await attached.talq("GET", f"/devices/{uuid.uuid4()}")).status_code == 404
    logger = await attached.talq("GET", "/logger-configs/lamplighter-live")
    assert talq.check("LoggerConfig", logger.json()) == []


async def test_a_device_that_is_taken_away_is_unmanaged(attached: Cms) -> None:
    address, _ = attached.rig.lamp()
    assert (await attached.talq("DELETE", f"/devices/{address}")).status_code == 200
    assert (await attached.get("/lamps/L-0001"))["health"] == "unmanaged"


async def test_d8_a_class_in_use_stays(attached: Cms) -> None:
    answer = await attached.talq("DELETE", "/device-classes/lamplighter-lamp-1")
    assert answer.status_code == 422
    assert (await attached.talq("DELETE", "/device-classes/no")).status_code == 404


async def test_b7_a_gateway_that_takes_itself_away_is_a_stranger(attached: Cms) -> None:
    assert (await attached.talq("DELETE", f"/devices/{attached.gateway}")).status_code == 200
    assert (await attached.talq("GET", "/devices")).status_code == 403
    await attached.attach()
    assert (await attached.get("/lamps"))["total"] == 3


async def test_two_boxes_that_were_exchanged_are_asked_at_their_new_poles(attached: Cms) -> None:
    """As our controller tells it after `controller exchange`: devices change their assets."""
    lamps = {body["name"]: body for body in attached.devices() if body["name"].startswith("L-")}
    asked = {"lamp_ids": ["L-0001"], "group_ids": [], "level_percent": 60, "rank": "maintenance",
             "reason": "a road", "expires_in_s": 600}  # fmt: skip
    assert (await attached.ask("POST", "/overrides", asked)).status_code == 201
    before = len(await attached.calls())
    changed = []
    for name, other in (("L-0001", "L-0002"), ("L-0002", "L-0001")):
        basic = next(f for f in lamps[name]["functions"] if f["type"] == "BasicFunction")
        function = {**basic, "assetId": {**basic["assetId"], "value": other}}
        changed.append({"address": lamps[name]["address"], "name": other, "functions": [function]})
    answer = await attached.talq("PATCH", "/devices", changed)
    assert answer.status_code == 200, answer.text
    rows = {row["address"]: row["asset_id"] for row in await attached.rows(tables.devices)}
    assert rows[lamps["L-0001"]["address"]] == "L-0002"
    assert rows[lamps["L-0002"]["address"]] == "L-0001"
    sent = [body for operation, body in (await attached.calls())[before:]
            if operation == "sendCommand"]  # fmt: skip
    released, again = sent[0], sent[-1]

    def at(body: dict[str, Any]) -> set[str]:
        return {one["address"] for one in body["addresses"]}

    both = {lamps["L-0001"]["address"], lamps["L-0002"]["address"]}
    assert at(released) == both
    assert "targetCommand" not in released
    assert at(again) == {lamps["L-0002"]["address"]}, "what hangs at L-0001 now"
    assert again["targetCommand"]["state"]["value"] == 60
    assert (await attached.ask("POST", "/overrides", asked | {
        "lamp_ids": ["L-0002"], "rank": "event"})).status_code == 201  # fmt: skip
    assert at((await attached.calls())[-1][1]) == {lamps["L-0001"]["address"]}
