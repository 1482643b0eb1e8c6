"""docs/contract.md, read by a machine: every name on the page is there in a running demo."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import httpx
import pytest
from story.city import ROOT, City

PAGE = (ROOT / "docs" / "contract.md").read_text("utf-8")
NAME = re.compile(r"`([^`]+)`")
LAMP, BAY, FEEDER = "L-0001", "B-0001", "F-1"
BROKEN = "L-0007"


def section(title: str) -> str:
    """The text under a heading."""
    found = re.search(rf"^## {re.escape(title)}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def rows(title: str) -> list[tuple[str, str]]:
    """The two cells of each row of a section's table, without its head."""
    found = [line for line in section(title).splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line.strip().strip("|"), maxsplit=1) for line in found[2:]]
    return [(left.strip(), right.strip()) for left, right in cells]


def quoted(text: str) -> list[str]:
    """Every name in backticks, in order."""
    return [word for part in NAME.findall(text) for word in part.split()]


def words_after(text: str, lead: str) -> set[str]:
    """The words in the first backticks after a phrase."""
    found = re.search(rf"{lead}[^`]*`([^`]+)`", text, re.S)
    assert found, lead
    return set(found[1].split())


def words_of(command: str) -> list[str]:
    """The words that start a command of the page here."""
    parts = [part for part in command.split() if not part.isupper() and ":" not in part]
    if parts[0] == "lamplighter":
        return [sys.executable, "-m", "lamplighter", *parts[1:]]
    return [sys.executable, *parts[1:]]


COMMANDS = [quoted(left) for left, _ in rows("Commands")]
RESOURCES = [(quoted(left)[0], quoted(right)) for left, right in rows("Operator API")]
HANDLES = rows("Handles of the world")


@pytest.mark.parametrize("command", [" ".join(words) for words in COMMANDS])
def test_every_command_of_the_page_explains_itself(command: str) -> None:
    done = subprocess.run(
        [*words_of(command), "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_demo_takes_every_option_of_the_page() -> None:
    options = set(re.findall(r"`(--[a-z-]+)", section("The demo")))
    assert len(options) > 8
    done = subprocess.run(
        [sys.executable, "-m", "lamplighter", "demo", "--help"], cwd=ROOT, capture_output=True,
        text=True, check=True, env={"COLUMNS": "200", "PATH": "/usr/bin:/bin", "NO_COLOR": "1"},
    )  # fmt: skip
    missing = {option for option in options if option not in done.stdout}
    assert not missing


def test_wrong_usage_and_a_busy_port_have_their_exit_codes(city: City) -> None:
    base = [sys.executable, "-m", "lamplighter", "demo", "--no-browser"]
    usage = subprocess.run([*base, "--traffic", "maybe"], cwd=ROOT, capture_output=True,
                           check=False)  # fmt: skip
    assert usage.returncode == 2
    port = city.ready["api"].split(":")[2].split("/")[0]
    busy = subprocess.run(
        [*base, "--port", port, "--data", str(city.folder / "other")], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert busy.returncode == 3
    assert port in busy.stderr


def test_the_ready_file_has_every_key_of_the_page_and_no_other(city: City) -> None:
    table = rows("The demo")
    keys = {key for left, _ in table for key in quoted(left)}
    said = city.ready
    assert set(said) == keys
    for left, right in table:
        inner = quoted(right)
        if "pids" in left or "site" in left:
            assert set(said[quoted(left)[0]]) == set(inner), left
    assert all(pid > 0 for pid in said["pids"].values())
    assert "controller" in said["broker_users"]
    assert "#token=" in said["web"]
    for name in ("cms_talq", "gateway_talq"):
        answer = httpx.get(f"{said[name]}/openapi.json", trust_env=False)
        assert answer.json()["openapi"].startswith("3.")


def handle(city: City, address: str) -> str:
    """An address of the page with ids of this city in it, without `world/`."""
    node = city.get(f"/lamps/{LAMP}")["node_id"]
    kind = address.split("/")[1] if "/" in address else ""
    ids = {"lamps": LAMP, "bays": BAY, "feeders": FEEDER, "people": LAMP, "links": node,
           "nodes": node, "photocell": LAMP, "cabinets": "C-1", "signs": "S-0001"}  # fmt: skip
    filled = re.sub(r"\{[^}]*\}", ids.get(kind, ""), address).removeprefix("world/")
    return filled + LAMP if filled.endswith("lamp=") else filled


@pytest.mark.parametrize(("left", "right"), HANDLES, ids=[row[0] for row in HANDLES])
def test_every_handle_of_the_world_tells_what_the_page_says(
    city: City, left: str, right: str
) -> None:
    said = city.world(handle(city, NAME.findall(left)[0]))
    told = said[0] if isinstance(said, list) else said
    plain = [word for word in NAME.findall(right) if re.fullmatch("[a-z_]+", word)]
    inside = re.findall(r'\{"([a-z_]+)":', right)
    assert plain or inside
    for name in [word for word in plain if word not in ("null",)] + inside:
        if name == "fault" or told is None:
            continue  # It is put; what it does is told by the lamp's other values.
        assert name in told, (left, told)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"lamps/{LAMP}", {"fault": None}),
        (f"bays/{BAY}", {"car": False}),
        (f"feeders/{FEEDER}", {"mains": None}),
        ("traffic", {"on": False}),
        (f"people/{LAMP}", {"present": False}),
        ("clock", {"speed": 1}),
    ],
)
def test_handles_take_what_the_page_says(city: City, path: str, body: object) -> None:
    assert any(path.split("/")[0] in left for left, _ in HANDLES)
    city.world(path, body)


