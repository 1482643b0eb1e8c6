"""A CMS with certificates, as in a city: who may announce, speak, and see pages (T12)."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import tls_rig
from servers import free_port, wait_for_port
from story.city import ROOT

from protocol import plan, talq

NORTH = "https://north.example/"
CLASSES = [{"name": "g", "functions": []}]


class Cms:
    """`lamplighter cms` with TLS, and gateways that call it."""

    def __init__(self, folder: Path) -> None:
        self.site = tls_rig.Site(folder / "pki")
        self.site.issue("cms")
        self.site.issue("gateway", "north")
        self.site.issue("gateway", "south")
        plan.save(plan.quarter(2, 0, day_off=False), folder / "plan.json")
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.folder = folder

    def start(self) -> subprocess.Popen[bytes]:
        files = self.site.files("cms")._asdict()
        named = {f"LAMPLIGHTER_CMS_TLS_{key.upper()}": str(path) for key, path in files.items()}
        words = [
            sys.executable, "-m", "cms", "--plan", str(self.folder / "plan.json"),
            "--listen", f"127.0.0.1:{self.port}", "--data", str(self.folder / "cms"),
        ]  # fmt: skip
        process = subprocess.Popen(words, cwd=ROOT, env={**os.environ, **named})
        wait_for_port(self.port, 20)
        return process

    async def call(self, title: str, operation: str, *path: str, **said: Any) -> talq.Reply:
        """One request under the certificate of that title."""
        peer = talq.Peer("cms", self.url + "/talq", verify=self.site.trust(title).client())
        try:
            return await peer.call(operation, *path, **said)
        finally:
            await peer.close()

    async def announce(self, title: str, uri: str = NORTH) -> talq.Reply:
        function = {
            "id": "gateway", "type": "GatewayFunction",
            "gatewayUri": {"type": "AttributeUri", "value": uri},
            "cmsUri": {"type": "AttributeUri", "value": self.url + "/talq"},
            "cmsAddress": {"type": "AttributeString"},
            "gatewayAddress": {"type": "AttributeString"},
        }  # fmt: skip
        device = {"address": talq.NIL, "name": "g", "class": "g", "functions": [function]}
        return await self.call(title, "addDevices", body=[device])


@pytest.fixture(scope="module")
def cms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cms]:
    made = Cms(tmp_path_factory.mktemp("tls"))
    process = made.start()
    yield made
    process.terminate()
    assert process.wait(20) == 0


def gateway_address(reply: talq.Reply) -> str:
    for function in reply.read()[0]["functions"]:
        if function["type"] == "GatewayFunction":
            return str(function["gatewayAddress"]["value"])
    raise AssertionError("no GatewayFunction came back")


async def test_t12_a_browser_needs_no_certificate_and_talq_does(cms: Cms) -> None:
    context = ssl.create_default_context(cafile=cms.site.path / "ca.crt")
    async with httpx.AsyncClient(verify=context, trust_env=False, base_url=cms.url) as http:
        assert (await http.get("/api/docs")).status_code == 200
        answer = await http.get("/talq/devices")
    assert answer.status_code == 401
    assert answer.json()[0]["key"] == "genericError"


async def test_t12_an_address_belongs_to_the_certificate_that_announced_it(cms: Cms) -> None:
    reply = await cms.announce("gateway-north")
    assert reply.status == 201
    address = gateway_address(reply)
    stolen = await cms.call("gateway-south", "addDeviceClasses", body=CLASSES, sender=address)
    assert stolen.status == 403
    assert "another certificate" in stolen.faults()[0].description
    taken = await cms.announce("gateway-south")
    assert taken.status == 403, "south announced itself at north's address"
    own = await cms.call("gateway-north", "addDeviceClasses", body=CLASSES, sender=address)
    assert own.status == 201


async def test_t12_a_certificate_of_another_role_announces_nothing(cms: Cms) -> None:
    assert (await cms.announce("cms", "https://evil.example/")).status == 403


async def test_t12_a_gateway_that_is_called_in_the_clear_is_refused(cms: Cms) -> None:
    assert (await cms.announce("gateway-south", "http://south.example/")).status == 403


async def test_t12_a_revoked_gateway_is_out_without_a_restart(cms: Cms) -> None:
    cms.site.issue("gateway", "stolen")
    uri = "https://stolen.example/"
    assert (await cms.announce("gateway-stolen", uri)).status == 201
    cms.site.folder.revoke("gateway-stolen", tls_rig.now())
    await asyncio.sleep(0.6)  # So long the files may go unread.
    with pytest.raises(httpx.TransportError):
        await cms.announce("gateway-stolen", uri)


class Controller:
    """`lamplighter controller` with TLS at that CMS, without a broker: TALQ needs none."""

    def __init__(self, folder: Path, cms: Cms) -> None:
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        key = folder / "site.key"
        key.touch(mode=0o600)
        key.write_text("00112233" * 8)
        files = cms.site.files("gateway-north")
        rows = {
            "plan": str(cms.folder / "plan.json"), "site_key_file": str(key),
            "data": str(folder / "data"), "broker_port": free_port(), "listen_port": self.port,
            "cms": [cms.url + "/talq"], "tls_cert": str(files.cert), "tls_key": str(files.key),
            "tls_ca": str(files.ca), "tls_crl": str(files.crl),
        }  # fmt: skip
        self.config = folder / "controller.toml"
        self.config.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in rows.items()))

    def start(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "controller", "--config", str(self.config)]
        process = subprocess.Popen(words, cwd=ROOT)
        wait_for_port(self.port, 20)
        return process


async def test_t12_controller_and_cms_meet_over_mutual_tls(tmp_path: Path) -> None:
    cms = Cms(tmp_path)
    own = Controller(tmp_path, cms)
    processes = [cms.start(), own.start()]
    context = ssl.create_default_context(cafile=cms.site.path / "ca.crt")
    token = (cms.folder / "cms" / "first-token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(verify=context, trust_env=False) as http:
            lamps: list[dict[str, Any]] = []
            for _ in range(200):
                answer = await http.get(f"{cms.url}/api/v1/lamps", headers=headers)
                lamps = answer.json()["items"]
                if lamps and all(lamp["gateway_id"] for lamp in lamps):
                    break
                await asyncio.sleep(0.1)
            assert lamps
            assert all(lamp["gateway_id"] for lamp in lamps), "the controller did not attach"
            bare = await http.get(f"{own.url}/devices")
        assert bare.status_code == 401
        for title in ("gateway-south", "cms"):
            peer = talq.Peer("gateway", own.url, verify=cms.site.trust(title).client())
            stranger = await peer.call("getDevices", sender=str(uuid.uuid4()))
            await peer.close()
            assert stranger.status == 403
    finally:
        for process in processes:
            process.terminate()
        assert [process.wait(20) for process in processes] == [0, 0]


def operate(cms: Cms) -> None:
    """What an operator does once a lamp is there: a calendar, and a level by hand."""
    context = ssl.create_default_context(cafile=cms.site.path / "ca.crt")
    token = (cms.folder / "cms" / "first-token").read_text().strip()
    with httpx.Client(
        base_url=f"{cms.url}/api/v1", headers={"authorization": f"Bearer {token}"},
        verify=context, trust_env=False,
    ) as http:  # fmt: skip
        for _ in range(300):
            if http.get("/lamps/L-0001").json()["gateway_id"]:
                break
            time.sleep(0.1)
        steps = [{"at": "22:30", "level_percent": 60}, {"at": "06:00", "level_percent": 100}]
        program = http.post("/programs", json={"name": "p", "steps": steps}).json()["id"]
        said: dict[str, Any] = {"name": "c", "default_program_id": program, "rules": []}
        calendar = http.post("/calendars", json=said).json()["id"]
        said = {"calendar_id": calendar, "lamp_ids": ["L-0001"]}
        http.post("/assignments", json=said).raise_for_status()
        said = {"lamp_ids": ["L-0001"], "level_percent": 30, "expires_in_s": 600,
                "rank": "ordinary", "reason": "check"}  # fmt: skip
        http.post("/overrides", json=said).raise_for_status()


@pytest.mark.slow
def test_a_check_over_tls_sees_what_an_operator_causes(tmp_path: Path) -> None:
    cms = Cms(tmp_path)
    files, told = cms.site.files("gateway-north"), tmp_path / "rows.json"
    words = [
        sys.executable, "-m", "lamplighter", "talq", "check", cms.url + "/talq", "--as", "gateway",
        "--listen", f"127.0.0.1:{free_port()}", "--json", str(told), "--profile", "lighting",
        "--asset-id", "L-0001", "--operator-s", "30", "--tls-cert", str(files.cert),
        "--tls-key", str(files.key), "--tls-ca", str(files.ca), "--tls-crl", str(files.crl),
    ]  # fmt: skip
    process = cms.start()
    try:
        with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL) as checker:
            operate(cms)
            code = checker.wait(120)
    finally:
        process.terminate()
        process.wait(20)
    rows = {row["name"]: row for row in json.loads(told.read_text())["rows"]}
    assert [row for row in rows.values() if row["state"] == "failed"] == []
    assert code == 0
    assert rows["T12"]["seen"] == "mutual TLS"
    for rule in ("C2", "C5", "C9", "C10", "C11", "C13"):
        assert rows[rule]["state"] == "passed", rows[rule]


def test_t12_without_certificates_a_cms_refuses_to_start(tmp_path: Path) -> None:
    plan.save(plan.quarter(1, 0, day_off=False), tmp_path / "plan.json")
    words = [sys.executable, "-m", "cms", "--plan", str(tmp_path / "plan.json")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "--plain-http" in done.stderr
