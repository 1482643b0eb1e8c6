"""Keys and authorities renewed over the air: a real node, broker and controller."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from real_node import SITE_KEY, Desk, RealNode, configuration
from schedule_tables import only, step
from servers import Broker, free_port, wait_for_port
from story.city import ROOT
from tls_rig import Site

from controller.keys import node_key
from controller.receipts import Given, Receipts
from lamplighter import broker
from protocol import handover, plan, wire
from protocol.wire import controller_end

NOW = "2026-11-21T10:00:00+00:00"


class Office:
    """A controller's process with the plan of one node, and the commands of its operator."""

    def __init__(self, folder: Path, node: RealNode, broker_port: int, password: str = "") -> None:
        self.node = node
        whole = plan.quarter(1, 1)
        own = [asset for asset in whole.assets if asset.node_id == node.node_id]
        self.asset_id = own[0].asset_id
        site = msgspec.structs.replace(whole.site, name="test")
        folder.mkdir()
        plan.save(msgspec.structs.replace(whole, site=site, assets=own), folder / "plan.json")
        key_file = folder / "site.key"
        key_file.touch(mode=0o600)
        key_file.write_text(SITE_KEY.hex())
        self.data = folder / "data"
        if password:
            (folder / "password").write_text(password)
        self.config = folder / "controller.toml"
        rows = {
            "plan": str(folder / "plan.json"), "site_key_file": str(key_file),
            "data": str(self.data), "broker_port": broker_port, "listen_port": free_port(),
            "broker_password_file": str(folder / "password") if password else "",
        }  # fmt: skip
        self.config.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in rows.items()))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [
            sys.executable, "-m", "controller", "--config", str(self.config), "--plain-http",
            "--clock", str(self.node.folder / "clock"),
        ]  # fmt: skip
        with (self.data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def say(self, *words: str) -> str:
        """A command of the operator; what it prints."""
        said = [sys.executable, "-m", "lamplighter", "pki", *words, "--config", str(self.config)]
        done = subprocess.run(
            said, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
        )
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout

    def until(self, word: str, seconds: float = 60) -> float:
        """Until the status says so; how long it took, s."""
        began_s = time.monotonic()
        while word not in (said := self.say("status")):
            log = (self.data.parent / "log").read_text()
            assert time.monotonic() - began_s < seconds, said + self.node.log() + log[-3000:]
            time.sleep(1.0)  # Each look is a program of its own.
        return time.monotonic() - began_s


class Watched:
    """The least and the most light while something goes on."""

    def __init__(self, node: RealNode) -> None:
        self._node, self._over = node, threading.Event()
        self.seen: set[int] = set()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.is_set():
            self.seen.add(round(float(self._node.pages.duty[0]) * 100 / 65535))
            time.sleep(0.001)

    def end(self) -> list[int]:
        self._over.set()
        self._thread.join()
        return sorted(self.seen)


Made = Callable[..., tuple[RealNode, Office]]


@pytest.fixture
def made(tmp_path: Path, mosquitto: Broker) -> Iterator[Made]:
    """Makes a node that follows a schedule of 40 %, and the office that will hear it."""
    found: list[tuple[RealNode, Office]] = []

    def make(**told: Any) -> tuple[RealNode, Office]:
        (tmp_path / "node").mkdir()
        node = RealNode(tmp_path / "node", "lamp", mosquitto.port, told=told)
        office = Office(tmp_path / "office", node, mosquitto.port)
        found.append((node, office))
        desk = Desk(node, mosquitto.port)
        node.start()
        desk.pump(20, until=lambda: desk.last(wire.Hello))
        assert desk.upload(wire.UPLOAD_CONFIGURATION, 1, configuration()) == wire.UPLOAD_STORED
        desk.upload(wire.UPLOAD_SCHEDULE, 1, only(step("12:00", 40)))
        desk.pump(3)
        desk.close()
        return node, office

    yield make
    for node, office in found:
        office.kill()
        node.close()


def flashed_by(office: Office, name: str) -> None:
    """A laptop was given the node's key, has flashed it and has brought its receipt."""
    laptop = handover.make_laptop(name)
    receipts = Receipts(office.data)
    receipts.enrol(laptop.card)
    node_id = office.node.node_id
    receipts.given("b-1", name, [Given(node_id, office.asset_id, 0)], NOW)
    said = {
        "mac": "246f28000001", "node_id": node_id, "asset_id": office.asset_id, "kind": "lamp",
        "serial": "7", "chip": "esp32", "versions": {}, "checks": [], "passed": True,
        "flashed_at": NOW, "laptop": name, "batch_id": "b-1",
    }  # fmt: skip
    text = handover.sign_receipt(msgspec.convert(said, handover.Receipt), laptop)
    assert receipts.keep(receipts.read(text), text, NOW)
    receipts.close()


@pytest.mark.slow  # In each run tests/firmware/test_renewal.py has a real node, and no restart.
def test_a_stolen_laptops_key_ends_over_the_air_and_the_light_stays(
    made: Made, mosquitto: Broker
) -> None:
    node, office = made()
    flashed_by(office, "van-3")
    office.start()
    assert "1 old" in office.say("status")
    watched = Watched(node)
    assert "1 nodes in the street" in office.say("revoke", "--laptop", "van-3")
    time.sleep(2.0)
    office.kill()  # The office loses its power in the midst of it.
    assert "waiting since" in office.say("status")
    office.start()
    took_s = office.until("1 renewed")
    print(f"renewed in {took_s:.1f} s")
    assert watched.end() == [40]
    assert f"{node.node_id}  generation 1" in office.say("status")
    office.kill()
    thief = Desk(node, mosquitto.port)  # It has the key that the laptop had.
    thief.put(thief.session.ask_join(bytes(8)))
    thief.pump(6.0)
    assert not thief.got
    thief.close()
    node.stop()
    node.start()
    thief = Desk(node, mosquitto.port)
    thief.pump(6.0)
    assert not thief.got, "it joins nobody who has the old key"
    assert set(thief.refused) == {"tag"}
    thief.close()
    node.key = node_key(SITE_KEY, node.node_id, 1)
    desk = Desk(node, mosquitto.port)
    desk.pump(40, until=lambda: desk.last(wire.Hello))
    desk.close()
    assert not node.log()


def authority(site: Site) -> str:
    found = x509.load_pem_x509_certificate(site.files("cms").ca.read_bytes())
    return found.public_bytes(Encoding.DER).hex()


@pytest.mark.slow
def test_the_brokers_next_authority_reaches_a_node_before_the_broker_shows_it(
    tmp_path: Path, made: Made, mosquitto: Broker
) -> None:
    first, second = Site(tmp_path / "first"), Site(tmp_path / "second")
    cert, key = tmp_path / "broker.crt", tmp_path / "broker.key"

    def show(site: Site) -> None:
        """The broker starts with a certificate of this authority."""
        mosquitto.kill()
        shutil.copy(site.files("cms").cert, cert)
        shutil.copy(site.files("cms").key, key)
        mosquitto.start()

    for site in (first, second):
        site.issue("cms")
    port = mosquitto.speak_tls(cert, key)
    show(first)
    where = ["127.0.0.1", port, 0, None, "localhost"]
    node, office = made(broker=where, ca=authority(first))
    office.start()
    said = office.say("renew", "--all", "--ca", str(second.files("cms").ca))
    assert "1 nodes are told" in said
    office.until("taken")
    show(first)
    time.sleep(8.0)  # It comes back by the old one.
    assert "taken" in office.say("status")
    assert not node.log()
    show(second)
    print(f"proved in {office.until('1 renewed'):.1f} s")
    office.kill()
    show(first)
    desk = Desk(node, mosquitto.port)
    node.stop()
    node.start()
    desk.pump(8.0)
    assert not desk.got, "the first authority is forgotten"
    show(second)
    desk.close()
    desk = Desk(node, mosquitto.port)
    desk.pump(60, until=lambda: desk.last(wire.Hello))
    desk.close()
    assert not node.log()


@pytest.mark.slow
def test_a_password_is_renewed_and_the_old_one_used_until_the_broker_knows_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "node").mkdir()
    port = free_port()
    node = RealNode(tmp_path / "node", "lamp", port)
    office = Office(tmp_path / "office", node, port, "of the office")
    running: list[subprocess.Popen[bytes]] = []

    def broker_knows(password: str) -> None:
        """The broker starts with this password of the node."""
        for process in running:
            process.kill()
            process.wait()
        users = {"controller": "of the office", node.node_id: password}
        shutil.rmtree(tmp_path / "broker", ignore_errors=True)
        words = broker.words(tmp_path / "broker", port=port, site="test", users=users, nodes=1)
        running[:] = [subprocess.Popen(words, stderr=subprocess.DEVNULL)]
        wait_for_port(port)

    first = controller_end.mqtt_password(node.key)
    broker_knows(first)
    try:
        node.start()
        office.start()
        office.say("renew", "--all", "--password")
        office.until("taken")
        broker_knows(first)
        time.sleep(8.0)  # It comes back by the old one.
        assert "taken" in office.say("status")
        office.say("passwords", "--out", str(tmp_path / "list"))
        second = (tmp_path / "list").read_text().strip().partition(":")[2]
        assert second != first
        broker_knows(second)
        print(f"proved in {office.until('1 renewed'):.1f} s")
        assert not node.log()
    finally:
        office.kill()
        node.close()
        for process in running:
            process.kill()
            process.wait()