@pytest.fixture(scope="module")
def happened(city: City) -> City:
    """The city after something of everything: an override, a group, an alarm."""
    said = {"lamp_ids": [LAMP], "level_percent": 30, "expires_in_s": 600}
    assert city.request("POST", "/overrides", said).status_code == 201
    group = {"name": "contract", "lamp_ids": [LAMP]}
    assert city.request("POST", "/groups", group).status_code == 201
    city.request("POST", "/overrides",
                 {"lamp_ids": [BROKEN], "level_percent": 100, "expires_in_s": 600})  # fmt: skip
    city.until(lambda: float(city.world(f"lamps/{BROKEN}")["light_percent"]) > 90, "light")
    city.world("clock", {"speed": 5})  # A fault is told when it has lasted some seconds.
    city.world(f"lamps/{BROKEN}", {"fault": "lamp_open"})
    city.until(lambda: city.get("/alarms")["items"], "an alarm", seconds=90.0)
    city.world(f"lamps/{BROKEN}", {"fault": None})
    city.until(lambda: city.get(f"/lamps/{BROKEN}")["health"] == "ok", "a mended lamp")
    city.world("clock", {"speed": 1})
    return city


@pytest.mark.parametrize(("path", "fields"), RESOURCES, ids=[row[0] for row in RESOURCES])
def test_every_resource_has_the_fields_of_the_page(
    happened: City, path: str, fields: list[str]
) -> None:
    body = happened.get(path)
    assert {"items", "next_cursor", "total"} <= set(body)
    assert body["items"], path
    for item in body["items"]:
        missing = set(fields) - set(item)
        assert not missing, (path, missing)


def test_states_and_health_are_words_of_the_page(happened: City) -> None:
    text = section("Operator API")
    health = words_after(text, "`health`:")
    bays = words_after(text, "`state` of a bay:")
    overrides = words_after(text, "of an\n  override:")
    assignments = words_after(text, "of an assignment:")
    assert "unmanaged" in health
    assert {row["health"] for row in happened.get("/lamps")["items"]} <= health
    assert {row["state"] for row in happened.get("/bays")["items"]} <= bays
    assert {row["state"] for row in happened.get("/overrides")["items"]} <= overrides
    assert {row["state"] for row in happened.get("/assignments")["items"]} <= assignments


def test_a_chain_and_a_preview_have_the_fields_of_the_page(happened: City) -> None:
    why = happened.get(f"/lamps/{LAMP}/why?lang=de")
    assert {"sentence", "sentences", "chain"} <= set(why)
    assert why["sentence"] == why["sentences"]["de"]
    assert all({"rule", "value", "since", "by"} <= set(row) for row in why["chain"])
    preview = happened.get(f"/preview?lamp_id={LAMP}&date=2026-10-24")
    for point in preview["points"]:
        assert {"at", "level_percent", "reason"} <= set(point)
    assert preview["points"][0]["at"].startswith("2026-10-24T12:00")


def test_an_override_without_a_wish_ends_after_twelve_hours(happened: City) -> None:
    said = {"lamp_ids": ["L-0002"], "level_percent": 50}
    made = happened.request("POST", "/overrides", said).json()
    site = happened.get("/site")
    assert made["expires_at"] > site["now"]
    assert happened.request("DELETE", f"/overrides/{made['id']}").json()["state"] == "released"
    long = {**said, "expires_in_s": 31 * 86400 + 1}
    assert happened.request("POST", "/overrides", long).status_code == 422


def heard(city: City, after: str, count: int) -> list[tuple[int, str]]:
    """(number, name) of the next so many events of the stream after a number."""
    said = city.ready
    headers = {"authorization": f"Bearer {said['token']}", "last-event-id": after}
    found: list[tuple[int, str]] = []
    number = -1
    with httpx.stream(
        "GET", said["api"] + "/stream", headers=headers, trust_env=False, timeout=30.0
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("id:"):
                number = int(line[3:])
            elif line.startswith("event:"):
                found.append((number, line[6:].strip()))
                if len(found) == count:
                    break
    return found


def test_the_stream_resumes_without_gaps_and_tells_only_names_of_the_page(
    happened: City,
) -> None:
    names = words_after(section("Operator API"), r"`GET /stream`:")
    assert "resync" in names
    last = heard(happened, str(2**50), 1)
    assert last[0][1] == "resync"
    first = heard(happened, str(last[0][0] - 5), 5)
    numbers = [number for number, _ in first]
    assert numbers == list(range(numbers[0], numbers[0] + 5))
    assert {name for _, name in first} <= names


def test_errors_are_problems_with_the_fields_of_the_page(happened: City) -> None:
    fields = set(quoted(section("Operator API").split("`errors`: a list of")[1].split(";")[0]))
    answer = happened.request("POST", "/overrides", {"lamp_ids": [LAMP]})
    assert answer.headers["content-type"] == "application/problem+json"
    errors: list[dict[str, Any]] = answer.json()["errors"]
    assert errors
    assert all(fields <= set(error) for error in errors)
