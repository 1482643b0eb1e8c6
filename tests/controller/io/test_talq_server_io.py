from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from gateway_rig import CMS, Rig
from talq_examples import examples

from controller.io import talq_devices_io
from controller.io.engine_io import Engine
from controller.io.mqtt_io import MqttLink
from controller.io.packages_io import Packages
from controller.io.store_io import Store
from controller.io.talq_client_io import CmsLink
from controller.io.talq_server_io import GatewayServer
from protocol import talq, wire, worldclock

GATEWAY, THEM = "3f6f1c0e-94c7-5a55-8a53-0a4b7d7a1c11", "0d0c6b1e-3d55-4a0f-8f5e-6f1f0a3b9c01"
PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
CALENDAR = {"id": "year", "ownerCMS": THEM, "rules": [], "defaultProgram": "residential"}
LIVE = next(
    made
    for made in (talq.read_json(body) for kind, body in examples() if kind == "LoggerConfig")
    if made["address"] == "lamplighter-live"
)


class StreetLink:
    """The link of a rig's nodes: what is published they take, what they answer comes back."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.arrived: Callable[[], None] = lambda: None
        self.frames: list[tuple[str, bytes, tuple[int, int]]] = []

    def take(self) -> list[tuple[str, bytes, tuple[int, int]]]:
        batch, self.frames = self.frames, []
        return batch

    def publish(self, frames: list[tuple[str, bytes]]) -> None:
        for node_id, frame in frames:
            node = self.rig.nodes[node_id]
            for answer in node.take(frame, self.rig.tick_ms) if node.up else ():
                self.frames.append((node_id, answer, (1, 1)))

    def acknowledge(self, tokens: list[tuple[int, int]]) -> None:
        """Nothing waits for it here."""


class Served:
    """A gateway's server, attached to one CMS, over a real store."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(2, 1)
        self.rig.run(6)
        self.store = Store(folder / "controller.db")
        self.engine = Engine(self.rig.gateway, self.store, worldclock.SystemClock())
        self.engine.link = cast(MqttLink, StreetLink(self.rig))
        self.link = CmsLink(CMS, "http://gateway.test", self.engine)
        self.link.restore(GATEWAY, THEM, True)
        packages = Packages(self.engine, folder / "packages", None)
        app = talq.Face("gateway", GatewayServer(self.engine, [self.link], packages).carry_out)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://gateway.test"
        )

    async def ask(
        self, method: str, path: str, body: Any = None, *, sender: str = THEM, **more: Any
    ) -> httpx.Response:
        query = {"clientAddress": sender, "talqRequestId": str(uuid.uuid4())}
        headers = {talq.VERSION_HEADER: talq.API_VERSION, **more.pop("headers", {})}
        data = talq.encode(body) if body is not None else None
        return await self.http.request(
            method, path, params=query | more.pop("query", {}), headers=headers,
            content=more.pop("content", data),
        )  # fmt: skip


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path)
    await made.store.open()
    turns = asyncio.create_task(made.engine.run())
    yield made
    turns.cancel()
    await asyncio.gather(turns, return_exceptions=True)
    await made.http.aclose()
    await made.store.close()


def lamps(served: Served, *indices: int) -> list[dict[str, str]]:
    return [{"resource": "devices", "address": served.rig.lamp(i)[0]} for i in indices]


async def test_a_stranger_is_told_403_and_changes_nothing(served: Served) -> None:
    stranger = str(uuid.uuid4())
    answer = await served.ask("GET", "/devices", sender=stranger)
    assert answer.status_code == 403
    assert talq.check("[TALQErrorMessage]", answer.json()) == []
    answer = await served.ask("POST", "/control-programs", [PROGRAM], sender=stranger)
    assert answer.status_code == 403
    assert served.rig.gateway.attachment(CMS).programs == {}


