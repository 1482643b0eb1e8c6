"""The operator's commands for keys of nodes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tls_rig import Site
from typer.testing import CliRunner

from controller import run
from controller.effects import Now
from controller.keys import node_key
from controller.keys_command import app
from controller.receipts import NAME, Given, Receipts
from controller.renewals import DONE, TAKEN, Renewal, Renewals
from controller.settings import load
from controller.streets import near_keys
from protocol import handover, plan
from protocol.wire import controller_end

SITE_KEY = bytes(range(32))
ONE, TWO = "02aa00000001", "02aa00000002"


class Desk:
    """The commands, on a controller's folder."""

    def __init__(self, folder: Path) -> None:
        plan.save(plan.quarter(3, 0), folder / "plan.json")
        key = folder / "site.key"
        key.touch(mode=0o600)
        key.write_text(SITE_KEY.hex())
        rows = {"plan": "plan.json", "site_key_file": "site.key", "data": "data"}
        rows = {name: str(folder / value) for name, value in rows.items()}
        self.config = folder / "controller.toml"
        self.config.write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in rows.items()))
        self.file = folder / "data" / NAME

    def say(self, *words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, [*words, "--config", str(self.config)])
        assert done.exit_code == code, done.output
        return done.output

    def turn(self, state: str) -> None:
        """All renewals are that far."""
        store = Renewals(self.file)
        rows = store.rows()
        for row in rows:
            row.state = state
        store.keep(rows, {row.node_id: 1 for row in rows if state == DONE and row.has_key})
        store.close()

    def keys(self) -> dict[str, tuple[int, int]]:
        store = Renewals(self.file)
        found = store.keys()
        store.close()
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_status_counts_what_is_renewed_waiting_and_old(desk: Desk) -> None:
    assert "0 renewed, 0 waiting, 0 failed, 3 old" in desk.say("status")
    desk.say("renew", "--node", ONE)
    said = desk.say("status")
    assert re.search(rf"{ONE}  generation 0 -> 1 +waiting since \S+ \(waiting\): key", said)
    assert "0 renewed, 1 waiting, 0 failed, 2 old" in said
    desk.turn(DONE)
    assert "1 renewed, 0 waiting, 0 failed, 2 old" in desk.say("status")


def test_a_revoked_key_goes_on_until_it_is_renewed_or_ends_now(desk: Desk) -> None:
    desk.say("revoke", "--node", ONE)
    assert desk.keys() == {ONE: (0, 1)}
    desk.say("revoke", "--node", ONE, "--now")
    assert desk.keys() == {ONE: (2, 2)}, "the key that it was getting may have been read"
    desk.say("revoke", "--node", TWO, "--now")
    assert desk.keys()[TWO] == (1, 1)


def near_of(desk: Desk) -> tuple[dict[str, int], dict[str, str]]:
    store = Renewals(desk.file)
    found = store.near(), {row.node_id: row.parts for row in store.rows()}
    store.close()
    return found


def test_who_knew_a_street_key_knows_it_no_more(desk: Desk) -> None:
    site = plan.load(desk.config.parent / "plan.json")
    lamps = {a.node_id: a.street_id for a in site.assets}
    street = lamps[ONE]
    alike = {node_id for node_id in lamps if lamps[node_id] == street}
    assert f"{len(alike)} lamps get another key for hints" in desk.say("revoke", "--node", ONE)
    numbers, parts = near_of(desk)
    assert numbers == {street: 1}
    assert parts == {ONE: "key near", **dict.fromkeys(alike - {ONE}, "near")}
    desk.turn(DONE)
    desk.say("revoke", "--node", ONE, "--now")
    numbers, parts = near_of(desk)
    assert numbers == {street: 2}
    assert set(parts) == alike - {ONE}, "whoever has the stolen one is not told the next key"
    desk.say("renew", "--all")
    numbers, parts = near_of(desk)
    assert numbers == {one: 3 if one == street else 1 for one in set(lamps.values())}
    assert set(parts.values()) == {"key near"}
    key_of = near_keys(site, SITE_KEY, numbers)
    assert key_of(ONE) == controller_end.near_key(SITE_KEY, street, 3)
    assert key_of(ONE) != controller_end.near_key(SITE_KEY, street)
    assert key_of("02aa0000ffff") == b""


def test_an_ended_laptop_knows_no_street_key_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    van = handover.make_laptop("van-3")
    receipts = Receipts(desk.file.parent)
    receipts.enrol(van.card)
    receipts.given("b-1", "van-3", [Given(ONE, "L-1", 0)], "2026-11-21T10:00:00+00:00")
    receipts.close()
    assert "another key for hints" in desk.say("revoke", "--laptop", "van-3")
    numbers, parts = near_of(desk)
    assert list(numbers.values()) == [1]
    assert ONE in parts
    # And what runs tells the lamps that key.
    told: list[bytes] = []

    class Seen:
        def __init__(self, nodes: object, random: object, near: Callable[[str], bytes]) -> None:
            told.append(near(ONE))

        def look(self, *_: object) -> list[Renewal]:
            return []

    monkeypatch.setattr(run, "Rollout", Seen)
    settings = load(desk.config, {}, plain_http=True)
    gateway = run._gateway(plan.load(settings.plan), settings)
    run._look_at_keys(gateway, settings, Now(0, 1e9))
    assert told == [controller_end.near_key(SITE_KEY, next(iter(numbers)), 1)]


def test_passwords_follow_only_when_they_were_renewed(desk: Desk, tmp_path: Path) -> None:
    def listed() -> dict[str, str]:
        desk.say("passwords", "--out", str(tmp_path / "passwords"))
        assert (tmp_path / "passwords").stat().st_mode & 0o777 == 0o600
        lines = (tmp_path / "passwords").read_text().splitlines()
        return dict(line.split(":") for line in lines)

    def of(node_id: str, number: int) -> str:
        return controller_end.mqtt_password(node_key(SITE_KEY, node_id, number))

    before = listed()
    assert before[ONE] == of(ONE, 0)
    assert len(before) == 3
    desk.say("renew", "--node", ONE)
    assert listed() == before
    desk.turn(DONE)
    desk.say("renew", "--all", "--password")
    assert listed()[ONE] == of(ONE, 2)
    assert listed()[TWO] == of(TWO, 1)


def test_an_authority_is_told_and_nothing_that_is_none(desk: Desk, tmp_path: Path) -> None:
    site = Site(tmp_path / "pki")
    site.issue("cms")
    desk.say("renew", "--all", "--ca", str(site.files("cms").cert), code=4)
    (tmp_path / "text").write_text("text")
    desk.say("renew", "--all", "--ca", str(tmp_path / "text"), code=4)
    desk.say("renew", "--all", "--ca", str(site.files("cms").ca))
    assert desk.keys() == {}, "no key ends by that"
    desk.turn(TAKEN)
    desk.say("renew", "--node", ONE)
    store = Renewals(desk.file)
    rows = {row.node_id: row.parts for row in store.rows()}
    store.close()
    assert rows[ONE] == "key ca", "what it was still to prove goes on"
    assert rows[TWO] == "ca"


def test_wrong_words_are_usage_errors(desk: Desk) -> None:
    desk.say("revoke", code=2)
    desk.say("revoke", "--node", "somewhere", code=2)
    desk.say("renew", code=2)
    desk.say("renew", "--all", "--node", ONE, code=2)
    desk.say("revoke", "--laptop", "nobody", code=4)
