"""Closed bays, cabinets and the air as operators see them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cms_rig import Cms

from protocol import wire


@pytest.fixture
async def cms(tmp_path: Path) -> AsyncIterator[Cms]:
    made = Cms(tmp_path, lamps=2, bays=1, stations=True)
    await made.open()
    await made.attach()
    yield made
    await made.close()


async def test_a_bay_is_closed_by_an_operator_and_its_gateway_is_told(cms: Cms) -> None:
    answer = await cms.ask("PUT", "/bays/B-0001", {"closed": True})
    assert answer.status_code == 200
    assert answer.json()["closed"] is True
    body = {"type": "AttributeBoolean", "value": True}
    assert ("partialUpdateAttribute", body) in await cms.calls()


@pytest.mark.parametrize(
    ("path", "body", "role", "status"),
    [
        ("/bays/B-9999", {"closed": True}, "operator", 404),
        ("/bays/B-0001", {"closed": "yes"}, "operator", 422),
        ("/bays/B-0001", {"closed": True}, "viewer", 403),
    ],
)
async def test_a_wrong_wish_for_a_bay_is_refused(
    cms: Cms, path: str, body: object, role: str, status: int
) -> None:
    assert (await cms.ask("PUT", path, body, role=role)).status_code == status
    assert (await cms.get("/bays/B-0001"))["closed"] is False


async def test_a_bay_that_no_gateway_has_cannot_be_closed(fresh: Cms) -> None:
    assert (await fresh.ask("PUT", "/bays/B-0001", {"closed": True})).status_code == 409


async def test_a_closed_bay_is_closed_anew_at_a_gateway_that_forgot_it(cms: Cms) -> None:
    await cms.ask("PUT", "/bays/B-0001", {"closed": True})
    before = len(await cms.calls())
    async with cms.store.write() as unit:
        await cms.desired.for_bays(unit, {"B-0001", "L-0001"})
    assert [call[0] for call in (await cms.calls())[before:]] == ["partialUpdateAttribute"]


async def test_the_air_is_told_with_units_and_age(cms: Cms) -> None:
    cms.rig.read("air", pm2_5_dugm3=123, wind_dms=36, air_temperature_dc=-35)
    await cms.report()
    rows = {row["quantity"]: row for row in (await cms.get("/air"))["items"]}
    assert rows["pm2-5"]["value"] == 12.3
    assert rows["pm2-5"]["unit"] == "MicrogramsPerCubicMeter"
    assert rows["windSpeed"]["value"] == 4
    assert rows["airTemperature"]["value"] == -3.5
    assert rows["airTemperature"]["age_s"] >= 0
    assert (await cms.get("/air", limit=1))["next_cursor"]


async def test_air_that_cannot_be_believed_has_a_cause_and_no_value(cms: Cms) -> None:
    humid = wire.CAUSE_NAMES.index("humid")
    cms.rig.read("air", pm2_5_dugm3=123, noise_ddb=551, chip_causes=0)
    await cms.report()
    cms.rig.read("air", noise_ddb=551, chip_causes=humid << 4)
    await cms.report()
    rows = {row["quantity"]: row for row in (await cms.get("/air"))["items"]}
    for name in ("pm1", "pm2-5", "pm10"):
        told = (rows[name]["value"], rows[name]["valid"], rows[name]["cause"])
        assert told == (None, False, "humid")
    assert rows["pm1"]["at"] is None
    assert (rows["noise"]["value"], rows["noise"]["valid"]) == (55.1, True)
    assert all(row["indicative"] is True for row in rows.values())
    cms.rig.read("air", pm2_5_dugm3=90, chip_causes=0)
    await cms.report()
    rows = {row["quantity"]: row for row in (await cms.get("/air"))["items"]}
    assert (rows["pm2-5"]["value"], rows["pm2-5"]["cause"]) == (9.0, None)
    cms.clock.at_s += 5000
    rows = {row["quantity"]: row for row in (await cms.get("/air"))["items"]}
    assert (rows["pm2-5"]["value"], rows["pm2-5"]["cause"]) == (None, "stale")


async def test_a_cabinet_tells_its_door_and_its_contactor(cms: Cms) -> None:
    (before,) = (await cms.get("/cabinets"))["items"]
    assert before["door_open"] is None
    cms.rig.read("cabinet", door_open=1, contactor_on=1, hand=0, power_w=1500, breaker_tripped=0)
    await cms.report()
    (after,) = (await cms.get("/cabinets"))["items"]
    assert (after["door_open"], after["contactor"], after["hand"]) == (True, "on", "auto")
    assert (after["power_kw"], after["breaker_tripped"]) == (1.5, False)


async def test_lamps_of_a_cabinet_that_is_worked_on_raise_no_alarm(cms: Cms) -> None:
    node = cms.rig.lamp()[1]
    cms.rig.read("cabinet", hand=1)
    await cms.report()
    assert (await cms.get("/cabinets"))["items"][0]["maintenance"] is True
    failure = wire.EVENT_NAMES.index("lamp_failure")

    def event(number: int, started: int) -> wire.Event:
        return wire.Event(boot_count=1, number=number, kind=failure, started=started)

    await cms.says(node, event(1, wire.STARTED), event(2, wire.ENDED))
    assert (await cms.get("/alarms"))["items"] == []
    cms.rig.read("cabinet", hand=0)
    await cms.report()
    await cms.says(node, event(3, wire.STARTED))
    assert [row["kind"] for row in (await cms.get("/alarms"))["items"]] == ["lamp_failure"]


async def test_a_tripped_breaker_is_an_alarm_while_it_lasts(cms: Cms) -> None:
    node = cms.rig.station("cabinet")[1]
    tripped = wire.EVENT_NAMES.index("breaker_tripped")
    await cms.says(node, wire.Event(boot_count=1, number=1, kind=tripped, started=wire.STARTED))
    (alarm,) = (await cms.get("/alarms"))["items"]
    assert (alarm["kind"], alarm["severity"], alarm["ended_at"]) == (
        "breaker_tripped", "high", None,
    )  # fmt: skip
    await cms.says(node, wire.Event(boot_count=1, number=2, kind=tripped, started=wire.ENDED))
    assert (await cms.get("/alarms"))["items"][0]["ended_at"] is not None
