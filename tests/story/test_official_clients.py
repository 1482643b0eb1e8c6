"""Clients generated from the official documents drive both of our servers."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import talq_official
from servers import free_port
from story.city import City

from protocol import talq
from protocol.talq.peer import snake

pytestmark = pytest.mark.skipif(not talq_official.present(), reason=talq_official.REASON)
STAMP = "2026-11-21T16:20:00.000Z"


class Official:
    """A client of one side, made from the official document; answers are checked by its models."""

    def __init__(self, folder: Path, side: str, base_uri: str, sender: str) -> None:
        self.name = f"official_{side}"
        self.sender = sender
        self.theirs = ""
        document = folder / f"{side}.json"
        document.write_text(json.dumps(talq_official.bundled(side)))
        words = ["-m", "openapi_python_client", "generate", "--path", str(document),
                 "--output-path", str(folder / self.name), "--meta", "none"]  # fmt: skip
        subprocess.run([sys.executable, *words], check=True, capture_output=True, cwd=folder)
        made = self._module("client")
        self._client = made.Client(
            base_url=base_uri, raise_on_unexpected_status=True, timeout=20.0,
            httpx_args={"trust_env": False},
        )  # fmt: skip
        self._operations = {one.operation_id: one for one in talq.operations(side)}

    def close(self) -> None:
        """Give its connections back: left to the collector, they end in another's test."""
        self._client.get_httpx_client().close()

    def _module(self, path: str) -> ModuleType:
        return importlib.import_module(f"{self.name}.{path}")

    def call(self, operation_id: str, *path: str, body: Any = None, **query: Any) -> Any:
        """One request; the parsed body of an answer that must be a success."""
        operation = self._operations[operation_id]
        tag = operation.path.split("/")[1].replace("-", "_")
        endpoint = self._module(f"api.{tag}.{snake(operation_id)}")
        more: dict[str, Any] = {
            "client": self._client, "talq_api_version": talq.API_VERSION,
            "client_address": uuid.UUID(self.sender), **query,
        }  # fmt: skip
        if operation.caused:
            more["talq_request_id"] = uuid.uuid4()
        if operation.request:
            make = getattr(self._module("models"), operation.request.strip("[]")).from_dict
            many = operation.request.startswith("[")
            more["body"] = [make(one) for one in body] if many else make(body)
        answer = endpoint.sync_detailed(*map(_uuid, path), **more)
        assert answer.status_code < 300, answer.content
        return answer.parsed


def _uuid(text: str) -> Any:
    try:
        return uuid.UUID(text)
    except ValueError:
        return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("official")
    sys.path.insert(0, str(made))
    yield made
    sys.path.remove(str(made))


def text(value: str) -> dict[str, Any]:
    return {"type": "AttributeString", "value": value}


@pytest.fixture(scope="module")
def stranger(city: City, folder: Path) -> Iterator[Official]:
    """A stranger's gateway, whose bootstrap at our CMS has ended."""
    uri = f"http://127.0.0.1:{free_port()}"
    made = Official(folder, "cms", city.ready["cms_talq"], talq.NIL)
    gateway = {
        "id": "gw", "type": "GatewayFunction",
        "cmsUri": {"type": "AttributeUri", "value": city.ready["cms_talq"]},
        "gatewayUri": {"type": "AttributeUri", "value": uri},
        "cmsAddress": {"type": "AttributeString"},
        "gatewayAddress": {"type": "AttributeString"},
    }  # fmt: skip
    device = {"address": talq.NIL, "name": "stranger", "class": "gw-class", "functions": [gateway]}
    (told,) = made.call("addDevices", body=[device])
    function = told.to_dict()["functions"][0]
    made.sender = function["gatewayAddress"]["value"]
    made.theirs = str(uuid.UUID(function["cmsAddress"]["value"]))
    made.call("addDeviceClasses", body=[
        {"name": "gw-class", "functions": [{"functionId": "gw", "type": "GatewayFunction"}]},
    ])  # fmt: skip
    own = {**device, "address": made.sender, "functions": [function]}
    made.call("partialUpdateDevice", made.sender, body=own)
    made.call("announceServices", body=[
        {"name": "ConfigurationService", "supportedProfiles": ["lighting"]},
        {"name": "ControlService", "dayOffset": 12}, {"name": "DataCollectService"},
    ])  # fmt: skip
    made.call("addDeviceClasses", body=[{
        "name": "lamp", "functions": [
            {"functionId": "basic", "type": "BasicFunction"},
            {"functionId": "act", "type": "LampActuatorFunction"},
            {"functionId": "mon", "type": "LampMonitorFunction"},
        ],
    }])  # fmt: skip
    yield made
    made.close()


