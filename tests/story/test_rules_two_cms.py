"""Two played CMSs on the gateway of a running demo, beside our own (T12, B8)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import free_port
from story.city import ROOT, City
from talq_examples import examples

from protocol import talq

PROGRAM = next(talq.read_json(body) for kind, body in examples() if kind == "ControlProgram")
DIMMED = 37


class Played:
    """A CMS that is played by `lamplighter talq peer`, told its steps one by one."""

    def __init__(self, folder: Path, name: str) -> None:
        port = free_port()
        self.uri = f"http://127.0.0.1:{port}"
        self._file = folder / f"{name}.jsonl"
        self._words = [
            sys.executable, "-m", "lamplighter", "talq", "peer", "--as", "cms",
            "--listen", f"127.0.0.1:{port}", "--script", "-", "--log", str(self._file),
        ]  # fmt: skip
        self._out = folder / f"{name}.log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                self._words, cwd=ROOT, stdin=subprocess.PIPE, stdout=out, stderr=out, text=True
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def log(self) -> list[dict[str, Any]]:
        """Every exchange so far."""
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text().splitlines(keepends=True)
                if line.endswith("\n")]  # fmt: skip

    def heard(self, operation: str) -> list[Any]:
        """The bodies that the gateway has sent for an operation."""
        return [e["body"] for e in self.log() if e["operation"] == operation and not e["ours"]]

    def ask(self, city: City, call: str, *path: str, expect: int, body: Any = None) -> Any:
        """One request to the gateway; its answer. AssertionError when it is not so."""
        assert self.process is not None
        assert self.process.stdin is not None
        before = len(self._asked())
        step = {"call": call, "path": list(path), "expect": expect}
        if body is not None:
            step["body"] = body
        self.process.stdin.write(json.dumps(step) + "\n")
        self.process.stdin.flush()
        city.until(lambda: len(self._asked()) > before, f"answer to {call}")
        found = self._asked()[before]
        assert found["status"] == expect, found
        return found["answer"]

    def _asked(self) -> list[dict[str, Any]]:
        return [e for e in self.log() if e["ours"]]

    def events(self) -> list[str]:
        """The types of the events that it was told."""
        return [
            entry["data"]["eventType"] for report in self.heard("sendLogReport")
            for entry in report["entries"] if "eventType" in entry["data"]
        ]  # fmt: skip


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, Played, Played]]:
    """A demo whose gateway has our own CMS and two more; the second comes later."""
    folder = tmp_path_factory.mktemp("two")
    first, second = Played(folder, "first"), Played(folder, "second")
    city = City(folder, "--cms", first.uri, "--cms", second.uri, lamps=2, bays=1)
    first.start()
    city.start()
    yield city, first, second
    city.stop()
    for peer in (first, second):
        peer.stop()


def test_t12_b8_two_more_cms_see_and_end_nothing_of_each_other(
    two: tuple[City, Played, Played],
) -> None:
    city, first, second = two
    attached(city, first)
    events = {
        "address": "events", "sourceAddresses": {"blackList": []},
        "recordingMode": {"type": "EventRecordingMode", "sourceEvents": {"blackList": []}},
        "reportingMode": {"type": "ImmediateReportingMode", "delay": 0, "numberOfRetries": 3},
        "ownerCMS": "${cms}",
    }  # fmt: skip
    calendar = {"id": "year", "ownerCMS": "${cms}", "rules": [],
                "defaultProgram": PROGRAM["id"]}  # fmt: skip
    kept: list[tuple[str, Any]] = [
        ("addLoggerConfig", events),
        ("addControlPrograms", [{**PROGRAM, "ownerCMS": "${cms}"}]),
        ("addCalendars", [calendar]),
        ("addGroups", [{"address": "g", "ownerCMS": "${cms}", "members": []}]),
    ]
    for call, body in kept:
        first.ask(city, call, expect=201, body=body)
    second.start()
    attached(city, second)
    city.until(lambda: "newCmsAttached" in first.events(), "newCmsAttached at the first")
    for call, name in (
        ("getLoggerConfig", "events"), ("getControlProgram", PROGRAM["id"]),
        ("getCalendar", "year"), ("getGroup", "g"),
    ):  # fmt: skip
        second.ask(city, call, name, expect=404)
        first.ask(city, call, name, expect=200)
    ours, theirs = own_addresses(city, first), own_addresses(city, second)
    assert len(ours) == len(theirs) == 1
    assert ours != theirs
    second.ask(city, "getDevice", *ours, expect=404)
    for call, body in kept:
        second.ask(city, call, expect=201, body=body)
    overridden(city, first, second)


def attached(city: City, peer: Played) -> None:
    city.until(
        lambda: any(len(bodies) > 1 for bodies in peer.heard("addDevices")), "its devices",
        seconds=60,
    )  # fmt: skip


def own_addresses(city: City, peer: Played) -> set[str]:
    """The devices with a gateway function that this CMS is shown."""
    return {
        device["address"] for device in peer.ask(city, "getDevices", expect=200)
        if any(f["type"] == "GatewayFunction" for f in device["functions"])
    }  # fmt: skip


def overridden(city: City, first: Played, second: Played) -> None:
    """The second CMS releases, and the override of the first stays."""
    lamp = next(
        device["address"] for device in first.ask(city, "getDevices", expect=200)
        if device["name"] == "L-0001"
    )  # fmt: skip
    here = [{"resource": "devices", "address": lamp}]
    command = {"state": {"name": "LevelState", "value": DIMMED}, "reason": "override",
               "cmsRefId": "first:1"}  # fmt: skip
    said = {"addresses": here, "targetCommand": command}
    first.ask(city, "sendCommand", expect=202, body=said)
    city.until(lambda: abs(light(city) - DIMMED) < 3, "light by the override")
    second.ask(city, "sendCommand", expect=202, body={"addresses": here})
    second.ask(city, "sendCommand", expect=202, body={"addresses": here, "cmsRefId": "first:1"})
    first.ask(city, "getDeviceAttribute", lamp, "lamp", "feedbackLightCommand", expect=200)
    assert abs(light(city) - DIMMED) < 3
    first.ask(city, "sendCommand", expect=202, body={"addresses": here})
    city.until(lambda: abs(light(city) - DIMMED) > 3, "light without the override")


def light(city: City) -> float:
    return float(city.world("lamps/L-0001")["light_percent"])