async def test_an_unattached_cms_is_a_stranger_too(served: Served) -> None:
    served.link.start_over()
    assert (await served.ask("GET", "/devices", sender=THEM)).status_code == 403


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ({"clientAddress": ""}, {}, 400),
        ({"clientAddress": "no-uuid"}, {}, 400),
        ({"talqRequestId": ""}, {}, 400),
        ({}, {talq.VERSION_HEADER: ""}, 400),
        ({}, {talq.VERSION_HEADER: "3.0.0"}, 400),
        ({}, {"content-length": str(talq.BODY_BYTES_MAX + 1)}, 413),
        ({}, {"content-encoding": "br"}, 415),
    ],
)
async def test_what_every_request_carries_is_checked(
    served: Served, query: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = await served.ask("POST", "/control-programs", [PROGRAM], query=query, headers=headers)
    assert answer.status_code == status
    assert talq.check("[TALQErrorMessage]", answer.json()) == []
    assert served.rig.gateway.attachment(CMS).programs == {}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_packed_bodies_are_taken_and_answered_in_kind(served: Served, encoding: str) -> None:
    data = talq.compress(talq.encode([PROGRAM]), encoding)
    headers = {"content-encoding": encoding}
    answer = await served.ask("POST", "/control-programs", content=data, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-encoding"] == encoding
    assert answer.json()[0]["id"] == "residential"


async def test_a_bomb_is_not_unpacked(served: Served) -> None:
    data = talq.compress(b" " * (talq.BODY_BYTES_MAX + 1), "gzip")
    headers = {"content-encoding": "gzip"}
    answer = await served.ask("POST", "/control-programs", content=data, headers=headers)
    assert answer.status_code == 413


async def test_a_read_with_an_encoding_of_its_own_is_answered_plainly(served: Served) -> None:
    answer = await served.ask("GET", "/devices", headers={"content-encoding": "br"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("content", [b"", b"{", b"[]x", b'{"a": NaN}', b"\xff", b"5"])
async def test_a_body_that_is_not_what_is_expected_is_refused(
    served: Served, content: bytes
) -> None:
    answer = await served.ask("POST", "/override-commands", content=content)
    assert answer.status_code == 400
    assert talq.check("[TALQErrorMessage]", answer.json()) == []


@pytest.mark.parametrize(
    "path",
    ["/devices", "/devices/count", "/device-classes", "/device-classes/count", "/services",
     "/calendars", "/calendars/count", "/control-programs", "/control-programs/count",
     "/log-reports/count", "/device-classes/lamplighter-lamp-1", "/services/ControlService",
     f"/devices/{GATEWAY}"],
)  # fmt: skip
async def test_reads_answer_what_the_tables_say(served: Served, path: str) -> None:
    answer = await served.ask("GET", path)
    assert answer.status_code == 200
    pattern = path.replace("lamplighter-lamp-1", "{className}")
    pattern = pattern.replace("ControlService", "{serviceName}")
    pattern = pattern.replace(GATEWAY, "{deviceAddress}")
    operation = next(
        one for one in talq.operations("gateway") if (one.method, one.path) == ("GET", pattern)
    )
    assert operation.response
    talq.decode(operation.response, answer.content)


async def test_every_operation_is_answered_and_none_falls_over(served: Served) -> None:
    for operation in talq.operations("gateway"):
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", "nothing")
        answer = await served.ask(operation.method, path, {} if operation.request else None)
        assert answer.status_code < 500, (operation.operation_id, answer.text)
        if answer.status_code >= 400:
            assert talq.check("[TALQErrorMessage]", answer.json()) == [], operation.operation_id


async def test_c11_an_override_is_answered_202_when_it_is_on_disk(served: Served) -> None:
    command = {"state": {"name": "LevelState", "value": 40}, "cmsRefId": "event:1"}
    body = {"addresses": lamps(served, 0, 1), "targetCommand": command}
    answer = await served.ask("POST", "/override-commands", body)
    assert answer.status_code == 202
    rows = await served.store.rows("SELECT rank, level_percent FROM override")
    assert rows == [("event", 40)] * 2
    assert served.rig.lamp()[1].levels == {1: 40}


async def test_a_refused_override_names_its_field(served: Served) -> None:
    body = {"addresses": lamps(served, 0, -1)}
    answer = await served.ask("POST", "/override-commands", body)
    assert answer.status_code == 422
    assert answer.json()[0]["key"] == "overrideAddressNotValid"
    assert "addresses[1].address" in answer.json()[0]["description"]


async def test_programs_calendars_and_assignments_go_their_way(served: Served) -> None:
    assert (await served.ask("POST", "/control-programs", [PROGRAM])).status_code == 201
    assert (await served.ask("POST", "/control-programs", [PROGRAM])).status_code == 409
    wrong = await served.ask("PUT", "/control-programs/other", PROGRAM)
    assert wrong.status_code == 400
    assert (await served.ask("PUT", "/control-programs/residential", PROGRAM)).status_code == 200
    assert (await served.ask("POST", "/calendars", [CALENDAR])).status_code == 201
    said = {"addresses": lamps(served, 0),
            "entity": {"resource": "calendars", "address": "year"}}  # fmt: skip
    assert (await served.ask("POST", "/assign-commands", said)).status_code == 202
    assert (await served.ask("DELETE", "/calendars/year")).status_code == 422
    assert (await served.ask("DELETE", "/control-programs/residential")).status_code == 422
    assert (await served.ask("GET", "/calendars/year")).json() == CALENDAR
    assert (await served.ask("GET", "/calendars/no")).status_code == 404


async def test_a_logger_is_kept_replaced_read_and_forgotten(served: Served) -> None:
    assert (await served.ask("POST", "/logger-configs", LIVE)).status_code == 201
    assert (await served.ask("POST", "/logger-configs", LIVE)).status_code == 409
    assert (await served.ask("PUT", "/logger-configs/lamplighter-live", LIVE)).status_code == 200
    assert (await served.ask("GET", "/logger-configs/lamplighter-live")).json() == LIVE
    report = await served.ask("GET", "/log-reports/lamplighter-live")
    assert report.status_code == 200
    assert talq.check("LogReport", report.json()) == []
    assert report.json()["entries"]
    assert (await served.ask("DELETE", "/logger-configs/lamplighter-live")).status_code == 200
    assert (await served.ask("GET", "/logger-configs/lamplighter-live")).status_code == 404


async def test_l4_a_periodic_logger_is_read_with_a_fresh_sample(served: Served) -> None:
    address, node = served.rig.lamp()
    profile = {"samplingPeriod": "PT1H", "samplingStartTime": "2026-11-21T00:00:00Z"}
    mode = {"type": "PeriodicRecordingMode", "samplingProfiles": [profile], "content": [
        {"function": {"functionType": "LampMonitorFunction"}},
    ]}  # fmt: skip
    config = {**LIVE, "address": "hourly", "recordingMode": mode}
    assert (await served.ask("POST", "/logger-configs", config)).status_code == 201
    for watts in (40, 41):
        served.rig.say(node, node.state(50, power_mw=watts * 1000, quality=2))
        report = (await served.ask("GET", "/log-reports/hourly")).json()
        told = [e["data"]["attributeValue"]["value"] for e in report["entries"]
                if e["data"]["attributeName"] == "activePower"]  # fmt: skip
        assert told[-1] == watts
        assert {e["data"]["srcAddress"].split("/")[0] for e in report["entries"]} == {address}
    assert talq.check("LogReport", report) == []
    assert (await served.ask("GET", "/log-reports/none")).status_code == 404


async def test_d4_a_read_of_a_device_asks_its_node_first(served: Served) -> None:
    address, node = served.rig.lamp()
    node.got.clear()
    answer = await served.ask("GET", f"/devices/{address}/lamp/feedbackLightCommand")
    assert answer.status_code == 200, answer.text
    assert any(isinstance(message, wire.Ask) for message in node.got)


async def test_a_node_that_is_away_delays_a_read_but_does_not_stop_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talq_devices_io, "ON_DEMAND_S", 0.05)
    address, node = served.rig.lamp()
    node.up = False
    answer = await served.ask("GET", f"/devices/{address}")
    assert answer.status_code == 200
    assert answer.json()["address"] == address


async def test_b7_deleting_our_own_device_starts_the_bootstrap_anew(served: Served) -> None:
    again: list[str] = []
    served.engine.bootstrap = again.append
    await served.ask("POST", "/logger-configs", LIVE)
    assert (await served.ask("DELETE", f"/devices/{GATEWAY}")).status_code == 200
    assert again == [CMS]
    assert await served.store.rows("SELECT * FROM resource") == []
    lamp = served.rig.lamp()[0]
    assert (await served.ask("DELETE", f"/devices/{lamp}")).status_code == 200


async def test_d5_a_list_of_devices_can_be_read_in_parts(served: Served) -> None:
    whole = (await served.ask("GET", "/devices")).json()
    part = await served.ask("GET", "/devices", query={"offset": "1", "limit": "2"})
    assert [d["address"] for d in part.json()] == [d["address"] for d in whole[1:3]]
    wrong = await served.ask("GET", "/devices", query={"offset": "x"})
    assert wrong.status_code == 400


async def test_the_document_is_open_to_everyone(served: Served) -> None:
    answer = await served.http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.")


async def test_t12_an_attached_cms_is_known_by_its_certificate(served: Served) -> None:
    assert (await served.ask("GET", "/devices")).status_code == 200
    served.link.identity = "urn:lamplighter:cms"
    answer = await served.ask("GET", "/devices")
    assert answer.status_code == 403
    assert "another certificate" in answer.json()[0]["description"]