def test_a_strangers_gateway_is_bootstrapped_logged_and_read(
    city: City, stranger: Official
) -> None:
    address = str(uuid.uuid4())
    stranger.call("addLampTypes", body=[{"address": "t1", "name": "T1", "controlType": "DALI"}])
    lamp = {
        "address": address, "name": "S-1", "class": "lamp", "functions": [
            {"id": "basic", "type": "BasicFunction", "assetId": text("S-1")},
            {"id": "act", "type": "LampActuatorFunction", "lampTypeId": text("t1"),
             "acmeMood": text("calm")},
            {"id": "mon", "type": "LampMonitorFunction"},
        ],
    }  # fmt: skip
    stranger.call("addDevices", body=[lamp])
    got = stranger.call("getDevice", address).to_dict()
    assert got["functions"][1]["acmeMood"]["value"] == "calm"
    entry = {
        "type": "EventLogData", "srcAddress": f"{address}/mon", "timestamp": STAMP,
        "eventType": "lampFailure", "startEndFlag": True,
    }  # fmt: skip
    for _ in range(2):
        stranger.call("sendLogReport", body={"address": "acme", "entries": [{"data": entry}]})
    found = [e for e in city.events(("lamp_failure",)) if e["asset_id"] == "S-1"]
    assert len(found) == 1
    assert int(stranger.call("getLampTypesCount")) == 1
    stranger.call("deleteDevice", address)
    stranger.call("deleteLampType", "t1")


@pytest.fixture(scope="module")
def driver(city: City, folder: Path, stranger: Official) -> Iterator[Official]:
    """Our CMS's own address, used by the client of the official gateway document."""
    made = Official(folder, "gateway", city.ready["gateway_talq"], stranger.theirs)
    yield made
    made.close()


def lamp_of(driver: Official, asset_id: str) -> dict[str, Any]:
    for device in driver.call("getDevices"):
        body: dict[str, Any] = device.to_dict()
        if body["name"] == asset_id:
            return body
    raise AssertionError(f"no device {asset_id}")


def test_our_gateway_is_scheduled_overridden_and_read(city: City, driver: Official) -> None:
    address = lamp_of(driver, "L-0021")["address"]
    program = {
        "type": "ControlProgramOne", "id": "official", "ownerCMS": driver.sender,
        "activePeriods": [], "fixedTimeControls": [
            {"startTime": "00:00", "command": {"state": {"name": "LevelState", "value": 70}}},
        ],
    }  # fmt: skip
    driver.call("addControlPrograms", body=[program])
    calendar = {"id": "official", "ownerCMS": driver.sender, "defaultProgram": "official"}
    driver.call("addCalendars", body=[calendar])
    here = [{"resource": "devices", "address": address}]
    entity = {"resource": "calendars", "address": "official"}
    driver.call("assignCommand", body={"addresses": here, "entity": entity})
    city.until(lambda: abs(light(city) - 70) < 3, "light by the program")
    command = {"state": {"name": "LevelState", "value": 25}, "reason": "override",
               "cmsRefId": "official:1"}  # fmt: skip
    driver.call("sendCommand", body={"addresses": here, "targetCommand": command})
    city.until(lambda: abs(light(city) - 25) < 3, "light by the override")
    seen = driver.call("getDeviceAttribute", address, "lamp", "feedbackLightCommand").to_dict()
    assert seen["value"]["state"]["value"] == 25
    driver.call("sendCommand", body={"addresses": here})
    city.until(lambda: abs(light(city) - 70) < 3, "light by the program again")
    assert int(driver.call("getCalendarsCount")) >= 1


def light(city: City) -> float:
    return float(city.world("lamps/L-0021")["light_percent"])


def test_our_gateway_logs_for_an_official_client(city: City, driver: Official) -> None:
    address = lamp_of(driver, "L-0022")["address"]
    content = [{"attributeScope": "measurement",
                "function": {"functionType": "LampMonitorFunction"}}]  # fmt: skip
    logger = {
        "address": "official-log", "ownerCMS": driver.sender,
        "sourceAddresses": {"whiteList": [{"resource": "devices", "address": address}]},
        "recordingMode": {
            "type": "PeriodicRecordingMode", "content": content,
            "samplingProfiles": [{"samplingStartTime": STAMP, "samplingPeriod": "P1D"}],
        },
        "reportingMode": {"type": "ScheduledReportingMode", "times": ["12:00"]},
    }  # fmt: skip
    driver.call("addLoggerConfig", body=logger)
    report = driver.call("getLogReport", "official-log").to_dict()
    names = {entry["data"]["attributeName"] for entry in report["entries"]}
    assert {"activePower", "supplyVoltage"} <= names
    assert all(entry["data"]["srcAddress"].startswith(address) for entry in report["entries"])
    driver.call("deleteLoggerConfig", "official-log")


def test_our_gateway_is_asked_to_update(driver: Official) -> None:
    package = {"packageId": "node", "releaseId": "2", "ownerCMS": driver.sender,
               "downloadUri": f"http://127.0.0.1:{free_port()}/none"}  # fmt: skip
    driver.call("upgradeDataPackages", body=[package])
    assert driver.call("getDataPackages") == []


def test_b7_our_gateway_starts_over_when_its_device_is_deleted(
    city: City, driver: Official
) -> None:
    own = next(
        device.to_dict() for device in driver.call("getDevices")
        if device.to_dict()["class"] == "lamplighter-gateway-1"
    )  # fmt: skip
    driver.call("deleteDevice", own["address"])

    def again() -> bool:
        lamps = city.get("/lamps?limit=100")["items"]
        return all(lamp["health"] != "unmanaged" for lamp in lamps)

    city.until(again, "all lamps managed again")
