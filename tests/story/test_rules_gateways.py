"""Several gateways on one CMS: each sees and may touch its own alone (T12)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cms_rig import CMS_URI, Cms
from talq_examples import minimal

from cms.store import tables
from controller import announce, translate
from controller.attachment import LIMITS
from protocol import talq

AT_MS = 1_795_248_000_000


class Two:
    """Our controller is attached, and a second gateway with one lamp of its own."""

    def __init__(self, cms: Cms) -> None:
        self.cms = cms
        self.first, self.second = cms.gateway, ""
        self.theirs = cms.devices()[0]["address"]
        self.own = str(uuid.uuid4())

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the second gateway."""
        return await self.cms.talq(method, path, body, sender=self.second)

    def lamp(self, **more: Any) -> dict[str, Any]:
        return {**self.cms.devices()[0], "address": self.own, "name": "S-1"} | more

    async def attach(self) -> None:
        uris = {"cms": CMS_URI, "gateway": "http://127.0.0.1:10/second"}
        site, now_s = self.cms.rig.site, self.cms.clock.now_s()
        first = announce.gateway_device(site, uris, ("", ""), now_s)
        answer = await self.cms.talq("POST", "/devices", [first], sender=talq.NIL)
        self.second = answer.json()[0]["address"]
        device = announce.gateway_device(site, uris, (self.second, "cms"), now_s)
        classes = [announce.device_class(c) for c in announce.CLASSES]
        types = [t for f in self.lamp()["functions"] for t in types_of(f)]
        for method, path, body in (
            ("POST", "/device-classes", classes[:1]),
            ("PATCH", f"/devices/{self.second}", device),
            ("POST", "/services", announce.services(LIMITS)),
            ("POST", "/device-classes", classes[1:]),
            *(("POST", f"/{path}", [{**minimal(schema), "address": name}])
              for path, schema, name in types),
            ("POST", "/devices", [self.lamp()]),
        ):  # fmt: skip
            answer = await self.ask(method, path, body)
            assert answer.status_code < 300, (path, answer.text)


def types_of(function: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The types that a function names: (collection, schema, address)."""
    found = talq.device_references({"functions": [function]})
    return [
        (f.resource, talq.COLLECTIONS[f.resource].schema, f.address)
        for f in found if f.resource in talq.TYPES
    ]  # fmt: skip


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    cms = Cms(tmp_path)
    await cms.open()
    await cms.attach()
    made = Two(cms)
    await made.attach()
    yield made
    await cms.close()


async def test_t12_a_gateway_is_shown_its_own_devices_and_types_alone(two: Two) -> None:
    assert two.second not in ("", two.first)
    mine = {body["address"] for body in (await two.ask("GET", "/devices")).json()}
    assert mine == {two.second, two.own}
    theirs = (await two.cms.talq("GET", "/devices", sender=two.first)).json()
    assert {body["address"] for body in theirs}.isdisjoint(mine)
    assert len(theirs) == 6
    await two.ask("POST", "/lamp-types", [minimal("LampType", address="second")])
    seen = (await two.cms.talq("GET", "/lamp-types", sender=two.first)).json()
    assert "second" not in {body["address"] for body in seen}
    answer = await two.cms.talq("GET", "/lamp-types/second", sender=two.first)
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "with_body"),
    [
        ("GET", "/devices/{theirs}", False),
        ("GET", "/devices/{theirs}/basic", False),
        ("GET", "/devices/{theirs}/basic/assetId", False),
        ("GET", "/devices/{first}", False),
        ("PATCH", "/devices", True),
        ("PATCH", "/devices/{theirs}", True),
        ("PUT", "/devices", True),
        ("DELETE", "/devices/{theirs}", False),
        ("DELETE", "/devices/{first}", False),
    ],
)
async def test_t12_what_is_anothers_is_404_and_stays_as_it_is(
    two: Two, method: str, path: str, with_body: bool
) -> None:
    before = await everything(two)
    where = path.format(theirs=two.theirs, first=two.first)
    body: Any = {**two.lamp(), "address": two.theirs, "name": "mine now"}
    if path == "/devices":
        body = [two.lamp(name="changed"), body]
    answer = await two.ask(method, where, body if with_body else None)
    assert answer.status_code == 404, answer.text
    assert await everything(two) == before


async def test_t12_anothers_device_is_not_announced_a_second_time(two: Two) -> None:
    before = await everything(two)
    answer = await two.ask("POST", "/devices", [two.lamp(address=two.theirs)])
    assert answer.status_code == 409
    assert await everything(two) == before


async def test_t12_l2_a_report_of_anothers_device_is_refused_whole(two: Two) -> None:
    entries = [
        translate.event_entry(address, "lamp_failure", 1, AT_MS, 0)
        for address in (two.own, two.theirs)
    ]
    body = {"address": "lamplighter-events", "entries": entries}
    assert (await two.ask("POST", "/log-reports", body)).status_code == 422
    assert await two.cms.rows(tables.events) == []
    body = {"address": "lamplighter-events", "entries": entries[:1]}
    assert (await two.ask("POST", "/log-reports", body)).status_code == 201
    (row,) = await two.cms.rows(tables.events)
    assert row["gateway"] == two.second


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/device-classes"), ("DELETE", "/device-classes/{name}"),
     ("PUT", "/lamp-types"), ("DELETE", "/lamp-types/{name}")],
)  # fmt: skip
async def test_t12_classes_and_types_of_another_are_not_there(
    two: Two, method: str, path: str
) -> None:
    body: Any = {"name": "only-theirs", "functions": []}
    await two.cms.talq("POST", "/device-classes", [body], sender=two.first)
    kind = minimal("LampType", address="only-theirs")
    await two.cms.talq("POST", "/lamp-types", [kind], sender=two.first)
    before = await everything(two)
    said = [body] if "classes" in path else [{**kind, "name": "other"}]
    answer = await two.ask(
        method, path.format(name="only-theirs"), said if method == "PUT" else None
    )
    assert answer.status_code == 404, answer.text
    assert await everything(two) == before


async def test_b7_a_resync_of_one_gateway_leaves_the_other_alone(two: Two) -> None:
    theirs = (await two.cms.talq("GET", "/devices", sender=two.first)).json()
    calls = [row for row in await two.cms.rows(tables.calls) if row["gateway"] == two.first]
    assert (await two.ask("DELETE", f"/devices/{two.second}")).status_code == 200
    assert (await two.ask("GET", "/devices")).status_code == 403
    assert (await two.cms.talq("GET", "/devices", sender=two.first)).json() == theirs
    kept = [row for row in await two.cms.rows(tables.calls) if row["gateway"] == two.first]
    assert kept == calls
    first = two.second
    await two.attach()
    assert two.second != first
    rows = [r for r in await two.cms.rows(tables.devices) if r["gateway"] == two.second]
    assert [row["address"] for row in rows] == [two.own]


async def everything(two: Two) -> list[Any]:
    """What a refused request must leave as it was."""
    names = (tables.devices, tables.device_classes, tables.talq_resources, tables.calls)
    return [list(map(dict, await two.cms.rows(table))) for table in names]
